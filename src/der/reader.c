// SPDX-License-Identifier: Apache-2.0
#include "der/reader.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

struct pc_der pc_der_over(struct pc_span input)
{
    return (struct pc_der){
        .start = input.ptr, .at = input.ptr, .end = input.ptr == NULL ? NULL : input.ptr + input.len};
}

struct pc_der pc_der_part(const struct pc_der *in, struct pc_span part)
{
    return (struct pc_der){
        .start = in->start, .at = part.ptr, .end = part.ptr + part.len, .faults = in->faults};
}

bool pc_der_at_end(const struct pc_der *in)
{
    return in->at == in->end;
}

unsigned pc_der_peek(const struct pc_der *in)
{
    return pc_der_at_end(in) ? 0 : *in->at;
}

PC_RESULT pc_der_fail(const struct pc_der *in, const char *text, p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_REQUEST, "byte %zu: %s", (size_t)(in->at - in->start), text);
}

PC_RESULT pc_der_deviates(const struct pc_der *in, const char *rule, const char *text, p11csr_error **err)
{
    if (in->faults == NULL) {
        return pc_der_fail(in, text, err);
    }
    return pc_der_faults_add(in->faults, (size_t)(in->at - in->start), rule, text, err);
}

/* Reads length octets at `p`, which is moved past them. */
static struct pc_result read_length(const struct pc_der *in, const uint8_t **p, size_t *ret,
                                    p11csr_error **err)
{
    const size_t left = (size_t)(in->end - *p);
    if (left == 0) {
        return pc_der_fail(in, "ends inside the header of a value", err);
    }
    const uint8_t first = *(*p)++;
    if (first < 0x80) {
        *ret = first;
        return PC_OK;
    }
    const size_t octets = first & 0x7F;
    if (octets == 0) {
        return pc_der_fail(in, "indefinite length: this is BER, not DER", err);
    }
    if (octets > 4 || octets > left - 1) {
        return pc_der_fail(in, "length goes beyond the end", err);
    }
    size_t len = 0;
    for (size_t i = 0; i < octets; i++) {
        len = len << 8 | *(*p)++;
    }
    if (len < 0x80 || len >> (8 * (octets - 1)) == 0) {
        PC_TRY(pc_der_deviates(in, NULL, "length is not in its shortest form", err));
    }
    *ret = len;
    return PC_OK;
}

/* Reads identifier octets (X.690 section 8.1.2) at `p`, which is moved past them. */
static struct pc_result read_tag(const struct pc_der *in, const uint8_t **p, unsigned *ret,
                                 p11csr_error **err)
{
    const unsigned first = *(*p)++;
    unsigned number = 0;
    uint8_t octet = 0x80;
    *ret = first;
    if ((first & PC_DER_HIGH_TAG) != PC_DER_HIGH_TAG) {
        return PC_OK;
    }
    while ((octet & 0x80) != 0) {
        if (*p == in->end) {
            return pc_der_fail(in, "ends inside the header of a value", err);
        }
        octet = *(*p)++;
        if (number > PC_DER_MAX_TAG >> 7) {
            return pc_der_fail(in, "the number of the tag is too large", err);
        }
        if (number == 0 && (octet == 0x80 || octet < PC_DER_HIGH_TAG)) {
            return pc_der_fail(in, "the number of the tag is not in its shortest form", err);
        }
        number = number << 7 | (octet & 0x7FU);
    }
    *ret = first | number << 8;
    return PC_OK;
}

PC_RESULT pc_der_next(struct pc_der *in, struct pc_der_value *ret, p11csr_error **err)
{
    if (pc_der_at_end(in)) {
        return pc_der_fail(in, "a value is missing", err);
    }
    const uint8_t *p = in->at;
    unsigned tag = 0;
    size_t len = 0;
    PC_TRY(read_tag(in, &p, &tag, err));
    PC_TRY(read_length(in, &p, &len, err));
    if (len > (size_t)(in->end - p)) {
        return pc_der_fail(in, "length goes beyond the end", err);
    }
    ret->tag = tag;
    ret->content = (struct pc_span){p, len};
    ret->whole = (struct pc_span){in->at, (size_t)(p - in->at) + len};
    in->at = p + len;
    return PC_OK;
}

PC_RESULT pc_der_expect(struct pc_der *in, unsigned tag, const char *what, struct pc_der_value *ret,
                        p11csr_error **err)
{
    if (pc_der_at_end(in)) {
        return pc_fail(err, P11CSR_E_REQUEST, "byte %zu: %s is missing", (size_t)(in->at - in->start), what);
    }
    if (*in->at != tag) {
        return pc_fail(err, P11CSR_E_REQUEST, "byte %zu: tag %02x where %s (tag %02x) is expected",
                       (size_t)(in->at - in->start), *in->at, what, tag);
    }
    return pc_der_next(in, ret, err);
}

