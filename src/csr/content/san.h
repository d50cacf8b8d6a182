// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_SAN_H
#define PC_CSR_CONTENT_SAN_H

#include "csr/content/content.h"
#include "der/reader.h"
#include "der/writer.h"

/* Alternative names: the text checks behind pc_content_add_san(), and GeneralNames in DER. */

/* What is wrong with the text, as the end of a sentence ("is empty"), or NULL; *ret_at receives the octet. */
const char *pc_san_dns_fault(struct pc_span text, size_t *ret_at);
const char *pc_san_email_fault(struct pc_span text, size_t *ret_at);
const char *pc_san_uri_fault(struct pc_span text, size_t *ret_at);
/* Reads an IPv4 or IPv6 address; *ret_len receives 4 or 16. */
const char *pc_san_ip_fault(const char *text, uint8_t ret[static 16], size_t *ret_len);

/* Writes GeneralNames (RFC 5280 section 4.2.1.6). */
void pc_san_write(const struct pc_content *content, struct pc_der_writer *w);

/* One GeneralName as it stands in a request. */
struct pc_general_name {
    const char *kind; /* "dns", "ip", ..., "other-name" */
    bool has_row;     /* `type` is set */
    enum pc_san_type type;
    unsigned tag;
    struct pc_span whole;
    struct pc_span content; /* content octets */
};
/* Walks GeneralNames. `in` stands before them and holds nothing else. */
PC_RESULT pc_general_names_walk(struct pc_der in,
                                PC_RESULT (*visit)(const struct pc_general_name *name, void *data,
                                                   p11csr_error **err),
                                void *data, p11csr_error **err);

#endif
