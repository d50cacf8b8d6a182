// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

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

/* The verdict as an answer: good is success, bad a check that said no, unknown is not for us to say. */
static struct pc_result judge(const struct cli *cli, enum p11csr_verdict verdict, const char *why,
                              p11csr_error **err)
{
    if (verdict == P11CSR_VERDICT_GOOD) {
        return PC_OK;
    }
    const enum p11csr_code code =
        verdict == P11CSR_VERDICT_BAD ? P11CSR_E_CHECK_FAILED : P11CSR_E_NOT_VERIFIABLE;
    return pc_frame(pc_fail(err, code, "%s", why), err, "the signature of '%s' %s", source_name(cli),
                    verdict == P11CSR_VERDICT_BAD ? "is wrong" : "cannot be verified here");
}

PC_RESULT cli_run_verify(struct cli *cli, p11csr_error **err)
{
    static const char *const names[] = {[P11CSR_VERDICT_GOOD] = "good",
                                        [P11CSR_VERDICT_BAD] = "bad",
                                        [P11CSR_VERDICT_UNKNOWN] = "not verifiable here"};
    p11csr_ctx *ctx = NULL;
    p11csr_csr *csr PC_CLEANUP(free_csr) = NULL;
    enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
    const char *why = NULL;
    PC_TRY(cli_read_csr(cli_arg(cli, 0), &csr, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_csr_verify(ctx, csr, &verdict, &why, err)));
    cli_json(cli, "verdict", json_string(names[verdict]));
    PC_TRY(judge(cli, verdict, why, err));
    if (cli_wants_text(cli)) {
        cli_print("%s: the signature is good\n", source_name(cli));
    }
    return PC_OK;
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

PC_RESULT cli_run_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    p11csr_csr *csr PC_CLEANUP(free_csr) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
    const char *why = NULL;
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
    if (!cli_has(cli, OPT_CHECK)) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_csr_verify(ctx, csr, &verdict, &why, err)));
    return judge(cli, verdict, why, err);
}
