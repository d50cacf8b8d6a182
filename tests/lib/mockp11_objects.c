// SPDX-License-Identifier: Apache-2.0
#include "lib/mockp11_parts.h"

#include <string.h>

/* Objects of the mock, their attributes, and searches. */

static struct mock_attribute *find_attribute(struct mock_attribute *list, size_t count,
                                             CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].type == type) {
            return &list[i];
        }
    }
    return NULL;
}

static void set_in(struct mock_attribute *list, size_t *count, CK_ATTRIBUTE_TYPE type, struct pc_span value)
{
    struct mock_attribute *attribute = find_attribute(list, *count, type);
    if (attribute == NULL) {
        MOCK_CHECK(*count < MOCK_ATTRIBUTES);
        attribute = &list[(*count)++];
    } else {
        pc_release(attribute->value);
    }
    *attribute = (struct mock_attribute){.type = type, .value = pc_alloc(value.len + 1), .len = value.len};
    MOCK_CHECK(attribute->value != NULL);
    if (attribute->value != NULL && value.ptr != NULL && value.len > 0) {
        memcpy(attribute->value, value.ptr, value.len);
    }
}

void mock_set(struct mock_object *object, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    set_in(object->attributes, &object->attribute_count, type, (struct pc_span){value, len});
}

void mock_set_flag(struct mock_object *object, CK_ATTRIBUTE_TYPE type, bool value)
{
    const CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;
    mock_set(object, type, &byte, sizeof(byte));
}

void mock_set_number(struct mock_object *object, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    mock_set(object, type, &value, sizeof(value));
}

void mock_unset(struct mock_object *object, CK_ATTRIBUTE_TYPE type)
{
    struct mock_attribute *attribute = find_attribute(object->attributes, object->attribute_count, type);
    if (attribute != NULL) {
        pc_release(attribute->value);
        *attribute = object->attributes[--object->attribute_count];
    }
}

const struct mock_attribute *mock_get(const struct mock_object *object, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < object->attribute_count; i++) {
        if (object->attributes[i].type == type) {
            return &object->attributes[i];
        }
    }
    return NULL;
}

const struct mock_attribute *mock_asked(const struct mock_template *given, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < given->count; i++) {
        if (given->attributes[i].type == type) {
            return &given->attributes[i];
        }
    }
    return NULL;
}

void mock_template_set(struct mock_template *ret, const CK_ATTRIBUTE *list, CK_ULONG count)
{
    mock_template_done(ret);
    for (CK_ULONG i = 0; i < count; i++) {
        MOCK_CHECK(mock_asked(ret, list[i].type) == NULL); // nothing twice
        set_in(ret->attributes, &ret->count, list[i].type,
               (struct pc_span){list[i].pValue, list[i].ulValueLen});
    }
}

void mock_template_done(struct mock_template *given)
{
    for (size_t i = 0; i < given->count; i++) {
        pc_release(given->attributes[i].value);
    }
    given->count = 0;
}

struct mock_object *mock_object_new(struct mock *mock, size_t slot)
{
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        struct mock_object *object = &mock->objects[i];
        if (object->handle == CK_INVALID_HANDLE) {
            *object = (struct mock_object){.handle = ++mock->next_handle, .slot = slot};
            return object;
        }
    }
    MOCK_CHECK(false); // no room for another object
    return NULL;
}

void mock_object_remove(struct mock_object *object)
{
    for (size_t i = 0; i < object->attribute_count; i++) {
        pc_release(object->attributes[i].value);
    }
    EVP_PKEY_free(object->pkey);
    *object = (struct mock_object){.handle = CK_INVALID_HANDLE};
}

struct mock_object *mock_object_get(struct mock *mock, CK_OBJECT_HANDLE handle)
{
    for (size_t i = 0; i < MOCK_OBJECTS && handle != CK_INVALID_HANDLE; i++) {
        if (mock->objects[i].handle == handle) {
            return &mock->objects[i];
        }
    }
    return NULL;
}

size_t mock_object_count(const struct mock *mock)
{
    size_t count = 0;
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        count += mock->objects[i].handle != CK_INVALID_HANDLE ? 1 : 0;
    }
    return count;
}

static bool flag_is(const struct mock_object *object, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
    const struct mock_attribute *attribute = mock_get(object, type);
    return attribute != NULL && attribute->len == 1 && attribute->value[0] == value;
}

