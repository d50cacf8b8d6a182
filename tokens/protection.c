// SPDX-License-Identifier: Apache-2.0
#include "tokens/protection.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/recover.h"

#include <stdio.h>
#include <string.h>

/* Numbers of PKCS#11 3.2 (pkcs11t.h) that p11-kit's header does not have. */
enum {
    CLASS_VALIDATION = 0xA,
    OBJECT_VALIDATION_FLAGS = 0x61E,
    VALIDATION_TYPE = 0x61F,
    VALIDATION_VERSION = 0x620,
    VALIDATION_LEVEL = 0x621,
    VALIDATION_MODULE_ID = 0x622,
    VALIDATION_FLAG = 0x623,
    VALIDATION_AUTHORITY_TYPE = 0x624,
    VALIDATION_COUNTRY = 0x625,
    VALIDATION_CERTIFICATE_IDENTIFIER = 0x626,
    VALIDATION_CERTIFICATE_URI = 0x627,
    VALIDATION_VENDOR_URI = 0x628,
    VALIDATION_PROFILE = 0x629,
};

static struct pc_result read_protection(struct pc_token *token, const struct pc_key *key,
                                        struct pc_key_protection *ret, p11csr_error **err)
{
    const struct {
        CK_ATTRIBUTE_TYPE type;
        enum pc_flag *flag;
    } rows[] = {
        {CKA_SENSITIVE, &ret->sensitive},
        {CKA_EXTRACTABLE, &ret->extractable},
        {CKA_ALWAYS_SENSITIVE, &ret->always_sensitive},
        {CKA_NEVER_EXTRACTABLE, &ret->never_extractable},
        {CKA_LOCAL, &ret->local},
        {CKA_PRIVATE, &ret->private_object},
        {CKA_ALWAYS_AUTHENTICATE, &ret->always_authenticate},
        {CKA_SIGN, &ret->sign},
        {CKA_DECRYPT, &ret->decrypt},
        {CKA_UNWRAP, &ret->unwrap},
        {CKA_DERIVE, &ret->derive},
        {CKA_WRAP_WITH_TRUSTED, &ret->wrap_with_trusted},
        {CKA_MODIFIABLE, &ret->modifiable},
        {CKA_COPYABLE, &ret->copyable},
        {CKA_DESTROYABLE, &ret->destroyable},
    };
    *ret = (struct pc_key_protection){0};
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        PC_TRY(pc_object_flag(token, key->private_key, rows[i].type, rows[i].flag, err));
    }
    PC_TRY(pc_object_number(token, key->private_key, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION,
                            &ret->keygen_mechanism, err));
    // Asked for the length only: even a token that would reveal the value does not put it into our memory.
    const CK_ATTRIBUTE_TYPE value = key->type == CKK_RSA ? CKA_PRIVATE_EXPONENT : CKA_VALUE;
    CK_ATTRIBUTE attribute = {value, NULL, 0};
    char fallback[32];
    const CK_RV rv =
        PC_P11(token->slot.module, C_GetAttributeValue, token->session, key->private_key, &attribute, 1);
    ret->value_readable = rv == CKR_OK && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION;
    (void)snprintf(ret->value_answer, sizeof(ret->value_answer), "%s", pc_ckr_name(rv, fallback));
    return PC_OK;
}

PC_RESULT pc_key_protection_read(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                                 struct pc_key_protection *ret, p11csr_error **err)
{
    struct pc_result result = pc_key_refresh(token, key, login, err);
    if (pc_is_ok(result)) {
        result = read_protection(token, key, ret, err);
    }
    for (unsigned tries = 1; pc_key_retry(token, key, login, &result, tries, err); tries++) {
        result = read_protection(token, key, ret, err);
    }
    return result;
}

PC_RESULT pc_key_allowed_mechanisms(struct pc_token *token, const struct pc_key *key, struct pc_buf *ret,
                                    bool *ret_there, p11csr_error **err)
{
    PC_TRY(pc_object_read(token, key->private_key, CKA_ALLOWED_MECHANISMS, ret, ret_there, err));
    if (*ret_there && ret->len % sizeof(CK_MECHANISM_TYPE) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN, "CKA_ALLOWED_MECHANISMS has %zu bytes, which is no list",
                       ret->len);
    }
    return PC_OK;
}

/* Finds objects; a module that does not know what is asked for has none. */
static struct pc_result find_known(struct pc_token *token, CK_ATTRIBUTE *template, size_t count,
                                   struct pc_buf *ret, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_buf_init(ret, PC_MAX_OBJECTS * sizeof(CK_OBJECT_HANDLE));
    const struct pc_result result = pc_objects_find(token, template, count, ret, &why);
    if (pc_is_ok(result) || result.code == P11CSR_E_UNSUPPORTED) {
        return PC_OK;
    }
    if (err != NULL) {
        *err = why;
        why = NULL;
    }
    return result;
}

static CK_OBJECT_HANDLE handle_at(const struct pc_buf *handles, size_t at)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    memcpy(&handle, handles->ptr + at, sizeof(handle));
    return handle;
}

