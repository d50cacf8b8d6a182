// SPDX-License-Identifier: Apache-2.0
/* Writing objects, and signing. */
#include "shim.h"

#include <string.h>

enum { DER_SEQUENCE = 0x30, DER_INTEGER = 0x02, DER_SHORT = 0x80, DER_ONE = 0x81, DER_OVERHEAD = 9 };

/* The class that a template names; `fallback` if it does not. */
static CK_OBJECT_CLASS class_in(const CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_CLASS fallback)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (list[i].type == CKA_CLASS && list[i].ulValueLen == sizeof(fallback)) {
            memcpy(&fallback, list[i].pValue, sizeof(fallback));
        }
    }
    return fallback;
}

/* Room for what the shim adds is behind what shim_template() fills. */
void shim_add_own_id(CK_ATTRIBUTE *list, CK_ULONG *count)
{
    if (shim.script.has_own_id) {
        list[(*count)++] = (CK_ATTRIBUTE){CKA_ID, shim.script.own_id, shim.script.own_id_len};
    }
}

CK_ULONG shim_find_real(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count,
                        CK_OBJECT_HANDLE found[MAX_FOUND])
{
    CK_ULONG n = 0;
    if (shim.real->C_FindObjectsInit(session, list, count) != CKR_OK) {
        return 0;
    }
    if (shim.real->C_FindObjects(session, found, MAX_FOUND, &n) != CKR_OK) {
        n = 0;
    }
    (void)shim.real->C_FindObjectsFinal(session);
    return n;
}

/* Stores a certificate in the place of the one that has its CKA_ID. */
static CK_RV take_place(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count,
                        CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_ATTRIBUTE wanted[2] = {{CKA_CLASS, &class, sizeof(class)}};
    CK_OBJECT_HANDLE found[MAX_FOUND];
    CK_ULONG there = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        if (list[i].type == CKA_ID) {
            wanted[1] = list[i];
            there = shim_find_real(session, wanted, 2, found);
        }
    }
    const CK_RV rv = shim.real->C_CreateObject(session, list, count, object);
    if (rv != CKR_OK || there == 0) {
        return rv;
    }
    if (shim.script.one_place) {
        shim.shown_handle = shim_shown_handle(found[0]);
        shim.real_handle = *object;
        *object = shim.shown_handle;
    }
    return shim.real->C_DestroyObject(session, found[0]);
}

CK_RV shim_do_C_CreateObject(struct shim_call *call, CK_SESSION_HANDLE session, CK_ATTRIBUTE *list,
                             CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    CK_ATTRIBUTE real[MAX_ROWS + 1];
    CK_ULONG real_count = 0;
    (void)call;
    const CK_RV rv = shim_template(list, count, class_in(list, count, ANY_CLASS), real, &real_count);
    if (rv != CKR_OK) {
        return rv;
    }
    shim_add_own_id(real, &real_count);
    return (shim.script.one_place || shim.script.replaced) &&
                   class_in(list, count, ANY_CLASS) == CKO_CERTIFICATE
               ? take_place(session, real, real_count, object)
               : shim.real->C_CreateObject(session, real, real_count, object);
}

/* Destroys the public key that belongs to a private one. */
static CK_RV destroy_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    unsigned char id[MAX_VALUE];
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_OBJECT_HANDLE found[MAX_FOUND];
    CK_ATTRIBUTE list[] = {{CKA_ID, id, sizeof(id)}, {CKA_CLASS, &class, sizeof(class)}};
    CK_RV rv = shim.real->C_GetAttributeValue(session, object, list, 1);
    const CK_ULONG count = rv == CKR_OK ? shim_find_real(session, list, 2, found) : 0;
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        rv = shim.real->C_DestroyObject(session, found[i]);
    }
    return rv;
}

CK_RV shim_do_C_DestroyObject(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    (void)call;
    const CK_OBJECT_CLASS class = shim.script.destroys_pair ? shim_class_of(session, object) : ANY_CLASS;
    const CK_RV rv = class == CKO_PRIVATE_KEY ? destroy_public(session, object) : CKR_OK;
    if (rv != CKR_OK || class == CKO_PUBLIC_KEY) {
        return rv != CKR_OK ? rv : CKR_ACTION_PROHIBITED;
    }
    return shim.real->C_DestroyObject(session, shim_real_handle(object));
}

