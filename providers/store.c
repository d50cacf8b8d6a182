// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "providers/stored.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/store.h>

/* OSSL_STORE for pkcs11: URIs (provider-storemgmt(7)): what the host finds, as objects of libcrypto. */

struct loader {
    struct pc_provider *provider;
    struct pc_store *store; /* the host's */
    struct pc_store_wish wish;
    bool nothing; /* what is expected no token holds */
    bool failed;  /* the last load did */
    bool ended;
};

static struct pc_result open_at_host(struct pc_provider *provider, const char *uri, struct loader *loader,
                                     p11csr_error **err)
{
    if (loader == NULL) {
        return pc_fail_memory(err);
    }
    if (provider->host.ops == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "this provider has no tokens");
    }
    loader->provider = provider;
    return provider->host.ops->open(provider->host.self, uri, &loader->store, err);
}

static void *open_uri(void *data, const char *uri)
{
    struct loader *loader = pc_alloc(sizeof(*loader));
    p11csr_error *err = NULL;
    if (pc_provider_answer(data, open_at_host(data, uri, loader, &err), &err) == 0) {
        pc_release(loader);
        return NULL;
    }
    return loader;
}

static const OSSL_PARAM *settable_ctx_params(void *data)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL), OSSL_PARAM_END};
    (void)data;
    return known;
}

/*
 * What else one may be asked to look for (names, serial numbers) only leaves out what the caller does not
 * want.
 */
static int set_ctx_params(void *data, const OSSL_PARAM params[])
{
    struct loader *loader = data;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    int expected = 0;
    if (param == NULL) {
        return 1;
    }
    if (OSSL_PARAM_get_int(param, &expected) != 1) {
        return 0;
    }
    loader->wish.only[PC_STORED_PRIVATE] = expected == OSSL_STORE_INFO_PKEY;
    loader->wish.only[PC_STORED_PUBLIC] = expected == OSSL_STORE_INFO_PUBKEY;
    loader->wish.only[PC_STORED_CERTIFICATE] = expected == OSSL_STORE_INFO_CERT;
    loader->nothing = expected != 0 && expected != OSSL_STORE_INFO_PKEY &&
                      expected != OSSL_STORE_INFO_PUBKEY && expected != OSSL_STORE_INFO_CERT;
    return 1;
}

static int deliver_certificate(const struct pc_stored *stored, OSSL_CALLBACK *callback, void *data)
{
    int type = OSSL_OBJECT_CERT;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
                                 OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
                                                                   (void *)(uintptr_t)stored->der.ptr,
                                                                   stored->der.len),
                                 OSSL_PARAM_construct_end()};
    return callback(params, data);
}

static int deliver(struct loader *loader, struct pc_stored *stored, OSSL_CALLBACK *callback, void *data)
{
    struct pc_object *object PC_CLEANUP(pc_object_free) = NULL;
    p11csr_error *err = NULL;
    if (stored->kind == PC_STORED_CERTIFICATE) {
        return deliver_certificate(stored, callback, data);
    }
    const struct pc_result result = pc_stored_to_object(loader->provider, stored, &object, &err);
    if (pc_provider_answer(loader->provider, result, &err) == 0) {
        return 0;
    }
    return pc_object_deliver(&object, callback, data);
}

static struct pc_result next(struct loader *loader, struct pc_stored *ret, bool *ret_there,
                             p11csr_error **err)
{
    PC_KEEP_ERRORS(mark); // a PKCS#11 module that uses libcrypto leaves its own behind
    return loader->provider->host.ops->next(loader->store, &loader->wish, ret, ret_there, err);
}

/*
 * libcrypto takes a load that failed for the end when `eof` says so right after it, and would lose the error:
 * the end comes with the load after that.
 */
static int load(void *data, OSSL_CALLBACK *callback, void *callback_data,
                OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_data)
{
    struct loader *loader = data;
    struct pc_asker asker = {.callback = passphrase, .data = passphrase_data};
    struct pc_stored stored = {.der = {0}};
    p11csr_error *err = NULL;
    bool there = false;
    loader->ended = loader->ended || loader->failed || loader->nothing;
    if (loader->ended) {
        return 0;
    }
    loader->wish.ask = passphrase != NULL ? pc_asker_ask : NULL;
    loader->wish.ask_data = &asker;
    const struct pc_result result = next(loader, &stored, &there, &err);
    loader->ended = pc_is_ok(result) && !there;
    const bool loaded = pc_provider_answer(loader->provider, result, &err) == 1 && there &&
                        deliver(loader, &stored, callback, callback_data) == 1;
    loader->failed = !loaded && !loader->ended;
    return loaded ? 1 : 0;
}

static int eof(void *data)
{
    return ((const struct loader *)data)->ended ? 1 : 0;
}

static int close_store(void *data)
{
    struct loader *loader = data;
    loader->provider->host.ops->close(loader->store);
    pc_release(loader);
    return 1;
}

/* To others' key management: public keys only. */
static int export_object(void *data, const void *reference, size_t size, OSSL_CALLBACK *callback,
                         void *callback_data)
{
    const struct pc_object *object = NULL;
    (void)data;
    if (size != sizeof(void *)) {
        return 0;
    }
    object = *(struct pc_object *const *)reference;
    return object->held.ops == NULL
               ? EVP_PKEY_export(object->pkey, EVP_PKEY_PUBLIC_KEY, callback, callback_data)
               : 0;
}

static const OSSL_DISPATCH functions[] = {
    PC_DISPATCH(OSSL_FUNC_STORE_OPEN, open_uri),
    PC_DISPATCH(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_ctx_params),
    PC_DISPATCH(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_ctx_params),
    PC_DISPATCH(OSSL_FUNC_STORE_LOAD, load),
    PC_DISPATCH(OSSL_FUNC_STORE_EOF, eof),
    PC_DISPATCH(OSSL_FUNC_STORE_CLOSE, close_store),
    PC_DISPATCH(OSSL_FUNC_STORE_EXPORT_OBJECT, export_object),
    PC_DISPATCH_END,
};

const OSSL_ALGORITHM pc_store_algorithms[] = {
    {"pkcs11", PC_PROPERTIES, functions, "keys and certificates on tokens"},
    {NULL, NULL, NULL, NULL},
};
