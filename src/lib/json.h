// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_JSON_H
#define PC_LIB_JSON_H

#include "base/mem.h"

#include <jansson.h>

/* Cleanup functions for what jansson made. */
void pc_json_free(json_t **json);
void pc_json_free_text(char **text);
/* The JSON as one line of text that the caller releases with pc_release(). */
PC_RESULT pc_json_take_text(const json_t *json, char **ret, p11csr_error **err);

enum { PC_TIME_SIZE = 32 };
/* The time in UTC as RFC 3339 text. */
void pc_time_now(char ret[static PC_TIME_SIZE]);

#endif
