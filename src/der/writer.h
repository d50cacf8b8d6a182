// SPDX-License-Identifier: Apache-2.0
#ifndef PC_DER_WRITER_H
#define PC_DER_WRITER_H

#include "base/buf.h"
#include "der/der.h"

enum { PC_DER_WRITER_DEPTH = 16 };

/*
 * Writes DER (X.690) front to back into a buffer. Constructed values are opened and closed; their lengths are
 * filled in when they are closed. Nothing needs to be checked on the way: pc_der_finish() tells whether it
 * all fitted.
 */
struct pc_der_writer {
    struct pc_buf *buf;
    unsigned depth;
    size_t open_at[PC_DER_WRITER_DEPTH]; /* where the content of each open value starts */
};

/* Starts writing at the end of `buf`, which the writer borrows. */
void pc_der_writer_init(struct pc_der_writer *w, struct pc_buf *buf);
void pc_der_begin(struct pc_der_writer *w, unsigned tag);
void pc_der_end(struct pc_der_writer *w);
/* Closes a SET OF: its elements are put in the order that DER demands (X.690 section 11.6). */
PC_RESULT pc_der_end_set_of(struct pc_der_writer *w, p11csr_error **err);
/* A primitive value. */
void pc_der_bytes(struct pc_der_writer *w, unsigned tag, struct pc_span content);
void pc_der_bool(struct pc_der_writer *w, bool value);
void pc_der_null(struct pc_der_writer *w);
void pc_der_number(struct pc_der_writer *w, unsigned long value);
/* An INTEGER from unsigned big-endian bytes: leading zeros dropped, a sign octet added where needed. */
void pc_der_unsigned(struct pc_der_writer *w, struct pc_span big_endian);
/* A BIT STRING of whole octets. */
void pc_der_bit_string(struct pc_der_writer *w, struct pc_span octets);
/* A named BIT STRING (X.690 section 11.2.2): bit n of `bits` is named bit n; trailing zero bits are cut. */
void pc_der_named_bits(struct pc_der_writer *w, unsigned bits);
/* DER that is already complete. */
void pc_der_raw(struct pc_der_writer *w, struct pc_span der);
/*
 * Reports LIMIT or NO_MEMORY if anything written did not fit. Every pc_der_begin() must have its end by now.
 */
PC_RESULT pc_der_finish(struct pc_der_writer *w, p11csr_error **err);

/*
 * Appends the content octets of a dotted object identifier like "1.2.840". False when it is not one, or has
 * an arc of more than PC_DER_ARC_OCTETS.
 */
bool pc_der_oid_from_text(const char *dotted, struct pc_buf *ret);

#endif
