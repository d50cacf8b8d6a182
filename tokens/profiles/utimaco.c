// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_utimaco[] = {
    {
        .name = "utimaco",
        .match = {.manufacturer = "Utimaco*"},
        .quirks = {
            {"error-hint",
                "CKR_KEY_FUNCTION_NOT_PERMITTED=a CP5 key has to be authorised before it is "
                "used|CKR_DEVICE_ERROR=see that the device of CS_PKCS11_R3_CFG is reached"},
        },
        .since = "SecurityServer 4",
        .evidence = "systemd #26106 (strings of the token), Keyfactor/ejbca-ce #67 (configuration file), "
                    "openbao #1758; Keyfactor/ejbca-ce P11NG (CKU_CS_GENERIC is 0x83)",
        .note = "Any user of the CryptoServer, beside the two of a slot, logs in with user-type=0x83.",
    },
    {.name = NULL},
};
// clang-format on
