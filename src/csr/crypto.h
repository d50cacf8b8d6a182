// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CRYPTO_H
#define PC_CSR_CRYPTO_H

#include "alg/public.h"

/*
 * libcrypto as the layers below src/lib use it: digests and verification in a library context of its own, so
 * that neither the user's openssl.cnf nor a module that uses libcrypto itself (SoftHSM2 does) can interfere.
 * Immutable after pc_crypto_new(): threads may share it.
 */
struct pc_crypto;

enum { PC_DIGEST_MAX = 64 };

PC_RESULT pc_crypto_new(struct pc_crypto **ret, p11csr_error **err);
/* Accepts NULL and a pointer to NULL. */
void pc_crypto_free(struct pc_crypto **crypto);
PC_RESULT pc_crypto_digest(const struct pc_crypto *crypto, enum pc_digest_id digest, struct pc_span message,
                           uint8_t ret[static PC_DIGEST_MAX], p11csr_error **err);

/* A public key that signatures are verified with. Making one is slow (tens of microseconds): once per key. */
struct pc_verifier;

enum pc_verdict {
    PC_VERDICT_GOOD,
    PC_VERDICT_BAD,
    PC_VERDICT_UNKNOWN, /* this libcrypto cannot tell */
};

/*
 * Fails with PROOF_PUBLIC_KEY when the key is not valid (a point off its curve), UNSUPPORTED for unknown
 * kinds.
 */
PC_RESULT pc_verifier_new(const struct pc_crypto *crypto, struct pc_span spki, struct pc_verifier **ret,
                          p11csr_error **err);
void pc_verifier_free(struct pc_verifier **verifier);
/* The key's values and kind; borrowed from the verifier, which holds a copy of the SubjectPublicKeyInfo. */
const struct pc_public *pc_verifier_key(const struct pc_verifier *verifier);
struct pc_span pc_verifier_spki(const struct pc_verifier *verifier);
/*
 * Verifies `signature`, encoded as in a request. The result is a failure only for lack of memory and the
 * like.
 */
PC_RESULT pc_verifier_check(const struct pc_verifier *verifier, const struct pc_scheme *scheme,
                            struct pc_span message, struct pc_span signature, enum pc_verdict *ret,
                            p11csr_error **err);

#endif
