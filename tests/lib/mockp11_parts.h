// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LIB_MOCKP11_PARTS_H
#define TESTS_LIB_MOCKP11_PARTS_H

#include "lib/mockp11.h"

/* What the files of the mock share: the functions themselves, without scripts and counters around them. */

#define MOCK_CHECK(condition) mock_check((condition), #condition, __FILE__, __LINE__)
void mock_check(bool condition, const char *text, const char *file, int line);

/* The one mock there is. */
struct mock *mock_current(void);
struct mock_slot *mock_slot_by_id(CK_SLOT_ID id);
/* NULL when there is no such session. */
struct mock_session *mock_session_get(CK_SESSION_HANDLE handle);
/* Whether the session may see the object. */
bool mock_visible(const struct mock_session *session, const struct mock_object *object);
void mock_template_set(struct mock_template *ret, const CK_ATTRIBUTE *list, CK_ULONG count);
void mock_template_done(struct mock_template *given);

CK_RV mock_get_info(CK_INFO *ret);
CK_RV mock_get_slot_list(CK_BBOOL present, CK_SLOT_ID *ret, CK_ULONG *count);
CK_RV mock_get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO *ret);
CK_RV mock_get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *ret);
CK_RV mock_get_mechanism_list(CK_SLOT_ID id, CK_MECHANISM_TYPE *ret, CK_ULONG *count);
CK_RV mock_get_mechanism_info(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret);
CK_RV mock_init_token(CK_SLOT_ID id, CK_UTF8CHAR *bytes, CK_ULONG len, CK_UTF8CHAR *label);
CK_RV mock_init_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *bytes, CK_ULONG len);
CK_RV mock_open_session(CK_SLOT_ID id, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *ret);
CK_RV mock_close_session(CK_SESSION_HANDLE session);
CK_RV mock_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *ret);
CK_RV mock_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *bytes, CK_ULONG len);
CK_RV mock_logout(CK_SESSION_HANDLE session);
CK_RV mock_copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count,
                       CK_OBJECT_HANDLE *ret);
CK_RV mock_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count,
                         CK_OBJECT_HANDLE *ret);
CK_RV mock_set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list,
                               CK_ULONG count);
CK_RV mock_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
CK_RV mock_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list,
                               CK_ULONG count);
CK_RV mock_find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count);
CK_RV mock_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *ret, CK_ULONG max, CK_ULONG *ret_count);
CK_RV mock_find_objects_final(CK_SESSION_HANDLE session);
CK_RV mock_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mock_sign(CK_SESSION_HANDLE session, CK_BYTE *input, CK_ULONG len, CK_BYTE *ret, CK_ULONG *ret_len);
CK_RV mock_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                             CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                             CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private);

#endif
