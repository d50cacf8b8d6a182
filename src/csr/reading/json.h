// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_JSON_H
#define PC_CSR_READING_JSON_H

#include "base/buf.h"

#include <jansson.h>

/*
 * Building JSON: a value that is NULL, because there was no memory to make it, is reported when it is added.
 */

void pc_json_drop(json_t **value);
/* Sets a member; takes the value. */
PC_RESULT pc_json_set(json_t *object, const char *key, json_t *value, p11csr_error **err);
/* Appends to an array; takes the value. */
PC_RESULT pc_json_append(json_t *array, json_t *value, p11csr_error **err);
/* A string of UTF-8 text, or NULL. */
json_t *pc_json_text(struct pc_span text);
/* A string of lower-case hex, or NULL. */
json_t *pc_json_hex(struct pc_span octets);
/* The string, or null for NULL. */
json_t *pc_json_name(const char *name);
/* The dotted text of an OID. */
json_t *pc_json_oid(struct pc_span oid);

#endif
