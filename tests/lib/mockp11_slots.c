// SPDX-License-Identifier: Apache-2.0
#include "lib/mockp11_parts.h"

#include <stdio.h>
#include <string.h>

/* Slots, tokens, sessions and logins of the mock. */

void mock_pad(unsigned char *field, size_t size, const char *text)
{
    MOCK_CHECK(strlen(text) <= size);
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

void mock_add_mechanism(struct mock_slot *slot, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    MOCK_CHECK(slot->mechanism_count < MOCK_MECHANISMS);
    slot->mechanisms[slot->mechanism_count++] =
        (struct mock_mechanism){.type = type, .info = {.flags = flags}};
}

void mock_remove_mechanism(struct mock_slot *slot, CK_MECHANISM_TYPE type)
{
    size_t kept = 0;
    for (size_t i = 0; i < slot->mechanism_count; i++) {
        if (slot->mechanisms[i].type != type) {
            slot->mechanisms[kept++] = slot->mechanisms[i];
        }
    }
    MOCK_CHECK(kept < slot->mechanism_count);
    slot->mechanism_count = kept;
}

static void add_all_mechanisms(struct mock_slot *slot)
{
    static const CK_MECHANISM_TYPE makers[] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN,
                                               CKM_EC_EDWARDS_KEY_PAIR_GEN};
    static const CK_MECHANISM_TYPE signers[] = {
        CKM_RSA_PKCS,     CKM_SHA256_RSA_PKCS,     CKM_SHA384_RSA_PKCS,     CKM_SHA512_RSA_PKCS,
        CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS_PSS,
        CKM_ECDSA,        CKM_ECDSA_SHA256,        CKM_ECDSA_SHA384,        CKM_ECDSA_SHA512,
        CKM_EDDSA,
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(makers); i++) {
        mock_add_mechanism(slot, makers[i], CKF_GENERATE_KEY_PAIR);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(signers); i++) {
        mock_add_mechanism(slot, signers[i], CKF_SIGN | CKF_VERIFY);
    }
}

struct mock_slot *mock_add_slot(struct mock *mock)
{
    static const char *const words[MOCK_SLOTS] = {"one",  "two", "three", "four",
                                                  "five", "six", "seven", "eight"};
    MOCK_CHECK(mock->slot_count < MOCK_SLOTS);
    char text[32];
    struct mock_slot *slot = &mock->slots[mock->slot_count];
    slot->id = 17 + mock->slot_count;
    slot->slot.flags = CKF_TOKEN_PRESENT;
    slot->token.flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG;
    slot->token.ulMinPinLen = 4;
    slot->token.ulMaxPinLen = 16;
    (void)snprintf(text, sizeof(text), "token %s", words[mock->slot_count]);
    mock_pad(slot->token.label, sizeof(slot->token.label), text);
    (void)snprintf(text, sizeof(text), "000%zu", mock->slot_count + 1);
    mock_pad(slot->token.serialNumber, sizeof(slot->token.serialNumber), text);
    mock_pad(slot->token.model, sizeof(slot->token.model), "Model M");
    mock_pad(slot->token.manufacturerID, sizeof(slot->token.manufacturerID), "Mock Makers");
    mock_pad(slot->slot.slotDescription, sizeof(slot->slot.slotDescription), "mock reader");
    mock_pad(slot->slot.manufacturerID, sizeof(slot->slot.manufacturerID), "Reader Makers");
    (void)snprintf(slot->pin, sizeof(slot->pin), "1234");
    (void)snprintf(slot->so_pin, sizeof(slot->so_pin), "87654321");
    add_all_mechanisms(slot);
    mock->slot_count++;
    return slot;
}

struct mock_slot *mock_slot_by_id(CK_SLOT_ID id)
{
    struct mock *mock = mock_current();
    for (size_t i = 0; i < mock->slot_count; i++) {
        if (mock->slots[i].id == id) {
            return &mock->slots[i];
        }
    }
    return NULL;
}

