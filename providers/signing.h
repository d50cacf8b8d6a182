// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_SIGNING_H
#define PC_PROVIDERS_SIGNING_H

#include "providers/object.h"

/*
 * One operation of libcrypto's (EVP_PKEY_CTX): signing by the key's holder, or verifying by libcrypto's own
 * implementation with the public half. Used by one thread at a time.
 */
struct pc_signing {
    struct pc_provider *provider;
    struct pc_object *object; /* NULL: nothing was begun */
    enum pc_digest_id digest; /* NONE: of a scheme that takes the message, or not said yet */
    bool pss;
    bool by_digest;         /* what comes is a message, which is hashed here if the scheme has a digest */
    bool too_long;          /* `message` is not the whole of it any more */
    EVP_MD_CTX *hash;       /* of the message so far */
    struct pc_buf message;  /* kept for tokens that hash it themselves */
    EVP_MD_CTX *verifying;  /* by message; NULL: not so */
    EVP_PKEY_CTX *verifier; /* NULL: this is not verifying; belongs to `verifying` if that is not NULL */
};

/* Begins anew with this key; NULL: with the one of last time. */
PC_RESULT pc_signing_begin(struct pc_signing *signing, struct pc_object *object, const char *digest,
                           const OSSL_PARAM params[], p11csr_error **err);
/* Ends verifying, so that something else can begin. */
void pc_signing_end_verifying(struct pc_signing *signing);
/*
 * The scheme that was said: by kind of key, digest and padding. Where the digest was not said, it is the one
 * of which `hashed_len` octets come, 0 if they do not come hashed. ALGORITHM, with those that fit.
 */
PC_RESULT pc_signing_scheme(const struct pc_signing *signing, size_t hashed_len, const struct pc_scheme **ret,
                            p11csr_error **err);
PC_RESULT pc_signing_set(struct pc_signing *signing, const OSSL_PARAM params[], p11csr_error **err);
PC_RESULT pc_signing_get(const struct pc_signing *signing, OSSL_PARAM params[], p11csr_error **err);

/* Parts of the table that verify; see verify.c. */
int pc_verify_init(void *data, void *key, const OSSL_PARAM params[]);
int pc_verify(void *data, const unsigned char *signature, size_t signature_len, const unsigned char *hashed,
              size_t hashed_len);
int pc_digest_verify_init(void *data, const char *digest, void *key, const OSSL_PARAM params[]);
int pc_digest_verify_update(void *data, const unsigned char *part, size_t len);
int pc_digest_verify_final(void *data, const unsigned char *signature, size_t signature_len);
int pc_digest_verify(void *data, const unsigned char *signature, size_t signature_len,
                     const unsigned char *message, size_t len);

#endif