PC_RESULT pc_wrapping_keys_count(struct pc_token *token, struct pc_wrapping_keys *ret, p11csr_error **err)
{
    struct pc_buf handles PC_CLEANUP(pc_buf_done) = {0};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wraps = {CKA_WRAP, &yes, sizeof(yes)};
    *ret = (struct pc_wrapping_keys){0};
    PC_TRY(find_known(token, &wraps, 1, &handles, err));
    for (size_t at = 0; at < handles.len; at += sizeof(CK_OBJECT_HANDLE)) {
        enum pc_flag trusted = PC_FLAG_UNKNOWN;
        PC_TRY(pc_object_flag(token, handle_at(&handles, at), CKA_TRUSTED, &trusted, err));
        ret->all++;
        ret->trusted += trusted == PC_FLAG_YES ? 1 : 0;
    }
    return PC_OK;
}

static void validation_done(struct pc_validation *validation)
{
    for (size_t i = 0; i < PC_VALIDATION_TEXTS; i++) {
        pc_buf_done(&validation->texts[i]);
    }
}

static struct pc_result read_texts(struct pc_token *token, CK_OBJECT_HANDLE handle, struct pc_validation *ret,
                                   p11csr_error **err)
{
    static const CK_ATTRIBUTE_TYPE types[PC_VALIDATION_TEXTS] = {
        [PC_VALIDATION_MODULE] = VALIDATION_MODULE_ID,
        [PC_VALIDATION_COUNTRY] = VALIDATION_COUNTRY,
        [PC_VALIDATION_CERTIFICATE] = VALIDATION_CERTIFICATE_IDENTIFIER,
        [PC_VALIDATION_CERTIFICATE_URI] = VALIDATION_CERTIFICATE_URI,
        [PC_VALIDATION_VENDOR_URI] = VALIDATION_VENDOR_URI,
        [PC_VALIDATION_PROFILE] = VALIDATION_PROFILE,
    };
    bool there = false;
    for (size_t i = 0; i < PC_VALIDATION_TEXTS; i++) {
        PC_TRY(pc_object_read(token, handle, types[i], &ret->texts[i], &there, err));
    }
    return PC_OK;
}

static struct pc_result read_validation(struct pc_token *token, CK_OBJECT_HANDLE handle, CK_ULONG key_flags,
                                        struct pc_validation *ret, p11csr_error **err)
{
    struct pc_buf version PC_CLEANUP(pc_buf_done) = {0};
    CK_ULONG flag = 0;
    bool there = false;
    *ret = (struct pc_validation){0};
    for (size_t i = 0; i < PC_VALIDATION_TEXTS; i++) {
        pc_buf_init(&ret->texts[i], PC_MAX_TEXT);
    }
    pc_buf_init(&version, PC_MAX_TEXT);
    const CK_ULONG none = CK_UNAVAILABLE_INFORMATION;
    PC_TRY(pc_object_number(token, handle, VALIDATION_TYPE, none, &ret->type, err));
    PC_TRY(pc_object_number(token, handle, VALIDATION_AUTHORITY_TYPE, none, &ret->authority, err));
    PC_TRY(pc_object_number(token, handle, VALIDATION_LEVEL, none, &ret->level, err));
    PC_TRY(pc_object_number(token, handle, VALIDATION_FLAG, 0, &flag, err));
    PC_TRY(pc_object_read(token, handle, VALIDATION_VERSION, &version, &there, err));
    ret->has_version = version.len == sizeof(ret->version);
    if (ret->has_version) {
        memcpy(&ret->version, version.ptr, sizeof(ret->version));
    }
    ret->covers_key = flag != 0 && (key_flags & flag) == flag;
    return read_texts(token, handle, ret, err);
}

PC_RESULT pc_validations_walk(struct pc_token *token, const struct pc_key *key, pc_validation_visitor *visit,
                              void *data, p11csr_error **err)
{
    struct pc_buf handles PC_CLEANUP(pc_buf_done) = {0};
    CK_OBJECT_CLASS class = CLASS_VALIDATION;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_ULONG key_flags = 0;
    PC_TRY(find_known(token, &wanted, 1, &handles, err));
    if (handles.len > PC_MAX_VALIDATIONS * sizeof(CK_OBJECT_HANDLE)) {
        return pc_fail(err, P11CSR_E_LIMIT, "the module has more than %d validation objects",
                       (int)PC_MAX_VALIDATIONS);
    }
    if (handles.len > 0) {
        PC_TRY(pc_object_number(token, key->private_key, OBJECT_VALIDATION_FLAGS, 0, &key_flags, err));
    }
    for (size_t at = 0; at < handles.len; at += sizeof(CK_OBJECT_HANDLE)) {
        struct pc_validation validation PC_CLEANUP(validation_done) = {0};
        PC_TRY(read_validation(token, handle_at(&handles, at), key_flags, &validation, err));
        PC_TRY(visit(&validation, data, err));
    }
    return PC_OK;
}