bool mock_visible(const struct mock_session *session, const struct mock_object *object)
{
    const struct mock_slot *slot = &mock_current()->slots[session->slot];
    return object->handle != CK_INVALID_HANDLE && object->slot == session->slot &&
           (slot->logged_in || (slot->so_logged_in && mock_current()->knobs.made_by_so) ||
            !flag_is(object, CKA_PRIVATE, CK_TRUE));
}

CK_RV mock_destroy_object(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    struct mock_object *object = mock_object_get(mock, object_handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (object == NULL || !mock_visible(session, object)) {
        return CKR_OBJECT_HANDLE_INVALID;
    }
    if (!session->read_write) {
        return CKR_SESSION_READ_ONLY;
    }
    if (mock->knobs.cannot_destroy) {
        return CKR_ACTION_PROHIBITED;
    }
    if (mock->knobs.destroys_nothing) {
        return CKR_OK;
    }
    MOCK_CHECK(mock->destroyed_count < PC_ARRAY_LEN(mock->destroyed));
    mock->destroyed[mock->destroyed_count++] = object_handle;
    mock_object_remove(object);
    return CKR_OK;
}

CK_RV mock_set_attribute_value(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle, CK_ATTRIBUTE *list,
                               CK_ULONG count)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    struct mock_object *object = mock_object_get(mock, object_handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (object == NULL || !mock_visible(session, object)) {
        return CKR_OBJECT_HANDLE_INVALID;
    }
    if (!session->read_write) {
        return CKR_SESSION_READ_ONLY;
    }
    for (CK_ULONG i = 0; i < count && !mock->knobs.sets_nothing; i++) {
        mock_set(object, list[i].type, list[i].pValue, list[i].ulValueLen);
    }
    return CKR_OK;
}

/* The certificate whose place a new one takes, as on a card with one for each key. */
static struct mock_object *place_for(struct mock *mock, size_t slot, const struct mock_template *given)
{
    const struct mock_attribute *id = mock_asked(given, CKA_ID);
    for (size_t i = 0; i < MOCK_OBJECTS && mock->knobs.creates_in_place && id != NULL; i++) {
        struct mock_object *object = &mock->objects[i];
        const struct mock_attribute *its = mock_get(object, CKA_ID);
        if (object->handle != CK_INVALID_HANDLE && object->slot == slot &&
            mock_get(object, CKA_CERTIFICATE_TYPE) != NULL && its != NULL && its->len == id->len &&
            memcmp(its->value, id->value, id->len) == 0) {
            return object;
        }
    }
    return mock_object_new(mock, slot);
}

CK_RV mock_create_object(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *ret)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    struct mock_template given = {0};
    if (session == NULL || !session->read_write) {
        return session == NULL ? CKR_SESSION_HANDLE_INVALID : CKR_SESSION_READ_ONLY;
    }
    mock_template_set(&given, list, count);
    struct mock_object *object = place_for(mock, session->slot, &given);
    for (size_t i = 0; i < given.count; i++) {
        mock_set(object, given.attributes[i].type, given.attributes[i].value, given.attributes[i].len);
    }
    if (mock->knobs.creates_other_value) {
        mock_set(object, CKA_VALUE, "other", 5);
    }
    mock_template_done(&given);
    *ret = object->handle;
    return CKR_OK;
}

/* An object of the session, as PKCS#11 3.0 section 5.7.2 has it; nothing ends it here. */
CK_RV mock_copy_object(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE of, CK_ATTRIBUTE *list, CK_ULONG count,
                       CK_OBJECT_HANDLE *ret)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    const struct mock_object *from = mock_object_get(mock, of);
    if (session == NULL || from == NULL) {
        return session == NULL ? CKR_SESSION_HANDLE_INVALID : CKR_OBJECT_HANDLE_INVALID;
    }
    struct mock_object *object = mock_object_new(mock, session->slot);
    for (size_t i = 0; i < from->attribute_count; i++) {
        mock_set(object, from->attributes[i].type, from->attributes[i].value, from->attributes[i].len);
    }
    for (CK_ULONG i = 0; i < count; i++) {
        mock_set(object, list[i].type, list[i].pValue, list[i].ulValueLen);
    }
    if (from->pkey != NULL && EVP_PKEY_up_ref(from->pkey) == 1) {
        object->pkey = from->pkey;
    }
    *ret = object->handle;
    return CKR_OK;
}