PC_RESULT pc_der_enter(struct pc_der *in, unsigned tag, const char *what, struct pc_der *ret_inner,
                       p11csr_error **err)
{
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, tag, what, &value, err));
    *ret_inner = pc_der_part(in, value.content);
    return PC_OK;
}

PC_RESULT pc_der_leave(const struct pc_der *in, const char *what, p11csr_error **err)
{
    if (pc_der_at_end(in)) {
        return PC_OK;
    }
    if (in->faults != NULL) {
        return pc_der_deviates(in, NULL, "more data than belongs here", err);
    }
    return pc_fail(err, P11CSR_E_REQUEST, "byte %zu: more data than belongs into %s",
                   (size_t)(in->at - in->start), what);
}

PC_RESULT pc_der_read_unsigned(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_INTEGER, what, &value, err));
    const struct pc_span c = value.content;
    if (c.len == 0) {
        return pc_der_fail(&before, "INTEGER is not in its shortest form", err);
    }
    if (c.len > 1 && c.ptr[0] == 0 && c.ptr[1] < 0x80) {
        PC_TRY(pc_der_deviates(&before, NULL, "INTEGER is not in its shortest form", err));
    }
    if ((c.ptr[0] & 0x80) != 0) {
        PC_TRY(pc_der_deviates(&before, NULL, "INTEGER is negative", err));
    }
    *ret = c;
    while (ret->len > 1 && ret->ptr[0] == 0) {
        *ret = (struct pc_span){ret->ptr + 1, ret->len - 1};
    }
    return PC_OK;
}

PC_RESULT pc_der_read_number(struct pc_der *in, const char *what, unsigned long max, unsigned long *ret,
                             p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_span magnitude;
    PC_TRY(pc_der_read_unsigned(in, what, &magnitude, err));
    unsigned long value = 0;
    const bool fits = magnitude.len <= sizeof(value);
    for (size_t i = 0; fits && i < magnitude.len; i++) {
        value = value << 8 | magnitude.ptr[i];
    }
    if (!fits || value > max) {
        return pc_der_fail(&before, "INTEGER is larger than allowed here", err);
    }
    *ret = value;
    return PC_OK;
}

PC_RESULT pc_der_read_bool(struct pc_der *in, const char *what, bool *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_BOOLEAN, what, &value, err));
    if (value.content.len != 1) {
        return pc_der_fail(&before, "BOOLEAN is neither 00 nor FF", err);
    }
    if (value.content.ptr[0] != 0 && value.content.ptr[0] != 0xFF) {
        PC_TRY(pc_der_deviates(&before, NULL, "BOOLEAN is neither 00 nor FF", err));
    }
    *ret = value.content.ptr[0] != 0;
    return PC_OK;
}

PC_RESULT pc_der_read_bit_octets(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_BIT_STRING, what, &value, err));
    if (value.content.len == 0) {
        return pc_der_fail(&before, "BIT STRING does not consist of whole octets", err);
    }
    if (value.content.ptr[0] != 0) {
        PC_TRY(pc_der_deviates(&before, NULL, "BIT STRING does not consist of whole octets", err));
    }
    *ret = (struct pc_span){value.content.ptr + 1, value.content.len - 1};
    return PC_OK;
}

PC_RESULT pc_der_read_named_bits(struct pc_der *in, const char *what, unsigned *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_BIT_STRING, what, &value, err));
    const struct pc_span c = value.content;
    if (c.len == 0 || c.len > 1 + sizeof(*ret) || c.ptr[0] > 7 || (c.len == 1 && c.ptr[0] != 0)) {
        return pc_der_fail(&before, "BIT STRING of named bits is malformed", err);
    }
    if (c.len > 1 && (c.ptr[c.len - 1] & ((1U << c.ptr[0]) - 1)) != 0) {
        PC_TRY(pc_der_deviates(&before, NULL, "unused bits of a BIT STRING are not zero", err));
    }
    if (c.len > 1 && (c.ptr[c.len - 1] >> c.ptr[0] & 1U) == 0) {
        PC_TRY(pc_der_deviates(&before, "S12", "trailing zero bits of a named BIT STRING are not cut", err));
    }
    unsigned bits = 0;
    for (size_t n = 0; n < (c.len - 1) * 8; n++) {
        bits |= ((unsigned)c.ptr[1 + n / 8] >> (7 - n % 8) & 1U) << n;
    }
    *ret = bits;
    return PC_OK;
}
