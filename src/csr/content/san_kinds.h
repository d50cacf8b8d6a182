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
PC_RESULT pc_san_parse_krb5(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_srv(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_xmpp(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_bundle_eid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_hardware_module(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_permanent_id(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_ntds_guid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
PC_RESULT pc_san_parse_other(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);

/* Each appends the text of octets that are valid; false when they are not, or show what no text may. */
bool pc_san_show_ip(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_rid(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_dirname(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_utf8(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_krb5(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_ia5(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_hardware_module(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_permanent_id(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_ntds_guid(struct pc_span octets, struct pc_buf *ret);
bool pc_san_show_other(struct pc_span octets, struct pc_buf *ret);

/*
 * Text for people in UTF-8: what is wrong with it, as the end of a sentence, or NULL; *ret_at receives the
 * octet.
 */
const char *pc_san_utf8_fault(struct pc_span text, size_t *ret_at);
/* Reads exactly one value of this tag; false when there is something else. */
bool pc_san_only_value(struct pc_span octets, unsigned tag, struct pc_span *ret_content);
/* The type-id and the DER of the value of an otherName. False when it is none. */
bool pc_san_other_name(struct pc_span octets, struct pc_span *ret_oid, struct pc_span *ret_value);

/* True for a mailbox whose local part is not ASCII: no rfc822Name can hold it (RFC 9598). */
bool pc_san_is_smtp_utf8(struct pc_span text);

#endif