CK_RV mock_get_info(CK_INFO *ret)
{
    *ret = mock_current()->info;
    return CKR_OK;
}

CK_RV mock_get_slot_list(CK_BBOOL present, CK_SLOT_ID *ret, CK_ULONG *count)
{
    const struct mock *mock = mock_current();
    (void)present;
    if (ret == NULL) {
        *count = mock->knobs.slots_reported != 0 ? mock->knobs.slots_reported : mock->slot_count;
        return CKR_OK;
    }
    const CK_ULONG room = *count;
    *count = mock->slot_count + mock->knobs.slots_extra;
    if (room < mock->slot_count) {
        return CKR_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < mock->slot_count; i++) {
        ret[i] = mock->slots[i].id;
    }
    return CKR_OK;
}

CK_RV mock_get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO *ret)
{
    const struct mock_slot *slot = mock_slot_by_id(id);
    if (slot == NULL) {
        return CKR_SLOT_ID_INVALID;
    }
    *ret = slot->slot;
    return CKR_OK;
}

/* What the token says about a PIN at present, as flags of the normal user. */
static CK_FLAGS pin_flags(const struct mock_slot *slot, unsigned wrong)
{
    if (slot->hides_flags || slot->tries == 0 || wrong == 0) {
        return 0;
    }
    if (wrong >= slot->tries) {
        return CKF_USER_PIN_LOCKED;
    }
    return CKF_USER_PIN_COUNT_LOW | (wrong + 1 == slot->tries ? CKF_USER_PIN_FINAL_TRY : 0);
}

CK_RV mock_get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *ret)
{
    const struct mock_slot *slot = mock_slot_by_id(id);
    if (slot == NULL) {
        return CKR_SLOT_ID_INVALID;
    }
    if (slot->gone) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    *ret = slot->token;
    ret->flags |= pin_flags(slot, slot->wrong);
    ret->flags |= pin_flags(slot, slot->so_wrong) * (CKF_SO_PIN_COUNT_LOW / CKF_USER_PIN_COUNT_LOW);
    return CKR_OK;
}

CK_RV mock_get_mechanism_list(CK_SLOT_ID id, CK_MECHANISM_TYPE *ret, CK_ULONG *count)
{
    const struct mock *mock = mock_current();
    const struct mock_slot *slot = mock_slot_by_id(id);
    if (slot == NULL) {
        return CKR_SLOT_ID_INVALID;
    }
    if (ret == NULL) {
        *count =
            mock->knobs.mechanisms_reported != 0 ? mock->knobs.mechanisms_reported : slot->mechanism_count;
        return CKR_OK;
    }
    const CK_ULONG room = *count;
    *count = slot->mechanism_count + mock->knobs.mechanisms_extra;
    if (room < slot->mechanism_count) {
        return CKR_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < slot->mechanism_count; i++) {
        ret[i] = slot->mechanisms[i].type;
    }
    return CKR_OK;
}

CK_RV mock_get_mechanism_info(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret)
{
    const struct mock_slot *slot = mock_slot_by_id(id);
    for (size_t i = 0; slot != NULL && i < slot->mechanism_count; i++) {
        if (slot->mechanisms[i].type == type) {
            *ret = slot->mechanisms[i].info;
            return CKR_OK;
        }
    }
    return slot == NULL ? CKR_SLOT_ID_INVALID : CKR_MECHANISM_INVALID;
}

static void keep_sent(const void *bytes, CK_ULONG len)
{
    struct mock *mock = mock_current();
    mock->last_was_null = bytes == NULL;
    mock->last_pin[0] = 0;
    if (bytes != NULL) {
        mock->pins_sent++;
        (void)snprintf(mock->last_pin, sizeof(mock->last_pin), "%.*s", (int)len, (const char *)bytes);
    }
}