CK_RV shim_do_C_CopyObject(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *new_object)
{
    CK_ATTRIBUTE real[MAX_ROWS + 1];
    CK_ULONG real_count = 0;
    (void)call;
    object = shim_real_handle(object);
    const CK_RV rv = shim_template(list, count, shim_class_of(session, object), real, &real_count);
    return rv == CKR_OK ? shim.real->C_CopyObject(session, object, real, real_count, new_object) : rv;
}

CK_RV shim_do_C_SetAttributeValue(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                  CK_ATTRIBUTE *list, CK_ULONG count)
{
    CK_ATTRIBUTE real[MAX_ROWS + 1];
    CK_ULONG real_count = 0;
    (void)call;
    object = shim_real_handle(object);
    const CK_RV rv = shim_template(list, count, shim_class_of(session, object), real, &real_count);
    if (rv != CKR_OK || real_count == 0) {
        return rv;
    }
    return shim.real->C_SetAttributeValue(session, object, real, real_count);
}

/* A private key of the same type that is not this one; the key itself if there is none. */
static CK_OBJECT_HANDLE other_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = 0;
    CK_OBJECT_HANDLE found[MAX_FOUND];
    CK_ATTRIBUTE list[] = {{CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_CLASS, &class, sizeof(class)}};
    if (shim.real->C_GetAttributeValue(session, key, list, 1) != CKR_OK) {
        return key;
    }
    const CK_ULONG count = shim_find_real(session, list, 2, found);
    for (CK_ULONG i = 0; i < count; i++) {
        if (found[i] != key) {
            return found[i];
        }
    }
    return key;
}

/* CK_EDDSA_PARAMS of PKCS#11 3.0 that ask for neither a prehash nor a context. */
static bool is_plain_eddsa(const CK_MECHANISM *mechanism)
{
    struct {
        CK_BBOOL prehash;
        CK_ULONG context_len;
        CK_BYTE *context;
    } params;
    if (mechanism->ulParameterLen != sizeof(params)) {
        return false;
    }
    memcpy(&params, mechanism->pParameter, sizeof(params));
    return params.prehash == CK_FALSE && params.context_len == 0;
}

CK_RV shim_do_C_SignInit(struct shim_call *call, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE key)
{
    CK_MECHANISM real;
    struct shim_session *row = shim_session_of(session);
    const CK_RV need = shim_check_need(NEED_SIGN);
    if (need != CKR_OK) {
        return need;
    }
    if (!shim_mechanism(mechanism, &real)) {
        return CKR_MECHANISM_INVALID;
    }
    if (real.mechanism == CKM_EDDSA && shim.script.eddsa_bare != CKR_OK) {
        if (real.pParameter == NULL) {
            return shim.script.eddsa_bare;
        }
        if (!is_plain_eddsa(&real)) {
            return CKR_MECHANISM_PARAM_INVALID;
        }
        real.pParameter = NULL;
        real.ulParameterLen = 0;
    }
    if (shim_hit(call, ACTION_OTHER_KEY) != NULL) {
        key = other_key(session, key);
    }
    const CK_RV rv = shim.real->C_SignInit(session, &real, key);
    if (row != NULL) {
        row->wants_context = rv == CKR_OK && shim.script.always_authenticate;
        row->signs_ecdsa = real.mechanism >= CKM_ECDSA && real.mechanism <= CKM_ECDSA_SHA512;
    }
    return rv;
}

static bool wants_context(CK_SESSION_HANDLE session)
{
    const struct shim_session *row = shim_session_of(session);
    return row != NULL && row->wants_context;
}

/* Writes a number of a raw signature as an INTEGER; returns its length. */
static size_t put_integer(unsigned char *to, const unsigned char *number, size_t len)
{
    while (len > 1 && *number == 0) {
        number++;
        len--;
    }
    const size_t zero = *number >= DER_SHORT ? 1 : 0;
    to[0] = DER_INTEGER;
    to[1] = (unsigned char)(len + zero);
    to[2] = 0;
    memcpy(to + 2 + zero, number, len);
    return 2 + zero + len;
}

