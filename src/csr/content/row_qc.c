// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/row_functions.h"
#include "csr/content/san_kinds.h"
#include "csr/content/value.h"

#include <string.h>

/* qcStatements (RFC 3739 section 3.2.6) with the statements of ETSI EN 319 412-5. */

enum form { FORM_NONE, FORM_YEARS, FORM_TYPES, FORM_PLACES };

/* One statement of section 4 of that standard. */
static const struct statement {
    const char *word;
    enum form form;
    struct pc_span oid;
} statements[] = {
    {"compliance", FORM_NONE, PC_BYTES("\x04\x00\x8e\x46\x01\x01")},
    {"retention", FORM_YEARS, PC_BYTES("\x04\x00\x8e\x46\x01\x03")},
    {"sscd", FORM_NONE, PC_BYTES("\x04\x00\x8e\x46\x01\x04")},
    {"pds", FORM_PLACES, PC_BYTES("\x04\x00\x8e\x46\x01\x05")},
    {"type", FORM_TYPES, PC_BYTES("\x04\x00\x8e\x46\x01\x06")},
};

static const struct {
    const char *word;
    struct pc_span oid;
} types[] = {
    {"esign", PC_BYTES("\x04\x00\x8e\x46\x01\x06\x01")},
    {"eseal", PC_BYTES("\x04\x00\x8e\x46\x01\x06\x02")},
    {"web", PC_BYTES("\x04\x00\x8e\x46\x01\x06\x03")},
};

enum { MAX_YEARS = 1000 };

/* What is being written: the text, and the information of a statement that may hold some already. */
struct writing {
    const char *text;
    const char *at;         /* behind the statement's word */
    struct pc_span earlier; /* content of the SEQUENCE that is there */
    struct pc_der_writer *w;
};

static struct pc_result write_type(const struct writing *writing, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
        if (strcmp(types[i].word, writing->at) == 0) {
            pc_der_begin(writing->w, PC_DER_SEQUENCE);
            pc_der_raw(writing->w, writing->earlier);
            pc_der_bytes(writing->w, PC_DER_OID, types[i].oid);
            pc_der_end(writing->w);
            return PC_OK;
        }
    }
    return pc_item_fail(writing->text, writing->at, "has none of esign, eseal and web here", err);
}

/* LANGUAGE:URL, in two lower-case letters (ISO 639-1); the URL is one of https. */
static struct pc_result write_place(const struct writing *writing, p11csr_error **err)
{
    struct pc_buf url PC_CLEANUP(pc_buf_done) = {0};
    const char *at = writing->at;
    const bool language = at[0] >= 'a' && at[0] <= 'z' && at[1] >= 'a' && at[1] <= 'z' && at[2] == ':';
    if (!language) {
        return pc_item_fail(writing->text, at, "has no language of two lower-case letters and ':' here", err);
    }
    const struct pc_san_text in = {"pds", pc_span_str(at + 3)};
    pc_buf_init(&url, PC_MAX_URI);
    PC_TRY(pc_value_recode(pc_san_parse_uri(&in, &url, err), P11CSR_E_EXTENSION, err));
    pc_der_begin(writing->w, PC_DER_SEQUENCE);
    pc_der_raw(writing->w, writing->earlier);
    pc_der_begin(writing->w, PC_DER_SEQUENCE);
    pc_der_bytes(writing->w, PC_DER_IA5_STRING, pc_buf_span(&url));
    pc_der_bytes(writing->w, PC_DER_PRINTABLE_STRING, (struct pc_span){(const uint8_t *)at, 2});
    pc_der_end(writing->w);
    pc_der_end(writing->w);
    return PC_OK;
}