CK_RV mock_init_token(CK_SLOT_ID id, CK_UTF8CHAR *bytes, CK_ULONG len, CK_UTF8CHAR *label)
{
    struct mock_slot *slot = mock_slot_by_id(id);
    if (slot == NULL) {
        return CKR_SLOT_ID_INVALID;
    }
    keep_sent(bytes, len);
    memcpy(slot->token.label, label, sizeof(slot->token.label));
    slot->token.flags |= CKF_TOKEN_INITIALIZED;
    return CKR_OK;
}

CK_RV mock_init_pin(CK_SESSION_HANDLE handle, CK_UTF8CHAR *bytes, CK_ULONG len)
{
    const struct mock_session *session = mock_session_get(handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    struct mock_slot *slot = &mock_current()->slots[session->slot];
    (void)snprintf(slot->pin, sizeof(slot->pin), "%.*s", (int)len, (const char *)bytes);
    slot->token.flags |= CKF_USER_PIN_INITIALIZED;
    return CKR_OK;
}

struct mock_session *mock_session_get(CK_SESSION_HANDLE handle)
{
    struct mock *mock = mock_current();
    for (size_t i = 0; i < MOCK_SESSIONS && handle != 0; i++) {
        if (mock->sessions[i].handle == handle) {
            return &mock->sessions[i];
        }
    }
    return NULL;
}

static size_t open_sessions(const struct mock *mock)
{
    size_t count = 0;
    for (size_t i = 0; i < MOCK_SESSIONS; i++) {
        count += mock->sessions[i].handle != 0 ? 1 : 0;
    }
    return count;
}

CK_RV mock_open_session(CK_SLOT_ID id, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *ret)
{
    struct mock *mock = mock_current();
    const struct mock_slot *slot = mock_slot_by_id(id);
    const size_t max = mock->knobs.max_sessions != 0 ? mock->knobs.max_sessions : MOCK_SESSIONS;
    (void)data;
    (void)notify;
    if (slot == NULL || slot->gone) {
        return slot == NULL ? CKR_SLOT_ID_INVALID : CKR_TOKEN_NOT_PRESENT;
    }
    if ((flags & CKF_SERIAL_SESSION) == 0) {
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    }
    if (open_sessions(mock) >= max) {
        return CKR_SESSION_COUNT;
    }
    struct mock_session *session = mock->sessions;
    while (session->handle != 0) {
        session++;
    }
    memset(session, 0, sizeof(*session));
    session->handle = ++mock->next_handle;
    session->slot = (size_t)(slot - mock->slots);
    session->read_write = (flags & CKF_RW_SESSION) != 0;
    *ret = session->handle;
    return CKR_OK;
}

CK_RV mock_close_session(CK_SESSION_HANDLE handle)
{
    struct mock *mock = mock_current();
    struct mock_session *session = mock_session_get(handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    const size_t slot = session->slot;
    session->handle = 0;
    bool last = true;
    for (size_t i = 0; i < MOCK_SESSIONS; i++) {
        last = last && (mock->sessions[i].handle == 0 || mock->sessions[i].slot != slot);
    }
    if (last) {
        mock->slots[slot].logged_in = false; // PKCS#11 3.0 section 5.6.2
        mock->slots[slot].so_logged_in = false;
    }
    return CKR_OK;
}

void mock_lose_sessions(struct mock *mock)
{
    for (size_t i = 0; i < MOCK_SESSIONS; i++) {
        mock->sessions[i].handle = 0;
    }
    for (size_t i = 0; i < mock->slot_count; i++) {
        mock->slots[i].logged_in = false;
        mock->slots[i].so_logged_in = false;
    }
}

CK_RV mock_get_session_info(CK_SESSION_HANDLE handle, CK_SESSION_INFO *ret)
{
    const struct mock_session *session = mock_session_get(handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    const struct mock_slot *slot = &mock_current()->slots[session->slot];
    const CK_STATE public = session->read_write ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
    const CK_STATE user = session->read_write ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    *ret = (CK_SESSION_INFO){.slotID = slot->id,
                             .state =
                                 slot->so_logged_in ? CKS_RW_SO_FUNCTIONS : (slot->logged_in ? user : public),
                             .flags = CKF_SERIAL_SESSION | (session->read_write ? CKF_RW_SESSION : 0)};
    return CKR_OK;
}

/* Compares the PIN of a role and counts wrong ones. */
static CK_RV try_sent(struct mock_slot *slot, CK_USER_TYPE user, const CK_UTF8CHAR *bytes, CK_ULONG len)
{
    const bool pad = (slot->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    const char *right = user == CKU_SO ? slot->so_pin : slot->pin;
    unsigned *wrong = user == CKU_SO ? &slot->so_wrong : &slot->wrong;
    if (slot->tries != 0 && *wrong >= slot->tries) {
        return CKR_PIN_LOCKED;
    }
    if (bytes == NULL) {
        return pad ? CKR_OK : CKR_ARGUMENTS_BAD;
    }
    if (len != strlen(right) || memcmp(bytes, right, len) != 0) {
        ++*wrong;
        return CKR_PIN_INCORRECT;
    }
    *wrong = 0;
    return CKR_OK;
}

/* Whether the state of the slot lets this role log in: PKCS#11 3.0 section 5.6.8. */
static CK_RV may_log_in(const struct mock *mock, const struct mock_session *session, CK_USER_TYPE user)
{
    const struct mock_slot *slot = &mock->slots[session->slot];
    if (user == CKU_CONTEXT_SPECIFIC) {
        return session->key == CK_INVALID_HANDLE ? CKR_OPERATION_NOT_INITIALIZED : CKR_OK;
    }
    if (user == CKU_SO ? slot->so_logged_in : slot->logged_in) {
        return CKR_USER_ALREADY_LOGGED_IN;
    }
    if (user == CKU_SO ? slot->logged_in : slot->so_logged_in) {
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    }
    for (size_t i = 0; i < MOCK_SESSIONS && user == CKU_SO; i++) {
        const struct mock_session *other = &mock->sessions[i];
        if (other->handle != 0 && other->slot == session->slot && !other->read_write) {
            return CKR_SESSION_READ_ONLY_EXISTS;
        }
    }
    return CKR_OK;
}

CK_RV mock_login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *bytes, CK_ULONG len)
{
    struct mock *mock = mock_current();
    struct mock_session *session = mock_session_get(handle);
    keep_sent(bytes, len);
    mock->last_user = user;
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    struct mock_slot *slot = &mock->slots[session->slot];
    CK_RV rv = may_log_in(mock, session, user);
    rv = rv == CKR_OK ? try_sent(slot, user, bytes, len) : rv;
    if (rv == CKR_OK) {
        session->authenticated = session->authenticated || user == CKU_CONTEXT_SPECIFIC;
        slot->logged_in = slot->logged_in || user == CKU_USER;
        slot->so_logged_in = slot->so_logged_in || user == CKU_SO;
    }
    return rv;
}

/* Private objects are gone with their login; after the next one they have new handles. */
static void renew_handles(struct mock *mock, size_t slot)
{
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        struct mock_object *object = &mock->objects[i];
        const struct mock_attribute *is_private = mock_get(object, CKA_PRIVATE);
        if (object->handle != CK_INVALID_HANDLE && object->slot == slot && is_private != NULL &&
            is_private->value[0] == CK_TRUE) {
            object->handle = ++mock->next_handle;
        }
    }
}

CK_RV mock_logout(CK_SESSION_HANDLE handle)
{
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    struct mock_slot *slot = &mock->slots[session->slot];
    if (!slot->logged_in && !slot->so_logged_in) {
        return CKR_USER_NOT_LOGGED_IN;
    }
    slot->logged_in = false;
    slot->so_logged_in = false;
    renew_handles(mock, session->slot);
    return CKR_OK;
}
