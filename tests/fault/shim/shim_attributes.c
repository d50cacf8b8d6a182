// SPDX-License-Identifier: Apache-2.0
/* Reading and finding objects as the script shows them. */
#include "shim.h"

#include <string.h>

enum { DER_OCTET_STRING = 0x04, DER_BIT_STRING = 0x03, DER_SHORT = 0x80, DER_ONE = 0x81 };

CK_OBJECT_CLASS shim_class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = ANY_CLASS;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof(class)};
    return shim.real->C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK ? class : ANY_CLASS;
}

CK_OBJECT_HANDLE shim_real_handle(CK_OBJECT_HANDLE shown)
{
    return shim.shown_handle != CK_INVALID_HANDLE && shown == shim.shown_handle ? shim.real_handle : shown;
}

CK_OBJECT_HANDLE shim_shown_handle(CK_OBJECT_HANDLE real)
{
    return shim.shown_handle != CK_INVALID_HANDLE && real == shim.real_handle ? shim.shown_handle : real;
}

const struct shim_attribute *shim_attribute_find(CK_ATTRIBUTE_TYPE type, CK_OBJECT_CLASS class,
                                                 enum shim_how how)
{
    for (size_t i = 0; i < shim.script.attribute_count; i++) {
        const struct shim_attribute *row = &shim.script.attributes[i];
        if (row->type == type && row->how == how && (row->class == ANY_CLASS || row->class == class)) {
            return row;
        }
    }
    return NULL;
}

/* What C_GetAttributeValue does with a value and the caller's room for it. */
static CK_RV give(CK_ATTRIBUTE *to, const unsigned char *value, size_t len)
{
    if (to->pValue == NULL) {
        to->ulValueLen = len;
        return CKR_OK;
    }
    if (to->ulValueLen < len) {
        to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(to->pValue, value, len);
    to->ulValueLen = len;
    return CKR_OK;
}

/* The octets behind tag and length of a short DER value; `bytes` itself if it is none. */
static const unsigned char *unwrap(const unsigned char *bytes, size_t *len)
{
    if (*len > 2 && bytes[0] == DER_OCTET_STRING && bytes[1] < DER_SHORT && bytes[1] == *len - 2) {
        *len -= 2;
        return bytes + 2;
    }
    if (*len > 3 && bytes[0] == DER_OCTET_STRING && bytes[1] == DER_ONE && bytes[2] == *len - 3) {
        *len -= 3;
        return bytes + 3;
    }
    return bytes;
}

static CK_RV read_point(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute)
{
    unsigned char is[MAX_VALUE];
    unsigned char shown[MAX_VALUE + 8];
    CK_ATTRIBUTE real = {CKA_EC_POINT, is, sizeof(is)};
    const CK_RV rv = shim.real->C_GetAttributeValue(session, object, &real, 1);
    if (rv != CKR_OK) {
        attribute->ulValueLen = real.ulValueLen;
        return rv;
    }
    size_t len = real.ulValueLen;
    const unsigned char *bare = unwrap(is, &len);
    if (shim.script.point == POINT_RAW) {
        return give(attribute, bare, len);
    }
    const bool bits = shim.script.point == POINT_BITS;
    const size_t inner = len + (bits ? 1 : 0);
    size_t at = 0;
    shown[at++] = bits ? DER_BIT_STRING : DER_OCTET_STRING;
    if (inner >= DER_SHORT) {
        shown[at++] = DER_ONE;
    }
    shown[at++] = (unsigned char)inner;
    if (bits) {
        shown[at++] = 0; // no bits are left over
    }
    memcpy(shown + at, bare, len);
    return give(attribute, shown, at + len);
}

CK_RV shim_read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
                CK_ATTRIBUTE *attribute)
{
    static const unsigned char yes = CK_TRUE;
    const struct shim_attribute *row = shim_attribute_find(attribute->type, class, HOW_REFUSE);
    if (row != NULL) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return row->rv;
    }
    row = shim_attribute_find(attribute->type, class, HOW_VALUE);
    if (row != NULL) {
        return give(attribute, row->value, row->len);
    }
    if (attribute->type == CKA_ALWAYS_AUTHENTICATE && class == CKO_PRIVATE_KEY &&
        shim.script.always_authenticate) {
        return give(attribute, &yes, sizeof(yes));
    }
    if (attribute->type == CKA_EC_POINT && shim.script.point != POINT_AS_IS) {
        return read_point(session, object, attribute);
    }
    return shim.real->C_GetAttributeValue(session, object, attribute, 1);
}

/* Whether a refusal concerns one attribute only. */
static bool is_partial(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
}

