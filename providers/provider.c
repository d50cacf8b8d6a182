// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "providers/object.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>

static void teardown(void *data)
{
    struct pc_provider *provider = data;
    if (provider == NULL) {
        return;
    }
    if (provider->host.ops != NULL) {
        provider->host.ops->stop(provider->host.self);
    }
    for (size_t i = 0; i < PC_DIGEST_COUNT; i++) {
        EVP_MD_free(provider->digests[i]);
    }
    if (provider->software != NULL) {
        (void)OSSL_PROVIDER_unload(provider->software);
    }
    OSSL_LIB_CTX_free(provider->libctx);
    (void)pthread_mutex_destroy(&provider->lock);
    (void)pthread_mutex_destroy(&provider->order_lock);
    pc_release(provider->reasons);
    pc_release(provider);
}

static const OSSL_ALGORITHM *query_operation(void *data, int operation, int *ret_no_cache)
{
    static const OSSL_ALGORITHM *const known[] = {[OSSL_OP_KEYMGMT] = pc_keymgmt_algorithms,
                                                  [OSSL_OP_SIGNATURE] = pc_signature_algorithms,
                                                  [OSSL_OP_DECODER] = pc_decoder_algorithms,
                                                  [OSSL_OP_STORE] = pc_store_algorithms};
    const OSSL_ALGORITHM *algorithms =
        operation >= 0 && (size_t)operation < PC_ARRAY_LEN(known) ? known[operation] : NULL;
    const bool is_shared = operation == OSSL_OP_KEYMGMT || operation == OSSL_OP_SIGNATURE;
    bool keep = true;
    if (is_shared && !pc_order_ready(data, operation, &keep)) {
        algorithms = NULL;
    }
    *ret_no_cache = keep ? 0 : 1;
    return algorithms;
}

static const OSSL_PARAM *gettable_params(void *data)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };
    (void)data;
    return known;
}

static int get_params(void *data, OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        const char *value;
    } texts[] = {{OSSL_PROV_PARAM_NAME, "p11csr: keys on PKCS#11 tokens"},
                 {OSSL_PROV_PARAM_VERSION, PC_VERSION},
                 {OSSL_PROV_PARAM_BUILDINFO, PC_VERSION}};
    (void)data;
    for (size_t i = 0; i < PC_ARRAY_LEN(texts); i++) {
        OSSL_PARAM *param = OSSL_PARAM_locate(params, texts[i].name);
        if (param != NULL && OSSL_PARAM_set_utf8_ptr(param, texts[i].value) != 1) {
            return 0;
        }
    }
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return status == NULL || OSSL_PARAM_set_int(status, 1) == 1 ? 1 : 0;
}

static const OSSL_ITEM *get_reasons(void *data)
{
    return ((const struct pc_provider *)data)->reasons;
}

static bool take_core(struct pc_core *core, const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in)
{
    core->handle = handle;
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            core->get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_GET_LIBCTX:
            core->get_libctx = OSSL_FUNC_core_get_libctx(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            core->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            core->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            core->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        default: // the core has much more
            break;
        }
    }
    return core->get_params != NULL && core->get_libctx != NULL && core->new_error != NULL &&
           core->set_error_debug != NULL && core->vset_error != NULL;
}

/* A library context that neither the program's configuration nor a token's module can interfere with. */
static bool make_software(struct pc_provider *provider, const OSSL_DISPATCH *in)
{
    provider->libctx = OSSL_LIB_CTX_new_from_dispatch(provider->core.handle, in); // reads the core's BIOs
    provider->software = provider->libctx != NULL ? OSSL_PROVIDER_load(provider->libctx, "default") : NULL;
    bool made = provider->software != NULL;
    for (size_t i = PC_DIGEST_NONE + 1; i < PC_DIGEST_COUNT && made; i++) {
        const char *name = pc_digest_get((enum pc_digest_id)i)->ossl_name;
        provider->digests[i] = EVP_MD_fetch(provider->libctx, name, NULL);
        made = provider->digests[i] != NULL;
    }
    return made;
}

