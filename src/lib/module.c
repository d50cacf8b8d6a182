// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/json.h"
#include "lib/target.h"
#include "p11csr/token.h"
#include "tokens/ckr.h"
#include "tokens/look.h"
#include "tokens/registry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What modules and tokens say about themselves, as JSON for people who look for a fault. */

enum { MAX_KNOWN = 256 };

static json_t *known_json(const struct pc_known_module *known)
{
    return json_pack("{s:s, s:s, s:s?, s:b, s:b}", "name", known->name, "file", known->file, "path",
                     known->path, "trust-policy", known->trust, "alias", 0);
}

static struct pc_result add_aliases(const p11csr_ctx *ctx, json_t *list, p11csr_error **err)
{
    for (size_t at = 0; at < ctx->config.aliases.len; at += sizeof(struct pc_alias)) {
        const struct pc_alias *alias = (const struct pc_alias *)(const void *)(ctx->config.aliases.ptr + at);
        if (alias->module != NULL &&
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", alias->name, "file",
                                                  alias->file, "path", alias->module, "trust-policy", 0,
                                                  "alias", 1)) != 0) {
            return pc_fail_memory(err);
        }
    }
    return PC_OK;
}

enum p11csr_code p11csr_modules_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct pc_buf known PC_CLEANUP(pc_registry_done) = {0};
    json_t *list PC_CLEANUP(pc_json_free) = json_array();
    pc_buf_init(&known, MAX_KNOWN * sizeof(struct pc_known_module));
    const struct pc_result result = pc_registry_list(&known, err);
    if (!pc_is_ok(result)) {
        return result.code;
    }
    for (size_t at = 0; at < known.len; at += sizeof(struct pc_known_module)) {
        if (json_array_append_new(
                list, known_json((const struct pc_known_module *)(const void *)(known.ptr + at))) != 0) {
            return pc_fail_memory(err).code;
        }
    }
    const struct pc_result added = add_aliases(lock.ctx, list, err);
    return pc_is_ok(added) ? pc_json_take_text(list, ret_json, err).code : added.code;
}

/* A blank-padded field as text that can be shown. */
static json_t *padded(const unsigned char *field, size_t size)
{
    char *text PC_CLEANUP(pc_free_str) = pc_text_printable_bytes(pc_padded(field, size));
    return text != NULL ? json_string(text) : NULL;
}

static json_t *version(CK_VERSION its)
{
    return json_sprintf("%u.%u", its.major, its.minor);
}

static json_t *flag_names(CK_FLAGS flags)
{
    static const struct {
        CK_FLAGS flag;
        const char *name;
    } rows[] = {
        {CKF_RNG, "rng"},
        {CKF_WRITE_PROTECTED, "write-protected"},
        {CKF_LOGIN_REQUIRED, "login-required"},
        {CKF_USER_PIN_INITIALIZED, "user-pin-initialized"},
        {CKF_RESTORE_KEY_NOT_NEEDED, "restore-key-not-needed"},
        {CKF_CLOCK_ON_TOKEN, "clock-on-token"},
        {CKF_PROTECTED_AUTHENTICATION_PATH, "protected-authentication-path"},
        {CKF_DUAL_CRYPTO_OPERATIONS, "dual-crypto-operations"},
        {CKF_TOKEN_INITIALIZED, "token-initialized"},
        {CKF_USER_PIN_COUNT_LOW, "user-pin-count-low"},
        {CKF_USER_PIN_FINAL_TRY, "user-pin-final-try"},
        {CKF_USER_PIN_LOCKED, "user-pin-locked"},
        {CKF_USER_PIN_TO_BE_CHANGED, "user-pin-to-be-changed"},
        {CKF_SO_PIN_COUNT_LOW, "so-pin-count-low"},
        {CKF_SO_PIN_FINAL_TRY, "so-pin-final-try"},
        {CKF_SO_PIN_LOCKED, "so-pin-locked"},
        {CKF_SO_PIN_TO_BE_CHANGED, "so-pin-to-be-changed"},
    };
    json_t *names = json_array();
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if ((flags & rows[i].flag) != 0) {
            (void)json_array_append_new(names, json_string(rows[i].name));
        }
    }
    return names;
}

