// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_OID_H
#define PC_CSR_CONTENT_OID_H

#include "base/buf.h"
#include "der/reader.h"

/* Object identifiers as they occur in requests, and tables that give them names. */

struct pc_oid_name {
    struct pc_span oid; /* content octets */
    const char *name;
};

/* Reads an OBJECT IDENTIFIER: complete arcs in their shortest form. `ret` receives its content octets. */
PC_RESULT pc_oid_read(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err);
/* Appends dotted text; "#" and the hex of the content octets when they are no OID, or too large. */
PC_RESULT pc_oid_format(struct pc_span oid, struct pc_buf *ret, p11csr_error **err);
/* The name in a table, or NULL. */
const char *pc_oid_find(const struct pc_oid_name *table, size_t count, struct pc_span oid);

#endif
