// SPDX-License-Identifier: Apache-2.0
#include "lib/mockp11.h"

#include "lib/mockp11_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mock *current; // PKCS#11 functions get no pointer of ours

#define MOCK_NAME(name) [MOCK_##name] = #name,
static const char *const names[MOCK_FUNCTION_COUNT] = {MOCK_FUNCTIONS(MOCK_NAME)};
#undef MOCK_NAME

void mock_check(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        (void)fprintf(stderr, "%s:%d: the mock was used wrongly: %s\n", file, line, text);
        abort();
    }
}

struct mock *mock_current(void)
{
    MOCK_CHECK(current != NULL);
    return current;
}

static enum mock_function function_by_name(const char *name)
{
    for (int i = 0; i < MOCK_FUNCTION_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum mock_function)i;
        }
    }
    (void)fprintf(stderr, "the mock has no function %s\n", name);
    abort();
}

static void trace(struct mock *mock, const char *name)
{
    const size_t at = strlen(mock->trace);
    (void)snprintf(mock->trace + at, sizeof(mock->trace) - at, "%s ", name);
}

static const struct mock_script *find_script(const struct mock *mock, enum mock_function function)
{
    for (size_t i = 0; i < mock->script_count; i++) {
        const struct mock_script *script = &mock->scripts[i];
        if (script->function == function &&
            (script->nth == 0 || script->from + script->nth == mock->calls[function])) {
            return script;
        }
    }
    return NULL;
}

/* Counts a call. True when a script answers it; false when the function is to be done. */
static bool enter(enum mock_function function, CK_RV *ret)
{
    struct mock *mock = mock_current();
    mock->calls[function]++;
    trace(mock, names[function]);
    const struct mock_script *script = find_script(mock, function);
    if (script == NULL || script->after) {
        return false;
    }
    *ret = script->rv;
    return true;
}

static CK_RV leave(enum mock_function function, CK_RV rv)
{
    const struct mock_script *script = find_script(mock_current(), function);
    return script != NULL && script->after ? script->rv : rv;
}

/* Each entry of the list: the function with counting and scripts around it. */
#define ENTRY(name, plain, params, args)                                                                     \
    static CK_RV entry_##name params                                                                         \
    {                                                                                                        \
        CK_RV rv = CKR_OK;                                                                                   \
        return enter(MOCK_##name, &rv) ? rv : leave(MOCK_##name, plain args);                                \
    }

ENTRY(C_GetInfo, mock_get_info, (CK_INFO * ret), (ret))
ENTRY(C_GetSlotList, mock_get_slot_list, (CK_BBOOL present, CK_SLOT_ID *ret, CK_ULONG *count),
      (present, ret, count))
ENTRY(C_GetSlotInfo, mock_get_slot_info, (CK_SLOT_ID id, CK_SLOT_INFO *ret), (id, ret))
ENTRY(C_GetTokenInfo, mock_get_token_info, (CK_SLOT_ID id, CK_TOKEN_INFO *ret), (id, ret))
ENTRY(C_GetMechanismList, mock_get_mechanism_list, (CK_SLOT_ID id, CK_MECHANISM_TYPE *ret, CK_ULONG *count),
      (id, ret, count))
ENTRY(C_GetMechanismInfo, mock_get_mechanism_info,
      (CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret), (id, type, ret))
ENTRY(C_InitToken, mock_init_token, (CK_SLOT_ID id, CK_UTF8CHAR *bytes, CK_ULONG len, CK_UTF8CHAR *label),
      (id, bytes, len, label))
ENTRY(C_InitPIN, mock_init_pin, (CK_SESSION_HANDLE session, CK_UTF8CHAR *bytes, CK_ULONG len),
      (session, bytes, len))
ENTRY(C_OpenSession, mock_open_session,
      (CK_SLOT_ID id, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *ret),
      (id, flags, data, notify, ret))
ENTRY(C_CloseSession, mock_close_session, (CK_SESSION_HANDLE session), (session))
ENTRY(C_GetSessionInfo, mock_get_session_info, (CK_SESSION_HANDLE session, CK_SESSION_INFO *ret),
      (session, ret))
ENTRY(C_Login, mock_login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *bytes, CK_ULONG len),
      (session, user, bytes, len))
