// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_NAME_H
#define PC_CSR_CONTENT_NAME_H

#include "base/buf.h"
#include "der/reader.h"

/* Distinguished names (X.501): text to DER and back. */

/*
 * Appends the DER of the Name that `text` says. RFC 4514 form ("CN=www.example.com,O=Example\, Inc.,C=DE",
 * most specific first: the DER order is the reverse) or, when it starts with '/', slash form in DER order
 * ("/C=DE/O=Example/CN=www.example.com"). In both, '+' joins attributes of one RDN, a backslash stands before
 * a character that is meant literally or before two hex digits, "=#" starts the hex of a DER value, and
 * spaces around types and values are dropped. "" and "/" are the empty name. UTF-8. Errors (SUBJECT) name the
 * position, counted in bytes from 1, and the nearest known type.
 */
PC_RESULT pc_name_parse(const char *text, struct pc_buf *ret, p11csr_error **err);
/*
 * Appends the RFC 4514 text of a Name's DER. Values that are no valid text are shown as #hex; deviations from
 * DER that leave it readable are passed over.
 */
PC_RESULT pc_name_format(struct pc_span der, struct pc_buf *ret, p11csr_error **err);
/*
 * Appends the Name with its RDNs in the order of `types`: names or dotted OIDs, the first for what shall
 * stand first in the DER. An RDN of several attributes stands where the first of them in the list belongs;
 * RDNs of one place, and those of types that are not in the list, which come last, keep their order. Errors:
 * SUBJECT for a type that is not known.
 */
PC_RESULT pc_name_reorder(struct pc_span der, const char *const *types, size_t count, struct pc_buf *ret,
                          p11csr_error **err);
/* Appends what a string of this type says, as UTF-8. False when it is no valid text. */
bool pc_name_value_text(unsigned tag, struct pc_span value, struct pc_buf *ret);
/* True for the empty Name (30 00). */
bool pc_name_is_empty(struct pc_span der);

/* One attribute of a Name, as it stands in the DER. */
struct pc_name_part {
    size_t rdn;           /* index of the RDN it belongs to */
    struct pc_span oid;   /* content octets */
    const char *type;     /* short name like "CN", or NULL when there is no row for the OID */
    unsigned tag;         /* of the value */
    struct pc_span whole; /* encoding of the value */
    struct pc_span value; /* content octets of the value */
};
/*
 * Walks the attributes of a Name in DER order. `in` stands before it and holds nothing else; positions in
 * errors are counted from its start. `visit` may be NULL: then the structure is checked only.
 */
PC_RESULT pc_name_walk(struct pc_der in,
                       PC_RESULT (*visit)(const struct pc_name_part *part, void *data, p11csr_error **err),
                       void *data, p11csr_error **err);

#endif
