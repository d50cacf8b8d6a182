// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_mozilla[] = {
    {
        .name = "nss",
        .match = {.library = "NSS Internal Crypto*"},
        .quirks = {
            {"curves", "p256 p384 p521"},
            {"error-hint",
                "CKR_DOMAIN_PARAMS_INVALID=NSS knows the curves P-256, P-384 and P-521 only"},
        },
        .since = "NSS 3.87",
        .evidence = "tests/tokens/test_nss.py (test_other_curves_are_refused)",
    },
    {.name = NULL},
};
// clang-format on
