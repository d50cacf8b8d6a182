// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_SAN_KINDS_H
#define PC_CSR_CONTENT_SAN_KINDS_H

#include "csr/content/san.h"

/*
 * How each kind of alternative name is written as text and as octets. For san.c and san_*.c only. Octets are
 * the content octets of the GeneralName; for an otherName with a row of its own, the DER of its value.
 */

/* Text that is being read. */
struct pc_san_text {
    const char *kind;    /* for errors: "dns" */
    struct pc_span text; /* a zero octet follows it */
};

/* Where a fault is that is not at one octet. */
#define PC_SAN_WHOLE SIZE_MAX

/*
 * The result of reading a text: SAN with the octet and `fault`, the end of a sentence; without one, whatever
 * `ret` has to say.
 */
PC_RESULT pc_san_result(const struct pc_san_text *in, const char *fault, size_t at, const struct pc_buf *ret,
                        p11csr_error **err);

/* Each appends the octets that the text says. */
PC_RESULT pc_san_parse_dns(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_email(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_uri(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_ip(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_rid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_dirname(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_smtp_utf8(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_upn(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);

/* Each appends the text of octets that are valid; false when they are not, or show what no text may. */
bool pc_san_show_ip(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_rid(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_dirname(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_utf8(struct pc_span octets, struct pc_buf *ret);

/* True for a mailbox whose local part is not ASCII: no rfc822Name can hold it (RFC 9598). */
bool pc_san_is_smtp_utf8(struct pc_span text);

#endif
