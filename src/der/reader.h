// SPDX-License-Identifier: Apache-2.0
#ifndef PC_DER_READER_H
#define PC_DER_READER_H

#include "base/buf.h"
#include "der/der.h"

/*
 * Reads DER (X.690 section 10): minimal tags, definite minimal lengths, nothing behind the value. Errors
 * are P11CSR_E_REQUEST and name the byte, counted from the start of the outermost input.
 *
 * Where `faults` is NULL the reading is strict: it fails at the first deviation. Otherwise what can be read
 * in spite of a deviation is read, and the deviation is recorded there: what others wrote can be shown and
 * judged by the same code that reads our own. What leaves no doubt about nothing else (a length beyond the
 * end, another tag) fails in both.
 */
struct pc_der {
    const uint8_t *start; /* of the outermost input */
    const uint8_t *at;
    const uint8_t *end;
    struct pc_der_faults *faults; /* borrowed, or NULL */
};

#define PC_DER_NOWHERE SIZE_MAX /* a deviation that is about no byte */

/* One deviation. The texts are static. */
struct pc_der_fault {
    size_t at;        /* byte, counted from the start of the outermost input, or PC_DER_NOWHERE */
    const char *rule; /* the lint rule that it breaks; NULL: it is the encoding itself */
    const char *text;
};

/* Deviations in the order they were met, each once however often the place is read; at most PC_MAX_FAULTS. */
struct pc_der_faults {
    struct pc_buf items; /* struct pc_der_fault */
    bool more;           /* there were more */
};

void pc_der_faults_init(struct pc_der_faults *faults);
void pc_der_faults_done(struct pc_der_faults *faults);
/* Adds those of `from`, which may be NULL. Errors: NO_MEMORY. */
PC_RESULT pc_der_faults_merge(struct pc_der_faults *into, const struct pc_der_faults *from,
                              p11csr_error **err);
size_t pc_der_faults_count(const struct pc_der_faults *faults);
const struct pc_der_fault *pc_der_faults_get(const struct pc_der_faults *faults, size_t index);
/* Records one, unless it is there. Errors: NO_MEMORY. */
PC_RESULT pc_der_faults_add(struct pc_der_faults *faults, size_t at, const char *rule, const char *text,
                            p11csr_error **err);

struct pc_der_value {
    unsigned tag;         /* enum pc_der_tag, or see PC_DER_HIGH_TAG */
    struct pc_span whole; /* header and content */
    struct pc_span content;
};

struct pc_der pc_der_over(struct pc_span input);
/* A reader for a part of what `in` reads: the same start, as strict. */
struct pc_der pc_der_part(const struct pc_der *in, struct pc_span part);
bool pc_der_at_end(const struct pc_der *in);
/* The tag of the next value, or 0 at the end. */
unsigned pc_der_peek(const struct pc_der *in);
/* Reads the next value whatever it is. */
PC_RESULT pc_der_next(struct pc_der *in, struct pc_der_value *ret, p11csr_error **err);
/* Reads the next value, which must have this tag. `what` names it in the error. */
PC_RESULT pc_der_expect(struct pc_der *in, unsigned tag, const char *what, struct pc_der_value *ret,
                        p11csr_error **err);
/* The same, and goes into it: `ret_inner` reads its content. */
PC_RESULT pc_der_enter(struct pc_der *in, unsigned tag, const char *what, struct pc_der *ret_inner,
                       p11csr_error **err);
/* Fails unless everything was read. */
PC_RESULT pc_der_leave(const struct pc_der *in, const char *what, p11csr_error **err);
/* An INTEGER that fits: minimal, not negative, at most `max`. */
PC_RESULT pc_der_read_number(struct pc_der *in, const char *what, unsigned long max, unsigned long *ret,
                             p11csr_error **err);
/* An INTEGER of any size, not negative: its magnitude without the sign octet. */
PC_RESULT pc_der_read_unsigned(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err);
/* A BOOLEAN: 00 or FF. */
PC_RESULT pc_der_read_bool(struct pc_der *in, const char *what, bool *ret, p11csr_error **err);
/* A BIT STRING of whole octets. */
PC_RESULT pc_der_read_bit_octets(struct pc_der *in, const char *what, struct pc_span *ret,
                                 p11csr_error **err);
/* A named BIT STRING of at most 32 bits, trimmed as DER demands: bit n of *ret is named bit n. */
PC_RESULT pc_der_read_named_bits(struct pc_der *in, const char *what, unsigned *ret, p11csr_error **err);
/* Fails with the place of the next byte: "byte 17: <text>". */
PC_RESULT pc_der_fail(const struct pc_der *in, const char *text, p11csr_error **err);
/* A deviation at the next byte that does not keep us from reading: fails where reading is strict. */
PC_RESULT pc_der_deviates(const struct pc_der *in, const char *rule, const char *text, p11csr_error **err);

/*
 * An object identifier's content octets as dotted text. NULL when they are not minimal arcs of at most
 * PC_DER_ARC_OCTETS, or out of memory.
 */
char *pc_der_oid_to_text(struct pc_span content) __attribute__((malloc));

#endif
