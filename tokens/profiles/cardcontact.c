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
        .since = "sc-hsm-embedded, July 2016",
        .evidence = "CardContact/sc-hsm-embedded #12 and #29 (what its token calls itself, and that it is "
                    "read-only), OpenSC src/libopensc/pkcs15-sc-hsm.c (PIN of 6 to 15 "
                    "digits)",
    },
    {.name = NULL},
};
// clang-format on