CK_RV shim_do_C_GetAttributeValue(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                  CK_ATTRIBUTE *list, CK_ULONG count)
{
    const bool changes = shim.script.attribute_count > 0 || shim.script.always_authenticate ||
                         shim.script.point != POINT_AS_IS;
    CK_RV first = CKR_OK;
    (void)call;
    object = shim_real_handle(object);
    if (!changes) {
        return shim.real->C_GetAttributeValue(session, object, list, count);
    }
    const CK_OBJECT_CLASS class = shim_class_of(session, object);
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_RV rv = shim_read(session, object, class, &list[i]);
        if (rv != CKR_OK && !is_partial(rv)) {
            return rv;
        }
        first = first == CKR_OK ? rv : first;
    }
    return first;
}

CK_RV shim_template(const CK_ATTRIBUTE *from, CK_ULONG count, CK_OBJECT_CLASS class, CK_ATTRIBUTE *room,
                    CK_ULONG *ret_count)
{
    *ret_count = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        const struct shim_attribute *row = shim_attribute_find(from[i].type, class, HOW_TEMPLATE);
        if (row != NULL) {
            return row->rv;
        }
        const bool own_id = shim.script.has_own_id && from[i].type == CKA_ID;
        if (!own_id && shim_attribute_find(from[i].type, class, HOW_DROP) == NULL) {
            if (*ret_count == MAX_ROWS) {
                return CKR_HOST_MEMORY;
            }
            room[(*ret_count)++] = from[i];
        }
    }
    return CKR_OK;
}

/* Whether any object may show this attribute changed. */
static bool is_shown_changed(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < shim.script.attribute_count; i++) {
        if (shim.script.attributes[i].type == type && shim.script.attributes[i].how == HOW_VALUE) {
            return true;
        }
    }
    return false;
}

CK_RV shim_do_C_FindObjectsInit(struct shim_call *call, CK_SESSION_HANDLE session, CK_ATTRIBUTE *list,
                                CK_ULONG count)
{
    struct shim_session *row = shim_session_of(session);
    CK_ATTRIBUTE real[MAX_ROWS];
    CK_ULONG real_count = 0;
    (void)call;
    if (row == NULL || count > MAX_ROWS) {
        return shim.real->C_FindObjectsInit(session, list, count);
    }
    row->wanted_count = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        const struct shim_attribute *refused = shim_attribute_find(list[i].type, ANY_CLASS, HOW_SEARCH);
        if (refused != NULL) {
            return refused->rv;
        }
        if (is_shown_changed(list[i].type) && row->wanted_count < MAX_HITS &&
            list[i].ulValueLen <= MAX_VALUE) {
            struct shim_attribute *wanted = &row->wanted[row->wanted_count++];
            wanted->type = list[i].type;
            wanted->len = list[i].ulValueLen;
            memcpy(wanted->value, list[i].pValue, list[i].ulValueLen);
        } else {
            real[real_count++] = list[i];
        }
    }
    return shim.real->C_FindObjectsInit(session, real, real_count);
}

static bool is_wanted(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    const struct shim_session *row = shim_session_of(session);
    const bool asks = shim.script.hidden_count > 0 || (row != NULL && row->wanted_count > 0);
    const CK_OBJECT_CLASS class = asks ? shim_class_of(session, object) : ANY_CLASS;
    for (size_t i = 0; i < shim.script.hidden_count; i++) {
        if (shim.script.hidden[i] == ANY_CLASS || shim.script.hidden[i] == class) {
            return false;
        }
    }
    for (size_t i = 0; row != NULL && i < row->wanted_count; i++) {
        unsigned char value[MAX_VALUE];
        CK_ATTRIBUTE is = {row->wanted[i].type, value, sizeof(value)};
        if (shim_read(session, object, class, &is) != CKR_OK || is.ulValueLen != row->wanted[i].len ||
            memcmp(value, row->wanted[i].value, row->wanted[i].len) != 0) {
            return false;
        }
    }
    return true;
}

CK_RV shim_do_C_FindObjects(struct shim_call *call, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object,
                            CK_ULONG max, CK_ULONG *count)
{
    CK_RV rv = CKR_OK;
    CK_ULONG found = 0;
    (void)call;
    *count = 0;
    do { // none is the end of the search: ask again when all were hidden
        rv = shim.real->C_FindObjects(session, object, max, &found);
        for (CK_ULONG i = 0; rv == CKR_OK && i < found; i++) {
            if (shim_check_need(NEED_FIND) == CKR_OK && is_wanted(session, object[i])) {
                object[(*count)++] = shim_shown_handle(object[i]);
            }
        }
    } while (rv == CKR_OK && found > 0 && *count == 0);
    return rv;
}
