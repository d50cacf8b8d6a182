// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "der/reader.h"
#include "der/writer.h"

#include <limits.h>
#include <stdlib.h>

enum { DEPTH = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* What a value is when it is read as one of the kinds. */
struct reading {
    bool read[6];
    unsigned long number;
    struct pc_span magnitude;
    struct pc_span octets;
    unsigned bits;
    bool truth;
    struct pc_der_value next;
};

static void read_all(struct pc_der in, struct reading *ret)
{
    struct pc_der copies[6] = {in, in, in, in, in, in};
    *ret = (struct reading){0};
    ret->read[0] = pc_is_ok(pc_der_next(&copies[0], &ret->next, NULL));
    ret->read[1] = pc_is_ok(pc_der_read_number(&copies[1], "x", ULONG_MAX / 2, &ret->number, NULL));
    ret->read[2] = pc_is_ok(pc_der_read_unsigned(&copies[2], "x", &ret->magnitude, NULL));
    ret->read[3] = pc_is_ok(pc_der_read_bool(&copies[3], "x", &ret->truth, NULL));
    ret->read[4] = pc_is_ok(pc_der_read_bit_octets(&copies[4], "x", &ret->octets, NULL));
    ret->read[5] = pc_is_ok(pc_der_read_named_bits(&copies[5], "x", &ret->bits, NULL));
}

/* What is read strictly is DER: writing it again gives the same octets. */
static void write_again(const struct reading *strict)
{
    struct pc_buf buf PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    for (size_t kind = 1; kind < PC_ARRAY_LEN(strict->read); kind++) {
        buf.len = 0;
        pc_buf_init(&buf, PC_MAX_REQUEST);
        pc_der_writer_init(&w, &buf);
        if (kind == 1) {
            pc_der_number(&w, strict->number);
        } else if (kind == 2) {
            pc_der_unsigned(&w, strict->magnitude);
        } else if (kind == 3) {
            pc_der_bool(&w, strict->truth);
        } else if (kind == 4) {
            pc_der_bit_string(&w, strict->octets);
        } else {
            pc_der_named_bits(&w, strict->bits);
        }
        must(pc_is_ok(pc_der_finish(&w, NULL)));
        must(!strict->read[kind] || pc_span_eq(pc_buf_span(&buf), strict->next.whole));
        pc_buf_done(&buf);
    }
}

/*
 * Both ways of reading agree: strictly is tolerantly without a deviation. `faults` holds what the value was
 * recorded for.
 */
static void compare(const struct reading *strict, const struct reading *tolerant, size_t faults)
{
    bool same = true;
    for (size_t kind = 0; kind < PC_ARRAY_LEN(strict->read); kind++) {
        must(!strict->read[kind] || tolerant->read[kind]);
        same = same && strict->read[kind] == tolerant->read[kind];
    }
    must(faults > 0 || same);
    must(!strict->read[1] || strict->number == tolerant->number);
    must(!strict->read[2] || pc_span_eq(strict->magnitude, tolerant->magnitude));
    must(!strict->read[3] || strict->truth == tolerant->truth);
    must(!strict->read[4] || pc_span_eq(strict->octets, tolerant->octets));
    must(!strict->read[5] || strict->bits == tolerant->bits);
}

static void oid(struct pc_span content)
{
    struct pc_buf again PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(pc_free_str) = pc_der_oid_to_text(content);
    pc_buf_init(&again, PC_MAX_REQUEST);
    must(text == NULL || (pc_der_oid_from_text(text, &again) && pc_span_eq(pc_buf_span(&again), content)));
}

/* Walks all that the input holds, as long as it can be read. */
static void walk(struct pc_der in, unsigned depth)
{
    struct pc_der_faults *const faults = in.faults;
    while (!pc_der_at_end(&in)) {
        struct reading strict;
        struct reading tolerant;
        struct pc_der plain = in;
        const size_t before = pc_der_faults_count(faults);
        const bool full = faults->more;
        plain.faults = NULL;
        read_all(plain, &strict);
        read_all(in, &tolerant);
        compare(&strict, &tolerant, full ? 1 : pc_der_faults_count(faults) - before + faults->more);
        write_again(&strict);
        struct pc_der_value value;
        if (!pc_is_ok(pc_der_next(&in, &value, NULL))) {
            return;
        }
        must(value.whole.ptr >= in.start && value.whole.ptr + value.whole.len == in.at && in.at <= in.end);
        must(value.content.len + 2 <= value.whole.len);
        must(value.content.ptr + value.content.len == in.at);
        oid(value.content);
        if (depth < DEPTH) {
            walk(pc_der_part(&in, value.content), depth + 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done) = {0};
    struct pc_der in = pc_der_over((struct pc_span){data, size});
    pc_der_faults_init(&faults);
    in.faults = &faults;
    walk(in, 0);
    for (size_t i = 0; i < pc_der_faults_count(&faults); i++) {
        const struct pc_der_fault *fault = pc_der_faults_get(&faults, i);
        must(fault->text != NULL && (fault->at <= size || fault->at == PC_DER_NOWHERE));
    }
    return 0;
}
