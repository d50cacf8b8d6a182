// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/lint.h"

#include <stdio.h>
#include <string.h>

/* Lint of a request that is being made. */

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* The structure, the sets of the profile, and those of --rules: what is said adds to what holds anyway. */
static struct pc_result all_rules(const struct cli *cli, const p11csr_profile *profile, char **ret,
                                  p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    const char *said = cli_value(cli, OPT_RULES);
    const char *validation = profile != NULL ? p11csr_profile_get(profile, "validation", 0) : NULL;
    const char *set = NULL;
    pc_buf_init(&text, PC_MAX_TEXT);
    pc_buf_text(&text, "structure");
    for (size_t i = 0; profile != NULL && (set = p11csr_profile_get(profile, "rules", i)) != NULL; i++) {
        pc_buf_printf(&text, ",%s", set);
        if (strcmp(set, "tls-br") == 0 && validation != NULL) {
            pc_buf_printf(&text, ":%s", validation);
        }
    }
    if (said != NULL) {
        pc_buf_printf(&text, ",%s", said);
    }
    return pc_buf_take_text(&text, ret, err);
}

PC_RESULT cli_request_take_lint(struct cli *cli, p11csr_request *request, const char *spec, p11csr_lint **ret,
                                p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *rules PC_CLEANUP(pc_free_str) = NULL;
    const p11csr_profile *profile = p11csr_request_get_profile(request);
    if (cli_has(cli, OPT_NO_LINT)) {
        return cli_has(cli, OPT_RULES) || cli_has(cli, OPT_IGNORE)
                   ? pc_fail(err, P11CSR_E_USAGE, "--no-lint goes with neither --rules nor --ignore")
                   : PC_OK;
    }
    PC_TRY(all_rules(cli, profile, &rules, err));
    PC_TRY(cli_take_lint(cli, rules, ret, err));
    p11csr_request_set_lint(request, *ret);
    if (spec == NULL) {
        return PC_OK; // the key is there: the rules are held against the request with it, before it signs
    }
    PC_TRY(cli_context(cli, &ctx, err));
    return cli_lift(p11csr_request_check_lint(request, ctx, spec, NULL, err));
}

/* To people: the warnings, and which rules were left out. */
static void tell(const struct cli *cli, const json_t *result)
{
    const json_t *ignored = json_object_get(result, "ignored");
    if (!cli_wants_text(cli) || cli_has(cli, OPT_QUIET)) {
        return;
    }
    cli_print_findings("p11csr", result, CLI_WARNING, stderr);
    for (size_t i = 0; i < json_array_size(ignored); i++) {
        (void)fprintf(stderr, "%s%s%s", i == 0 ? "p11csr: lint rules left out: " : ", ",
                      json_string_value(json_array_get(ignored, i)),
                      i + 1 == json_array_size(ignored) ? "\n" : "");
    }
}

PC_RESULT cli_making_tell_lint(struct cli *cli, const struct cli_making *making, p11csr_error **err)
{
    struct p11csr_lint_counts counts = {0};
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    if (making->lint == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_csr_lint(cli->ctx, making->csr, making->lint, &counts, &text, err)));
    json_t *result PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (result == NULL) {
        return pc_fail_memory(err);
    }
    cli_json(cli, "lint", json_incref(result));
    tell(cli, result);
    return PC_OK;
}

PC_RESULT cli_request_foresee_lint(struct cli *cli, const p11csr_request *request, const char *key_type,
                                   p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_request_check_lint(request, ctx, key_type, &text, err)));
    json_t *result PC_CLEANUP(free_json) = text != NULL ? json_loads(text, 0, NULL) : NULL;
    if (text != NULL && result == NULL) {
        return pc_fail_memory(err);
    }
    if (result != NULL) {
        cli_json(cli, "lint", json_incref(result));
        tell(cli, result);
    }
    return PC_OK;
}
