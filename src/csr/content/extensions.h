// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_EXTENSIONS_H
#define PC_CSR_CONTENT_EXTENSIONS_H

#include "csr/content/content.h"
#include "csr/content/rows.h"
#include "der/reader.h"
#include "der/writer.h"

/*
 * The certificate extensions of a request. Some have fields of their own in struct pc_content (ext_fields.h)
 * and are written first, in the order of their rows; all others stand in its list as they are written.
 */

/* How many are asked for: an empty Extensions is not allowed (RFC 5280 section 4.1). */
size_t pc_extensions_count(const struct pc_content *content);
/* Writes Extensions (RFC 5280 section 4.1): the value of the extensionRequest attribute. */
void pc_extensions_write(const struct pc_content *content, struct pc_der_writer *w);

/* One extension as it stands in a request. */
struct pc_extension {
    struct pc_span oid; /* content octets */
    bool critical;
    bool explicit_false;  /* "critical FALSE" is written out, which is not DER */
    struct pc_span value; /* content octets of extnValue */
    struct pc_der in;     /* stands before the value */
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
/* Reads one extension of such a list. */
PC_RESULT pc_extension_next(struct pc_der *in, struct pc_extension *ret, p11csr_error **err);
/*
 * Takes an extension that was read into `content`. *ret_known is false when no field can say all that it
 * says: then it stands in the list of others. An explicit "critical FALSE" is an error.
 */
PC_RESULT pc_extension_read(const struct pc_extension *ext, struct pc_content *content, bool *ret_known,
                            p11csr_error **err);

enum pc_critical { PC_CRITICAL_USUAL, PC_CRITICAL_YES, PC_CRITICAL_NO };
/*
 * Sets any extension by the content octets of its OID; one of the same kind is replaced. `value` is what
 * stands in extnValue: one DER value, which is read strictly when there is a field for it. Usual: critical
 * where that field usually is. Errors: EXTENSION, LIMIT.
 */
PC_RESULT pc_content_set_extension(struct pc_content *content, struct pc_span oid, enum pc_critical critical,
                                   struct pc_span value, p11csr_error **err);
/*
 * Says what a text of this row says; `adds`: beside what is there. Errors: EXTENSION with the byte, LIMIT,
 * and those of reading a file that the text names.
 */
PC_RESULT pc_content_say_extension(struct pc_content *content, const struct pc_item_row *row,
                                   enum pc_critical critical, const char *text, bool adds,
                                   p11csr_error **err);
/* One of those without a field, borrowed; false when it is not asked for. */
bool pc_content_get_extension(const struct pc_content *content, struct pc_span oid, struct pc_extension *ret);
/* Removes it, whether it has a field or not. */
PC_RESULT pc_content_drop_extension(struct pc_content *content, struct pc_span oid, p11csr_error **err);
/* Lays those of `more` without a field over `content`: each replaces its like. */
PC_RESULT pc_extensions_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err);
/* Removes all but the alternative names. */
void pc_content_clear_extensions(struct pc_content *content);

#endif