static struct pc_result write_info(enum form form, const struct writing *writing, p11csr_error **err)
{
    unsigned long years = 0;
    switch (form) {
    case FORM_YEARS:
        PC_TRY(pc_item_number(writing->text, writing->at, strlen(writing->at), MAX_YEARS, &years, err));
        pc_der_number(writing->w, years);
        return PC_OK;
    case FORM_TYPES:
        return write_type(writing, err);
    case FORM_PLACES:
        return write_place(writing, err);
    case FORM_NONE:
    default:
        return PC_OK;
    }
}

/* The statement that the text begins with, and where its value stands; NULL for an OID. */
static struct pc_result find_statement(const char *text, const struct statement **ret, const char **ret_at,
                                       p11csr_error **err)
{
    const size_t len = strcspn(text, ":");
    *ret = NULL;
    *ret_at = text[len] == ':' ? text + len + 1 : NULL;
    if (pc_ascii_is_digit(text[0])) {
        return PC_OK;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(statements); i++) {
        if (strlen(statements[i].word) == len && strncmp(statements[i].word, text, len) == 0) {
            *ret = &statements[i];
        }
    }
    if (*ret == NULL) {
        return pc_item_fail(text, text, "is none of compliance, sscd, type:, retention:, pds: and an OID",
                            err);
    }
    const bool wants = (*ret)->form != FORM_NONE;
    return wants == (*ret_at != NULL) ? PC_OK
           : wants                    ? pc_item_fail(text, text + len, "has no ':' and value here", err)
                                      : pc_item_fail(text, text + len, "has a value where none belongs", err);
}

/* Splits the statements that are there: those of other kinds stay, the information of this one is kept. */
static struct pc_result split(struct pc_span list, struct pc_span oid, struct pc_der_writer *w,
                              struct pc_span *ret_info, p11csr_error **err)
{
    struct pc_der in = pc_der_over(list);
    while (!pc_der_at_end(&in)) {
        struct pc_der_value value;
        struct pc_der_value info;
        struct pc_span each;
        PC_TRY(pc_der_expect(&in, PC_DER_SEQUENCE, "QCStatement", &value, err));
        struct pc_der inner = pc_der_over(value.content);
        PC_TRY(pc_oid_read(&inner, "statementId", &each, err));
        if (!pc_span_eq(each, oid)) {
            pc_der_raw(w, value.whole);
        } else if (!pc_der_at_end(&inner)) {
            PC_TRY(pc_der_next(&inner, &info, err));
            *ret_info = info.content;
        }
    }
    return PC_OK;
}

PC_RESULT pc_qc_write(const char *text, struct pc_span earlier, struct pc_der_writer *w, p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    const struct statement *statement = NULL;
    struct writing writing = {.text = text, .w = w};
    struct pc_span list = {0};
    bool found = false;
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(find_statement(text, &statement, &writing.at, err));
    if (statement != NULL) {
        pc_buf_add_span(&oid, statement->oid);
        PC_TRY(pc_buf_check(&oid, err));
    } else {
        PC_TRY(pc_item_oid(text, text, strcspn(text, ":"), &oid, err));
    }
    PC_TRY(pc_item_earlier(earlier, &list, err));
    PC_TRY(pc_item_search(list, pc_buf_span(&oid), &found, err));
    const bool grows = statement != NULL && (statement->form == FORM_TYPES || statement->form == FORM_PLACES);
    if (found && !grows) {
        return pc_item_fail(text, text, "names a statement that is there already", err);
    }
    pc_der_begin(w, PC_DER_SEQUENCE);
    PC_TRY(split(list, pc_buf_span(&oid), w, &writing.earlier, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, pc_buf_span(&oid));
    if (statement != NULL) {
        PC_TRY(write_info(statement->form, &writing, err));
    } else if (writing.at != NULL) {
        if (strncmp(writing.at, "hex:", 4) != 0 && strncmp(writing.at, "asn1:", 5) != 0) {
            return pc_item_fail(text, writing.at, "has neither hex: nor asn1: here", err);
        }
        PC_TRY(pc_value_read(writing.at, P11CSR_E_EXTENSION, w->buf, err));
    }
    pc_der_end(w);
    pc_der_end(w);
    return PC_OK;
}

static struct pc_result show_text(const char *word, const char *value, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_REQUEST);
    pc_buf_printf(&text, "%s%s", word, value);
    return pc_item_show(&text, list, err);
}

