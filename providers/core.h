// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_CORE_H
#define PC_PROVIDERS_CORE_H

#include "providers/provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>

struct pc_object;
struct pc_decoding;

/* What the provider asks of libcrypto's core; see provider-base(7). All are always there. */
struct pc_core {
    const OSSL_CORE_HANDLE *handle;
    OSSL_FUNC_core_get_params_fn *get_params;
    OSSL_FUNC_core_get_libctx_fn *get_libctx;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
};

enum { PC_PENDING_MAX = 64 };

/* A provider in one library context. Constant once it is in use, but for what says otherwise. */
struct pc_provider {
    struct pc_core core;
    struct pc_host host;
    enum pc_provider_proof proof;
    OSSL_LIB_CTX
    *libctx; /* our own, with `default`: digests and public keys; the program's stays untouched */
    OSSL_PROVIDER *software; /* `default` in it */
    EVP_MD *digests[PC_DIGEST_COUNT];
    OSSL_ITEM *reasons;

    /* Keys on their way through EVP_PKEY_fromdata(), by a number that is given away once. */
    pthread_mutex_t lock;
    struct {
        uint64_t number;
        struct pc_object *object;
    } pending[PC_PENDING_MAX];
    uint64_t last_number;
    struct pc_decoding *decodings; /* see decoder.c */

    /* See order.c. */
    pthread_mutex_t order_lock;
    _Atomic(uintptr_t) orderer; /* the thread that makes the others stand first; 0: none */
    atomic_uint ordered;        /* bits: operations for which they do */
};

/* The parameter of key management's import that names a key in `pending`; uint64. */
#define PC_PARAM_NUMBER "p11csr-key"

/*
 * Whether the implementations of `operation` can be shown: false while other providers' have still to be made
 * to stand before ours in libcrypto's store of methods. *ret_keep tells whether libcrypto may keep the
 * answer.
 */
bool pc_order_ready(struct pc_provider *provider, int operation, bool *ret_keep);

/* The key that pc_provider_new_pkey() registered under this number, which it is no more; NULL: none. */
struct pc_object *pc_provider_take(struct pc_provider *provider, uint64_t number);
/*
 * A digest by any of the names that libcrypto has for it. NONE for NULL, "" and "UNDEF". ALGORITHM if
 * unknown.
 */
PC_RESULT pc_provider_digest(const struct pc_provider *provider, const char *name, enum pc_digest_id *ret,
                             p11csr_error **err);

/* Reports a failed result to the program and frees the error. Returns 1 for success, else 0. */
int pc_provider_answer(const struct pc_provider *provider, struct pc_result result, p11csr_error **err);
/*
 * The reasons of our errors by number, ended by a zero; NULL when out of memory. Released with pc_release().
 */
OSSL_ITEM *pc_provider_new_reasons(void);

/* By which one asks libcrypto for what is ours. */
#define PC_PROPERTIES "provider=p11csr"

/* As libcrypto 3.5 has them; before, nobody else has such keys, and none is made. */
#define PC_NAMES_ML_DSA_44 "ML-DSA-44:MLDSA44:2.16.840.1.101.3.4.3.17:id-ml-dsa-44"
#define PC_NAMES_ML_DSA_65 "ML-DSA-65:MLDSA65:2.16.840.1.101.3.4.3.18:id-ml-dsa-65"
#define PC_NAMES_ML_DSA_87 "ML-DSA-87:MLDSA87:2.16.840.1.101.3.4.3.19:id-ml-dsa-87"
/* What libcrypto calls the DER between our decoders. */
#define PC_DECODER_STRUCTURE "p11csr-uri"

/* The tables that libcrypto reads. */
extern const OSSL_ALGORITHM pc_keymgmt_algorithms[];
extern const OSSL_ALGORITHM pc_signature_algorithms[];
extern const OSSL_ALGORITHM pc_decoder_algorithms[];
extern const OSSL_ALGORITHM pc_store_algorithms[];

/* libcrypto keeps functions of all kinds as one. */
#define PC_DISPATCH(id, function)                                                                            \
    {                                                                                                        \
        (id), (void (*)(void))(function)                                                                     \
    }
#define PC_DISPATCH_END                                                                                      \
    {                                                                                                        \
        0, NULL                                                                                              \
    }

/* Leaves the thread's error queue as it was found. Stands first in a function. */
static inline void pc_pop_errors(const int *mark)
{
    (void)mark;
    ERR_pop_to_mark();
}
#define PC_KEEP_ERRORS(name)                                                                                 \
    __attribute__((__unused__)) const int name PC_CLEANUP(pc_pop_errors) = ERR_set_mark()

#endif
