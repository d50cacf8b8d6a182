// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_EVP_H
#define P11CSR_EVP_H

#include "p11csr/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/* EVP_PKEY and OSSL_LIB_CTX as <openssl/types.h> has them. */
struct evp_pkey_st;
struct ossl_lib_ctx_st;

/*
 * The key as an EVP_PKEY, for every function of OpenSSL that signs with one: X509_REQ_sign(), X509_sign(),
 * CMS_sign(), SSL_CTX_use_PrivateKey(), OSSL_CMP_CTX_set1_pkey(), EVP_DigestSign(). It lies in the library
 * context of p11csr_ctx_get_libctx(), and may be used with objects of others, the default one too. The token
 * makes the signatures; the first of each mechanism is verified before it is handed over. The private half
 * cannot be exported, and the key signs only: it does not decrypt or agree on keys.
 *
 * Freed with EVP_PKEY_free(), every reference to it (of an SSL_CTX for one) before p11csr_ctx_free(); `key`
 * may be freed before. Any number of threads may use it at the same time, and the context beside them. They
 * sign in parallel, in up to 16 sessions of the token; a key that wants a PIN for each signature, and a token
 * that asks a person, take one at a time. Callbacks for PINs are called in the thread that signs, with the
 * context locked: they must not use the context or its keys. In a child process after fork() every use is an
 * error (FORKED in the texts of ERR_print_errors()); EVP_PKEY_free() is allowed there and asks nothing of the
 * token.
 *
 * Errors: USAGE when the key was opened for its public half only, PUBLIC_KEY_NOT_FOUND, UNSUPPORTED, FORKED,
 * NO_MEMORY. RFC 2986, RFC 5652, RFC 8446 and RFC 4210 say what such signatures are for.
 */
P11CSR_API enum p11csr_code p11csr_key_evp_pkey(p11csr_key *key, struct evp_pkey_st **ret_pkey,
                                                p11csr_error **err);
/*
 * The library context that the keys of a context lie in as EVP_PKEY, with the providers "default" and
 * "p11csr", for functions that take one: X509_REQ_new_ex(), CMS_sign_ex(), SSL_CTX_new_ex(),
 * OSSL_CMP_CTX_new(). No openssl.cnf was read in it; what is loaded into it or set in it has no part in how
 * p11csr itself verifies. It is borrowed from the context; everything that was made with it is freed before
 * p11csr_ctx_free(). Threads may share it. Errors: FORKED, NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_ctx_get_libctx(p11csr_ctx *ctx, struct ossl_lib_ctx_st **ret_libctx,
                                                  p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