/* A raw signature as a SEQUENCE of two INTEGERs, into the caller's room. */
static CK_RV as_der(const unsigned char *raw, size_t raw_len, CK_BYTE *signature, CK_ULONG *len)
{
    unsigned char body[MAX_VALUE];
    const size_t half = raw_len / 2;
    size_t body_len = put_integer(body, raw, half);
    body_len += put_integer(body + body_len, raw + half, half);
    const size_t head = body_len < DER_SHORT ? 2 : 3;
    signature[0] = DER_SEQUENCE;
    signature[1] = DER_ONE;
    signature[head - 1] = (unsigned char)body_len;
    memcpy(signature + head, body, body_len);
    *len = head + body_len;
    return CKR_OK;
}

typedef CK_RV (*sign_function)(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
                               CK_BYTE *signature, CK_ULONG *signature_len);

static CK_RV end_parts(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
                       CK_ULONG *signature_len)
{
    (void)data;
    (void)data_len;
    return shim.real->C_SignFinal(session, signature, signature_len);
}

/* Signs by `sign`, and in the form that the script says. */
static CK_RV sign_in_form(sign_function sign, CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
                          CK_BYTE *signature, CK_ULONG *len)
{
    unsigned char raw[MAX_VALUE];
    CK_ULONG raw_len = 0;
    const struct shim_session *row = shim_session_of(session);
    if (!shim.script.ecdsa_der || row == NULL || !row->signs_ecdsa) {
        return sign(session, data, data_len, signature, len);
    }
    CK_RV rv = sign(session, data, data_len, NULL, &raw_len);
    const CK_ULONG wanted = raw_len + DER_OVERHEAD;
    if (rv != CKR_OK || signature == NULL || *len < wanted || raw_len > sizeof(raw)) {
        rv = rv == CKR_OK && signature != NULL ? CKR_BUFFER_TOO_SMALL : rv;
        *len = wanted;
        return rv;
    }
    rv = sign(session, data, data_len, raw, &raw_len);
    return rv == CKR_OK ? as_der(raw, raw_len, signature, len) : rv;
}

/* Spoils a signature that was made, as the rules say. */
static CK_RV spoil(const struct shim_call *call, CK_RV rv, CK_BYTE *signature, CK_ULONG *len, CK_ULONG room)
{
    const struct shim_rule *flip = shim_hit(call, ACTION_SIGNATURE_FLIP);
    const struct shim_rule *length = shim_hit(call, ACTION_SIGNATURE_LENGTH);
    if (rv != CKR_OK || signature == NULL) {
        return rv;
    }
    if (flip != NULL && (CK_ULONG)flip->value / 8 < *len) {
        signature[flip->value / 8] ^= (CK_BYTE)(0x80U >> (flip->value % 8));
    }
    if (length != NULL) {
        const CK_ULONG wanted = *len + (CK_ULONG)length->value;
        if (wanted > *len && wanted <= room) {
            memset(signature + *len, 0, wanted - *len);
        }
        *len = wanted;
    }
    return rv;
}

CK_RV shim_do_C_Sign(struct shim_call *call, CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
                     CK_BYTE *signature, CK_ULONG *signature_len)
{
    const CK_ULONG room = *signature_len;
    if (wants_context(session)) {
        return CKR_USER_NOT_LOGGED_IN;
    }
    const CK_RV rv = sign_in_form(shim.real->C_Sign, session, data, data_len, signature, signature_len);
    return spoil(call, rv, signature, signature_len, room);
}

CK_RV shim_do_C_SignUpdate(struct shim_call *call, CK_SESSION_HANDLE session, CK_BYTE *part,
                           CK_ULONG part_len)
{
    (void)call;
    return wants_context(session) ? CKR_USER_NOT_LOGGED_IN : shim.real->C_SignUpdate(session, part, part_len);
}

CK_RV shim_do_C_SignFinal(struct shim_call *call, CK_SESSION_HANDLE session, CK_BYTE *signature,
                          CK_ULONG *signature_len)
{
    const CK_ULONG room = *signature_len;
    if (wants_context(session)) {
        return CKR_USER_NOT_LOGGED_IN;
    }
    const CK_RV rv = sign_in_form(end_parts, session, NULL, 0, signature, signature_len);
    return spoil(call, rv, signature, signature_len, room);
}
