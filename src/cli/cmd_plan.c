// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cli/evidence.h"
#include "cli/lint.h"
#include "cli/transcript.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* p11csr plan, and request --plan */

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

static void free_request(p11csr_request **request)
{
    p11csr_request_free(request);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void free_text(char **text)
{
    free(*text);
}

/* People read plans: one member a line. */
static struct pc_result write_plan(struct cli *cli, const struct cli_output *out, const json_t *plan,
                                   p11csr_error **err)
{
    char *text PC_CLEANUP(free_text) = json_dumps(plan, JSON_INDENT(2));
    char *lines PC_CLEANUP(pc_free_str) = text != NULL ? pc_asprintf("%s\n", text) : NULL;
    return lines == NULL ? pc_fail_memory(err) : cli_write_output(cli, out, pc_span_str(lines), err);
}

/* The warnings, where the kind of key has a name of its own; errors have been refused. */
static struct pc_result foresee_lint(struct cli *cli, const p11csr_request *request, const char *type,
                                     p11csr_error **err)
{
    const struct pc_result result = cli_request_foresee_lint(cli, request, type, err);
    if (result.code != P11CSR_E_ALGORITHM) {
        return result;
    }
    p11csr_error_free(err);
    return PC_OK;
}

static struct pc_result plan_key(struct cli *cli, const struct cli_output *out, const p11csr_request *request,
                                 p11csr_key *key, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_request_plan(request, key, &text, err)));
    json_t *plan PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (plan == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(foresee_lint(cli, request, p11csr_key_get_info(key)->type, err));
    PC_TRY(cli_pin_files(cli, plan, err));
    PC_TRY(write_plan(cli, out, plan, err));
    cli_transcript_fact(cli, "Scheme", json_string_value(json_object_get(plan, "scheme")));
    cli_transcript_fact(cli, "Written to", out->path);
    const char *sha256 = json_string_value(json_object_get(plan, "tbs-sha256"));
    cli_remark(cli, "planned for key %s%s%s", p11csr_key_get_info(key)->uri,
               out->path != NULL ? ", written to " : "", out->path != NULL ? out->path : "");
    cli_remark(cli, "SHA-256 of the CertificationRequestInfo: %s", sha256 != NULL ? sha256 : "");
    cli_json(cli, "plan", json_incref(plan));
    cli_json(cli, "file", out->path != NULL ? json_string(out->path) : json_null());
    return PC_OK;
}

PC_RESULT cli_run_plan(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_output out = {0};
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_request *request PC_CLEANUP(free_request) = NULL;
    p11csr_lint *lint PC_CLEANUP(cli_lint_free) = NULL;
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    PC_TRY(cli_take_content(cli, &request, err));
    PC_TRY(cli_take_output(cli, false, &out, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_lift(p11csr_request_check(request, NULL, err)));
    PC_TRY(cli_request_take_lint(cli, request, NULL, &lint, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    cli_transcript_key(cli, key, false);
    PC_TRY(cli_transcript_request(cli, request, key, err));
    PC_TRY(cli_check_attestation(cli, request, key, err));
    return plan_key(cli, &out, request, key, err);
}

/* The plan says it all: of what belongs to `request`, only these go with it. */
static struct pc_result check_alone(const struct cli *cli, p11csr_error **err)
{
    static const enum cli_option_id with[] = {
        OPT_PLAN,  OPT_EXPECT_TBS, OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,   OPT_KEY_FOR,   OPT_PUBKEY,
        OPT_OUT,   OPT_FORM,       OPT_FORCE,     OPT_TEXT,   OPT_TRANSCRIPT, OPT_REPORT,    OPT_EVIDENCE,
        OPT_FILES, OPT_ROOT,       OPT_RULES,     OPT_IGNORE, OPT_NO_LINT,    OPT_LINT_DATA,
    };
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const enum cli_option_id id = cli_use_get(cli, i)->id;
        bool fits = cli_option_get(id)->global;
        for (size_t j = 0; j < PC_ARRAY_LEN(with); j++) {
            fits = fits || with[j] == id;
        }
        if (!fits) {
            return pc_fail(err, P11CSR_E_USAGE, "a plan says all of the request; --%s does not go with it",
                           cli_option_get(id)->name);
        }
    }
    return PC_OK;
}

static struct pc_result read_plan(const char *path, struct pc_buf *ret, p11csr_error **err)
{
    pc_buf_init(ret, PC_MAX_PLAN);
    return strcmp(path, "-") == 0 ? pc_file_read_fd(STDIN_FILENO, "standard input", ret, err)
                                  : pc_file_read(path, ret, err);
}

PC_RESULT cli_take_plan(struct cli *cli, p11csr_request **ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_ctx *ctx = NULL;
    const char *path = cli_value(cli, OPT_PLAN);
    PC_TRY(check_alone(cli, err));
    PC_TRY(read_plan(path, &text, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(pc_frame(cli_lift(p11csr_request_from_plan(ctx, text.ptr, text.len, ret, err)), err,
                    "cannot use the plan '%s'", path));
    PC_TRY(cli_check_pinned(cli, pc_buf_span(&text), err));
    p11csr_request_allow_weak(*ret, cli_has(cli, OPT_ALLOW_WEAK) ? 1 : 0);
    return PC_OK;
}

void cli_select_planned(const struct cli *cli, const p11csr_request *request, struct cli_selection *selection)
{
    const struct p11csr_select *select = &selection->select;
    const bool named = cli_arg_count(cli) > 0 || select->label != NULL || select->id != NULL ||
                       select->piv_slot != NULL || select->spki != NULL;
    if (!named) {
        selection->select.spki = p11csr_request_get_planned_spki(request, &selection->select.spki_len);
    }
}
