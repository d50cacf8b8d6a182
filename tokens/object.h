// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_OBJECT_H
#define PC_TOKENS_OBJECT_H

#include "tokens/token.h"

/* Objects and their attributes. A session must be open. */

/* Appends the CK_OBJECT_HANDLE of every object that matches the template. One search, whatever it finds. */
PC_RESULT pc_objects_find(struct pc_token *token, CK_ATTRIBUTE *template, size_t count, struct pc_buf *ret,
                          p11csr_error **err);
/*
 * Appends the value of an attribute. *ret_there is false when the object has none or does not reveal it; that
 * is no failure. Some modules report an unknown attribute as CKR_ARGUMENTS_BAD or as a length of all ones.
 */
PC_RESULT pc_object_read(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         struct pc_buf *ret, bool *ret_there, p11csr_error **err);
/* A CK_ULONG attribute; *ret is `fallback` when it is not there. */
PC_RESULT pc_object_number(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                           CK_ULONG fallback, CK_ULONG *ret, p11csr_error **err);

/* A CK_BBOOL attribute as the token reports it. */
enum pc_flag { PC_FLAG_UNKNOWN, PC_FLAG_NO, PC_FLAG_YES };
PC_RESULT pc_object_flag(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         enum pc_flag *ret, p11csr_error **err);

#endif
