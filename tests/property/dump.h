// SPDX-License-Identifier: Apache-2.0
#ifndef TEST_PROPERTY_DUMP_H
#define TEST_PROPERTY_DUMP_H

#include <jansson.h>
#include <stddef.h>

/* What the judges in C have in common: they read hex lines and answer with JSON lines. */

json_t *dump_hex(const unsigned char *octets, size_t len);
/* What a request holds, by the judge's library; a new reference. */
json_t *dump_request(const unsigned char *der, size_t len);

#endif
