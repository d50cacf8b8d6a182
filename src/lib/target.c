// SPDX-License-Identifier: Apache-2.0
#include "lib/target.h"

#include "base/error.h"
#include "base/limits.h"
#include "lib/login.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

PC_RESULT pc_take_options(const void *options, size_t size, void *ret, size_t ret_size, p11csr_error **err)
{
    if (size < sizeof(size)) {
        return pc_fail(err, P11CSR_E_USAGE,
                       "struct_size of an option struct is not set: use its _INIT macro");
    }
    for (size_t i = ret_size; i < size; i++) {
        if (((const uint8_t *)options)[i] != 0) {
            return pc_fail(err, P11CSR_E_USAGE,
                           "an option struct asks for something that only a newer library knows");
        }
    }
    memset(ret, 0, ret_size);
    memcpy(ret, options, size < ret_size ? size : ret_size);
    return PC_OK;
}

/* An alias's URI is the configuration's mistake if it is wrong. */
static struct pc_result parse_alias_uri(const struct pc_alias *alias, struct pc_uri *ret, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result result = pc_uri_parse(alias->uri, ret, &why);
    if (pc_is_ok(result) && alias->pin != NULL) {
        const struct pc_span pin = pc_secret_bytes(alias->pin);
        (void)pc_secret_set(ret->pin, pin.ptr, pin.len); // in place of as many '*'
    }
    if (pc_is_ok(result)) {
        return result;
    }
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    return pc_frame(pc_fail(err, P11CSR_E_CONFIG, "%s: its uri: %s", alias->file, p11csr_error_cause(why, 0)),
                    err, "cannot use the alias '%s'", alias->name);
}

/* True when everything that the alias says about a token is said by the URI too. */
static bool says_all(const struct pc_uri *uri, const struct pc_uri *alias)
{
    bool any = alias->present[PC_URI_TOKEN] || alias->present[PC_URI_SERIAL]; // not a maker or a model alone
    for (int attr = 0; attr < PC_URI_ID; attr++) {
        const enum pc_uri_attr which = (enum pc_uri_attr)attr;
        if (alias->present[attr]) {
            if (!uri->present[attr] || !pc_span_eq(pc_uri_value(uri, which), pc_uri_value(alias, which))) {
                return false;
            }
        }
    }
    return any;
}

/*
 * The alias that a full URI speaks of, so that a URI which p11csr printed finds its token again: the one
 * alias all of whose token attributes the URI repeats. NULL when there is none, or more than one.
 */
static struct pc_result alias_of_uri(const p11csr_ctx *ctx, const struct pc_uri *uri,
                                     const struct pc_alias **ret, p11csr_error **err)
{
    const struct pc_alias *found = NULL;
    size_t count = 0;
    for (size_t at = 0; at < ctx->config.aliases.len; at += sizeof(struct pc_alias)) {
        const struct pc_alias *alias = (const struct pc_alias *)(const void *)(ctx->config.aliases.ptr + at);
        struct pc_uri its PC_CLEANUP(pc_uri_done);
        pc_uri_init(&its);
        const struct pc_result result = pc_uri_parse(alias->uri, &its, NULL);
        if (result.code == P11CSR_E_NO_MEMORY) {
            return pc_fail_memory(err);
        }
        if (pc_is_ok(result) && says_all(uri, &its)) {
            found = alias;
            count++;
        }
    }
    *ret = count == 1 ? found : NULL;
    return PC_OK;
}

/* What the alias's URI says about the module and the PIN holds unless the URI says something itself. */
static struct pc_result take_query(const struct pc_alias *alias, struct pc_uri *uri, p11csr_error **err)
{
    static const enum pc_uri_attr wanted[] = {PC_URI_PIN_SOURCE, PC_URI_MODULE_NAME, PC_URI_MODULE_PATH};
    struct pc_uri its PC_CLEANUP(pc_uri_done);
    pc_uri_init(&its);
    PC_TRY(parse_alias_uri(alias, &its, err));
    for (size_t i = 0; i < PC_ARRAY_LEN(wanted); i++) {
        if (its.present[wanted[i]] && !uri->present[wanted[i]]) {
            PC_TRY(pc_uri_set(uri, wanted[i], pc_uri_value(&its, wanted[i]), err));
        }
    }
    return PC_OK;
}

