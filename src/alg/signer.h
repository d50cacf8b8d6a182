// SPDX-License-Identifier: Apache-2.0
#ifndef PC_ALG_SIGNER_H
#define PC_ALG_SIGNER_H

#include "alg/rows.h"
#include "base/buf.h"

/*
 * The joint between assembling requests and holding keys: something that has a public key and can sign.
 * Tokens implement it with PKCS#11, tests in software. A signer is used by one thread at a time.
 */
struct pc_signer {
    const struct pc_signer_ops *ops;
    void *self;
};

/* The SubjectPublicKeyInfo, valid as long as the signer. */
typedef struct pc_span pc_signer_spki(const void *self);
/*
 * Chooses one of the scheme's mechanisms; the caller prepares the input that it names. After `sign` failed
 * with MECHANISM it may choose another one; the same one means that there is no other.
 */
typedef PC_RESULT pc_signer_choose(void *self, const struct pc_scheme *scheme, const struct pc_mech **ret,
                                   p11csr_error **err);
/* Signs. `ret` receives the signature as PKCS#11 has it (ECDSA: r and s side by side). */
typedef PC_RESULT pc_signer_sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                                 struct pc_span input, struct pc_buf *ret, p11csr_error **err);

struct pc_signer_ops {
    pc_signer_spki *spki;
    pc_signer_choose *choose;
    pc_signer_sign *sign;
};

#endif
