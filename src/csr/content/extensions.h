// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_EXTENSIONS_H
#define PC_CSR_CONTENT_EXTENSIONS_H

#include "csr/content/content.h"
#include "der/reader.h"
#include "der/writer.h"

/*
 * The certificate extensions p11csr writes and reads, one row each: name, OID, writer, reader. They are
 * written in the order of the rows. Others that occur in requests have a name only.
 */

/*
 * True when `content` asks for at least one extension: an empty Extensions is not allowed (RFC 5280 section
 * 4.1).
 */
bool pc_extensions_wanted(const struct pc_content *content);
/* Writes Extensions (RFC 5280 section 4.1): the value of the extensionRequest attribute. */
void pc_extensions_write(const struct pc_content *content, struct pc_der_writer *w);

/* One extension as it stands in a request. */
struct pc_extension {
    struct pc_span oid; /* content octets */
    bool critical;
    bool explicit_false;  /* "critical FALSE" is written out, which is not DER */
    struct pc_span value; /* content octets of extnValue */
    const uint8_t *start; /* what positions in errors are counted from */
    const char *name;     /* like "subjectAltName", or NULL when it is not known by name */
};
/*
 * Walks an Extensions value: `in` stands before it and holds nothing else. Empty Extensions and an extension
 * that occurs twice are errors.
 */
PC_RESULT pc_extensions_walk(struct pc_der in,
                             PC_RESULT (*visit)(const struct pc_extension *ext, void *data,
                                                p11csr_error **err),
                             void *data, p11csr_error **err);
/*
 * Decodes one extension into `content`. *ret_known is false when `content` cannot say all that the extension
 * says: there is no row for it, or it holds kinds of names or features that have none. An explicit "critical
 * FALSE" is an error.
 */
PC_RESULT pc_extension_read(const struct pc_extension *ext, struct pc_content *content, bool *ret_known,
                            p11csr_error **err);

#endif
