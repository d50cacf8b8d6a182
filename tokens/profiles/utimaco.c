// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_utimaco[] = {
    {
        .name = "utimaco",
        .match = {.manufacturer = "Utimaco*"},
        .quirks = {
            {"error-hint",
                "CKR_KEY_FUNCTION_NOT_PERMITTED=a CP5 key has to be authorised after each restart of "
                "the HSM: cxitool ... AuthorizeKey|CKR_DEVICE_ERROR=see that the device of "
                "CS_PKCS11_R3_CFG or CS_PKCS11_R2_CFG is reached: csadm GetState"},
        },
        .since = "SecurityServer 4",
        .evidence = "systemd/systemd #26106 (what its token calls itself); openbao/openbao #1758, "
                    "website/content/docs/guides/unseal/pkcs11/utimaco.mdx (keys of a CP5 are "
                    "authorised by cxitool, after each restart; CS_PKCS11_R2_CFG, CS_PKCS11_R3_CFG)",
        .note = "Any user of the CryptoServer, beside the two of a slot, logs in with user-type=0x83.",
    },
    {.name = NULL},
};
// clang-format on
