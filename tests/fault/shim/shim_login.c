// SPDX-License-Identifier: Apache-2.0
/* Sessions and logins. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

static unsigned long open_sessions(void)
{
    unsigned long count = 0;
    for (size_t i = 0; i < MAX_SESSIONS; i++) {
        count += shim.sessions[i].handle != CK_INVALID_HANDLE ? 1 : 0;
    }
    return count;
}

CK_RV shim_do_C_OpenSession(struct shim_call *call, CK_SLOT_ID slot_id, CK_FLAGS flags, void *application,
                            CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
    (void)call;
    if (shim.removed) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    if (shim.script.read_only != CKR_OK && (flags & CKF_RW_SESSION) == 0) {
        return shim.script.read_only;
    }
    shim_lock();
    const unsigned long open = open_sessions();
    shim_unlock();
    if (open == MAX_SESSIONS || (shim.script.max_sessions > 0 && open >= shim.script.max_sessions)) {
        return CKR_SESSION_COUNT;
    }
    const CK_RV rv = shim.real->C_OpenSession(slot_id, flags, application, notify, session);
    struct shim_session *row = rv == CKR_OK ? shim_session_of(CK_INVALID_HANDLE) : NULL;
    if (row != NULL) {
        *row = (struct shim_session){.handle = *session, .slot = slot_id};
    }
    return rv;
}

/* The login ends with the token's last session. */
static void forget(struct shim_session *row)
{
    row->handle = CK_INVALID_HANDLE;
    if (open_sessions() == 0) {
        shim.user = NO_USER;
    }
}

CK_RV shim_do_C_CloseSession(struct shim_call *call, CK_SESSION_HANDLE session)
{
    (void)call;
    const CK_RV rv = shim.real->C_CloseSession(session);
    struct shim_session *row = shim_session_of(session);
    if (rv == CKR_OK && row != NULL) {
        shim_lock();
        forget(row);
        shim_unlock();
    }
    return rv;
}

CK_RV shim_do_C_CloseAllSessions(struct shim_call *call, CK_SLOT_ID slot_id)
{
    (void)call;
    shim_lock();
    for (size_t i = 0; i < MAX_SESSIONS; i++) {
        if (shim.sessions[i].handle != CK_INVALID_HANDLE && shim.sessions[i].slot == slot_id) {
            forget(&shim.sessions[i]);
        }
    }
    shim_unlock();
    return shim.real->C_CloseAllSessions(slot_id);
}

static bool is_pin(const char *text, const CK_BYTE *pin, CK_ULONG len)
{
    return pin != NULL && strlen(text) == len && memcmp(text, pin, len) == 0;
}

static const struct shim_role *role_of(CK_USER_TYPE type)
{
    for (size_t i = 0; i < shim.script.role_count; i++) {
        if (shim.script.roles[i].type == type) {
            return &shim.script.roles[i];
        }
    }
    return NULL;
}

static CK_RV send(CK_SESSION_HANDLE session, CK_USER_TYPE type, const char *pin)
{
    CK_BYTE copy[MAX_TEXT];
    const size_t len = strlen(pin);
    memcpy(copy, pin, len);
    const CK_RV rv = shim.real->C_Login(session, type, copy, len);
    explicit_bzero(copy, sizeof(copy));
    return rv;
}

/* For one signature: the key that is about to sign wants it. */
static CK_RV log_in_context(struct shim_session *row, const CK_BYTE *pin, CK_ULONG len)
{
    if (row == NULL || !row->wants_context) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    const bool by_pad = shim.script.has_pin_pad && pin == NULL;
    if (!by_pad && !is_pin(shim.script.context_pin, pin, len)) {
        return CKR_PIN_INCORRECT;
    }
    row->wants_context = false;
    return CKR_OK;
}

static CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_BYTE *pin, CK_ULONG len)
{
    const struct shim_role *role = role_of(type);
    if (type == CKU_CONTEXT_SPECIFIC) { // without a script for it, it is the real module's
        return shim.script.always_authenticate ? log_in_context(shim_session_of(session), pin, len)
                                               : shim.real->C_Login(session, type, pin, len);
    }
    if (shim.user != NO_USER) {
        return shim.user == type ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    }
    if (role != NULL) {
        return is_pin(role->given, pin, len) ? send(session, CKU_USER, role->real) : CKR_PIN_INCORRECT;
    }
    if (shim.script.has_pin_pad && pin == NULL) {
        return send(session, type, shim.script.pin_pad);
    }
    return shim.real->C_Login(session, type, pin, len);
}

/* Counts wrong PINs of the user, of which a login for one signature sends one too. */
static CK_RV count_tries(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_BYTE *pin, CK_ULONG len)
{
    const unsigned long tries = shim.script.pin_tries;
    if (tries == 0 || type == CKU_SO) {
        return log_in(session, type, pin, len);
    }
    const unsigned long wrong = shim_wrong_pins();
    if (wrong >= tries) {
        return shim.script.pin_locked;
    }
    const CK_RV rv = log_in(session, type, pin, len);
    if (rv == CKR_OK && wrong > 0) {
        shim_set_wrong_pins(0);
    } else if (rv == CKR_PIN_INCORRECT) {
        shim_set_wrong_pins(wrong + 1);
    }
    return rv;
}

CK_RV shim_do_C_Login(struct shim_call *call, CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_BYTE *pin,
                      CK_ULONG pin_len)
{
    (void)call;
    if (shim.script.has_pin_pad && pin != NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    const CK_RV rv = count_tries(session, user_type, pin, pin_len);
    if (rv == CKR_OK && user_type != CKU_CONTEXT_SPECIFIC) {
        shim.user = user_type;
    }
    return rv;
}

CK_RV shim_do_C_Logout(struct shim_call *call, CK_SESSION_HANDLE session)
{
    (void)call;
    const CK_RV rv = shim.real->C_Logout(session);
    if (rv == CKR_OK) {
        shim.user = NO_USER;
    }
    return rv;
}
