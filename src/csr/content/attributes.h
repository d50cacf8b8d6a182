// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ATTRIBUTES_H
#define PC_CSR_CONTENT_ATTRIBUTES_H

#include "csr/content/content.h"
#include "csr/content/rows.h"
#include "der/reader.h"
#include "der/writer.h"

/* The attributes of requests (RFC 2986 section 4.1; RFC 2985 and others). OIDs are content octets. */

struct pc_span pc_attribute_extension_request(void);
struct pc_span pc_attribute_challenge_password(void);
struct pc_span pc_attribute_attestation(void);
struct pc_span pc_attribute_possession(void);
/* True for extensionRequest, and for the attribute where Microsoft's tools put the same value. */
bool pc_attribute_holds_extensions(struct pc_span oid);
/* The name, or NULL. */
const char *pc_attribute_name(struct pc_span oid);

/* One attribute as it stands in a request. */
struct pc_attribute {
    struct pc_span oid;    /* content octets */
    struct pc_span values; /* content of the SET OF */
    const char *name;      /* like "extensionRequest", or NULL when it is not known by name */
};
/* Walks attributes; `in` stands before the first and holds nothing else. */
PC_RESULT pc_attributes_walk(struct pc_der in,
                             PC_RESULT (*visit)(const struct pc_attribute *attribute, void *data,
                                                p11csr_error **err),
                             void *data, p11csr_error **err);

/*
 * Takes an attribute as it was read, values in DER order. One of the same type, and one that holds
 * extensions, is refused. Errors: ATTRIBUTE, LIMIT.
 */
PC_RESULT pc_content_take_attribute(struct pc_content *content, const struct pc_attribute *attribute,
                                    p11csr_error **err);
/*
 * Adds a value, one in DER, to the attribute of this type; a single-valued one is replaced, a value that is
 * there already is dropped. Extensions do not go this way. Errors: ATTRIBUTE, LIMIT.
 */
PC_RESULT pc_content_add_attribute(struct pc_content *content, struct pc_span oid, struct pc_span value,
                                   p11csr_error **err);
/* Adds the value that a text of this row says. Errors: ATTRIBUTE with the byte, LIMIT. */
PC_RESULT pc_content_say_attribute(struct pc_content *content, const struct pc_item_row *row,
                                   const char *text, p11csr_error **err);
/* Lays those of `more` over `content`: each replaces its like. */
PC_RESULT pc_attributes_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err);
/* Writes all of them, the one with the extensions too, as the SET OF in [0]. */
PC_RESULT pc_attributes_write(const struct pc_content *content, struct pc_der_writer *w, p11csr_error **err);

#endif
