// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/cli.h"
#include "cli/lint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* p11csr lint */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void free_csr(p11csr_csr **csr)
{
    p11csr_csr_free(csr);
}

void cli_lint_free(p11csr_lint **lint)
{
    p11csr_lint_free(lint);
}

PC_RESULT cli_take_lint(const struct cli *cli, const char *rules, p11csr_lint **ret, p11csr_error **err)
{
    const char *said = cli_value(cli, OPT_RULES);
    p11csr_lint *lint PC_CLEANUP(cli_lint_free) = NULL;
    PC_TRY(cli_lift(p11csr_lint_new(&lint, err)));
    if (said != NULL || rules != NULL) {
        PC_TRY(cli_lift(p11csr_lint_set_rules(lint, rules != NULL ? rules : said, err)));
    }
    if (cli_has(cli, OPT_LINT_DATA)) {
        PC_TRY(cli_lift(p11csr_lint_set_data(lint, cli_value(cli, OPT_LINT_DATA), err)));
    }
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == OPT_IGNORE) {
            PC_TRY(cli_lift(p11csr_lint_ignore(lint, use->value, err)));
        }
    }
    *ret = lint;
    lint = NULL;
    return PC_OK;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static enum cli_severity severity_of(const json_t *finding)
{
    static const char *const names[] = {
        [CLI_ERROR] = "error", [CLI_WARNING] = "warning", [CLI_INFO] = "info"};
    size_t i = 0;
    while (i < PC_ARRAY_LEN(names) && strcmp(names[i], text_of(finding, "severity")) != 0) {
        i++;
    }
    return (enum cli_severity)i;
}

void cli_print_findings(const char *name, const json_t *result, enum cli_severity least, FILE *to)
{
    const json_t *findings = json_object_get(result, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const json_t *at = json_object_get(finding, "byte");
        if (severity_of(finding) > least) {
            continue;
        }
        (void)fprintf(to, "%s: %s %s: %s (", name, text_of(finding, "severity"), text_of(finding, "id"),
                      text_of(finding, "text"));
        if (at != NULL) {
            (void)fprintf(to, "byte %" JSON_INTEGER_FORMAT "; ", json_integer_value(at));
        }
        (void)fprintf(to, "%s)\n", text_of(finding, "source"));
    }
}

static void print_count(const json_t *result, const char *key, const char *word, FILE *to)
{
    const json_int_t count = json_integer_value(json_object_get(result, key));
    (void)fprintf(to, "%" JSON_INTEGER_FORMAT " %s%s", count, word, count == 1 ? "" : "s");
}

void cli_print_counts(const json_t *result, FILE *to)
{
    print_count(result, "errors", "error", to);
    (void)fprintf(to, ", ");
    print_count(result, "warnings", "warning", to);
}

/* The rules that could not be judged, with what each needs when that was asked for. */
static void print_not_judged(const struct cli *cli, const json_t *result)
{
    const json_t *findings = json_object_get(result, "findings");
    bool first = true;
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        if (severity_of(finding) != CLI_NOT_JUDGED) {
            continue;
        }
        cli_print("%s%s", first ? "; not judged: " : ", ", text_of(finding, "id"));
        first = false;
        if (cli_has(cli, OPT_STRICT) || cli_has(cli, OPT_VERBOSE)) {
            cli_print(" (%s)", text_of(finding, "text"));
        }
    }
}

static void print_ignored(const json_t *result)
{
    const json_t *ignored = json_object_get(result, "ignored");
    for (size_t i = 0; i < json_array_size(ignored); i++) {
        cli_print("%s%s", i == 0 ? "; left out: " : ", ", json_string_value(json_array_get(ignored, i)));
    }
}

static const char *source_name(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 ? "standard input" : path;
}

/* What all files together came to. */
struct outcome {
    struct p11csr_lint_counts total;
    size_t unreadable;
    enum p11csr_code why; /* of the first of them */
    json_t *files;
};

/* A file that is no request does not keep the others from being looked at. */
static struct pc_result note_unreadable(struct cli *cli, const char *path, const p11csr_error *reason,
                                        struct outcome *outcome, p11csr_error **err)
{
    const size_t causes = p11csr_error_cause_count(reason);
    const char *why = causes > 0 ? p11csr_error_cause(reason, causes - 1) : p11csr_error_message(reason);
    json_t *entry = json_pack("{s:s, s:s}", "file", source_name(path), "unreadable", why);
    outcome->why = outcome->unreadable++ == 0 ? p11csr_error_code(reason) : outcome->why;
    if (json_array_append_new(outcome->files, entry) != 0) {
        return pc_fail_memory(err);
    }
    char *name PC_CLEANUP(pc_free_str) = pc_text_printable(source_name(path));
    if (cli_wants_text(cli) && name != NULL) {
        cli_print("%s: cannot be read: %s\n", name, why);
    }
    return PC_OK;
}

