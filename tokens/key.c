// SPDX-License-Identifier: Apache-2.0
#include "tokens/key.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/recover.h"

#include <stdio.h>

void pc_key_init(struct pc_key *key)
{
    *key = (struct pc_key){
        .private_key = CK_INVALID_HANDLE, .public_key = CK_INVALID_HANDLE, .certificate = CK_INVALID_HANDLE};
    pc_buf_init(&key->id, PC_MAX_ATTRIBUTE);
    pc_buf_init(&key->label, PC_MAX_ATTRIBUTE);
    pc_buf_init(&key->spki, PC_MAX_SPKI);
}

void pc_key_done(struct pc_key *key)
{
    pc_buf_done(&key->id);
    pc_buf_done(&key->label);
    pc_buf_done(&key->spki);
    pc_key_init(key);
}

void pc_keys_done(struct pc_buf *keys)
{
    for (size_t at = 0; at + sizeof(struct pc_key) <= keys->len; at += sizeof(struct pc_key)) {
        pc_key_done((struct pc_key *)(void *)(keys->ptr + at));
    }
    pc_buf_done(keys);
}

PC_RESULT pc_key_to_uri(const struct pc_token *token, const struct pc_key *key, struct pc_uri *ret,
                        p11csr_error **err)
{
    PC_TRY(pc_slot_to_uri(&token->slot, ret, err));
    if (pc_uri_can_hold(PC_URI_ID, pc_buf_span(&key->id))) {
        PC_TRY(pc_uri_set(ret, PC_URI_ID, pc_buf_span(&key->id), err));
    }
    if (pc_uri_can_hold(PC_URI_OBJECT, pc_buf_span(&key->label))) {
        PC_TRY(pc_uri_set(ret, PC_URI_OBJECT, pc_buf_span(&key->label), err));
    }
    const char *type = key->private_key != CK_INVALID_HANDLE ? "private" : "public";
    return pc_uri_set(ret, PC_URI_TYPE, pc_span_str(type), err);
}

void pc_key_note_uri(const struct pc_token *token, const struct pc_key *key, p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *line PC_CLEANUP(pc_free_str) = NULL;
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    if (pc_is_ok(pc_key_to_uri(token, key, &uri, NULL)) && pc_is_ok(pc_uri_format(&uri, &text, NULL)) &&
        pc_is_ok(pc_buf_take_text(&text, &line, NULL))) {
        pc_note(err, "%s", line);
    }
}

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
    };
    *ret = (struct pc_key_protection){0};
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        PC_TRY(pc_object_flag(token, key->private_key, rows[i].type, rows[i].flag, err));
    }
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
    struct pc_result result = read_protection(token, key, ret, err);
    for (unsigned tries = 1; pc_key_retry(token, key, login, &result, tries, err); tries++) {
        result = read_protection(token, key, ret, err);
    }
    return result;
}
