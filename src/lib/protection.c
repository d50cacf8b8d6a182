// SPDX-License-Identifier: Apache-2.0
#include "tokens/protection.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/json.h"
#include "lib/key.h"
#include "tokens/ckr.h"

#include <string.h>

/* The report of what the module says about a key. */

static int public_flag(enum pc_flag flag)
{
    return flag == PC_FLAG_UNKNOWN ? -1 : (flag == PC_FLAG_YES ? 1 : 0);
}

enum p11csr_code p11csr_key_get_protection(p11csr_key *key, struct p11csr_protection *ret, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    struct pc_key_protection is;
    struct pc_opened *opened = key->opened;
    const struct pc_result result =
        pc_key_protection_read(&opened->token, &key->key, &opened->login, &is, err);
    if (!pc_is_ok(result)) {
        return result.code;
    }
    *ret = (struct p11csr_protection){
        .sensitive = public_flag(is.sensitive),
        .extractable = public_flag(is.extractable),
        .always_sensitive = public_flag(is.always_sensitive),
        .never_extractable = public_flag(is.never_extractable),
        .local = public_flag(is.local),
        .private_object = public_flag(is.private_object),
        .always_authenticate = public_flag(is.always_authenticate),
        .sign = public_flag(is.sign),
        .decrypt = public_flag(is.decrypt),
        .unwrap = public_flag(is.unwrap),
        .derive = public_flag(is.derive),
        .value_readable = is.value_readable ? 1 : 0,
        .wrap_with_trusted = public_flag(is.wrap_with_trusted),
        .modifiable = public_flag(is.modifiable),
        .copyable = public_flag(is.copyable),
        .destroyable = public_flag(is.destroyable),
    };
    memcpy(ret->value_answer, is.value_answer, sizeof(ret->value_answer));
    return P11CSR_OK;
}

static json_t *flag_json(enum pc_flag flag)
{
    return flag == PC_FLAG_UNKNOWN ? json_null() : json_boolean(flag == PC_FLAG_YES);
}

static struct pc_result set(json_t *object, const char *name, json_t *value, p11csr_error **err)
{
    return json_object_set_new(object, name, value) == 0 ? PC_OK : pc_fail_memory(err);
}

static struct pc_result add_flags(const struct pc_key_protection *is, json_t *report, p11csr_error **err)
{
    const struct {
        const char *name;
        enum pc_flag flag;
    } rows[] = {
        {"sensitive", is->sensitive},
        {"extractable", is->extractable},
        {"always-sensitive", is->always_sensitive},
        {"never-extractable", is->never_extractable},
        {"local", is->local},
        {"private", is->private_object},
        {"always-authenticate", is->always_authenticate},
        {"sign", is->sign},
        {"decrypt", is->decrypt},
        {"unwrap", is->unwrap},
        {"derive", is->derive},
        {"wrap-with-trusted", is->wrap_with_trusted},
        {"modifiable", is->modifiable},
        {"copyable", is->copyable},
        {"destroyable", is->destroyable},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        PC_TRY(set(report, rows[i].name, flag_json(rows[i].flag), err));
    }
    PC_TRY(set(report, "value-readable", json_boolean(is->value_readable), err));
    return set(report, "value-answer", json_string(is->value_answer), err);
}

static struct pc_result add_mechanisms(p11csr_key *key, const struct pc_key_protection *is, json_t *report,
                                       p11csr_error **err)
{
    struct pc_buf allowed PC_CLEANUP(pc_buf_done) = {0};
    char fallback[32];
    bool there = false;
    const bool made = is->keygen_mechanism != CK_UNAVAILABLE_INFORMATION;
    pc_buf_init(&allowed, PC_MAX_MECHANISMS * sizeof(CK_MECHANISM_TYPE));
    PC_TRY(set(report, "keygen-mechanism",
               made ? json_string(pc_ckm_name(is->keygen_mechanism, fallback)) : json_null(), err));
    PC_TRY(pc_key_allowed_mechanisms(&key->opened->token, &key->key, &allowed, &there, err));
    json_t *names = there ? json_array() : json_null();
    PC_TRY(set(report, "allowed-mechanisms", names, err));
    for (size_t at = 0; there && at < allowed.len; at += sizeof(CK_MECHANISM_TYPE)) {
        CK_MECHANISM_TYPE type = 0;
        memcpy(&type, allowed.ptr + at, sizeof(type));
        if (json_array_append_new(names, json_string(pc_ckm_name(type, fallback))) != 0) {
            return pc_fail_memory(err);
        }
    }
    return PC_OK;
}

