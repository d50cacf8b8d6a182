// SPDX-License-Identifier: Apache-2.0
#include "der/writer.h"

#include "base/error.h"
#include "base/limits.h"
#include "der/reader.h"

#include <assert.h>
#include <string.h>

void pc_der_writer_init(struct pc_der_writer *w, struct pc_buf *buf)
{
    *w = (struct pc_der_writer){.buf = buf};
}

/* Encodes a length into `out` (at most 9 octets) and returns how many octets it took. */
static size_t encode_length(size_t len, uint8_t out[static 9])
{
    if (len < 0x80) {
        out[0] = (uint8_t)len;
        return 1;
    }
    size_t octets = 0;
    for (size_t rest = len; rest > 0; rest >>= 8) {
        octets++;
    }
    out[0] = (uint8_t)(0x80 | octets);
    for (size_t i = 0; i < octets; i++) {
        out[octets - i] = (uint8_t)(len >> (8 * i));
    }
    return octets + 1;
}

static void add_header(struct pc_der_writer *w, unsigned tag, size_t len)
{
    uint8_t length[9];
    pc_buf_byte(w->buf, (uint8_t)tag);
    pc_buf_add(w->buf, length, encode_length(len, length));
}

void pc_der_begin(struct pc_der_writer *w, unsigned tag)
{
    assert(w->depth < PC_DER_WRITER_DEPTH);
    pc_buf_byte(w->buf, (uint8_t)tag);
    pc_buf_byte(w->buf, 0); // one octet for the length; pc_der_end() makes room when it needs more
    w->open_at[w->depth++] = w->buf->len;
}

void pc_der_end(struct pc_der_writer *w)
{
    assert(w->depth > 0);
    const size_t start = w->open_at[--w->depth];
    if (w->buf->failed != P11CSR_OK) {
        return;
    }
    const size_t len = w->buf->len - start;
    uint8_t length[9];
    const size_t octets = encode_length(len, length);
    if (octets > 1) {
        if (pc_buf_reserve(w->buf, octets - 1) == NULL) {
            return;
        }
        memmove(w->buf->ptr + start + octets - 1, w->buf->ptr + start, len);
        w->buf->len += octets - 1;
    }
    memcpy(w->buf->ptr + start - 1, length, octets);
}

/* X.690 section 11.6: compared as octet strings, the shorter one padded with zeros. */
static int compare_elements(struct pc_span a, struct pc_span b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : (a.len > b.len ? 1 : 0);
}

/* Appends the elements of `content` to `sorted` in DER order; quadratic, sets are small. */
static struct pc_result sort_elements(struct pc_span content, struct pc_buf *sorted, p11csr_error **err)
{
    struct pc_span elements[PC_MAX_ATTRIBUTES];
    size_t count = 0;
    struct pc_der in = pc_der_over(content);
    while (!pc_der_at_end(&in)) {
        if (count == PC_ARRAY_LEN(elements)) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %zu elements in a SET", count);
        }
        struct pc_der_value value;
        PC_TRY(pc_der_next(&in, &value, err));
        size_t at = count++;
        for (; at > 0 && compare_elements(elements[at - 1], value.whole) > 0; at--) {
            elements[at] = elements[at - 1];
        }
        elements[at] = value.whole;
    }
    for (size_t i = 0; i < count; i++) {
        pc_buf_add_span(sorted, elements[i]);
    }
    return pc_buf_check(sorted, err);
}

PC_RESULT pc_der_end_set_of(struct pc_der_writer *w, p11csr_error **err)
{
    assert(w->depth > 0);
    PC_TRY(pc_buf_check(w->buf, err));
    const size_t start = w->open_at[w->depth - 1];
    const struct pc_span content = {w->buf->ptr + start, w->buf->len - start};
    struct pc_buf sorted PC_CLEANUP(pc_buf_wipe) = {0}; // what is sorted may hold a password
    pc_buf_init(&sorted, content.len);
    PC_TRY(sort_elements(content, &sorted, err));
    if (sorted.len > 0) {
        memcpy(w->buf->ptr + start, sorted.ptr, sorted.len);
    }
    pc_der_end(w);
    return PC_OK;
}

void pc_der_bytes(struct pc_der_writer *w, unsigned tag, struct pc_span content)
{
    add_header(w, tag, content.len);
    pc_buf_add_span(w->buf, content);
}

void pc_der_bool(struct pc_der_writer *w, bool value)
{
    const uint8_t octet = value ? 0xFF : 0x00;
    pc_der_bytes(w, PC_DER_BOOLEAN, (struct pc_span){&octet, 1});
}

void pc_der_null(struct pc_der_writer *w)
{
    add_header(w, PC_DER_NULL, 0);
}

void pc_der_unsigned(struct pc_der_writer *w, struct pc_span big_endian)
{
    static const uint8_t zero = 0;
    struct pc_span value = big_endian;
    while (value.len > 1 && value.ptr[0] == 0) {
        value.ptr++;
        value.len--;
    }
    if (value.len == 0) {
        value = (struct pc_span){&zero, 1};
    }
    const bool sign = (value.ptr[0] & 0x80) != 0;
    add_header(w, PC_DER_INTEGER, value.len + (sign ? 1 : 0));
    if (sign) {
        pc_buf_byte(w->buf, 0);
    }
    pc_buf_add_span(w->buf, value);
}

void pc_der_number(struct pc_der_writer *w, unsigned long value)
{
    uint8_t octets[sizeof(value)];
    for (size_t i = 0; i < sizeof(value); i++) {
        octets[sizeof(value) - 1 - i] = (uint8_t)(value >> (8 * i));
    }
    pc_der_unsigned(w, PC_SPAN(octets));
}

void pc_der_bit_string(struct pc_der_writer *w, struct pc_span octets)
{
    add_header(w, PC_DER_BIT_STRING, octets.len + 1);
    pc_buf_byte(w->buf, 0);
    pc_buf_add_span(w->buf, octets);
}

void pc_der_named_bits(struct pc_der_writer *w, unsigned bits)
{
    uint8_t content[1 + sizeof(bits)] = {0};
    size_t last = 0;
    for (size_t n = 0; n < sizeof(bits) * 8; n++) {
        if ((bits >> n & 1U) != 0) {
            content[1 + n / 8] |= (uint8_t)(0x80U >> (n % 8));
            last = n + 1;
        }
    }
    const size_t octets = (last + 7) / 8;
    content[0] = (uint8_t)(octets * 8 - last);
    pc_der_bytes(w, PC_DER_BIT_STRING, (struct pc_span){content, 1 + octets});
}

void pc_der_raw(struct pc_der_writer *w, struct pc_span der)
{
    pc_buf_add_span(w->buf, der);
}

PC_RESULT pc_der_finish(struct pc_der_writer *w, p11csr_error **err)
{
    assert(w->depth == 0);
    return pc_buf_check(w->buf, err);
}
