// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_opensc[] = {
    {
        .name = "opensc",
        .match = {.library = "OpenSC smartcard framework*"},
        .quirks = {
            {"error-hint",
                "CKR_FUNCTION_NOT_SUPPORTED=make the key with the card's own tool, like "
                "yubico-piv-tool, piv-tool or pkcs15-init"},
        },
        .since = "OpenSC 0.23",
        .evidence = "tests/tokens/piv.py and test_cac.py (cards whose driver makes no keys)",
    },
    {.name = NULL},
};
// clang-format on