/* Who could take the key out: nobody, or the keys that may wrap it. */
static struct pc_result add_wrapping(p11csr_key *key, const struct pc_key_protection *is, json_t *report,
                                     p11csr_error **err)
{
    struct pc_wrapping_keys keys;
    PC_TRY(pc_wrapping_keys_count(&key->opened->token, &keys, err));
    const size_t may = is->wrap_with_trusted == PC_FLAG_YES ? keys.trusted : keys.all;
    const size_t usable = is->extractable == PC_FLAG_NO ? 0 : may;
    return set(report, "wrapping-keys",
               json_pack("{s:I, s:I, s:I}", "all", (json_int_t)keys.all, "trusted", (json_int_t)keys.trusted,
                         "usable", (json_int_t)usable),
               err);
}

static json_t *word_or_number(const char *const *words, size_t count, CK_ULONG number)
{
    if (number == CK_UNAVAILABLE_INFORMATION) {
        return json_null();
    }
    if (number < count) {
        return json_string(words[number]);
    }
    char *text PC_CLEANUP(pc_free_str) = pc_asprintf("0x%lx", number);
    return text != NULL ? json_string(text) : NULL;
}

static struct pc_result add_validation(const struct pc_validation *is, void *data, p11csr_error **err)
{
    static const char *const types[] = {"unspecified", "software", "hardware", "firmware", "hybrid"};
    static const char *const authorities[] = {"unspecified", "nist-cmvp", "common-criteria"};
    static const char *const names[PC_VALIDATION_TEXTS] = {
        [PC_VALIDATION_MODULE] = "module",           [PC_VALIDATION_COUNTRY] = "country",
        [PC_VALIDATION_CERTIFICATE] = "certificate", [PC_VALIDATION_CERTIFICATE_URI] = "certificate-uri",
        [PC_VALIDATION_VENDOR_URI] = "vendor-uri",   [PC_VALIDATION_PROFILE] = "profile",
    };
    json_t *row = json_object();
    if (json_array_append_new(data, row) != 0) {
        return pc_fail_memory(err);
    }
    char *version PC_CLEANUP(pc_free_str) =
        pc_asprintf("%u.%u", (unsigned)is->version.major, (unsigned)is->version.minor);
    if (version == NULL) {
        return pc_fail_memory(err);
    }
    const bool has_level = is->level != CK_UNAVAILABLE_INFORMATION;
    PC_TRY(set(row, "type", word_or_number(types, PC_ARRAY_LEN(types), is->type), err));
    PC_TRY(set(row, "authority", word_or_number(authorities, PC_ARRAY_LEN(authorities), is->authority), err));
    PC_TRY(set(row, "level", has_level ? json_integer((json_int_t)is->level) : json_null(), err));
    PC_TRY(set(row, "version", is->has_version ? json_string(version) : json_null(), err));
    PC_TRY(set(row, "covers-key", json_boolean(is->covers_key), err));
    for (size_t i = 0; i < PC_VALIDATION_TEXTS; i++) {
        char *text PC_CLEANUP(pc_free_str) = pc_text_printable_bytes(pc_buf_span(&is->texts[i]));
        PC_TRY(set(row, names[i], text != NULL ? json_string(text) : NULL, err));
    }
    return PC_OK;
}

PC_RESULT pc_key_protection_json(p11csr_key *key, json_t **ret, p11csr_error **err)
{
    struct pc_token *token = &key->opened->token;
    struct pc_key_protection is;
    json_t *report PC_CLEANUP(pc_json_free) = json_pack("{s:s}", "evidence", "module-reported");
    if (report == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_key_protection_read(token, &key->key, &key->opened->login, &is, err));
    PC_TRY(add_flags(&is, report, err));
    PC_TRY(add_mechanisms(key, &is, report, err));
    PC_TRY(add_wrapping(key, &is, report, err));
    json_t *validations = json_array();
    PC_TRY(set(report, "validations", validations, err));
    PC_TRY(pc_validations_walk(token, &key->key, add_validation, validations, err));
    *ret = json_incref(report);
    return PC_OK;
}

static struct pc_result to_json(p11csr_key *key, char **ret_json, p11csr_error **err)
{
    json_t *report PC_CLEANUP(pc_json_free) = NULL;
    PC_TRY(pc_key_protection_json(key, &report, err));
    return pc_json_take_text(report, ret_json, err);
}

enum p11csr_code p11csr_key_protection_to_json(p11csr_key *key, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    const struct pc_result result = to_json(key, ret_json, err);
    pc_token_ended(&key->opened->token, result);
    return pc_frame(result, err, "cannot tell how the key '%s' is protected", key->texts.label).code;
}