ENTRY(C_Logout, mock_logout, (CK_SESSION_HANDLE session), (session))
ENTRY(C_CreateObject, mock_create_object,
      (CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *ret),
      (session, list, count, ret))
ENTRY(C_CopyObject, mock_copy_object,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count,
       CK_OBJECT_HANDLE *ret),
      (session, object, list, count, ret))
ENTRY(C_SetAttributeValue, mock_set_attribute_value,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count),
      (session, object, list, count))
ENTRY(C_DestroyObject, mock_destroy_object, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),
      (session, object))
ENTRY(C_GetAttributeValue, mock_get_attribute_value,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count),
      (session, object, list, count))
ENTRY(C_FindObjectsInit, mock_find_objects_init,
      (CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count), (session, list, count))
ENTRY(C_FindObjects, mock_find_objects,
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *ret, CK_ULONG max, CK_ULONG *count),
      (session, ret, max, count))
ENTRY(C_FindObjectsFinal, mock_find_objects_final, (CK_SESSION_HANDLE session), (session))
ENTRY(C_SignInit, mock_sign_init, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
      (session, mechanism, key))
ENTRY(C_Sign, mock_sign,
      (CK_SESSION_HANDLE session, CK_BYTE *input, CK_ULONG len, CK_BYTE *ret, CK_ULONG *ret_len),
      (session, input, len, ret, ret_len))
ENTRY(C_GenerateKeyPair, mock_generate_key_pair,
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list, CK_ULONG public_count,
       CK_ATTRIBUTE *private_list, CK_ULONG private_count, CK_OBJECT_HANDLE *ret_public,
       CK_OBJECT_HANDLE *ret_private),
      (session, mechanism, public_list, public_count, private_list, private_count, ret_public, ret_private))

#define MOCK_ENTRY(name) .name = entry_##name,
static const CK_FUNCTION_LIST original = {.version = {2, 40}, MOCK_FUNCTIONS(MOCK_ENTRY)};
#undef MOCK_ENTRY

const CK_FUNCTION_LIST *mock_original(void)
{
    return &original;
}

struct mock *mock_new(void)
{
    MOCK_CHECK(current == NULL);
    current = pc_alloc(sizeof(*current));
    MOCK_CHECK(current != NULL);
    current->list = original;
    current->info = (CK_INFO){.cryptokiVersion = {2, 40}, .libraryVersion = {1, 7}};
    mock_pad(current->info.manufacturerID, sizeof(current->info.manufacturerID), "Mock Makers");
    mock_pad(current->info.libraryDescription, sizeof(current->info.libraryDescription), "mock module");
    (void)mock_add_slot(current);
    return current;
}

void mock_free(struct mock **mock)
{
    MOCK_CHECK(*mock == current);
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        if (current->objects[i].handle != CK_INVALID_HANDLE) {
            mock_object_remove(&current->objects[i]);
        }
    }
    mock_template_done(&current->made_public);
    mock_template_done(&current->made_private);
    pc_release(current);
    current = NULL;
    *mock = NULL;
}

static void add_script(struct mock *mock, const char *function, unsigned long nth, CK_RV rv, bool after)
{
    MOCK_CHECK(mock->script_count < MOCK_SCRIPTS);
    const enum mock_function index = function_by_name(function);
    mock->scripts[mock->script_count++] = (struct mock_script){
        .function = index, .nth = nth, .from = mock->calls[index], .rv = rv, .after = after};
}

void mock_fail(struct mock *mock, const char *function, unsigned long nth, CK_RV rv)
{
    add_script(mock, function, nth, rv, false);
}

void mock_fail_after(struct mock *mock, const char *function, unsigned long nth, CK_RV rv)
{
    add_script(mock, function, nth, rv, true);
}

void mock_forget_scripts(struct mock *mock)
{
    mock->script_count = 0;
}

unsigned long mock_calls(const struct mock *mock, const char *function)
{
    return mock->calls[function_by_name(function)];
}

void mock_reset_calls(struct mock *mock)
{
    memset(mock->calls, 0, sizeof(mock->calls));
    mock->trace[0] = 0;
    mock->pins_sent = 0;
    mock->signatures = 0;
    mock->destroyed_count = 0;
    for (size_t i = 0; i < mock->script_count; i++) {
        mock->scripts[i].from = 0;
    }
}
