// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/lint/common.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* TLS Baseline Requirements on the subject; some differ by what the certificate is validated for. */

/* The attributes whose order is prescribed (section 7.1.4.2), by their short names. */
static const struct {
    const char *type;
    bool may_repeat;
} ordered[] = {
    {"DC", true},          {"C", false},     {"ST", false}, {"L", false},
    {"postalCode", false}, {"STREET", true}, {"O", false},  {"surname", false},
    {"givenName", false},  {"OU", false},    {"CN", false},
};

/* The place in the order, or the length of the table. */
static size_t place_of(const struct pc_name_part *part)
{
    size_t i = 0;
    while (i < PC_ARRAY_LEN(ordered) && (part->type == NULL || strcmp(ordered[i].type, part->type) != 0)) {
        i++;
    }
    return i;
}

static bool is_type(const struct pc_name_part *part, const char *type)
{
    return part->type != NULL && strcmp(part->type, type) == 0;
}

static struct pc_result not_judged(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_not_judged(lint, err,
                              "not judged: it depends on what is validated; say it: --rules tls-br:dv, "
                              "tls-br:ov or tls-br:iv");
}

/* "organizationName" would be better known, but this is what p11csr calls it everywhere. */
static struct pc_result report_type(struct pc_lint *lint, const struct pc_name_part *part, const char *fault,
                                    p11csr_error **err)
{
    char *oid PC_CLEANUP(pc_free_str) = pc_lint_oid_text(part->oid);
    if (oid == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_at(lint, part->whole), err, "the subject has the attribute %s, %s",
                          part->type != NULL ? part->type : oid, fault);
}

PC_RESULT pc_lint_tls_attributes(struct pc_lint *lint, p11csr_error **err)
{
    bool depends = false;
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        const struct pc_name_part *part = pc_lint_name(lint, i);
        const bool always = is_type(part, "C") || is_type(part, "CN");
        depends = depends || (!always && !is_type(part, "OU"));
        if (is_type(part, "OU")) {
            PC_TRY(report_type(lint, part, "which no kind of TLS certificate may have", err));
        } else if (lint->options->validation == PC_LINT_DV && !always) {
            PC_TRY(report_type(lint, part, "where domain validation leaves C and CN only", err));
        }
    }
    return depends && lint->options->validation == PC_LINT_VALIDATION_UNSAID ? not_judged(lint, err) : PC_OK;
}

/* True for a value of nothing but dots, hyphens and spaces. */
static bool is_filler(struct pc_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == 0 || strchr(".- ", value.ptr[i]) == NULL) {
            return false;
        }
    }
    return value.len > 0;
}

static struct pc_result check_value(struct pc_lint *lint, const struct pc_name_part *part, p11csr_error **err)
{
    const unsigned tag = part->tag;
    const bool label = is_type(part, "DC");
    const bool old =
        label ? tag != PC_DER_IA5_STRING : tag != PC_DER_UTF8_STRING && tag != PC_DER_PRINTABLE_STRING;
    if (is_filler(part->value)) {
        PC_TRY(pc_lint_fault(lint, "the value", part->value, "says only that there is none", err));
    }
    return old && place_of(part) < PC_ARRAY_LEN(ordered)
               ? report_type(
                     lint, part,
                     label ? "which is no IA5String" : "which is neither UTF8String nor PrintableString", err)
               : PC_OK;
}

/* True when an attribute before the one at `index` has the same type. */
static bool is_repeated(const struct pc_lint *lint, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (pc_span_eq(pc_lint_name(lint, i)->oid, pc_lint_name(lint, index)->oid)) {
            return true;
        }
    }
    return false;
}

static struct pc_result check_place(struct pc_lint *lint, size_t index, size_t *last, p11csr_error **err)
{
    const struct pc_name_part *part = pc_lint_name(lint, index);
    const size_t place = place_of(part);
    const bool listed = place < PC_ARRAY_LEN(ordered);
    if (index > 0 && pc_lint_name(lint, index - 1)->rdn == part->rdn) {
        PC_TRY(report_type(lint, part, "which shares its RDN with another", err));
    }
    if (is_repeated(lint, index) && !(listed && ordered[place].may_repeat)) {
        PC_TRY(report_type(lint, part, "which was there before", err));
    }
    if (listed && place < *last) {
        PC_TRY(report_type(lint, part, "which belongs before others that stand in front of it", err));
    }
    *last = listed && place > *last ? place : *last;
    return PC_OK;
}

PC_RESULT pc_lint_tls_name_form(struct pc_lint *lint, p11csr_error **err)
{
    size_t last = 0;
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        PC_TRY(check_place(lint, i, &last, err));
        PC_TRY(check_value(lint, pc_lint_name(lint, i), err));
    }
    return PC_OK;
}

/* What the subject has to have, and may not have, when an organization or a person is validated. */
static const struct {
    enum pc_lint_validation validation;
    const char *type;
    bool wanted;
} rows[] = {
    {PC_LINT_OV, "C", true},          {PC_LINT_OV, "O", true}, {PC_LINT_OV, "surname", false},
    {PC_LINT_OV, "givenName", false}, {PC_LINT_IV, "C", true}, {PC_LINT_IV, "surname", true},
    {PC_LINT_IV, "givenName", true},
};

PC_RESULT pc_lint_tls_identity(struct pc_lint *lint, p11csr_error **err)
{
    const enum pc_lint_validation validation = lint->options->validation;
    const char *kind = validation == PC_LINT_OV ? "organization" : "individual";
    if (validation == PC_LINT_VALIDATION_UNSAID) {
        return not_judged(lint, err);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const bool there = pc_lint_name_count_of(lint, rows[i].type) > 0;
        if (rows[i].validation == validation && there != rows[i].wanted) {
            PC_TRY(pc_lint_report(lint, PC_LINT_NOWHERE, err, "the subject has %s %s, against %s validation",
                                  there ? "the attribute" : "no attribute", rows[i].type, kind));
        }
    }
    if (validation != PC_LINT_DV &&
        pc_lint_name_count_of(lint, "ST") + pc_lint_name_count_of(lint, "L") == 0) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err,
                              "the subject has neither ST nor L, against %s validation", kind);
    }
    return PC_OK;
}