/* What the flags say about a PIN. Without any of them nothing is known: a token may keep that to itself. */
static const char *pin_state(CK_FLAGS flags, CK_FLAGS locked, CK_FLAGS final_try, CK_FLAGS low)
{
    if ((flags & locked) != 0) {
        return "locked";
    }
    if ((flags & final_try) != 0) {
        return "final-try";
    }
    return (flags & low) != 0 ? "count-low" : "unknown";
}

/* Seconds that the token's clock is ahead of ours; null without a clock, and for one that says nonsense. */
static json_t *clock_offset(const CK_TOKEN_INFO *info)
{
    char text[15] = "";
    struct tm parts = {0};
    memcpy(text, info->utcTime, 14);
    if ((info->flags & CKF_CLOCK_ON_TOKEN) == 0) {
        return json_null();
    }
    const char *end = strptime(text, "%Y%m%d%H%M%S", &parts);
    return end != NULL && *end == 0 ? json_integer((json_int_t)(timegm(&parts) - time(NULL))) : json_null();
}

/* Kinds of keys that the token makes, and schemes that it signs by. */
static struct pc_result add_offers(const struct pc_slot *slot, json_t *to, p11csr_error **err)
{
    struct pc_token token PC_CLEANUP(pc_token_done) = {0};
    json_t *specs = json_array();
    json_t *schemes = json_array();
    (void)json_object_set_new(to, "key-specs", specs);
    (void)json_object_set_new(to, "schemes", schemes);
    pc_token_init(&token, slot);
    PC_TRY(pc_token_set_quirks(&token, NULL, 0, err));
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)id);
        bool there = false;
        PC_TRY(pc_token_can_generate(&token, spec, &there, err));
        (void)(there ? json_array_append_new(specs, json_string(spec->name)) : 0);
    }
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        bool there = false;
        for (size_t i = 0; i < scheme->mech_count && !there; i++) {
            PC_TRY(pc_token_has_mechanism(&token, scheme->mechs[i].ckm, CKF_SIGN, &there, err));
        }
        (void)(there ? json_array_append_new(schemes, json_string(scheme->name)) : 0);
    }
    return PC_OK;
}

static struct pc_result add_uri(const struct pc_slot *slot, json_t *to, p11csr_error **err)
{
    char *uri PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_slot_uri_text(slot, &uri, err));
    (void)json_object_set_new(to, "uri", json_string(uri));
    return PC_OK;
}

/* What failed, as people read it: the innermost cause. */
static void add_error(json_t *to, const p11csr_error *err)
{
    const size_t causes = p11csr_error_cause_count(err);
    const char *text = causes > 0 ? p11csr_error_cause(err, causes - 1) : p11csr_error_message(err);
    (void)json_object_set_new(to, "error", json_string(text));
}

static json_t *token_json(const struct pc_slot *slot)
{
    const CK_TOKEN_INFO *info = &slot->token_info;
    const CK_FLAGS flags = info->flags;
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    json_t *token = json_pack(
        "{s:o?, s:o?, s:o?, s:o?, s:o?, s:o?, s:b, s:o?, s:s, s:s, s:o?}", "label",
        padded(info->label, sizeof(info->label)), "manufacturer",
        padded(info->manufacturerID, sizeof(info->manufacturerID)), "model",
        padded(info->model, sizeof(info->model)), "serial",
        padded(info->serialNumber, sizeof(info->serialNumber)), "hardware-version",
        version(info->hardwareVersion), "firmware-version", version(info->firmwareVersion), "initialized",
        (flags & CKF_TOKEN_INITIALIZED) != 0, "flags", flag_names(flags), "pin-state",
        (flags & CKF_USER_PIN_INITIALIZED) == 0
            ? "not-set"
            : pin_state(flags, CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_COUNT_LOW),
        "so-pin-state", pin_state(flags, CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_COUNT_LOW),
        "clock-offset", clock_offset(info));
    if (token == NULL) {
        return NULL;
    }
    struct pc_result result = add_uri(slot, token, &err);
    if (pc_is_ok(result)) {
        result = add_offers(slot, token, &err);
    }
    if (!pc_is_ok(result)) {
        add_error(token, err);
    }
    return token;
}

