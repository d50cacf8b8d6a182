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
        .evidence = "xipki vendor-tass.json (ECDSA_X962_SIGNATURE)",
    },
    {.name = NULL},
};
// clang-format on
