// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_SECRET_H
#define PC_BASE_SECRET_H

#include "base/mem.h"

/*
 * The only type that may hold a PIN. Its bytes live in pages of their own that are locked into memory where
 * the system allows it and excluded from core dumps; they are wiped when the secret is freed. There is no way
 * to format, copy or compare it except through pc_secret_bytes().
 */
struct pc_secret;

/* Makes an empty secret that can hold up to PC_MAX_PIN bytes. NULL when out of memory. */
struct pc_secret *pc_secret_new(void) __attribute__((malloc));
/* Wipes and frees. Accepts NULL and a pointer to NULL. */
void pc_secret_free(struct pc_secret **secret);
/*
 * Replaces the content; the caller wipes its own copy. False when it is too long: the secret is then empty.
 */
bool pc_secret_set(struct pc_secret *secret, const void *bytes, size_t len);
/* The bytes, valid until the secret is changed or freed. */
struct pc_span pc_secret_bytes(const struct pc_secret *secret);

#endif