int pc_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                     void **ret_provider)
{
    static const OSSL_DISPATCH functions[] = {
        PC_DISPATCH(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
        PC_DISPATCH(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
        PC_DISPATCH(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
        PC_DISPATCH(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
        PC_DISPATCH(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, get_reasons),
        PC_DISPATCH_END,
    };
    struct pc_provider *provider = pc_alloc(sizeof(*provider));
    if (provider == NULL) {
        return 0;
    }
    if (pthread_mutex_init(&provider->lock, NULL) != 0) {
        pc_release(provider);
        return 0;
    }
    if (pthread_mutex_init(&provider->order_lock, NULL) != 0) {
        (void)pthread_mutex_destroy(&provider->lock);
        pc_release(provider);
        return 0;
    }
    provider->reasons = pc_provider_new_reasons();
    if (provider->reasons == NULL || !take_core(&provider->core, handle, in) ||
        !make_software(provider, in)) {
        teardown(provider);
        return 0;
    }
    *out = functions;
    *ret_provider = provider;
    return 1;
}

void pc_provider_attach(struct pc_provider *provider, const struct pc_host *host)
{
    provider->host = *host;
}

void pc_provider_set_proof(struct pc_provider *provider, enum pc_provider_proof proof)
{
    provider->proof = proof;
}

const char *pc_provider_setting(const struct pc_provider *provider, const char *name)
{
    const char *value = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(name, (char **)(uintptr_t)&value, 0),
                           OSSL_PARAM_construct_end()};
    return provider->core.get_params(provider->core.handle, params) == 1 ? value : NULL;
}

PC_RESULT pc_provider_digest(const struct pc_provider *provider, const char *name, enum pc_digest_id *ret,
                             p11csr_error **err)
{
    *ret = PC_DIGEST_NONE;
    if (name == NULL || name[0] == 0 || pc_ascii_equal(name, "UNDEF")) {
        return PC_OK;
    }
    for (int id = PC_DIGEST_NONE + 1; id < PC_DIGEST_COUNT; id++) { // each signature comes by here
        const struct pc_digest *row = pc_digest_get((enum pc_digest_id)id);
        if (pc_ascii_equal(name, row->name) || pc_ascii_equal(name, row->ossl_name)) {
            *ret = (enum pc_digest_id)id;
            return PC_OK;
        }
    }
    for (int id = PC_DIGEST_NONE + 1; id < PC_DIGEST_COUNT; id++) { // its other names
        if (EVP_MD_is_a(provider->digests[id], name) == 1) {
            *ret = (enum pc_digest_id)id;
            return PC_OK;
        }
    }
    return pc_fail(err, P11CSR_E_ALGORITHM, "p11csr signs nothing that was hashed with %s", name);
}

/* Registers a key for import(); 0 when too many are on their way. */
static uint64_t add_pending(struct pc_provider *provider, struct pc_object *object)
{
    uint64_t number = 0;
    (void)pthread_mutex_lock(&provider->lock);
    for (size_t i = 0; i < PC_PENDING_MAX && number == 0; i++) {
        if (provider->pending[i].number == 0) {
            number = ++provider->last_number;
            provider->pending[i].number = number;
            provider->pending[i].object = object;
        }
    }
    (void)pthread_mutex_unlock(&provider->lock);
    return number;
}

struct pc_object *pc_provider_take(struct pc_provider *provider, uint64_t number)
{
    struct pc_object *object = NULL;
    (void)pthread_mutex_lock(&provider->lock);
    for (size_t i = 0; i < PC_PENDING_MAX && object == NULL; i++) {
        if (number != 0 && provider->pending[i].number == number) {
            object = provider->pending[i].object;
            provider->pending[i].number = 0;
            provider->pending[i].object = NULL;
        }
    }
    (void)pthread_mutex_unlock(&provider->lock);
    return object;
}

static struct pc_result fail_pkey(p11csr_error **err)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return pc_fail(err, P11CSR_E_INTERNAL, "EVP_PKEY_fromdata_init: %s",
                   reason != NULL ? reason : "libcrypto gives no reason");
}

static struct pc_result make_pkey(OSSL_LIB_CTX *libctx, const char *type, uint64_t number, EVP_PKEY **ret,
                                  p11csr_error **err)
{
    PC_KEEP_ERRORS(mark);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint64(PC_PARAM_NUMBER, &number), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, type, PC_PROPERTIES);
    EVP_PKEY *made = NULL; // libcrypto would fill one that is there
    struct pc_result result = PC_OK;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1) {
        result = fail_pkey(err);
    } else if (EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params) != 1) {
        result = pc_fail_memory(err); // the number is one of ours: nothing else hinders it
    } else {
        *ret = made;
    }
    EVP_PKEY_CTX_free(ctx);
    return result;
}

PC_RESULT pc_provider_new_pkey(struct pc_provider *provider, OSSL_LIB_CTX *libctx, struct pc_held *held,
                               EVP_PKEY **ret, p11csr_error **err)
{
    struct pc_object *object = pc_object_new(provider);
    if (object == NULL) {
        held->ops->release(held->self);
        *held = (struct pc_held){0};
        return pc_fail_memory(err);
    }
    struct pc_result result = pc_object_fill(object, held, err);
    const uint64_t number = pc_is_ok(result) ? add_pending(provider, object) : 0;
    if (number == 0) {
        result =
            pc_is_ok(result) ? pc_fail(err, P11CSR_E_LIMIT, "too many keys are being made at once") : result;
        pc_object_free(&object);
        return result;
    }
    result = make_pkey(libctx, object->type, number, ret, err);
    object = pc_provider_take(provider, number); // nobody imported it
    pc_object_free(&object);
    return result;
}
