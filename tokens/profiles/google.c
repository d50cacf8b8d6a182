// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_google[] = {
    {
        .name = "kmsp11",
        .match = {.manufacturer = "Google", .model = "Cloud KMS Token"},
        .quirks = {
            {"id-rule", "none"},
            {"omit-attrs",
                "public:*,private:CKA_TOKEN,private:CKA_PRIVATE,private:CKA_SENSITIVE,"
                "private:CKA_EXTRACTABLE,private:CKA_WRAP_WITH_TRUSTED,private:CKA_SIGN,"
                "private:CKA_DECRYPT,private:CKA_UNWRAP,private:CKA_SIGN_RECOVER,private:CKA_DERIVE"},
            {"add-attrs",
                "p256:0x8001e101=12,p384:0x8001e101=13,rsa-2048:0x8001e101=5,"
                "rsa-3072:0x8001e101=6,rsa-4096:0x8001e101=7"},
            {"error-hint",
                "CKR_DEVICE_ERROR=look into the log_directory of KMS_PKCS11_CONFIG: permissions and "
                "quotas end up in this code|CKR_ATTRIBUTE_VALUE_INVALID=--key-label takes letters, "
                "digits, '-' and '_' only, at most 63"},
        },
        .since = "kmsp11 1.0",
        .evidence = "GoogleCloudPlatform/kms-integrations kmsp11/docs/user_guide.md (C_GenerateKeyPair: no "
                    "public template, CKA_LABEL and CKA_KMS_ALGORITHM alone in the private one), "
                    "kmsp11/kmsp11.h (the numbers), kmsp11/session.cc (names of keys), "
                    "kmsp11/object.cc (CKA_ID is the version's name)",
        .note = "CKA_KMS_ALGORITHM also fixes the hash and the padding of the key: RSA keys sign by "
                "PKCS#1 v1.5 with SHA-256.",
    },
    {.name = NULL},
};
// clang-format on