/* The alias that the target's URI speaks of, if any, completes it. */
static struct pc_result take_alias(const p11csr_ctx *ctx, struct pc_target *target, p11csr_error **err)
{
    PC_TRY(alias_of_uri(ctx, &target->uri, &target->alias, err));
    return target->alias != NULL ? take_query(target->alias, &target->uri, err) : PC_OK;
}

static struct pc_result resolve_uri(p11csr_ctx *ctx, const char *token, struct pc_target *ret,
                                    p11csr_error **err)
{
    if (token == NULL) {
        return PC_OK;
    }
    if (pc_uri_is(token)) {
        PC_TRY(pc_uri_parse(token, &ret->uri, err));
        return take_alias(ctx, ret, err);
    }
    ret->alias = pc_config_alias(&ctx->config, token);
    if (ret->alias != NULL) {
        return parse_alias_uri(ret->alias, &ret->uri, err);
    }
    ret->label = token;
    return pc_uri_set(&ret->uri, PC_URI_TOKEN, pc_span_str(token), err);
}

static const char *resolve_module(const p11csr_ctx *ctx, const struct pc_target *target)
{
    if (ctx->module != NULL) {
        return ctx->module;
    }
    const char *path = pc_uri_text(&target->uri, PC_URI_MODULE_PATH);
    if (path == NULL) {
        path = pc_uri_text(&target->uri, PC_URI_MODULE_NAME);
    }
    return path == NULL && target->alias != NULL ? target->alias->module : path;
}

static const char *init_args_of(const struct pc_target *target)
{
    return target->alias != NULL ? target->alias->init_args : NULL;
}

static struct pc_result settle_module(const p11csr_ctx *ctx, struct pc_target *target, p11csr_error **err)
{
    target->module = resolve_module(ctx, target);
    if (init_args_of(target) != NULL && target->module == NULL) {
        return pc_fail(err, P11CSR_E_CONFIG, "alias '%s' has init-args and no module to hand them to",
                       target->alias->name);
    }
    return PC_OK;
}

PC_RESULT pc_target_resolve(p11csr_ctx *ctx, const char *token, struct pc_target *ret, p11csr_error **err)
{
    *ret = (struct pc_target){0};
    pc_uri_init(&ret->uri);
    PC_TRY(resolve_uri(ctx, token, ret, err));
    return settle_module(ctx, ret, err);
}

static bool names_token(const struct pc_uri *uri)
{
    bool names = false;
    for (int attr = 0; attr < PC_URI_ID; attr++) {
        names = names || uri->present[attr];
    }
    return names;
}

PC_RESULT pc_target_of_uri(p11csr_ctx *ctx, const struct pc_uri *uri, const char *token,
                           struct pc_target *ret, p11csr_error **err)
{
    struct pc_target base PC_CLEANUP(pc_target_done) = {0};
    pc_uri_init(&base.uri);
    *ret = (struct pc_target){0};
    pc_uri_init(&ret->uri);
    PC_TRY(pc_uri_fill(&ret->uri, uri, err));
    if (names_token(uri)) {
        PC_TRY(take_alias(ctx, ret, err));
    } else {
        PC_TRY(resolve_uri(ctx, token, &base, err));
        PC_TRY(pc_uri_fill(&ret->uri, &base.uri, err));
        ret->alias = base.alias;
        ret->label = base.label;
    }
    return settle_module(ctx, ret, err);
}

