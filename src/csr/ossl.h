// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_OSSL_H
#define PC_CSR_OSSL_H

#include "base/mem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

/*
 * Cleanup functions for libcrypto's objects, and the border between its error queue and ours. For src/csr
 * only.
 */

struct pc_crypto;
/* The library context that everything is done in. */
OSSL_LIB_CTX *pc_crypto_libctx(const struct pc_crypto *crypto);

static inline void pc_ossl_free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}

static inline void pc_ossl_free_bn(BIGNUM **number)
{
    BN_free(*number);
}

static inline void pc_ossl_free_md_ctx(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static inline void pc_ossl_free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static inline void pc_ossl_free_pkey_ctx(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static inline void pc_ossl_free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static inline void pc_ossl_free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static inline void pc_ossl_pop_errors(const int *mark)
{
    (void)mark;
    ERR_pop_to_mark();
}

/*
 * Stands first in a function that calls libcrypto: when the function is left, the thread's error queue is as
 * it was, so that a host application never finds errors that are not its own.
 */
#define PC_OSSL_KEEP_ERRORS(name)                                                                            \
    __attribute__((__unused__)) const int name PC_CLEANUP(pc_ossl_pop_errors) = ERR_set_mark()

/* True when the newest error of libcrypto is a failed allocation. */
static inline bool pc_ossl_out_of_memory(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

#endif
