// SPDX-License-Identifier: Apache-2.0
#include "tokens/object.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"

#include <string.h>

enum { FIND_BATCH = 256 };

static struct pc_result collect(struct pc_token *token, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    for (;;) {
        CK_OBJECT_HANDLE batch[FIND_BATCH];
        CK_ULONG count = 0;
        PC_TRY(pc_token_ckr(token, PC_P11(module, C_FindObjects, token->session, batch, FIND_BATCH, &count),
                            "C_FindObjects", err));
        if (count > FIND_BATCH) {
            return pc_fail(err, P11CSR_E_TOKEN,
                           "C_FindObjects returned more handles than it was given room for");
        }
        pc_buf_add(ret, batch, count * sizeof(batch[0]));
        PC_TRY(pc_buf_check(ret, err));
        if (count == 0) {
            return PC_OK;
        }
    }
}

/*
 * Copies that lanes sign with (quirk sign-copy), of whatever context in this process, are no objects of the
 * token.
 */
static struct pc_result drop_copies(struct pc_token *token, struct pc_buf *handles, size_t from,
                                    p11csr_error **err)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    size_t kept = from;
    for (size_t at = from; at < handles->len; at += sizeof(handle)) {
        enum pc_flag on_token = PC_FLAG_UNKNOWN;
        memcpy(&handle, handles->ptr + at, sizeof(handle));
        PC_TRY(pc_object_flag(token, handle, CKA_TOKEN, &on_token, err));
        if (on_token != PC_FLAG_NO) {
            memcpy(handles->ptr + kept, &handle, sizeof(handle));
            kept += sizeof(handle);
        }
    }
    if (kept < handles->len) {
        (void)pc_quirk_is(&token->quirks, PC_QUIRK_SIGN_COPY, "yes"); // it counts as used
    }
    handles->len = kept;
    return PC_OK;
}

PC_RESULT pc_objects_find(struct pc_token *token, CK_ATTRIBUTE *template, size_t count, struct pc_buf *ret,
                          p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    const size_t before = ret->len;
    PC_TRY(pc_token_ckr(token, PC_P11(module, C_FindObjectsInit, token->session, template, count),
                        "C_FindObjectsInit", err));
    const struct pc_result result = collect(token, ret, err);
    const CK_RV rv = PC_P11(module, C_FindObjectsFinal, token->session);
    PC_TRY(result);
    PC_TRY(pc_token_ckr(token, rv, "C_FindObjectsFinal", err));
    // Not by pc_quirk_is(): it plays no part in what was not found unless a copy was.
    return strcmp(token->quirks.values[PC_QUIRK_SIGN_COPY].text, "yes") == 0
               ? drop_copies(token, ret, before, err)
               : PC_OK;
}

/* Codes that mean "this object shows no such attribute". */
static bool means_absent(struct pc_token *token, CK_RV rv, const CK_ATTRIBUTE *attribute)
{
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL) {
        return rv == CKR_OK && attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION;
    }
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
           pc_quirk_lists(&token->quirks, PC_QUIRK_ATTR_ERROR, rv);
}

/* Reads a value that did not fit the first buffer: asks for its size, then for the value. */
static struct pc_result read_large(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute,
                                   struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    attribute->pValue = NULL;
    attribute->ulValueLen = 0;
    PC_TRY(pc_token_ckr(token, PC_P11(module, C_GetAttributeValue, token->session, object, attribute, 1),
                        "C_GetAttributeValue", err));
    if (attribute->ulValueLen > PC_MAX_ATTRIBUTE) {
        return pc_fail(err, P11CSR_E_LIMIT, "attribute 0x%lx has %lu bytes", attribute->type,
                       attribute->ulValueLen);
    }
    const size_t room = attribute->ulValueLen;
    attribute->pValue = pc_buf_reserve(ret, room);
    PC_TRY(pc_buf_check(ret, err));
    PC_TRY(pc_token_ckr(token, PC_P11(module, C_GetAttributeValue, token->session, object, attribute, 1),
                        "C_GetAttributeValue", err));
    if (attribute->ulValueLen > room) {
        return pc_fail(err, P11CSR_E_TOKEN, "attribute 0x%lx grew while it was read", attribute->type);
    }
    ret->len += attribute->ulValueLen;
    return PC_OK;
}

PC_RESULT pc_object_read(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         struct pc_buf *ret, bool *ret_there, p11csr_error **err)
{
    uint8_t small[512]; // most values fit: one call instead of two
    CK_ATTRIBUTE attribute = {type, small, sizeof(small)};
    const struct pc_module *module = token->slot.module;
    const CK_RV rv = PC_P11(module, C_GetAttributeValue, token->session, object, &attribute, 1);
    *ret_there = !means_absent(token, rv, &attribute);
    if (!*ret_there) {
        return PC_OK;
    }
    if (rv == CKR_BUFFER_TOO_SMALL) {
        return read_large(token, object, &attribute, ret, err);
    }
    PC_TRY(pc_token_ckr(token, rv, "C_GetAttributeValue", err));
    if (attribute.ulValueLen > sizeof(small)) {
        return pc_fail(err, P11CSR_E_TOKEN, "attribute 0x%lx is longer than the buffer it was given", type);
    }
    pc_buf_add(ret, small, attribute.ulValueLen);
    return pc_buf_check(ret, err);
}

PC_RESULT pc_object_number(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                           CK_ULONG fallback, CK_ULONG *ret, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    bool there = false;
    pc_buf_init(&value, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_object_read(token, object, type, &value, &there, err));
    *ret = fallback;
    if (there && value.len == sizeof(*ret)) {
        memcpy(ret, value.ptr, sizeof(*ret));
    }
    return PC_OK;
}

PC_RESULT pc_object_flag(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         enum pc_flag *ret, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    bool there = false;
    pc_buf_init(&value, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_object_read(token, object, type, &value, &there, err));
    *ret = !there || value.len != 1 ? PC_FLAG_UNKNOWN : (value.ptr[0] != 0 ? PC_FLAG_YES : PC_FLAG_NO);
    return PC_OK;
}
