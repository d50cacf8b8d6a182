// SPDX-License-Identifier: Apache-2.0
#include "lib/login.h"

#include "base/error.h"

static struct pc_result set_source(p11csr_ctx *ctx, const char *source, struct pc_pin **slot,
                                   p11csr_error **err)
{
    *slot = source != NULL ? *slot : NULL;
    return source != NULL ? pc_pin_named(ctx, source, slot, err) : PC_OK;
}

enum p11csr_code p11csr_ctx_set_pin_source(p11csr_ctx *ctx, const char *source, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return set_source(lock.ctx, source, &lock.ctx->pin, err).code;
}

enum p11csr_code p11csr_ctx_set_so_pin_source(p11csr_ctx *ctx, const char *source, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return set_source(lock.ctx, source, &lock.ctx->so_pin, err).code;
}

void p11csr_ctx_set_pin_callback(p11csr_ctx *ctx, p11csr_pin_callback callback, void *data)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->pin_callback = callback;
    lock.ctx->pin_callback_data = data;
}

void p11csr_ctx_accept_final_try(p11csr_ctx *ctx, int accept)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->accept_final_try = accept != 0;
}

void p11csr_ctx_set_device_callback(p11csr_ctx *ctx, p11csr_device_callback callback, void *data)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->device_callback = callback;
    lock.ctx->device_callback_data = data;
}

enum p11csr_code p11csr_ctx_set_login(p11csr_ctx *ctx, enum p11csr_login login, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    if ((unsigned)login > P11CSR_LOGIN_NEVER) {
        return pc_fail(err, P11CSR_E_USAGE, "there is no login mode %u", (unsigned)login).code;
    }
    lock.ctx->login = login;
    return P11CSR_OK;
}

void p11csr_ctx_login_as_so(p11csr_ctx *ctx, int as_so)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->login_as_so = as_so != 0;
}

static struct pc_result resolve_pin(p11csr_ctx *ctx, struct pc_target *target, p11csr_error **err)
{
    target->pin_named = true;
    if (ctx->pin != NULL) {
        target->pin = ctx->pin;
        return PC_OK;
    }
    if (target->uri.pin != NULL) {
        pc_ctx_warn(ctx,
                    "a PIN in a URI can be seen by others (process list, shell history); use pin-source");
        PC_TRY(pc_pin_of_secret(ctx, &target->uri.pin, &target->own_pin, err));
        target->pin = target->own_pin;
        return PC_OK;
    }
    const char *source = pc_uri_text(&target->uri, PC_URI_PIN_SOURCE);
    if (source == NULL && target->alias != NULL) {
        source = target->alias->pin_source;
    }
    if (source == NULL && ctx->pin_callback != NULL) {
        source = "prompt";
        target->pin_named = false;
    }
    return source != NULL ? pc_pin_named(ctx, source, &target->pin, err) : PC_OK;
}

/* The context's, else the alias's, else whoever can be asked. */
static struct pc_result resolve_so_pin(p11csr_ctx *ctx, struct pc_target *target, p11csr_error **err)
{
    const char *source = target->alias != NULL ? target->alias->so_pin_source : NULL;
    target->so_pin = ctx->so_pin;
    if (source == NULL && ctx->pin_callback != NULL) {
        source = "prompt";
    }
    return target->so_pin == NULL && source != NULL ? pc_pin_named(ctx, source, &target->so_pin, err) : PC_OK;
}

PC_RESULT pc_login_resolve(p11csr_ctx *ctx, struct pc_target *target, bool loaded, p11csr_error **err)
{
    PC_TRY(resolve_pin(ctx, target, err));
    PC_TRY(resolve_so_pin(ctx, target, err));
    if (loaded || ctx->login == P11CSR_LOGIN_NEVER) {
        return PC_OK;
    }
    if (target->pin != NULL) {
        PC_TRY(pc_pin_ahead(target->pin, err));
    }
    return ctx->login_as_so && target->so_pin != NULL ? pc_pin_ahead(target->so_pin, err) : PC_OK;
}

PC_RESULT pc_login_apply(p11csr_ctx *ctx, struct pc_target *target, struct pc_opened *opened,
                         p11csr_error **err)
{
    static const enum pc_login_mode modes[] = {[P11CSR_LOGIN_AUTO] = PC_LOGIN_AUTO,
                                               [P11CSR_LOGIN_ALWAYS] = PC_LOGIN_ALWAYS,
                                               [P11CSR_LOGIN_NEVER] = PC_LOGIN_NEVER};
    struct pc_login *login = &opened->login;
    if (target->pin != NULL) { // a key that is open keeps a source if this caller knows none
        login->source = &target->pin->source;
        login->source_named = target->pin_named;
        pc_pin_free(&opened->own_pin);
        opened->own_pin = target->own_pin;
        target->own_pin = NULL;
    }
    login->so_source = target->so_pin != NULL ? &target->so_pin->source : NULL;
    login->mode = modes[ctx->login];
    login->as_so = ctx->login_as_so;
    login->accept_final_try = ctx->accept_final_try;
    login->at_device = pc_pin_at_device;
    login->at_device_self = ctx;
    const struct pc_result result = pc_login_open(&opened->token, login, err);
    pc_token_ended(&opened->token, result);
    return result;
}
