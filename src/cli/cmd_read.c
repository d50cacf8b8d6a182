// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/lint.h"

#include <stdio.h>
#include <string.h>

/* p11csr show, p11csr verify */

static void free_csr(p11csr_csr **csr)
{
    p11csr_csr_free(csr);
}

static const char *source_name(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    return path == NULL || strcmp(path, "-") == 0 ? "standard input" : path;
}

/* What is known about the signature of a request. */
struct finding {
    enum p11csr_verdict verdict;
    const char *why;
    bool by_another; /* it says that the key of a certificate signed it */
};

/* The verdict as an answer: good is success, bad a check that said no, unknown is not for us to say. */
static struct pc_result judge(const struct cli *cli, const struct finding *finding, p11csr_error **err)
{
    const enum p11csr_verdict verdict = finding->verdict;
    if (verdict == P11CSR_VERDICT_GOOD) {
        return PC_OK;
    }
    const enum p11csr_code code =
        verdict == P11CSR_VERDICT_BAD ? P11CSR_E_CHECK_FAILED : P11CSR_E_NOT_VERIFIABLE;
    const struct pc_result result =
        pc_frame(pc_fail(err, code, "%s", finding->why), err, "the signature of '%s' %s", source_name(cli),
                 verdict == P11CSR_VERDICT_BAD ? "is wrong" : "cannot be verified here");
    if (verdict == P11CSR_VERDICT_UNKNOWN && finding->by_another) {
        pc_hint(err, "p11csr verify --signer-cert CERT %s, with the certificate that p11csr show names",
                cli_arg(cli, 0) != NULL ? cli_arg(cli, 0) : "-");
    }
    return result;
}

/* A request whose own key signed it has no use for another's certificate. */
static struct pc_result refuse_own_signature(const struct cli *cli, const p11csr_csr *csr, p11csr_error **err)
{
    enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
    if (p11csr_csr_names_signer(csr) != 0) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_csr_verify(cli->ctx, csr, &verdict, NULL, err)));
    if (verdict != P11CSR_VERDICT_GOOD) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(
        err, P11CSR_E_USAGE, "the own key of '%s' signed it: --signer-cert is for those that cannot sign",
        source_name(cli));
    pc_hint(err, "verify it without --signer-cert");
    return result;
}

/* With the key of the request, or that of --signer-cert. */
static struct pc_result find_out(struct cli *cli, const p11csr_csr *csr, struct finding *ret,
                                 p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    const char *signer = cli_value(cli, OPT_SIGNER_CERT);
    PC_TRY(cli_context(cli, &ctx, err));
    *ret = (struct finding){.by_another = p11csr_csr_names_signer(csr) != 0};
    if (signer == NULL) {
        return cli_lift(p11csr_csr_verify(ctx, csr, &ret->verdict, &ret->why, err));
    }
    PC_TRY(cli_read_input(signer, &content, err));
    PC_TRY(refuse_own_signature(cli, csr, err));
    const struct p11csr_bytes bytes = {content.ptr, content.len};
    ret->by_another = false;
    return pc_frame(cli_lift(p11csr_csr_verify_by(ctx, csr, &bytes, &ret->verdict, &ret->why, err)), err,
                    "cannot take a certificate from '%s'", signer);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* Holds it against the rules of structure; *ret is borrowed from the JSON answer. */
static struct pc_result look_at_structure(struct cli *cli, const p11csr_csr *csr, const json_t **ret,
                                          p11csr_error **err)
{
    struct p11csr_lint_counts counts = {0};
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_csr_lint(ctx, csr, NULL, &counts, &text, err)));
    json_t *result = json_loads(text, 0, NULL);
    cli_json(cli, "lint", result);
    if (result == NULL || json_object_set_new(result, "file", json_string(source_name(cli))) != 0) {
        return pc_fail_memory(err);
    }
    *ret = result;
    return PC_OK;
}

