// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pc_buf_init(struct pc_buf *buf, size_t max)
{
    *buf = (struct pc_buf){.max = max};
}

void pc_buf_done(struct pc_buf *buf)
{
    pc_release(buf->ptr);
    pc_buf_init(buf, buf->max);
}

void pc_buf_wipe(struct pc_buf *buf)
{
    pc_wipe(buf->ptr, buf->cap);
    pc_buf_done(buf);
}

/* Moves to a larger array. Not realloc: the old bytes may be secret and must be wiped. */
static bool grow(struct pc_buf *buf, size_t need)
{
    size_t cap = buf->cap == 0 ? 256 : buf->cap;
    while (cap < need) {
        cap *= 2;
    }
    cap = cap > buf->max ? buf->max : cap;
    uint8_t *ptr = pc_alloc(cap);
    if (ptr == NULL) {
        buf->failed = P11CSR_E_NO_MEMORY;
        return false;
    }
    if (buf->ptr != NULL) {
        memcpy(ptr, buf->ptr, buf->len);
        pc_wipe(buf->ptr, buf->len);
    }
    pc_release(buf->ptr);
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

uint8_t *pc_buf_reserve(struct pc_buf *buf, size_t extra)
{
    if (buf->failed != P11CSR_OK) {
        return NULL;
    }
    if (extra > buf->max - buf->len) {
        buf->failed = P11CSR_E_LIMIT;
        return NULL;
    }
    if ((extra > buf->cap - buf->len || buf->ptr == NULL) && !grow(buf, buf->len + extra)) {
        return NULL;
    }
    return buf->ptr + buf->len;
}

void pc_buf_add(struct pc_buf *buf, const void *bytes, size_t len)
{
    uint8_t *to = pc_buf_reserve(buf, len);
    if (to != NULL && len > 0) {
        memcpy(to, bytes, len);
        buf->len += len;
    }
}

void pc_buf_add_span(struct pc_buf *buf, struct pc_span bytes)
{
    pc_buf_add(buf, bytes.ptr, bytes.len);
}

void pc_buf_byte(struct pc_buf *buf, uint8_t byte)
{
    pc_buf_add(buf, &byte, 1);
}

void pc_buf_text(struct pc_buf *buf, const char *text)
{
    pc_buf_add(buf, text, strlen(text));
}

void pc_buf_printf(struct pc_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    uint8_t *to = pc_buf_reserve(buf, (size_t)len + 1); // vsnprintf always writes the zero
    if (to != NULL) {
        va_start(args, format);
        (void)vsnprintf((char *)to, (size_t)len + 1, format, args);
        va_end(args);
        buf->len += (size_t)len;
    }
}

struct pc_span pc_buf_span(const struct pc_buf *buf)
{
    return (struct pc_span){buf->ptr, buf->len};
}

PC_RESULT pc_buf_check(const struct pc_buf *buf, p11csr_error **err)
{
    if (buf->failed == P11CSR_OK) {
        return PC_OK;
    }
    if (buf->failed == P11CSR_E_LIMIT) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %zu bytes", buf->max);
    }
    return pc_fail_memory(err);
}

PC_RESULT pc_buf_take(struct pc_buf *buf, uint8_t **ret_bytes, size_t *ret_len, p11csr_error **err)
{
    if (buf->ptr == NULL && buf->failed == P11CSR_OK) {
        (void)pc_buf_reserve(buf, 0); // an empty content is still an allocation, so that NULL means failure
    }
    PC_TRY(pc_buf_check(buf, err));
    *ret_bytes = buf->ptr;
    *ret_len = buf->len;
    pc_buf_init(buf, buf->max);
    return PC_OK;
}

PC_RESULT pc_buf_take_text(struct pc_buf *buf, char **ret_text, p11csr_error **err)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    pc_buf_byte(buf, 0);
    PC_TRY(pc_buf_take(buf, &bytes, &len, err));
    *ret_text = (char *)bytes;
    return PC_OK;
}
