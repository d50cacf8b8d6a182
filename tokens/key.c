// SPDX-License-Identifier: Apache-2.0
#include "tokens/key.h"

#include "base/error.h"
#include "base/limits.h"

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
