// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ROWS_H
#define PC_CSR_CONTENT_ROWS_H

#include "csr/content/oid.h"
#include "der/reader.h"
#include "der/writer.h"

#include <jansson.h>

/*
 * The extensions and attributes that have words of their own, one row each in extensions.def and
 * attributes.def: text to DER and back. What `show` gives is what `write` takes.
 */
struct pc_item_row {
    const char *word; /* of the command line, of profiles and of the library */
    struct pc_oid_name oid;
    bool critical; /* usually; extensions only */
    bool adds;     /* a further text adds to the value, else it replaces it */
    /* True for text that is meant for this row, where two rows have one word; NULL: any. */
    bool (*fits)(const char *text);
    /*
     * Writes the value that the text says: an extension's whole value, with what is in `earlier`; one value
     * of an attribute. Errors: EXTENSION (attributes too), with the byte and the reason.
     */
    PC_RESULT (*write)(const char *text, struct pc_span earlier, struct pc_der_writer *w, p11csr_error **err);
    /* Appends the texts that would write this value; UNSUPPORTED when they cannot say all of it. */
    PC_RESULT (*show)(struct pc_der in, json_t *list, p11csr_error **err);
};

/* The row for a word and a text, or NULL. */
const struct pc_item_row *pc_extension_row_find(const char *word, const char *text);
const struct pc_item_row *pc_extension_row_by_oid(struct pc_span oid);
const struct pc_item_row *pc_attribute_row_find(const char *word);
const struct pc_item_row *pc_attribute_row_by_oid(struct pc_span oid);
/* The nearest word of a row, for errors; or NULL. */
const char *pc_extension_row_nearest(const char *word);
const char *pc_attribute_row_nearest(const char *word);

/* For the rows' own files. Fails with EXTENSION: "byte 5: 'text' reason". `at` points into the text. */
PC_RESULT pc_item_fail(const char *text, const char *at, const char *reason, p11csr_error **err);
/* The OID in `text` that begins at `at` and has `len` characters; appends its content octets. */
PC_RESULT pc_item_oid(const char *text, const char *at, size_t len, struct pc_buf *ret, p11csr_error **err);
/* A number of at most `max` at that place. */
PC_RESULT pc_item_number(const char *text, const char *at, size_t len, unsigned long max, unsigned long *ret,
                         p11csr_error **err);
/* Checks text for people from `at` on: UTF-8, not empty, at most `max` characters, nothing that hides. */
PC_RESULT pc_item_text(const char *text, const char *at, size_t len, size_t max, p11csr_error **err);
/* The content of the SEQUENCE in `earlier`; empty when there is none. */
PC_RESULT pc_item_earlier(struct pc_span earlier, struct pc_span *ret, p11csr_error **err);
/*
 * True in *ret_found when an element of `list`, SEQUENCEs that begin with an OID, begins with this one.
 * Errors: LIMIT when one more would be too many.
 */
PC_RESULT pc_item_search(struct pc_span list, struct pc_span oid, bool *ret_found, p11csr_error **err);
/* A BMPString of text that was checked; EXTENSION for characters that it cannot hold. */
PC_RESULT pc_item_write_bmp(const char *text, const char *at, size_t len, struct pc_der_writer *w,
                            p11csr_error **err);
/* Appends a text to the list; UNSUPPORTED when it holds what no text may. */
PC_RESULT pc_item_show(struct pc_buf *text, json_t *list, p11csr_error **err);
/* What a value that no text can say gives: nothing is wrong with it. */
PC_RESULT pc_item_no_text(p11csr_error **err);
/* Appends what a string says in UTF-8. UNSUPPORTED: it says what no text may. */
PC_RESULT pc_item_read_text(struct pc_der *in, const char *what, struct pc_buf *ret, p11csr_error **err);

#endif
