// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_tass[] = {
    {
        .name = "tass",
        .match = {.manufacturer = "TASS*"},
        .quirks = {
            {"ecdsa-out", "der"},
        },
        .since = "xipki 6",
        .evidence = "xipki/xipki SpecialBehaviour.ECDSA_X962_SIGNATURE (the ECDSA signature is in X9.62 "
                    "format), set in its vendor-tass.json",
    },
    {.name = NULL},
};
// clang-format on
