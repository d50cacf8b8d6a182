// SPDX-License-Identifier: Apache-2.0
#include "lib/target.h"

#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pc_result resolve_uri(p11csr_ctx *ctx, const char *token, struct pc_target *ret,
                                    p11csr_error **err)
{
    if (token == NULL) {
        return PC_OK;
    }
    if (pc_uri_is(token)) {
        return pc_uri_parse(token, &ret->uri, err);
    }
    ret->alias = pc_config_alias(&ctx->config, token);
    if (ret->alias != NULL) {
        return pc_frame(pc_uri_parse(ret->alias->uri, &ret->uri, err), err, "cannot use the alias '%s'",
                        token);
    }
    return pc_uri_set(&ret->uri, PC_URI_TOKEN, pc_span_str(token), err);
}

static const char *resolve_module(const p11csr_ctx *ctx, const struct pc_target *target)
{
    if (ctx->module != NULL) {
        return ctx->module;
    }
    if (target->alias != NULL && target->alias->module != NULL) {
        return target->alias->module;
    }
    const char *path = pc_uri_text(&target->uri, PC_URI_MODULE_PATH);
    return path != NULL ? path : pc_uri_text(&target->uri, PC_URI_MODULE_NAME);
}

static struct pc_result resolve_pin(p11csr_ctx *ctx, struct pc_target *target, p11csr_error **err)
{
    target->pin.ctx = ctx;
    if (ctx->pin_source != NULL) {
        return pc_pin_parse(ctx->pin_source, &target->pin, err);
    }
    if (target->uri.pin != NULL) {
        pc_ctx_warn(ctx,
                    "a PIN in a URI can be seen by others (process list, shell history); use pin-source");
        target->pin.kind = PC_PIN_VALUE;
        target->pin.secret = target->uri.pin;
        target->uri.pin = NULL;
        return PC_OK;
    }
    const char *source = pc_uri_text(&target->uri, PC_URI_PIN_SOURCE);
    if (source == NULL && target->alias != NULL) {
        source = target->alias->pin_source;
    }
    if (source != NULL) {
        return pc_pin_parse(source, &target->pin, err);
    }
    target->pin.kind = ctx->pin_callback != NULL ? PC_PIN_PROMPT : PC_PIN_NONE;
    return PC_OK;
}

PC_RESULT pc_target_resolve(p11csr_ctx *ctx, const char *token, struct pc_target *ret, p11csr_error **err)
{
    *ret = (struct pc_target){0};
    pc_uri_init(&ret->uri);
    PC_TRY(resolve_uri(ctx, token, ret, err));
    ret->module = resolve_module(ctx, ret);
    return resolve_pin(ctx, ret, err);
}

void pc_target_done(struct pc_target *target)
{
    pc_uri_done(&target->uri);
    pc_pin_done(&target->pin);
}

