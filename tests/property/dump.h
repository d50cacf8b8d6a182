// SPDX-License-Identifier: Apache-2.0
#ifndef TEST_PROPERTY_DUMP_H
#define TEST_PROPERTY_DUMP_H

#include <jansson.h>
#include <stddef.h>

/* Octets as a JSON string. */
json_t *dump_hex(const unsigned char *octets, size_t len);
/*
 * The judges in C read hex lines and answer with JSON lines: what a request holds, by the judge's library. A
 * new reference.
 */
json_t *dump_request(const unsigned char *der, size_t len);

#endif
