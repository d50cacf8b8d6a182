// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_NAME_TYPES_H
#define PC_CSR_CONTENT_NAME_TYPES_H

#include "base/buf.h"

/* What of a value may be written with international labels, which become A-labels (RFC 5280 section 7). */
enum pc_name_labels {
    PC_NAME_NO_LABELS,
    PC_NAME_LABEL,   /* the whole value is one label (section 7.3) */
    PC_NAME_MAILBOX, /* the host name behind the '@' (section 7.5) */
};

/* The attribute types of distinguished names, one row each (RFC 5280 appendix A.1, RFC 4519, X.520). */
struct pc_name_type {
    const char *name;       /* as it is written: "CN" */
    const char *aliases[4]; /* other names people use; unused entries are NULL */
    struct pc_span oid;     /* content octets */
    unsigned tag;           /* string type that is written */
    size_t max;             /* upper bound in characters; 0: only that of the input */
    bool country;           /* exactly two upper-case letters */
    enum pc_name_labels labels;
};

/* By name or alias, regardless of case, or NULL. */
const struct pc_name_type *pc_name_type_find(const char *name);
const struct pc_name_type *pc_name_type_by_oid(struct pc_span oid);
/* The known name that is nearest to `name`, or NULL. */
const char *pc_name_type_nearest(const char *name);
/* True when a string of this type may be the value: a DirectoryString is UTF8String or PrintableString. */
bool pc_name_type_takes(const struct pc_name_type *type, unsigned tag);
/*
 * What is wrong with the text of a string of type `tag`, as the end of a sentence ("is empty"), or NULL;
 * *ret_at receives the octet. `type` may be NULL.
 */
const char *pc_name_type_fault(const struct pc_name_type *type, unsigned tag, struct pc_span value,
                               size_t *ret_at);
/*
 * Appends the value with A-labels in the places of U-labels. What is wrong with one, as the end of a
 * sentence, or NULL; *ret_at receives the octet.
 */
const char *pc_name_type_map(const struct pc_name_type *type, struct pc_span value, struct pc_buf *ret,
                             size_t *ret_at);
/* True when the text has more characters than the type's upper bound; *ret_at is the first octet beyond. */
bool pc_name_type_is_over(const struct pc_name_type *type, struct pc_span value, size_t *ret_at);

#endif