static struct pc_result lint_csr(struct cli *cli, const p11csr_lint *lint, const char *path,
                                 const p11csr_csr *csr, struct outcome *outcome, p11csr_error **err)
{
    struct p11csr_lint_counts counts = {0};
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_csr_lint(ctx, csr, lint, &counts, &text, err)));
    json_t *result PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (result == NULL || json_object_set_new(result, "file", json_string(source_name(path))) != 0 ||
        json_array_append(outcome->files, result) != 0) {
        return pc_fail_memory(err);
    }
    char *name PC_CLEANUP(pc_free_str) = pc_text_printable(source_name(path)); // nothing steers the terminal
    if (cli_wants_text(cli) && name != NULL) {
        cli_print_findings(name, result, CLI_INFO, stdout);
        cli_print("%s: ", name);
        cli_print_counts(result, stdout);
        print_not_judged(cli, result);
        print_ignored(result);
        cli_print("\n");
    }
    outcome->total.errors += counts.errors;
    outcome->total.warnings += counts.warnings;
    return PC_OK;
}

static struct pc_result lint_file(struct cli *cli, const p11csr_lint *lint, const char *path,
                                  struct outcome *outcome, p11csr_error **err)
{
    p11csr_csr *csr PC_CLEANUP(free_csr) = NULL;
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result read = cli_read_csr(path, &csr, &reason);
    if (read.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    return pc_is_ok(read) ? lint_csr(cli, lint, path, csr, outcome, err)
                          : note_unreadable(cli, path, reason, outcome, err);
}

static struct pc_result judge(const struct cli *cli, const struct outcome *outcome, p11csr_error **err)
{
    const struct p11csr_lint_counts *total = &outcome->total;
    if (outcome->unreadable > 0) {
        return pc_fail(err, outcome->why, "%zu of %zu files cannot be read as requests", outcome->unreadable,
                       json_array_size(outcome->files));
    }
    if (total->errors > 0) {
        return pc_fail(err, P11CSR_E_CHECK_FAILED, "the rules found %zu error%s", total->errors,
                       total->errors == 1 ? "" : "s");
    }
    if (total->warnings > 0 && cli_has(cli, OPT_STRICT)) {
        return pc_fail(err, P11CSR_E_CHECK_FAILED, "%zu warning%s, which --strict takes for errors",
                       total->warnings, total->warnings == 1 ? "" : "s");
    }
    return PC_OK;
}

/* Whether --rules asks for the set; its words have been checked. */
static bool is_asked(const struct cli *cli, const char *set)
{
    const char *at = cli_value(cli, OPT_RULES);
    const size_t len = strlen(set);
    while (at != NULL) {
        if (strncasecmp(at, set, len) == 0 && strchr(",:", at[len]) != NULL) {
            return true;
        }
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return !cli_has(cli, OPT_RULES);
}

static struct pc_result list_rules(struct cli *cli, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    json_t *shown = json_array();
    cli_json(cli, "rules", shown);
    PC_TRY(cli_lift(p11csr_lint_list(&text, err)));
    json_t *rules PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (rules == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        json_t *rule = json_array_get(rules, i);
        if (!is_asked(cli, text_of(rule, "set"))) {
            continue;
        }
        (void)json_array_append(shown, rule);
        if (cli_wants_text(cli)) {
            cli_print("%-5s%-16s%-9s%s (%s)\n", text_of(rule, "id"), text_of(rule, "set"),
                      text_of(rule, "severity"), text_of(rule, "title"), text_of(rule, "source"));
        }
    }
    return PC_OK;
}

PC_RESULT cli_run_lint(struct cli *cli, p11csr_error **err)
{
    p11csr_lint *lint PC_CLEANUP(cli_lint_free) = NULL;
    PC_TRY(cli_take_lint(cli, NULL, &lint, err));
    if (cli_has(cli, OPT_LIST)) {
        return cli_arg_count(cli) == 0 ? list_rules(cli, err)
                                       : pc_fail(err, P11CSR_E_USAGE, "--list takes no file");
    }
    struct outcome outcome = {.files = json_array()};
    cli_json(cli, "files", outcome.files);
    cli->answers_anyway = true;
    for (size_t i = 0; i == 0 || i < cli_arg_count(cli); i++) {
        PC_TRY(lint_file(cli, lint, cli_arg(cli, i), &outcome, err));
    }
    return judge(cli, &outcome, err);
}
