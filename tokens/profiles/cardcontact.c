// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_cardcontact[] = {
    {
        .name = "smartcard-hsm",
        .match = {.manufacturer = "CardContact*", .model = "SmartCard-HSM"},
        .quirks = {
            {"pin-form", "6 to 15 digits"},
            {"error-hint",
                "CKR_FUNCTION_NOT_SUPPORTED=make the key with sc-hsm-tool or through OpenSC"},
        },
        .since = "sc-hsm-embedded 2.10",
        .evidence = "CardContact/sc-hsm-embedded #29 (strings of the token, its read-only test)",
    },
    {.name = NULL},
};
// clang-format on
