// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_HELD_H
#define PC_PROVIDERS_HELD_H

#include "alg/rows.h"
#include "base/buf.h"

/*
 * A private key that somebody holds for the provider: src/lib on a token, tests in software. Unlike a signer
 * (alg/signer.h) it is used by any number of threads at once, and in a process that was forked.
 */
struct pc_held {
    const struct pc_held_ops *ops;
    void *self;
};

/* The SubjectPublicKeyInfo, constant as long as the key. */
typedef struct pc_span pc_held_spki(const void *self);
/*
 * Chooses one of the scheme's mechanisms. `hashed`: only those that take a digest or a DigestInfo will do.
 * MECHANISM when there is none. After `sign` failed with MECHANISM it may choose another one; the same one
 * means that there is no other.
 */
typedef PC_RESULT pc_held_choose(void *self, const struct pc_scheme *scheme, bool hashed,
                                 const struct pc_mech **ret, p11csr_error **err);
/* Signs. `ret` receives the signature as PKCS#11 has it (ECDSA: r and s side by side). */
typedef PC_RESULT pc_held_sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                               struct pc_span input, struct pc_buf *ret, p11csr_error **err);
/* Gives the key up. Called once, when no thread uses it. */
typedef void pc_held_release(void *self);

struct pc_held_ops {
    pc_held_spki *spki;
    pc_held_choose *choose;
    pc_held_sign *sign;
    pc_held_release *release;
};

#endif
