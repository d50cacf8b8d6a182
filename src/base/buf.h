// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_BUF_H
#define PC_BASE_BUF_H

#include "base/mem.h"

/*
 * A growing byte array with an upper bound, the only growing array of the project. Appending to a buffer that
 * has failed does nothing; pc_buf_check() tells whether everything fitted. A failed buffer keeps what it had.
 */
struct pc_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;
    enum p11csr_code failed;
};

/* Makes an empty buffer that refuses to exceed `max` bytes. Nothing is allocated. */
void pc_buf_init(struct pc_buf *buf, size_t max);
/* Frees the content and leaves a buffer that can be filled anew. Accepts a zeroed struct. */
void pc_buf_done(struct pc_buf *buf);
/* As pc_buf_done(), but overwrites the content first. */
void pc_buf_wipe(struct pc_buf *buf);
/* Makes room for `extra` more bytes; returns where they go (length not yet changed), or NULL. */
uint8_t *pc_buf_reserve(struct pc_buf *buf, size_t extra);
void pc_buf_add(struct pc_buf *buf, const void *bytes, size_t len);
void pc_buf_add_span(struct pc_buf *buf, struct pc_span bytes);
void pc_buf_byte(struct pc_buf *buf, uint8_t byte);
void pc_buf_text(struct pc_buf *buf, const char *text);
void pc_buf_printf(struct pc_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct pc_span pc_buf_span(const struct pc_buf *buf);
/* Reports whether an append failed: NO_MEMORY, or LIMIT when the upper bound was hit. */
PC_RESULT pc_buf_check(const struct pc_buf *buf, p11csr_error **err);
/*
 * Hands over the content as a zero-terminated string that the caller releases; the buffer is empty
 * afterwards.
 */
PC_RESULT pc_buf_take_text(struct pc_buf *buf, char **ret_text, p11csr_error **err);
/* Hands over the content as bytes that the caller releases. */
PC_RESULT pc_buf_take(struct pc_buf *buf, uint8_t **ret_bytes, size_t *ret_len, p11csr_error **err);

#endif
