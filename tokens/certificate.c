// SPDX-License-Identifier: Apache-2.0
#include "tokens/certificate.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"

#include <string.h>

static void cert_done(struct pc_token_cert *cert)
{
    pc_member_done(&cert->object);
    pc_buf_done(&cert->der);
}

void pc_token_certs_done(struct pc_buf *certs)
{
    for (size_t at = 0; at < certs->len; at += sizeof(struct pc_token_cert)) {
        cert_done((struct pc_token_cert *)(void *)(certs->ptr + at));
    }
    pc_buf_done(certs);
}

PC_RESULT pc_token_cert_value(struct pc_token *token, CK_OBJECT_HANDLE handle, struct pc_buf *ret,
                              p11csr_error **err)
{
    bool there = false;
    return pc_object_read(token, handle, CKA_VALUE, ret, &there, err);
}

static bool is_match(const struct pc_key_query *query, const struct pc_member *object)
{
    return (query->label == NULL || pc_span_eq(pc_buf_span(&object->label), pc_span_str(query->label))) &&
           (!query->has_id || pc_span_eq(pc_buf_span(&object->id), query->id));
}

static struct pc_result add_cert(struct pc_token *token, const struct pc_key_query *query,
                                 CK_OBJECT_HANDLE handle, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_token_cert cert = {0};
    CK_ULONG type = CKC_X_509;
    pc_buf_init(&cert.der, PC_MAX_ATTRIBUTE);
    struct pc_result result = pc_member_read(token, handle, &cert.object, err);
    if (pc_is_ok(result) && is_match(query, &cert.object)) {
        result = pc_object_number(token, handle, CKA_CERTIFICATE_TYPE, CKC_X_509, &type, err);
    }
    if (pc_is_ok(result) && is_match(query, &cert.object)) {
        result = pc_token_cert_value(token, handle, &cert.der, err);
    }
    if (pc_is_ok(result) && type == CKC_X_509 && cert.der.len > 0) {
        pc_buf_add(ret, &cert, sizeof(cert));
        result = pc_buf_check(ret, err);
        if (pc_is_ok(result)) {
            return result;
        }
    }
    cert_done(&cert);
    return result;
}

static struct pc_result list(struct pc_token *token, const struct pc_key_query *query, struct pc_buf *ret,
                             p11csr_error **err)
{
    struct pc_buf handles PC_CLEANUP(pc_buf_done) = {0};
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_ID, (void *)(uintptr_t)query->id.ptr, query->id.len}};
    pc_buf_init(&handles, PC_MAX_OBJECTS * sizeof(CK_OBJECT_HANDLE));
    PC_TRY(pc_token_session(token, false, err));
    PC_TRY(pc_objects_find(token, wanted, query->has_id ? 2 : 1, &handles, err));
    for (size_t at = 0; at < handles.len; at += sizeof(CK_OBJECT_HANDLE)) {
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        memcpy(&handle, handles.ptr + at, sizeof(handle));
        PC_TRY(add_cert(token, query, handle, ret, err));
    }
    return PC_OK;
}

PC_RESULT pc_token_certs_list(struct pc_token *token, const struct pc_key_query *query, struct pc_buf *ret,
                              p11csr_error **err)
{
    const struct pc_result result = list(token, query, ret, err);
    pc_token_ended(token, result);
    return pc_frame(result, err, "cannot list the certificates");
}

PC_RESULT pc_token_cert_to_uri(const struct pc_token *token, const struct pc_token_cert *cert,
                               struct pc_uri *ret, p11csr_error **err)
{
    PC_TRY(pc_slot_to_uri(&token->slot, ret, err));
    if (pc_uri_can_hold(PC_URI_ID, pc_buf_span(&cert->object.id))) {
        PC_TRY(pc_uri_set(ret, PC_URI_ID, pc_buf_span(&cert->object.id), err));
    }
    if (pc_uri_can_hold(PC_URI_OBJECT, pc_buf_span(&cert->object.label))) {
        PC_TRY(pc_uri_set(ret, PC_URI_OBJECT, pc_buf_span(&cert->object.label), err));
    }
    return pc_uri_set(ret, PC_URI_TYPE, pc_span_str("cert"), err);
}

static CK_ATTRIBUTE bytes(CK_ATTRIBUTE_TYPE type, struct pc_span value)
{
    return (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.ptr, value.len};
}

static struct pc_result create(struct pc_token *token, const struct pc_new_cert *wanted,
                               CK_OBJECT_HANDLE *ret, p11csr_error **err)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE list[10] = {
        {CKA_CLASS, &class, sizeof(class)}, {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, sizeof(yes)},     {CKA_PRIVATE, &no, sizeof(no)},
        bytes(CKA_LABEL, wanted->label),    bytes(CKA_SUBJECT, wanted->subject),
        bytes(CKA_ISSUER, wanted->issuer),  bytes(CKA_SERIAL_NUMBER, wanted->serial),
        bytes(CKA_VALUE, wanted->der),      bytes(CKA_ID, wanted->id),
    };
    const CK_ULONG count = wanted->id.len > 0 ? 10 : 9;
    return pc_ckr(PC_P11(token->slot.module, C_CreateObject, token->session, list, count, ret),
                  "C_CreateObject", err);
}

static struct pc_result check_stored(struct pc_token *token, const struct pc_new_cert *wanted,
                                     const struct pc_member *made, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&value, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_token_cert_value(token, made->handle, &value, err));
    if (!pc_span_eq(pc_buf_span(&value), wanted->der)) {
        return pc_fail(err, P11CSR_E_PROOF_CONTENT,
                       "read back, the certificate is not the one that was stored");
    }
    if (wanted->id.len > 0 && !pc_span_eq(pc_buf_span(&made->id), wanted->id)) {
        return pc_fail(err, P11CSR_E_PROOF_CONTENT, "read back, the certificate has another CKA_ID");
    }
    return PC_OK;
}

static struct pc_result create_and_check(struct pc_token *token, const struct pc_new_cert *wanted,
                                         struct pc_member *ret, p11csr_error **err)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    PC_TRY(pc_token_session(token, true, err));
    PC_TRY(create(token, wanted, &handle, err));
    struct pc_result result = pc_member_read(token, handle, ret, err);
    if (pc_is_ok(result)) {
        result = check_stored(token, wanted, ret, err);
    }
    if (!pc_is_ok(result)) {
        char fallback[32];
        const CK_RV rv = PC_P11(token->slot.module, C_DestroyObject, token->session, handle);
        if (rv != CKR_OK) {
            pc_note(err, "what was stored could not be deleted again: C_DestroyObject: %s",
                    pc_ckr_name(rv, fallback));
        }
        pc_member_done(ret);
    }
    return result;
}

PC_RESULT pc_token_cert_create(struct pc_token *token, const struct pc_new_cert *wanted,
                               struct pc_member *ret, p11csr_error **err)
{
    const struct pc_result result = create_and_check(token, wanted, ret, err);
    pc_token_ended(token, result);
    return pc_frame(result, err, "cannot store the certificate '%.*s'", (int)wanted->label.len,
                    wanted->label.len > 0 ? (const char *)wanted->label.ptr : "");
}
