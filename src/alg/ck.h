// SPDX-License-Identifier: Apache-2.0
#ifndef PC_ALG_CK_H
#define PC_ALG_CK_H

/*
 * PKCS#11 numbers that the algorithm rows need (PKCS#11 3.2, pkcs11t.h). The rows must not depend on a header
 * that lacks the newer ones; tokens/ck.h proves those that p11-kit's header has to be equal.
 */
enum {
    PC_CKK_RSA = 0x0,
    PC_CKK_EC = 0x3,
    PC_CKK_EC_EDWARDS = 0x40,
    PC_CKK_ML_DSA = 0x4A,
};

enum {
    PC_CKM_RSA_PKCS_KEY_PAIR_GEN = 0x0,
    PC_CKM_RSA_PKCS = 0x1,
    PC_CKM_RSA_PKCS_PSS = 0xD,
    PC_CKM_SHA1_RSA_PKCS = 0x6,
    PC_CKM_SHA256_RSA_PKCS = 0x40,
    PC_CKM_SHA384_RSA_PKCS = 0x41,
    PC_CKM_SHA512_RSA_PKCS = 0x42,
    PC_CKM_SHA256_RSA_PKCS_PSS = 0x43,
    PC_CKM_SHA384_RSA_PKCS_PSS = 0x44,
    PC_CKM_SHA512_RSA_PKCS_PSS = 0x45,
    PC_CKM_SHA224_RSA_PKCS = 0x46,
    PC_CKM_SHA_1 = 0x220,
    PC_CKM_SHA224 = 0x255,
    PC_CKM_SHA256 = 0x250,
    PC_CKM_SHA384 = 0x260,
    PC_CKM_SHA512 = 0x270,
    PC_CKM_EC_KEY_PAIR_GEN = 0x1040,
    PC_CKM_ECDSA = 0x1041,
    PC_CKM_ECDSA_SHA224 = 0x1043,
    PC_CKM_ECDSA_SHA256 = 0x1044,
    PC_CKM_ECDSA_SHA384 = 0x1045,
    PC_CKM_ECDSA_SHA512 = 0x1046,
    PC_CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055,
    PC_CKM_EDDSA = 0x1057,
    PC_CKM_ML_DSA_KEY_PAIR_GEN = 0x1C,
    PC_CKM_ML_DSA = 0x1D,
};

enum {
    PC_CKG_MGF1_SHA1 = 1,
    PC_CKG_MGF1_SHA256 = 2,
    PC_CKG_MGF1_SHA384 = 3,
    PC_CKG_MGF1_SHA512 = 4,
    PC_CKG_MGF1_SHA224 = 5,
};

/* CKA_PARAMETER_SET and the values that it has for ML-DSA. */
enum { PC_CKA_PARAMETER_SET = 0x61D };
enum { PC_CKP_ML_DSA_44 = 1, PC_CKP_ML_DSA_65 = 2, PC_CKP_ML_DSA_87 = 3 };

#endif
