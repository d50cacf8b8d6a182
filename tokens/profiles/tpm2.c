// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_tpm2[] = {
    {
        .name = "tpm2-pkcs11",
        .match = {.library = "TPM2.0 Cryptoki"},
        .quirks = {
            {"omit-attrs", "public:CKA_VERIFY,public:CKA_ENCRYPT"},
            {"avoid-mechs", "CKM_RSA_PKCS"},
            {"error-hint",
                "CKR_HOST_MEMORY=the TPM has no room for another loaded object, or cannot do this "
                "curve: use tpm2-abrmd, P-256 or P-384|CKR_GENERAL_ERROR=see that the TPM is reached "
                "(TPM2_PKCS11_TCTI, TPM2_PKCS11_STORE), and use no SHA-224"},
        },
        .since = "tpm2-pkcs11 1.9",
        .evidence = "tests/tokens/tpm2.py (CKA_VERIFY: 'User specified and TPM specified attr mismatch'; CKM_RSA_PKCS is "
                    "done as a decryption, which a key that only signs refuses), "
                    "tpm2-pkcs11 docs/INITIALIZING.md (store, TCTI); seen with 1.9.0: P-521 answers "
                    "CKR_HOST_MEMORY in C_SignInit",
    },
    {.name = NULL},
};
// clang-format on
