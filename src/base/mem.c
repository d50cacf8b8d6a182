// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pc_span pc_span_str(const char *text)
{
    return (struct pc_span){(const uint8_t *)text, strlen(text)};
}

bool pc_span_eq(struct pc_span a, struct pc_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

void pc_release(void *ptr)
{
    free(ptr);
}

void *pc_alloc(size_t size)
{
    return calloc(1, size == 0 ? 1 : size);
}

void *pc_alloc_array(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size); // calloc refuses a product that overflows
}

char *pc_strndup(const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? pc_alloc(len + 1) : NULL;
    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *pc_strdup(const char *text)
{
    return pc_strndup(text, strlen(text));
}

char *pc_asprintf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len >= 0 ? pc_alloc((size_t)len + 1) : NULL;
    if (text != NULL) {
        va_start(args, format);
        (void)vsnprintf(text, (size_t)len + 1, format, args);
        va_end(args);
    }
    return text;
}

void pc_free_str(char **text)
{
    pc_release(*text);
    *text = NULL;
}

void pc_free_bytes(uint8_t **bytes)
{
    pc_release(*bytes);
    *bytes = NULL;
}

void pc_wipe(void *ptr, size_t len)
{
    if (ptr != NULL && len > 0) {
        explicit_bzero(ptr, len);
    }
}