static struct pc_result show_types(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "QcType", &inner, err));
    while (!pc_der_at_end(&inner)) {
        struct pc_span oid;
        const char *word = NULL;
        PC_TRY(pc_oid_read(&inner, "QcType", &oid, err));
        for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
            word = pc_span_eq(types[i].oid, oid) ? types[i].word : word;
        }
        if (word == NULL) {
            return pc_item_no_text(err);
        }
        PC_TRY(show_text("type:", word, list, err));
    }
    return PC_OK;
}

static struct pc_result show_places(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "PdsLocations", &inner, err));
    while (!pc_der_at_end(&inner)) {
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        struct pc_der place;
        struct pc_der_value url;
        struct pc_der_value language;
        pc_buf_init(&text, PC_MAX_REQUEST);
        PC_TRY(pc_der_enter(&inner, PC_DER_SEQUENCE, "PdsLocation", &place, err));
        PC_TRY(pc_der_expect(&place, PC_DER_IA5_STRING, "url", &url, err));
        PC_TRY(pc_der_expect(&place, PC_DER_PRINTABLE_STRING, "language", &language, err));
        PC_TRY(pc_der_leave(&place, "PdsLocation", err));
        pc_buf_text(&text, "pds:");
        pc_buf_add_span(&text, language.content);
        pc_buf_byte(&text, ':');
        pc_buf_add_span(&text, url.content);
        PC_TRY(pc_item_show(&text, list, err));
    }
    return PC_OK;
}

static struct pc_result show_years(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    unsigned long years = 0;
    pc_buf_init(&text, PC_MAX_TEXT);
    PC_TRY(pc_der_read_number(in, "QcRetentionPeriod", MAX_YEARS, &years, err));
    pc_buf_printf(&text, "retention:%lu", years);
    return pc_item_show(&text, list, err);
}

/* A statement by its OID, with the DER of what it says. */
static struct pc_result show_other(struct pc_span oid, struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_value info;
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    PC_TRY(pc_oid_format(oid, &text, err));
    if (!pc_der_at_end(in)) {
        PC_TRY(pc_der_next(in, &info, err));
        pc_buf_text(&text, ":hex:");
        pc_hex_add(&text, info.whole, 0);
    }
    return pc_item_show(&text, list, err);
}

static struct pc_result show_info(const struct statement *statement, struct pc_der *in, json_t *list,
                                  p11csr_error **err)
{
    switch (statement->form) {
    case FORM_YEARS:
        return show_years(in, list, err);
    case FORM_TYPES:
        return show_types(in, list, err);
    case FORM_PLACES:
        return show_places(in, list, err);
    case FORM_NONE:
    default:
        return show_text(statement->word, "", list, err);
    }
}

static struct pc_result show_statement(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_span oid;
    const struct statement *statement = NULL;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "QCStatement", &inner, err));
    PC_TRY(pc_oid_read(&inner, "statementId", &oid, err));
    for (size_t i = 0; i < PC_ARRAY_LEN(statements); i++) {
        statement = pc_span_eq(statements[i].oid, oid) ? &statements[i] : statement;
    }
    PC_TRY(statement != NULL ? show_info(statement, &inner, list, err) : show_other(oid, &inner, list, err));
    return pc_der_leave(&inner, "QCStatement", err);
}

PC_RESULT pc_qc_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "QCStatements", &inner, err));
    PC_TRY(pc_der_leave(&in, "QCStatements", err));
    while (!pc_der_at_end(&inner)) {
        PC_TRY(show_statement(&inner, list, err));
    }
    return PC_OK;
}