/* That the signature is good, and what is wrong with the structure; warnings are for p11csr lint. */
static struct pc_result print_good(const struct cli *cli, const json_t *result, p11csr_error **err)
{
    char *name PC_CLEANUP(pc_free_str) = pc_text_printable(source_name(cli));
    if (name == NULL) {
        return pc_fail_memory(err);
    }
    cli_print("%s: the signature is good\n", name);
    cli_print_findings(name, result, CLI_ERROR, stdout);
    return PC_OK;
}

/* Whether the rules of structure hold. */
static struct pc_result judge_structure(const struct cli *cli, const json_t *result, p11csr_error **err)
{
    const json_int_t errors = json_integer_value(json_object_get(result, "errors"));
    if (errors == 0) {
        return PC_OK;
    }
    return pc_frame(pc_fail(err, P11CSR_E_CHECK_FAILED, "the rules of the structure found %lld error%s",
                            (long long)errors, errors == 1 ? "" : "s"),
                    err, "the structure of '%s' is wrong", source_name(cli));
}

PC_RESULT cli_run_verify(struct cli *cli, p11csr_error **err)
{
    static const char *const names[] = {[P11CSR_VERDICT_GOOD] = "good",
                                        [P11CSR_VERDICT_BAD] = "bad",
                                        [P11CSR_VERDICT_UNKNOWN] = "not verifiable here"};
    p11csr_csr *csr PC_CLEANUP(free_csr) = NULL;
    struct finding finding;
    const json_t *structure = NULL;
    PC_TRY(cli_read_csr(cli_arg(cli, 0), &csr, err));
    PC_TRY(find_out(cli, csr, &finding, err));
    PC_TRY(look_at_structure(cli, csr, &structure, err));
    cli_json(cli, "verdict", json_string(names[finding.verdict]));
    PC_TRY(judge(cli, &finding, err));
    if (cli_wants_text(cli)) {
        PC_TRY(print_good(cli, structure, err));
    }
    return judge_structure(cli, structure, err);
}

/* The command that lists what was found; NULL: of standard input there is none. */
static char *lint_command(const struct cli *cli)
{
    struct pc_buf command PC_CLEANUP(pc_buf_done) = {0};
    const char *path = cli_arg(cli, 0);
    char *text PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&command, PC_MAX_REQUEST);
    if (path == NULL || strcmp(path, "-") == 0) {
        return NULL;
    }
    pc_buf_text(&command, "p11csr lint ");
    cli_add_word(&command, path);
    return pc_is_ok(pc_buf_take_text(&command, &text, NULL)) ? pc_text_printable(text) : NULL;
}

static void print_lint(const struct cli *cli, const json_t *result)
{
    const bool any = json_integer_value(json_object_get(result, "errors")) +
                         json_integer_value(json_object_get(result, "warnings")) >
                     0;
    char *command PC_CLEANUP(pc_free_str) = any ? lint_command(cli) : NULL;
    cli_print("Lint:       ");
    cli_print_counts(result, stdout);
    if (command != NULL) {
        cli_print(" (%s)", command);
    }
    cli_print("\n");
}

PC_RESULT cli_run_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    p11csr_csr *csr PC_CLEANUP(free_csr) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    struct finding finding;
    const json_t *structure = NULL;
    PC_TRY(cli_read_csr(cli_arg(cli, 0), &csr, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_csr_to_json(ctx, csr, &text, err)));
    json_t *json PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (json == NULL) {
        return pc_fail_memory(err);
    }
    if (cli_wants_text(cli)) {
        cli_print_csr(json, stdout);
    }
    cli_json(cli, "csr", json_incref(json));
    PC_TRY(look_at_structure(cli, csr, &structure, err));
    if (cli_wants_text(cli)) {
        print_lint(cli, structure);
    }
    if (!cli_has(cli, OPT_CHECK)) {
        return PC_OK;
    }
    PC_TRY(find_out(cli, csr, &finding, err));
    PC_TRY(judge(cli, &finding, err));
    return judge_structure(cli, structure, err);
}
