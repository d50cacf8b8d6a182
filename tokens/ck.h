// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_CK_H
#define PC_TOKENS_CK_H

#include "alg/ck.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

/* Numbers that p11-kit's header of 2022 lacks (PKCS#11 3.0 and 3.2, pkcs11t.h). */
#ifndef CKR_PIN_TOO_WEAK
#define CKR_PIN_TOO_WEAK 0x1B9UL
#endif

/* The rows of src/alg have numbers of their own; where p11-kit knows them too they must be the same. */
#define PC_SAME(name)                                                                                        \
    _Static_assert((unsigned long)PC_##name == (name), #name " differs from p11-kit's header")
PC_SAME(CKK_RSA);
PC_SAME(CKK_EC);
PC_SAME(CKK_EC_EDWARDS);
PC_SAME(CKM_RSA_PKCS_KEY_PAIR_GEN);
PC_SAME(CKM_RSA_PKCS);
PC_SAME(CKM_RSA_PKCS_PSS);
PC_SAME(CKM_SHA224_RSA_PKCS);
PC_SAME(CKM_SHA256_RSA_PKCS);
PC_SAME(CKM_SHA384_RSA_PKCS);
PC_SAME(CKM_SHA512_RSA_PKCS);
PC_SAME(CKM_SHA256_RSA_PKCS_PSS);
PC_SAME(CKM_SHA384_RSA_PKCS_PSS);
PC_SAME(CKM_SHA512_RSA_PKCS_PSS);
PC_SAME(CKM_SHA224);
PC_SAME(CKM_SHA256);
PC_SAME(CKM_SHA384);
PC_SAME(CKM_SHA512);
PC_SAME(CKM_EC_KEY_PAIR_GEN);
PC_SAME(CKM_ECDSA);
PC_SAME(CKM_ECDSA_SHA224);
PC_SAME(CKM_ECDSA_SHA256);
PC_SAME(CKM_ECDSA_SHA384);
PC_SAME(CKM_ECDSA_SHA512);
PC_SAME(CKM_EC_EDWARDS_KEY_PAIR_GEN);
PC_SAME(CKM_EDDSA);
PC_SAME(CKG_MGF1_SHA224);
PC_SAME(CKG_MGF1_SHA256);
PC_SAME(CKG_MGF1_SHA384);
PC_SAME(CKG_MGF1_SHA512);
#undef PC_SAME

#endif
