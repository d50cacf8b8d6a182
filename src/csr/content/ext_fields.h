// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_EXT_FIELDS_H
#define PC_CSR_CONTENT_EXT_FIELDS_H

#include "csr/content/content.h"
#include "csr/content/oid.h"
#include "der/reader.h"
#include "der/writer.h"

/* The extensions that have fields of their own in struct pc_content: rows in the order of writing. */

struct pc_extension_field {
    struct pc_oid_name oid;
    bool (*wanted)(const struct pc_content *content);
    bool (*critical)(const struct pc_content *content);
    bool (*usual)(const struct pc_content *content); /* critical when nothing is said about it */
    void (*clear)(struct pc_content *content);
    void (*write)(const struct pc_content *content, struct pc_der_writer *w);
    /* `in` stands before the value; sets *ret_known to false when the fields cannot say it all. */
    PC_RESULT(*read)
    (struct pc_der in, bool critical, struct pc_content *content, bool *ret_known, p11csr_error **err);
};

/* NULL behind the last. */
const struct pc_extension_field *pc_extension_field_get(size_t index);
/* True for subjectAltName, whose values are names with an origin each. */
bool pc_extension_is_san(struct pc_span oid);
/* The same one: its OID. */
struct pc_span pc_extension_san(void);
/* By the content octets of its OID; NULL when it has no field. */
const struct pc_extension_field *pc_extension_field_find(struct pc_span oid);

#endif
