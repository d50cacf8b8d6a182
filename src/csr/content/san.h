// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_SAN_H
#define PC_CSR_CONTENT_SAN_H

#include "csr/content/content.h"
#include "der/reader.h"
#include "der/writer.h"

/* Alternative names as GeneralNames in DER. */

/* Writes GeneralNames (RFC 5280 section 4.2.1.6). */
void pc_san_write(const struct pc_content *content, struct pc_der_writer *w);

/* One GeneralName as it stands in a request. */
struct pc_general_name {
    const char *kind; /* "dns", "ip", ..., "other-name" */
    bool has_row;     /* `type` is set, and the octets are valid for it */
    enum pc_san_type type;
    unsigned tag;
    struct pc_span whole;
    struct pc_span content; /* content octets */
    const char *fault;      /* why it has no row although there is one for its kind, or NULL */
};
/* Walks GeneralNames. `in` stands before them and holds nothing else. */
PC_RESULT pc_general_names_walk(struct pc_der in,
                                PC_RESULT (*visit)(const struct pc_general_name *name, void *data,
                                                   p11csr_error **err),
                                void *data, p11csr_error **err);

#endif
