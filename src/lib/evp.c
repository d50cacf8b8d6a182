// SPDX-License-Identifier: Apache-2.0
#include "lib/evp.h"

#include "base/error.h"
#include "lib/held.h"
#include "p11csr/evp.h"
#include "providers/provider.h"

#include <openssl/err.h>
#include <openssl/provider.h>

/*
 * Not the library context of pc_crypto: what callers do in this one must not reach how requests are proved.
 */
struct pc_evp {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *software;
    OSSL_PROVIDER *own;
};

void pc_evp_free(struct pc_evp **evp)
{
    if (*evp == NULL) {
        return;
    }
    if ((*evp)->own != NULL) {
        (void)OSSL_PROVIDER_unload((*evp)->own);
    }
    if ((*evp)->software != NULL) {
        (void)OSSL_PROVIDER_unload((*evp)->software);
    }
    OSSL_LIB_CTX_free((*evp)->libctx);
    pc_release(*evp);
    *evp = NULL;
}

static struct pc_result fail_default(p11csr_error **err)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return pc_fail(err, P11CSR_E_INTERNAL, "libcrypto's default provider: %s",
                   reason != NULL ? reason : "it gives no reason");
}

static struct pc_result load(struct pc_evp *evp, p11csr_error **err)
{
    static const struct pc_host nobody = {0};
    evp->libctx = OSSL_LIB_CTX_new();
    if (evp->libctx == NULL) {
        return pc_fail_memory(err);
    }
    evp->software = OSSL_PROVIDER_load(evp->libctx, "default");
    if (evp->software == NULL) {
        return fail_default(err);
    }
    if (OSSL_PROVIDER_add_builtin(evp->libctx, "p11csr", pc_provider_init) == 1) {
        evp->own = OSSL_PROVIDER_load(evp->libctx, "p11csr");
    }
    if (evp->own == NULL) {
        return pc_fail_memory(err); // nothing else hinders it
    }
    pc_provider_attach(OSSL_PROVIDER_get0_provider_ctx(evp->own), &nobody);
    return PC_OK;
}

/* Makes the context's if need be. */
static struct pc_result need_evp(p11csr_ctx *ctx, p11csr_error **err)
{
    if (ctx->evp != NULL) {
        return PC_OK;
    }
    struct pc_evp *evp PC_CLEANUP(pc_evp_free) = pc_alloc(sizeof(*evp));
    if (evp == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(load(evp, err));
    ctx->evp = evp;
    evp = NULL;
    return PC_OK;
}

static struct pc_result make_pkey(struct p11csr_key *key, EVP_PKEY **ret, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    struct pc_held held;
    PC_TRY(need_evp(key->ctx, err));
    PC_TRY(pc_held_key_new(key, &held, err));
    const struct pc_evp *evp = key->ctx->evp;
    return pc_provider_new_pkey(OSSL_PROVIDER_get0_provider_ctx(evp->own), evp->libctx, &held, ret, err);
}

/* No lock before the process is known to be that of the context: in a child it may never become free. */
static struct pc_result get_pkey(struct p11csr_key *key, EVP_PKEY **ret, p11csr_error **err)
{
    PC_TRY(pc_ctx_check_process(key->ctx, err));
    return make_pkey(key, ret, err);
}

enum p11csr_code p11csr_key_evp_pkey(p11csr_key *key, EVP_PKEY **ret_pkey, p11csr_error **err)
{
    return pc_frame(get_pkey(key, ret_pkey, err), err, "cannot use key '%s' with OpenSSL", key->texts.uri)
        .code;
}

static struct pc_result get_libctx(p11csr_ctx *ctx, OSSL_LIB_CTX **ret, p11csr_error **err)
{
    PC_TRY(pc_ctx_check_process(ctx, err));
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    PC_TRY(need_evp(lock.ctx, err));
    *ret = lock.ctx->evp->libctx;
    return PC_OK;
}

enum p11csr_code p11csr_ctx_get_libctx(p11csr_ctx *ctx, OSSL_LIB_CTX **ret_libctx, p11csr_error **err)
{
    return get_libctx(ctx, ret_libctx, err).code;
}
