// SPDX-License-Identifier: Apache-2.0
/* Making objects, and signing. */
#include "shim.h"

#include <string.h>

enum { MAX_FOUND = 64 };

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
static void add_own_id(CK_ATTRIBUTE *list, CK_ULONG *count)
{
    if (shim.script.has_own_id) {
        list[(*count)++] = (CK_ATTRIBUTE){CKA_ID, shim.script.own_id, shim.script.own_id_len};
    }
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
    add_own_id(real, &real_count);
    return shim.real->C_CreateObject(session, real, real_count, object);
}

CK_RV shim_do_C_CopyObject(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *new_object)
{
    CK_ATTRIBUTE real[MAX_ROWS + 1];
    CK_ULONG real_count = 0;
    (void)call;
    const CK_RV rv = shim_template(list, count, shim_class_of(session, object), real, &real_count);
    return rv == CKR_OK ? shim.real->C_CopyObject(session, object, real, real_count, new_object) : rv;
}

CK_RV shim_do_C_SetAttributeValue(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                  CK_ATTRIBUTE *list, CK_ULONG count)
{
    CK_ATTRIBUTE real[MAX_ROWS + 1];
    CK_ULONG real_count = 0;
    (void)call;
    const CK_RV rv = shim_template(list, count, shim_class_of(session, object), real, &real_count);
    if (rv != CKR_OK || real_count == 0) {
        return rv;
    }
    return shim.real->C_SetAttributeValue(session, object, real, real_count);
}

/* The objects that fit, asked at the real module. */
static CK_ULONG find_real(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count,
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

static void destroy_same_id(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *list, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        CK_OBJECT_HANDLE found[MAX_FOUND];
        CK_ATTRIBUTE id = list[i];
        const CK_ULONG n = id.type == CKA_ID ? find_real(session, &id, 1, found) : 0;
        for (CK_ULONG k = 0; k < n; k++) {
            (void)shim.real->C_DestroyObject(session, found[k]);
        }
    }
}

// NOLINTNEXTLINE(readability-function-size): as many parameters as PKCS#11 wants
CK_RV shim_do_C_GenerateKeyPair(struct shim_call *call, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                CK_ATTRIBUTE *public_list, CK_ULONG public_count, CK_ATTRIBUTE *private_list,
                                CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                                CK_OBJECT_HANDLE *private_key)
{
    CK_MECHANISM real;
    CK_ATTRIBUTE publics[MAX_ROWS + 1];
    CK_ATTRIBUTE privates[MAX_ROWS + 1];
    CK_ULONG publics_count = 0;
    CK_ULONG privates_count = 0;
    (void)call;
    CK_RV rv = shim_check_need(NEED_GENERATE);
    if (rv == CKR_OK && !shim_mechanism(mechanism, &real)) {
        rv = CKR_MECHANISM_INVALID;
    }
    if (rv == CKR_OK) {
        rv = shim_template(public_list, public_count, CKO_PUBLIC_KEY, publics, &publics_count);
    }
    if (rv == CKR_OK) {
        rv = shim_template(private_list, private_count, CKO_PRIVATE_KEY, privates, &privates_count);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    add_own_id(publics, &publics_count);
    add_own_id(privates, &privates_count);
    if (shim.script.overwrites) {
        destroy_same_id(session, privates, privates_count);
    }
    return shim.real->C_GenerateKeyPair(session, &real, publics, publics_count, privates, privates_count,
                                        public_key, private_key);
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
    const CK_ULONG count = find_real(session, list, 2, found);
    for (CK_ULONG i = 0; i < count; i++) {
        if (found[i] != key) {
            return found[i];
        }
    }
    return key;
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
    if (shim_hit(call, ACTION_OTHER_KEY) != NULL) {
        key = other_key(session, key);
    }
    const CK_RV rv = shim.real->C_SignInit(session, &real, key);
    if (row != NULL) {
        row->wants_context = rv == CKR_OK && shim.script.always_authenticate;
    }
    return rv;
}

static bool wants_context(CK_SESSION_HANDLE session)
{
    const struct shim_session *row = shim_session_of(session);
    return row != NULL && row->wants_context;
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
    const CK_RV rv = shim.real->C_Sign(session, data, data_len, signature, signature_len);
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
    const CK_RV rv = shim.real->C_SignFinal(session, signature, signature_len);
    return spoil(call, rv, signature, signature_len, room);
}