void pc_target_done(struct pc_target *target)
{
    pc_pin_free(&target->own_pin);
    pc_uri_done(&target->uri);
}

static bool same_name(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
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

/* What the alias says about the environment has to be there before the module is loaded. */
static struct pc_result set_environment(const p11csr_ctx *ctx, const struct pc_target *target,
                                        p11csr_error **err)
{
    const struct pc_alias *alias = target->alias;
    // Another context, or the program itself, may have loaded it.
    const bool is_mapped =
        alias != NULL && alias->env.len > 0 && target->module != NULL && pc_module_is_mapped(target->module);
    if (is_mapped) {
        return check_environment(alias, err);
    }
    for (size_t at = 0; alias != NULL && at < alias->env.len; at += sizeof(struct pc_env)) {
        const struct pc_env *env = (const struct pc_env *)(const void *)(alias->env.ptr + at);
        const char *now = secure_getenv(env->name);
        if (ctx->loaded.len > 0 && now != NULL && strcmp(now, env->value) != 0) {
            return check_environment(alias,
                                     err); // a module that is there may be the same one under another name
        }
        if (setenv(env->name, env->value, 1) != 0) {
            return pc_fail_errno(err, P11CSR_E_CONFIG, errno, "set the environment variable '%s'", env->name);
        }
    }
    return PC_OK;
}

/* A module is initialised once: a second alias with other arguments would get the first one's tokens. */
static struct pc_result check_init_args(const struct pc_loaded *loaded, const struct pc_target *target,
                                        p11csr_error **err)
{
    const char *wanted = init_args_of(target);
    const char *is =
        pc_modules_count(&loaded->modules) > 0 ? pc_modules_get(&loaded->modules, 0)->init_args : NULL;
    if (wanted != NULL && !same_name(wanted, is)) {
        return pc_fail(err, P11CSR_E_CONFIG,
                       "alias '%s' wants other init-args than the module was loaded with",
                       target->alias->name);
    }
    return PC_OK;
}

/* Later wins: the configuration in the order of its lines, then what the caller set. */
static struct pc_result pick_rules(const p11csr_ctx *ctx, const struct pc_alias *alias, struct pc_buf *ret,
                                   p11csr_error **err)
{
    pc_buf_init(ret, (size_t)2 * PC_MAX_QUIRK_RULES * sizeof(struct pc_quirk_rule));
    pc_own_rules_pick(&ctx->config.quirks, alias != NULL ? alias->name : NULL, ret);
    pc_own_rules_pick(&ctx->quirks, NULL, ret);
    return pc_buf_check(ret, err);
}

static struct pc_result load(p11csr_ctx *ctx, const struct pc_target *target, struct pc_loaded **ret,
                             p11csr_error **err)
{
    struct pc_loaded *loaded = pc_alloc(sizeof(*loaded));
    if (loaded == NULL) {
        return pc_fail_memory(err);
    }
    struct pc_result result = set_environment(ctx, target, err);
    if (ctx->pid == 0) {
        ctx->pid = getpid();
    }
    if (pc_is_ok(result)) {
        result =
            pc_modules_load(target->module, init_args_of(target), &ctx->call_hook, &loaded->modules, err);
    }
    if (pc_is_ok(result)) {
        result = pick_rules(ctx, target->alias, &loaded->modules.rules, err);
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

static bool same_module(const char *a, const char *b)
{
    return same_name(a, b) || (a != NULL && b != NULL && pc_module_same_file(a, b));
}

/* The modules of the target, if they are loaded, be it under another name. */
static struct pc_loaded *find_loaded(const p11csr_ctx *ctx, const struct pc_target *target)
{
    struct pc_loaded *loaded = NULL;
    for (size_t at = 0; at < ctx->loaded.len; at += sizeof(loaded)) { // NOLINT(bugprone-sizeof-expression)
        memcpy(&loaded, ctx->loaded.ptr + at, sizeof(loaded));        // NOLINT(bugprone-sizeof-expression)
        if (same_module(loaded->name, target->module)) {
            return loaded;
        }
    }
    return NULL;
}

PC_RESULT pc_target_modules(p11csr_ctx *ctx, const struct pc_target *target, struct pc_modules **ret,
                            p11csr_error **err)
{
    struct pc_loaded *loaded = find_loaded(ctx, target);
    if (loaded != NULL) {
        *ret = &loaded->modules;
        PC_TRY(check_init_args(loaded, target, err));
        return check_environment(target->alias, err);
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
        if (opened->token.slot.module->fn == slot->module->fn && opened->token.slot.id == slot->id &&
            pc_slot_same_token(&opened->token.slot, slot)) { // the card may be another one now
            return opened;
        }
    }
    return NULL;
}

static struct pc_result set_quirks(const p11csr_ctx *ctx, const struct pc_alias *alias,
                                   struct pc_token *token, p11csr_error **err)
{
    struct pc_buf rules PC_CLEANUP(pc_buf_done) = {0};
    PC_TRY(pick_rules(ctx, alias, &rules, err));
    return pc_token_set_quirks(token, (const struct pc_quirk_rule *)(const void *)rules.ptr,
                               rules.len / sizeof(struct pc_quirk_rule), err);
}

/* A token may be open twice, through its module alone and as one of all: the same PIN was wrong for both. */
static void share_wrong_pins(const p11csr_ctx *ctx, struct pc_token *token)
{
    struct pc_opened *other = NULL;
    for (size_t at = 0; at < ctx->opened.len; at += sizeof(other)) { // NOLINT(bugprone-sizeof-expression)
        memcpy(&other, ctx->opened.ptr + at, sizeof(other));         // NOLINT(bugprone-sizeof-expression)
        if (pc_slot_same_token(&other->token.slot, &token->slot)) {
            token->pin_was_wrong = token->pin_was_wrong || other->token.pin_was_wrong;
            token->so_pin_was_wrong = token->so_pin_was_wrong || other->token.so_pin_was_wrong;
        }
    }
}

static bool uses_any(const p11csr_ctx *ctx, const struct pc_modules *modules)
{
    struct pc_opened *opened = NULL;
    for (size_t at = 0; at < ctx->opened.len; at += sizeof(opened)) { // NOLINT(bugprone-sizeof-expression)
        memcpy(&opened, ctx->opened.ptr + at, sizeof(opened));        // NOLINT(bugprone-sizeof-expression)
        for (size_t i = 0; i < pc_modules_count(modules); i++) {
            if (opened->token.slot.module == pc_modules_get(modules, i)) {
                return true;
            }
        }
    }
    return false;
}

static struct pc_result find_slot(const p11csr_ctx *ctx, const struct pc_uri *uri, struct pc_modules *modules,
                                  struct pc_slot *ret, p11csr_error **err)
{
    struct pc_result found = pc_slot_find_one(modules, uri, ret, err);
    for (unsigned tries = 0; found.code == P11CSR_E_TOKEN_NOT_FOUND && !uses_any(ctx, modules) &&
                             pc_modules_look_again(modules, tries);
         tries++) {
        p11csr_error_free(err);
        found = pc_slot_find_one(modules, uri, ret, err);
    }
    return found;
}

PC_RESULT pc_target_attach(p11csr_ctx *ctx, const struct pc_target *target, struct pc_opened **ret,
                           p11csr_error **err)
{
    struct pc_modules *modules = NULL;
    struct pc_slot slot;
    PC_TRY(pc_target_modules(ctx, target, &modules, err));
    const struct pc_result found = find_slot(ctx, &target->uri, modules, &slot, err);
    if (found.code == P11CSR_E_TOKEN_NOT_FOUND && target->label != NULL) {
        pc_note(err, "'%s' is no alias of the configuration, so it was taken for a token's label",
                target->label);
    }
    PC_TRY(found);
    struct pc_opened *opened = find_opened(ctx, &slot);
    if (opened == NULL) {
        opened = pc_alloc(sizeof(*opened));
        if (opened == NULL) {
            return pc_fail_memory(err);
        }
        pc_token_init(&opened->token, &slot);
        struct pc_result result = set_quirks(ctx, target->alias, &opened->token, err);
        if (pc_is_ok(result)) {
            pc_buf_add(&ctx->opened, &opened,
                       sizeof(opened)); // NOLINT(bugprone-sizeof-expression): of the pointer
            result = pc_buf_check(&ctx->opened, err);
        }
        if (!pc_is_ok(result)) {
            pc_release(opened);
            return result;
        }
    }
    share_wrong_pins(ctx, &opened->token);
    *ret = opened;
    return PC_OK;
}

PC_RESULT pc_target_open(p11csr_ctx *ctx, struct pc_target *target, struct pc_opened **ret,
                         p11csr_error **err)
{
    PC_TRY(pc_login_resolve(ctx, target, find_loaded(ctx, target) != NULL, err));
    PC_TRY(pc_target_attach(ctx, target, ret, err));
    return pc_login_apply(ctx, target, *ret, err);
}

/* The CKA_ID of a PIV slot, which is one octet. */
static struct pc_result piv_slot_id(const char *slot, struct pc_span *ret, p11csr_error **err)
{
    static const uint8_t ids[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11,
                                  0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
    static const char *const names[] = {"",   "9a", "9c", "9d", "9e", "82", "83", "84", "85",
                                        "86", "87", "88", "89", "8a", "8b", "8c", "8d", "8e",
                                        "8f", "90", "91", "92", "93", "94", "95"};
    static_assert(PC_ARRAY_LEN(ids) == PC_ARRAY_LEN(names), "each name has its id");
    for (size_t i = 1; i < PC_ARRAY_LEN(names); i++) {
        if (strcasecmp(names[i], slot) == 0) {
            *ret = (struct pc_span){&ids[i], 1};
            return PC_OK;
        }
    }
    const struct pc_result result = pc_fail(err, P11CSR_E_VALUE, "there is no PIV slot '%s' for keys", slot);
    pc_hint(err, "the slots are 9a, 9c, 9d, 9e, and 82 to 95");
    return result;
}

/* Takes an id given in one more way; all ways have to agree. */
static struct pc_result take_id(struct pc_key_query *query, struct pc_span id, const char *what,
                                p11csr_error **err)
{
    if (query->has_id && !pc_span_eq(query->id, id)) {
        return pc_fail(err, P11CSR_E_USAGE, "%s and the id given beside it differ", what);
    }
    query->has_id = true;
    query->id = id;
    return PC_OK;
}

PC_RESULT pc_query_take_piv_slot(struct pc_key_query *query, const char *slot, p11csr_error **err)
{
    struct pc_span id = {0};
    PC_TRY(piv_slot_id(slot, &id, err));
    return take_id(query, id, "the PIV slot", err);
}

void pc_opened_touch(p11csr_ctx *ctx, struct pc_opened *opened)
{
    char name[40];
    if (pc_quirk_is(&opened->token.quirks, PC_QUIRK_TOUCH, "yes")) {
        pc_token_name(&opened->token, name);
        pc_ctx_warn(ctx, "touch the device of token '%s' if it blinks", name);
    }
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
    ret->spki = (struct pc_span){select->spki, select->spki != NULL ? select->spki_len : 0};
    ret->given = (struct pc_span){select->pubkey, select->pubkey != NULL ? select->pubkey_len : 0};
    if (select->id != NULL) {
        PC_TRY(take_id(ret, (struct pc_span){select->id, select->id_len}, "the URI", err));
    }
    return select->piv_slot != NULL ? pc_query_take_piv_slot(ret, select->piv_slot, err) : PC_OK;
}
