// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_OBJECT_H
#define PC_PROVIDERS_OBJECT_H

#include "alg/public.h"
#include "providers/core.h"

/*
 * A key of the provider: libcrypto's key data. It is counted, and constant once it is filled, but for what
 * was proved of it.
 */
struct pc_object {
    struct pc_provider *provider;
    const char *type; /* libcrypto's name of its kind; NULL while it is empty and may become any */
    atomic_uint references;
    struct pc_held held;      /* ops NULL: there is no private half */
    struct pc_buf spki;       /* empty: a key that is to be filled yet */
    struct pc_public public;  /* borrowed from spki */
    EVP_PKEY *pkey;           /* the public half, in the provider's own library context */
    _Atomic(uint64_t) proved; /* bits: see pc_object_prove() */
};

/* One reference, empty; NULL when out of memory. */
struct pc_object *pc_object_new(struct pc_provider *provider);
struct pc_object *pc_object_share(struct pc_object *object);
/* Drops a reference. Accepts NULL and a pointer to NULL. */
void pc_object_free(struct pc_object **object);
/*
 * Fills an empty one with what is held, which it takes over in any case. Errors: PROOF_PUBLIC_KEY,
 * UNSUPPORTED.
 */
PC_RESULT pc_object_fill(struct pc_object *object, struct pc_held *held, p11csr_error **err);
/* Fills an empty one with a public key. */
PC_RESULT pc_object_fill_public(struct pc_object *object, struct pc_span spki, p11csr_error **err);
/* Moves the content of one to an empty one; false, and nothing is moved, when that is for another kind. */
bool pc_object_move(struct pc_object *from, struct pc_object *to);

/*
 * Verifies what the key's holder signed, unless a signature by this scheme and mechanism was found right
 * before and that suffices. `input` is the digest, or the message where the scheme has none or `mech` takes
 * it. Errors: PROOF_SIGNATURE.
 */
PC_RESULT pc_object_prove(struct pc_object *object, const struct pc_scheme *scheme,
                          const struct pc_mech *mech, struct pc_span digest_or_message,
                          struct pc_span signature, p11csr_error **err);

#endif
