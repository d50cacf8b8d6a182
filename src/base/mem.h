// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_MEM_H
#define PC_BASE_MEM_H

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

/* Length of an array, known at compile time. */
#define PC_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Runs `fn(&variable)` when the variable goes out of scope. */
#define PC_CLEANUP(fn) __attribute__((__cleanup__(fn)))

/* Borrowed bytes: valid as long as what they point into. */
struct pc_span {
    const uint8_t *ptr;
    size_t len;
};

#define PC_SPAN(array) ((struct pc_span){(const uint8_t *)(array), sizeof(array)})
/* Bytes of a string literal without its terminating zero: constant DER in rows. */
#define PC_BYTES(literal)                                                                                    \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

struct pc_span pc_span_str(const char *text);
bool pc_span_eq(struct pc_span a, struct pc_span b);

/* The allocator of the project: zeroed memory, NULL when there is none. pc_release() accepts NULL. */
void pc_release(void *ptr);
void *pc_alloc(size_t size) __attribute__((malloc));
void *pc_alloc_array(size_t count, size_t size) __attribute__((malloc));
char *pc_strdup(const char *text) __attribute__((malloc));
char *pc_strndup(const char *text, size_t len) __attribute__((malloc));
char *pc_asprintf(const char *format, ...) __attribute__((malloc, format(printf, 1, 2)));

/* Cleanup functions for PC_CLEANUP: they free and set the variable to NULL. */
void pc_free_str(char **text);
void pc_free_bytes(uint8_t **bytes);

/* Overwrites bytes in a way that the compiler does not remove. */
void pc_wipe(void *ptr, size_t len);

#endif