/* Gives one value as C_GetAttributeValue does (PKCS#11 3.0 section 5.7.5), or as the knobs want it. */
static CK_RV give_value(const struct mock_knobs *knobs, const struct mock_attribute *attribute,
                        CK_ATTRIBUTE *ret)
{
    size_t len = attribute->len;
    if (knobs->number_size != 0 && ret->type == CKA_CLASS) {
        len = knobs->number_size;
    }
    if (ret->pValue == NULL) {
        ret->ulValueLen = len;
        return CKR_OK;
    }
    if (ret->ulValueLen < len) {
        ret->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (len > 0) {
        memcpy(ret->pValue, attribute->value, len < attribute->len ? len : attribute->len);
    }
    if (knobs->attribute_too_long || (knobs->attribute_grows && ret->ulValueLen == len)) {
        len = ret->ulValueLen + 1;
    }
    ret->ulValueLen = len;
    return CKR_OK;
}

static CK_RV give_absent(const struct mock_knobs *knobs, CK_ATTRIBUTE *ret)
{
    ret->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (knobs->unknown_is_all_ones) {
        return CKR_OK;
    }
    return knobs->unknown_is_bad_argument ? CKR_ARGUMENTS_BAD : CKR_ATTRIBUTE_TYPE_INVALID;
}

/* What a sensitive key does not show. */
static bool is_hidden(const struct mock_object *object, CK_ATTRIBUTE_TYPE type)
{
    return flag_is(object, CKA_SENSITIVE, CK_TRUE) && (type == CKA_VALUE || type == CKA_PRIVATE_EXPONENT);
}

CK_RV mock_get_attribute_value(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle, CK_ATTRIBUTE *list,
                               CK_ULONG count)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    const struct mock_object *object = mock_object_get(mock, object_handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (object == NULL || !mock_visible(session, object)) {
        return CKR_OBJECT_HANDLE_INVALID;
    }
    CK_RV result = CKR_OK;
    for (CK_ULONG i = 0; i < count; i++) {
        const struct mock_attribute *attribute = mock_get(object, list[i].type);
        CK_RV rv = CKR_OK;
        if (is_hidden(object, list[i].type)) {
            list[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = CKR_ATTRIBUTE_SENSITIVE;
        } else {
            rv = attribute == NULL ? give_absent(&mock->knobs, &list[i])
                                   : give_value(&mock->knobs, attribute, &list[i]);
        }
        result = rv != CKR_OK ? rv : result;
    }
    return result;
}

static bool matches(const struct mock_object *object, const CK_ATTRIBUTE *list, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const struct mock_attribute *attribute = mock_get(object, list[i].type);
        if (attribute == NULL || attribute->len != list[i].ulValueLen ||
            (attribute->len > 0 && memcmp(attribute->value, list[i].pValue, attribute->len) != 0)) {
            return false;
        }
    }
    return true;
}

CK_RV mock_find_objects_init(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *list, CK_ULONG count)
{
    struct mock *mock = mock_current();
    struct mock_session *session = mock_session_get(handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (session->searching) {
        return CKR_OPERATION_ACTIVE;
    }
    if (mock->knobs.find_wants_login && !mock->slots[session->slot].logged_in) {
        return CKR_USER_NOT_LOGGED_IN;
    }
    session->searching = true;
    session->found_count = 0;
    session->found_at = 0;
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        if (mock_visible(session, &mock->objects[i]) && matches(&mock->objects[i], list, count)) {
            session->found[session->found_count++] = mock->objects[i].handle;
        }
    }
    return CKR_OK;
}

CK_RV mock_find_objects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *ret, CK_ULONG max, CK_ULONG *ret_count)
{
    const struct mock_knobs *knobs = &mock_current()->knobs;
    struct mock_session *session = mock_session_get(handle);
    if (session == NULL || !session->searching) {
        return session == NULL ? CKR_SESSION_HANDLE_INVALID : CKR_OPERATION_NOT_INITIALIZED;
    }
    CK_ULONG count = 0;
    while (count < max && session->found_at < session->found_count) {
        ret[count++] = session->found[session->found_at++];
    }
    if (knobs->find_endless && session->found_count > 0) {
        for (count = 0; count < max; count++) {
            ret[count] = session->found[0];
        }
    }
    *ret_count = knobs->find_extra != 0 && count > 0 ? max + knobs->find_extra : count;
    return CKR_OK;
}

CK_RV mock_find_objects_final(CK_SESSION_HANDLE handle)
{
    struct mock_session *session = mock_session_get(handle);
    if (session == NULL || !session->searching) {
        return session == NULL ? CKR_SESSION_HANDLE_INVALID : CKR_OPERATION_NOT_INITIALIZED;
    }
    session->searching = false;
    return CKR_OK;
}
