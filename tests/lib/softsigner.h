// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_LIB_SOFTSIGNER_H
#define PC_TESTS_LIB_SOFTSIGNER_H

#include "alg/signer.h"

#include <openssl/evp.h>

/*
 * A signer with a software key: what a token does, done by libcrypto, for tests without a token. Keys are
 * made at run time. It behaves well unless told otherwise. Whatever goes wrong that is not meant to ends the
 * program.
 */
struct softsigner;

/* How a signer misbehaves. Faults that are for another family of keys do nothing. */
enum softsigner_fault {
    SOFTSIGNER_GOOD,
    SOFTSIGNER_FLIPPED_BIT,   /* one bit of the signature is wrong */
    SOFTSIGNER_OTHER_MESSAGE, /* a correct signature of something else */
    SOFTSIGNER_TOO_SHORT,     /* the last octet is missing */
    SOFTSIGNER_TOO_LONG,      /* one octet more */
    SOFTSIGNER_EMPTY,         /* success, and no signature */
    SOFTSIGNER_ZERO_R,        /* ECDSA: the first half is zero */
    SOFTSIGNER_ZERO_S,        /* ECDSA: the second half is zero */
    SOFTSIGNER_DER,           /* ECDSA: a SEQUENCE where PKCS#11 has two numbers */
    SOFTSIGNER_OTHER_PUBLIC,  /* shows the public key of another pair of the same kind */
    SOFTSIGNER_NO_MECHANISM,  /* choosing a mechanism fails with MECHANISM */
    SOFTSIGNER_REMOVED,       /* signing fails with TOKEN_REMOVED */
    SOFTSIGNER_FAULT_COUNT
};

/* Whether this libcrypto knows the kind of key: ML-DSA came with 3.5. */
bool softsigner_can(enum pc_keyspec_id spec);
struct softsigner *softsigner_new(enum pc_keyspec_id spec);
void softsigner_free(struct softsigner **signer);
void softsigner_set_fault(struct softsigner *signer, enum softsigner_fault fault);
/* Chooses the scheme's mechanism with this index, or its last one. */
void softsigner_set_mech(struct softsigner *signer, size_t index);
/* The view that the library has; valid as long as the signer. */
const struct pc_signer *softsigner_get(struct softsigner *signer);
/* The real public key, encoded by libcrypto. */
struct pc_span softsigner_spki(const struct softsigner *signer);
/* The key pair; borrowed. */
EVP_PKEY *softsigner_pkey(const struct softsigner *signer);
/* How often it was asked to sign. */
size_t softsigner_sign_count(const struct softsigner *signer);

#endif
