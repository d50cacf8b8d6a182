// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/lint.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/oid.h"
#include "csr/lint/facts.h"
#include "csr/lint/rule.h"
#include "csr/reading/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct pc_result add_finding(struct pc_lint *lint, enum pc_lint_severity severity, size_t at,
                                    char *text, p11csr_error **err)
{
    const struct pc_lint_finding finding = {.rule = lint->rule, .severity = severity, .at = at, .text = text};
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    lint->counts.of[severity]++;
    if (lint->findings.len / sizeof(finding) >= PC_MAX_FINDINGS) { // counted, not told
        pc_release(text);
        return PC_OK;
    }
    pc_buf_add(&lint->findings, &finding, sizeof(finding));
    const struct pc_result result = pc_buf_check(&lint->findings, err);
    if (!pc_is_ok(result)) {
        pc_release(text);
    }
    return result;
}

/* NULL when out of memory. */
static char *format_text(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static char *format_text(const char *format, va_list args)
{
    char text[PC_MAX_TEXT];
    (void)vsnprintf(text, sizeof(text), format, args);
    return pc_strdup(text);
}

PC_RESULT pc_lint_report(struct pc_lint *lint, size_t at, p11csr_error **err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    return add_finding(lint, lint->rule->severity, at, text, err);
}

PC_RESULT pc_lint_warn(struct pc_lint *lint, size_t at, p11csr_error **err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    return add_finding(lint, PC_LINT_WARNING, at, text, err);
}

PC_RESULT pc_lint_not_judged(struct pc_lint *lint, p11csr_error **err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    return add_finding(lint, PC_LINT_NOT_JUDGED, PC_LINT_NOWHERE, text, err);
}

char *pc_lint_quote(struct pc_span text)
{
    enum { SHOWN = 64 };
    const bool cut = text.len > SHOWN;
    char *clean PC_CLEANUP(pc_free_str) =
        pc_text_printable_bytes((struct pc_span){text.ptr, cut ? SHOWN : text.len});
    return clean != NULL ? pc_asprintf("'%s%s'", clean, cut ? "..." : "") : NULL;
}

char *pc_lint_oid_text(struct pc_span oid)
{
    enum { SHOWN = 128 };
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *ret = NULL;
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // others write any number of arcs
    if (pc_is_ok(pc_oid_format(oid, &text, NULL))) {
        if (text.len > SHOWN) {
            text.len = SHOWN;
            pc_buf_text(&text, "...");
        }
        pc_ignore(pc_buf_take_text(&text, &ret, NULL)); // out of memory is told by NULL
    }
    return ret;
}

static void done(struct pc_lint *lint)
{
    struct pc_lint_finding *findings = (void *)lint->findings.ptr;
    for (size_t i = 0; i < lint->findings.len / sizeof(findings[0]); i++) {
        pc_release(findings[i].text);
    }
    pc_buf_done(&lint->findings);
    pc_lint_facts_done(lint);
}

static struct pc_result check_all(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; (lint->rule = pc_lint_rule_get(i)) != NULL; i++) {
        if ((lint->options->sets >> lint->rule->set & 1U) != 0 &&
            !pc_lint_is_ignored(lint->options, lint->rule)) {
            PC_TRY(lint->rule->check(lint, err));
        }
    }
    return PC_OK;
}

static struct pc_result describe_finding(const struct pc_lint_finding *finding, json_t *list,
                                         p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    const struct pc_span text = {(const uint8_t *)finding->text, strlen(finding->text)};
    PC_TRY(pc_json_set(object, "id", json_string(finding->rule->id), err));
    PC_TRY(pc_json_set(object, "set", json_string(pc_lint_set_name(finding->rule->set)), err));
    PC_TRY(pc_json_set(object, "severity", json_string(pc_lint_severity_name(finding->severity)), err));
    PC_TRY(pc_json_set(object, "text", pc_json_text(text), err));
    PC_TRY(pc_json_set(object, "source", json_string(finding->rule->source), err));
    if (finding->at != PC_LINT_NOWHERE) {
        PC_TRY(pc_json_set(object, "byte", json_integer((json_int_t)finding->at), err));
    }
    return pc_json_append(list, json_incref(object), err);
}

static struct pc_result describe_options(const struct pc_lint_options *options, json_t *root,
                                         p11csr_error **err)
{
    json_t *sets PC_CLEANUP(pc_json_drop) = json_array();
    json_t *ignored PC_CLEANUP(pc_json_drop) = json_array();
    const struct pc_lint_rule *rule = NULL;
    for (unsigned set = 0; set < PC_LINT_SET_COUNT; set++) {
        if ((options->sets >> set & 1U) != 0) {
            PC_TRY(pc_json_append(sets, json_string(pc_lint_set_name((enum pc_lint_set)set)), err));
        }
    }
    for (size_t i = 0; (rule = pc_lint_rule_get(i)) != NULL; i++) {
        if (pc_lint_is_ignored(options, rule)) {
            PC_TRY(pc_json_append(ignored, json_string(rule->id), err));
        }
    }
    PC_TRY(pc_json_set(root, "sets", json_incref(sets), err));
    return pc_json_set(root, "ignored", json_incref(ignored), err);
}

static struct pc_result describe(const struct pc_lint *lint, json_t **ret, p11csr_error **err)
{
    static const char *const counts[] = {[PC_LINT_ERROR] = "errors",
                                         [PC_LINT_WARNING] = "warnings",
                                         [PC_LINT_INFO] = "infos",
                                         [PC_LINT_NOT_JUDGED] = "not-judged"};
    json_t *root PC_CLEANUP(pc_json_drop) = json_object();
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    const struct pc_lint_finding *findings = (const void *)lint->findings.ptr;
    for (size_t i = 0; i < PC_ARRAY_LEN(counts); i++) {
        PC_TRY(pc_json_set(root, counts[i], json_integer((json_int_t)lint->counts.of[i]), err));
    }
    for (size_t i = 0; i < lint->findings.len / sizeof(findings[0]); i++) {
        PC_TRY(describe_finding(&findings[i], list, err));
    }
    PC_TRY(describe_options(lint->options, root, err));
    PC_TRY(pc_json_set(root, "findings", json_incref(list), err));
    *ret = json_incref(root);
    return PC_OK;
}

PC_RESULT pc_lint_run(const struct pc_lint_options *options, const struct pc_crypto *crypto,
                      const struct pc_csr *csr, struct pc_lint_counts *ret_counts, json_t **ret,
                      p11csr_error **err)
{
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done);
    struct pc_csr own = *csr; // reading on records more: the request itself stays as it is
    struct pc_lint lint PC_CLEANUP(done) = {.options = options, .crypto = crypto, .csr = &own};
    pc_der_faults_init(&faults);
    own.faults = csr->faults != NULL ? &faults : NULL;
    PC_TRY(pc_der_faults_merge(&faults, csr->faults, err));
    pc_buf_init(&lint.findings, PC_MAX_FINDINGS * sizeof(struct pc_lint_finding));
    PC_TRY(pc_lint_facts_gather(&lint, err));
    PC_TRY(check_all(&lint, err));
    PC_TRY(describe(&lint, ret, err));
    *ret_counts = lint.counts;
    return PC_OK;
}
