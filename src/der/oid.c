// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/reader.h"
#include "der/writer.h"

#include <string.h>

/* Object identifiers as text. Arcs are longer than machine words: 2.25.UUID has one of 128 bits. */

enum { DIGITS = 42 }; /* of 133 bits */

/* One arc in base 128, the least first; zero has one digit. */
struct arc {
    uint8_t septets[PC_DER_ARC_OCTETS];
    size_t len;
};

/* arc = arc * factor + plus; false when it becomes too large. */
static bool step(struct arc *arc, unsigned factor, unsigned plus)
{
    unsigned carry = plus;
    for (size_t i = 0; i < arc->len; i++) {
        carry += arc->septets[i] * factor;
        arc->septets[i] = (uint8_t)(carry & 0x7F);
        carry >>= 7;
    }
    for (; carry != 0; carry >>= 7) {
        if (arc->len == PC_DER_ARC_OCTETS) {
            return false;
        }
        arc->septets[arc->len++] = (uint8_t)(carry & 0x7F);
    }
    return true;
}

/* `len` digits without a zero before others. */
static bool read_arc(const char *digits, size_t len, struct arc *ret)
{
    *ret = (struct arc){.len = 1};
    if (len == 0 || (len > 1 && digits[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9' || !step(ret, 10, (unsigned)(digits[i] - '0'))) {
            return false;
        }
    }
    return true;
}

static void add_arc(struct pc_buf *to, const struct arc *arc)
{
    for (size_t i = arc->len; i > 0; i--) {
        pc_buf_byte(to, (uint8_t)(arc->septets[i - 1] | (i > 1 ? 0x80 : 0)));
    }
}

bool pc_der_oid_from_text(const char *dotted, struct pc_buf *ret)
{
    unsigned root = 0;
    size_t arcs = 0;
    for (const char *at = dotted;; arcs++) {
        const size_t len = strcspn(at, ".");
        struct arc arc;
        if (!read_arc(at, len, &arc)) {
            return false;
        }
        const bool small = arc.len == 1;
        if (arcs == 0) {
            root = arc.septets[0];
            if (!small || root > 2) {
                return false;
            }
        } else {
            if (arcs == 1 && ((root < 2 && (!small || arc.septets[0] > 39)) || !step(&arc, 1, root * 40))) {
                return false;
            }
            add_arc(ret, &arc);
        }
        if (at[len] == 0) {
            return arcs >= 1 && ret->len <= PC_MAX_OID;
        }
        at += len + 1;
    }
}

/* The decimal digits of an arc, the last first. */
static size_t count_digits(struct pc_span arc, uint8_t ret[static DIGITS])
{
    size_t count = 1;
    ret[0] = 0;
    for (size_t i = 0; i < arc.len; i++) {
        unsigned carry = arc.ptr[i] & 0x7F;
        for (size_t j = 0; j < count; j++) {
            carry += ret[j] * 128U;
            ret[j] = (uint8_t)(carry % 10);
            carry /= 10;
        }
        for (; carry != 0; carry /= 10) {
            ret[count++] = (uint8_t)(carry % 10);
        }
    }
    return count;
}

/* The first two arcs stand in one: 40 times the first and the second. */
static unsigned take_root(uint8_t digits[static DIGITS], size_t *count)
{
    const unsigned low = digits[0] + (*count > 1 ? digits[1] * 10U : 0);
    unsigned less = *count > 2 || low >= 80 ? 80 : low / 40 * 40;
    const unsigned root = less / 40;
    less /= 10;
    for (size_t i = 1; less != 0 && i < *count; i++) { // the last digit stays: 0, 40 or 80 goes
        const bool borrows = digits[i] < less;
        digits[i] = (uint8_t)(digits[i] + (borrows ? 10U : 0U) - less);
        less = borrows ? 1 : 0;
    }
    while (*count > 1 && digits[*count - 1] == 0) {
        (*count)--;
    }
    return root;
}

static void print_arc(struct pc_span arc, struct pc_buf *text)
{
    uint8_t digits[DIGITS] = {0};
    size_t count = count_digits(arc, digits);
    if (text->len == 0) {
        pc_buf_byte(text, (uint8_t)('0' + take_root(digits, &count)));
    }
    pc_buf_byte(text, '.');
    while (count > 0) {
        pc_buf_byte(text, (uint8_t)('0' + digits[--count]));
    }
}

char *pc_der_oid_to_text(struct pc_span content)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *out = NULL;
    size_t begin = 0;
    pc_buf_init(&text, PC_MAX_TEXT);
    if (content.len == 0 || content.len > PC_MAX_OID || (content.ptr[content.len - 1] & 0x80) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < content.len; i++) {
        if (content.ptr[begin] == 0x80 || i - begin == PC_DER_ARC_OCTETS) {
            return NULL;
        }
        if ((content.ptr[i] & 0x80) == 0) {
            print_arc((struct pc_span){content.ptr + begin, i + 1 - begin}, &text);
            begin = i + 1;
        }
    }
    pc_ignore(pc_buf_take_text(&text, &out, NULL)); // out of memory is reported as NULL
    return out;
}
