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
/* A time, in seconds since 1970, in UTC as RFC 3339 text; empty when there is none so far away. */
void pc_time_text(int64_t seconds, char ret[static PC_TIME_SIZE]);
/* The present time in seconds since 1970. */
int64_t pc_time_seconds(void);
/* The present time as such a text. */
void pc_time_now(char ret[static PC_TIME_SIZE]);

#endif