static bool same_name(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What the alias says about the environment has to be there before the module is loaded. */
static struct pc_result set_environment(const struct pc_alias *alias, p11csr_error **err)
{
    for (size_t at = 0; alias != NULL && at < alias->env.len; at += sizeof(struct pc_env)) {
        const struct pc_env *env = (const struct pc_env *)(const void *)(alias->env.ptr + at);
        if (setenv(env->name, env->value, 1) != 0) {
            return pc_fail_errno(err, P11CSR_E_CONFIG, errno, "set the environment variable '%s'", env->name);
        }
    }
    return PC_OK;
}

/*
 * A module reads its environment once: a second alias with other values would silently get the first one's
 * tokens.
 */
static struct pc_result check_environment(const struct pc_alias *alias, p11csr_error **err)
{
    for (size_t at = 0; alias != NULL && at < alias->env.len; at += sizeof(struct pc_env)) {
        const struct pc_env *env = (const struct pc_env *)(const void *)(alias->env.ptr + at);
        const char *now = secure_getenv(env->name);
        if (now == NULL || strcmp(now, env->value) != 0) {
            return pc_fail(err, P11CSR_E_CONFIG,
                           "alias '%s' wants another value of %s than the module was loaded with",
                           alias->name, env->name);
        }
    }
    return PC_OK;
}

static struct pc_result load(p11csr_ctx *ctx, const struct pc_target *target, struct pc_loaded **ret,
                             p11csr_error **err)
{
    struct pc_loaded *loaded = pc_alloc(sizeof(*loaded));
    if (loaded == NULL) {
        return pc_fail_memory(err);
    }
    struct pc_result result = set_environment(target->alias, err);
    if (pc_is_ok(result)) {
        result = pc_modules_load(target->module, &loaded->modules, err);
    }
    if (pc_is_ok(result) && target->module != NULL) {
        loaded->name = pc_strdup(target->module);
        result = loaded->name != NULL ? PC_OK : pc_fail_memory(err);
    }
    if (pc_is_ok(result)) {
        pc_buf_add(&ctx->loaded, &loaded,
                   sizeof(loaded)); // NOLINT(bugprone-sizeof-expression): of the pointer
        result = pc_buf_check(&ctx->loaded, err);
    }
    if (!pc_is_ok(result)) {
        pc_modules_done(&loaded->modules);
        pc_release(loaded->name);
        pc_release(loaded);
        return result;
    }
    *ret = loaded;
    return PC_OK;
}

PC_RESULT pc_target_modules(p11csr_ctx *ctx, const struct pc_target *target, struct pc_modules **ret,
                            p11csr_error **err)
{
    struct pc_loaded *loaded = NULL;
    for (size_t at = 0; at < ctx->loaded.len; at += sizeof(loaded)) { // NOLINT(bugprone-sizeof-expression)
        memcpy(&loaded, ctx->loaded.ptr + at, sizeof(loaded));        // NOLINT(bugprone-sizeof-expression)
        if (same_name(loaded->name, target->module)) {
            *ret = &loaded->modules;
            return check_environment(target->alias, err);
        }
    }
    PC_TRY(load(ctx, target, &loaded, err));
    *ret = &loaded->modules;
    return PC_OK;
}

static struct pc_opened *find_opened(const p11csr_ctx *ctx, const struct pc_slot *slot)
{
    struct pc_opened *opened = NULL;
    for (size_t at = 0; at < ctx->opened.len; at += sizeof(opened)) { // NOLINT(bugprone-sizeof-expression)
        memcpy(&opened, ctx->opened.ptr + at, sizeof(opened));        // NOLINT(bugprone-sizeof-expression)
        if (opened->token.slot.module->fn == slot->module->fn && opened->token.slot.id == slot->id) {
            return opened;
        }
    }
    return NULL;
}

PC_RESULT pc_target_open(p11csr_ctx *ctx, struct pc_target *target, struct pc_opened **ret,
                         p11csr_error **err)
{
    struct pc_modules *modules = NULL;
    struct pc_slot slot;
    PC_TRY(pc_target_modules(ctx, target, &modules, err));
    PC_TRY(pc_slot_find_one(modules, &target->uri, &slot, err));
    struct pc_opened *opened = find_opened(ctx, &slot);
    if (opened == NULL) {
        opened = pc_alloc(sizeof(*opened));
        if (opened == NULL) {
            return pc_fail_memory(err);
        }
        pc_token_init(&opened->token, &slot);
        pc_buf_add(&ctx->opened, &opened,
                   sizeof(opened)); // NOLINT(bugprone-sizeof-expression): of the pointer
        const struct pc_result result = pc_buf_check(&ctx->opened, err);
        if (!pc_is_ok(result)) {
            pc_release(opened);
            return result;
        }
    }
    if (opened->pin.kind == PC_PIN_NONE) {
        opened->pin = target->pin;
        target->pin = (struct pc_pin){0};
    }
    opened->login = (struct pc_login){.source = pc_pin_get_source(&opened->pin),
                                      .accept_final_try = ctx->accept_final_try};
    *ret = opened;
    return PC_OK;
}

PC_RESULT pc_target_query(const struct pc_target *target, const struct p11csr_select *select,
                          struct pc_key_query *ret, p11csr_error **err)
{
    const struct pc_uri *uri = &target->uri;
    *ret = (struct pc_key_query){.label = pc_uri_text(uri, PC_URI_OBJECT)};
    const char *type = pc_uri_text(uri, PC_URI_TYPE);
    if (type != NULL && strcmp(type, "private") != 0 && strcmp(type, "public") != 0) {
        return pc_fail(err, P11CSR_E_URI, "type=%s does not name a key pair", type);
    }
    if (uri->present[PC_URI_ID]) {
        ret->has_id = true;
        ret->id = pc_uri_value(uri, PC_URI_ID);
    }
    if (select->label != NULL) {
        if (ret->label != NULL && strcmp(ret->label, select->label) != 0) {
            return pc_fail(err, P11CSR_E_USAGE, "the URI names the object '%s' and the label is '%s'",
                           ret->label, select->label);
        }
        ret->label = select->label;
    }
    if (select->id != NULL) {
        const struct pc_span id = {select->id, select->id_len};
        if (ret->has_id && !pc_span_eq(ret->id, id)) {
            return pc_fail(err, P11CSR_E_USAGE, "the URI and the id given beside it differ");
        }
        ret->has_id = true;
        ret->id = id;
    }
    return PC_OK;
}