static json_t *slot_json(const struct pc_slot_look *look)
{
    const CK_SLOT_INFO *info = &look->slot.slot_info;
    char fallback[32];
    json_t *slot = json_pack("{s:I}", "id", (json_int_t)look->slot.id);
    if (look->has_info) {
        (void)json_object_set_new(slot, "description",
                                  padded(info->slotDescription, sizeof(info->slotDescription)));
        (void)json_object_set_new(slot, "hardware", json_boolean((info->flags & CKF_HW_SLOT) != 0));
    }
    if (look->call != NULL) {
        (void)json_object_set_new(slot, "error",
                                  json_sprintf("%s: %s", look->call, pc_ckr_name(look->rv, fallback)));
    }
    (void)json_object_set_new(slot, "token", look->has_token ? token_json(&look->slot) : json_null());
    return slot;
}

static struct pc_result describe(struct pc_module *module, json_t *to, p11csr_error **err)
{
    CK_INFO info;
    struct pc_buf looks PC_CLEANUP(pc_buf_done) = {0};
    json_t *slots = json_array();
    pc_buf_init(&looks, PC_MAX_SLOTS * sizeof(struct pc_slot_look));
    PC_TRY(pc_module_info(module, &info, err));
    json_t *library =
        json_pack("{s:s, s:o?, s:o?, s:o?, s:o?, s:b, s:o}", "module", module->name, "manufacturer",
                  padded(info.manufacturerID, sizeof(info.manufacturerID)), "description",
                  padded(info.libraryDescription, sizeof(info.libraryDescription)), "version",
                  version(info.libraryVersion), "cryptoki", version(info.cryptokiVersion), "logs-calls",
                  module->logs_calls, "slots", slots);
    if (library == NULL || json_array_append_new(to, library) != 0) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_module_look(module, &looks, err));
    for (size_t at = 0; at < looks.len; at += sizeof(struct pc_slot_look)) {
        if (json_array_append_new(
                slots, slot_json((const struct pc_slot_look *)(const void *)(looks.ptr + at))) != 0) {
            return pc_fail_memory(err);
        }
    }
    return PC_OK;
}

static struct pc_result describe_target(p11csr_ctx *ctx, const char *token, json_t *to, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_modules *modules = NULL;
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    PC_TRY(pc_target_modules(ctx, &target, &modules, err));
    for (size_t i = 0; i < pc_modules_count(modules); i++) {
        struct pc_module *module = pc_modules_get(modules, i);
        PC_TRY(pc_frame(describe(module, to, err), err, "cannot look at the module '%s'", module->name));
    }
    return PC_OK;
}

enum p11csr_code p11csr_module_to_json(p11csr_ctx *ctx, const char *token, char **ret_json,
                                       p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    json_t *list PC_CLEANUP(pc_json_free) = json_array();
    const struct pc_result result = describe_target(lock.ctx, token, list, err);
    return pc_is_ok(result) ? pc_json_take_text(list, ret_json, err).code : result.code;
}

static struct pc_result named_module(p11csr_ctx *ctx, const char *token, char **ret, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    *ret = target.module != NULL ? pc_strdup(target.module) : NULL;
    return target.module == NULL || *ret != NULL ? PC_OK : pc_fail_memory(err);
}

enum p11csr_code p11csr_token_module(p11csr_ctx *ctx, const char *token, char **ret_module,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return named_module(lock.ctx, token, ret_module, err).code;
}
