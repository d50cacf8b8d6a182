// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name_types.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* Rules about the subject and the alternative names. */

/* The text of a string in UTF-8, without blanks at its ends. False when it is none. */
static bool text_of(const struct pc_name_part *part, struct pc_buf *ret, struct pc_span *ret_text)
{
    if (part->tag == PC_DER_UTF8_STRING) { // what is not UTF-8 in it is told by its own check
        pc_buf_add_span(ret, part->value);
    } else if (!pc_name_value_text(part->tag, part->value, ret)) {
        return false;
    }
    *ret_text = pc_buf_span(ret);
    while (ret_text->len > 0 && ret_text->ptr[0] == ' ') {
        ret_text->ptr++;
        ret_text->len--;
    }
    while (ret_text->len > 0 && ret_text->ptr[ret_text->len - 1] == ' ') {
        ret_text->len--;
    }
    return true;
}

static bool is_string(unsigned tag)
{
    return tag == PC_DER_UTF8_STRING || tag == PC_DER_PRINTABLE_STRING || tag == PC_DER_IA5_STRING ||
           tag == PC_DER_BMP_STRING || tag == PC_DER_UNIVERSAL_STRING;
}

static bool is_legacy(unsigned tag)
{
    return tag == PC_DER_TELETEX_STRING || tag == PC_DER_BMP_STRING || tag == PC_DER_UNIVERSAL_STRING;
}

/* An error of a name that is new, a warning of one that was established elsewhere. */
static struct pc_result report(struct pc_lint *lint, size_t at, char *text, p11csr_error **err)
{
    char *owned PC_CLEANUP(pc_free_str) = text;
    if (owned == NULL) {
        return pc_fail_memory(err);
    }
    return lint->options->subject_is_given ? pc_lint_warn(lint, at, err, "%s", owned)
                                           : pc_lint_report(lint, at, err, "%s", owned);
}

/* The string type of an attribute with a row. */
static struct pc_result check_type(struct pc_lint *lint, const struct pc_name_part *part,
                                   const struct pc_name_type *type, p11csr_error **err)
{
    const size_t at = pc_lint_at(lint, part->whole);
    if (pc_name_type_takes(type, part->tag)) {
        return PC_OK;
    }
    if (type->tag == PC_DER_UTF8_STRING && is_legacy(part->tag)) {
        return pc_lint_warn(
            lint, at, err,
            "%s has an old string type (tag %02x): new names are UTF8String or PrintableString", type->name,
            part->tag);
    }
    return report(lint, at,
                  pc_asprintf("%s has the wrong string type (tag %02x where %02x belongs)", type->name,
                              part->tag, type->tag),
                  err);
}

static struct pc_result check_part(struct pc_lint *lint, const struct pc_name_part *part, p11csr_error **err)
{
    const struct pc_name_type *type = pc_name_type_by_oid(part->oid);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span trimmed = {0};
    const size_t at = pc_lint_at(lint, part->whole);
    size_t octet = 0;
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    if (type == NULL) { // what its value may be is not known here
        const bool good = !is_string(part->tag) || pc_name_value_text(part->tag, part->value, &text);
        PC_TRY(pc_buf_check(&text, err));
        return good ? PC_OK
                    : pc_lint_report(lint, at, err, "an attribute holds no text that its string type allows");
    }
    PC_TRY(check_type(lint, part, type, err));
    if (!text_of(part, &text, &trimmed)) {
        PC_TRY(pc_buf_check(&text, err));
        return part->tag == PC_DER_TELETEX_STRING
                   ? PC_OK // it has many readings
                   : report(lint, at,
                            pc_asprintf("%s holds no text that its string type (tag %02x) allows", type->name,
                                        part->tag),
                            err);
    }
    PC_TRY(pc_buf_check(&text, err));
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(trimmed);
    const char *fault = pc_name_type_fault(type, part->tag, trimmed, &octet);
    if (quoted == NULL) {
        return pc_fail_memory(err);
    }
    if (fault != NULL) {
        PC_TRY(report(lint, at, pc_asprintf("%s %s %s", type->name, quoted, fault), err));
    } else if (trimmed.len < text.len) {
        PC_TRY(pc_lint_warn(lint, at, err, "%s %s has spaces at its ends", type->name, quoted));
    }
    if (pc_name_type_is_over(type, pc_buf_span(&text), &octet)) {
        PC_TRY(report(lint, at,
                      pc_asprintf("%s %s has more than %zu characters", type->name, quoted, type->max), err));
    }
    return PC_OK;
}

PC_RESULT pc_lint_subject(struct pc_lint *lint, p11csr_error **err)
{
    PC_TRY(pc_lint_faults(lint, err));
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        PC_TRY(check_part(lint, pc_lint_name(lint, i), err));
    }
    return PC_OK;
}

static struct pc_result check_directory_part(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    return check_part(data, part, err);
}

/* A name that is text is held against what p11csr takes as such a name. */
static struct pc_result check_text(struct pc_lint *lint, const struct pc_general_name *san,
                                   p11csr_error **err)
{
    struct pc_content scratch PC_CLEANUP(pc_content_done) = {0};
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    char *text PC_CLEANUP(pc_free_str) = pc_strndup((const char *)san->content.ptr, san->content.len);
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    pc_content_init(&scratch);
    const struct pc_result added = pc_content_add_san(&scratch, san->type, text, &why);
    if (added.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    const size_t causes = p11csr_error_cause_count(why);
    return pc_is_ok(added)
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, san->whole), err, "%s",
                                causes > 0 ? p11csr_error_cause(why, causes - 1) : p11csr_error_message(why));
}

static struct pc_result check_general_name(struct pc_lint *lint, const struct pc_general_name *san,
                                           p11csr_error **err)
{
    if (san->fault != NULL) {
        return pc_lint_report(lint, pc_lint_at(lint, san->whole), err, "%s: %s", san->kind, san->fault);
    }
    if (!san->has_row) {
        return PC_OK;
    }
    if (san->type == PC_SAN_DIRNAME) {
        return pc_name_walk(pc_csr_reader(lint->csr, san->content), check_directory_part, lint, err);
    }
    // quoted local parts and literal addresses are legal, and nothing that p11csr would write
    const bool quoted = memchr(san->content.ptr, '"', san->content.len) != NULL ||
                        memchr(san->content.ptr, '[', san->content.len) != NULL;
    const bool is_text =
        san->type == PC_SAN_DNS || san->type == PC_SAN_URI || (san->type == PC_SAN_EMAIL && !quoted);
    return is_text ? check_text(lint, san, err) : PC_OK;
}

PC_RESULT pc_lint_alternative_names(struct pc_lint *lint, p11csr_error **err)
{
    PC_TRY(pc_lint_faults(lint, err));
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        PC_TRY(check_general_name(lint, pc_lint_san(lint, i), err));
    }
    return PC_OK;
}
