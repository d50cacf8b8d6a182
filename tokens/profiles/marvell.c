// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_marvell[] = {
    {
        .name = "cloudhsm",
        .match = {.manufacturer = "*CloudHSM*"},
        .quirks = {
            {"session-rw", "yes"},
            {"pin-form", "user:password"},
            {"omit-attrs",
                "public:CKA_PRIVATE,public:CKA_VERIFY_RECOVER,private:CKA_SIGN_RECOVER"},
            {"retry-on", "CKR_FUNCTION_FAILED"},
            {"error-hint",
                "CKR_FUNCTION_FAILED=the cluster is busy or a node is gone: look into its log"},
        },
        .since = "Client SDK 5",
        .evidence = "AWS CloudHSM user guide: \"Read Only Session is not supported in SDK 5\", \"HSM "
                    "throttling\", \"Supported key attributes for the PKCS #11 library\"; OpenSC/OpenSC "
                    "#2747 (a public key with CKA_PRIVATE false is refused), #2764 (the PIN, "
                    "cryptouser:cloudhsm)",
    },
    {
        .name = "cloudhsm-sdk3",
        .match = {.manufacturer = "Cavium*"},
        .quirks = {
            {"pin-form", "user:password"},
            {"omit-attrs",
                "public:CKA_PRIVATE,public:CKA_VERIFY_RECOVER,private:CKA_SIGN_RECOVER,"
                "private:CKA_DERIVE"},
        },
        .since = "Client SDK 3",
        .evidence = "bentonstark/py-hsm #7 (CKA_DERIVE in a template is refused, "
                    "CKA_ALWAYS_AUTHENTICATE is not known), pyauth/python-pkcs11 #14 (CKA_PRIVATE has to be "
                    "true), mode51software/vaultplugin-hsmpki #25 (the PIN, vault_user:...)",
    },
    {.name = NULL},
};
// clang-format on
