// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name_types.h"
#include "csr/lint/rule_functions.h"

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

static bool is_legacy(unsigned tag)
{
    return tag == PC_DER_TELETEX_STRING || tag == PC_DER_BMP_STRING || tag == PC_DER_UNIVERSAL_STRING;
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
    return pc_lint_report(lint, at, err, "%s has the wrong string type (tag %02x where %02x belongs)",
                          type->name, part->tag, type->tag);
}

static struct pc_result check_part(struct pc_lint *lint, const struct pc_name_part *part, p11csr_error **err)
{
    const struct pc_name_type *type = pc_name_type_by_oid(part->oid);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span trimmed = {0};
    const size_t at = pc_lint_at(lint, part->whole);
    size_t octet = 0;
    pc_buf_init(&text, 2 * PC_MAX_REQUEST);
    if (type == NULL) { // what its string may be is not known here
        return PC_OK;
    }
    PC_TRY(check_type(lint, part, type, err));
    if (!text_of(part, &text, &trimmed)) {
        PC_TRY(pc_buf_check(&text, err));
        return pc_lint_report(lint, at, err, "%s holds no text that its string type (tag %02x) allows",
                              type->name, part->tag);
    }
    PC_TRY(pc_buf_check(&text, err));
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(trimmed);
    const char *fault = pc_name_type_fault(type, part->tag, trimmed, &octet);
    if (quoted == NULL) {
        return pc_fail_memory(err);
    }
    if (fault != NULL) {
        PC_TRY(pc_lint_report(lint, at, err, "%s %s %s", type->name, quoted, fault));
    } else if (trimmed.len < text.len) {
        PC_TRY(pc_lint_warn(lint, at, err, "%s %s has spaces at its ends", type->name, quoted));
    }
    if (pc_name_type_is_over(type, pc_buf_span(&text), &octet)) {
        PC_TRY(pc_lint_report(lint, at, err, "%s %s has more than %zu characters", type->name, quoted,
                              type->max));
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

PC_RESULT pc_lint_alternative_names(struct pc_lint *lint, p11csr_error **err)
{
    PC_TRY(pc_lint_faults(lint, err));
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        if (san->fault != NULL) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, san->whole), err, "the %s name %s", san->kind,
                                  san->fault));
        }
    }
    return PC_OK;
}
