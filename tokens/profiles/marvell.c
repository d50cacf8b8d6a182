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
                    "throttling\", \"Supported key attributes for the PKCS #11 library\"; OpenSC #2747; "
                    "xipki vendor-cloudhsm.json",
    },
    {
        .name = "cloudhsm-sdk3",
        .match = {.manufacturer = "Cavium*"},
        .quirks = {
            {"pin-form", "user:password"},
            {"omit-attrs",
                "public:CKA_PRIVATE,public:CKA_VERIFY_RECOVER,private:CKA_SIGN_RECOVER"},
        },
        .since = "Client SDK 3",
        .evidence = "awsdocs/aws-cloudhsm-user-guide #7, eclipse-keypont/crypto11 #18, bentonstark/py-hsm #7",
    },
    {.name = NULL},
};
// clang-format on
