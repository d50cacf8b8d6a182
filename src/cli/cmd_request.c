// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* p11csr request: the main job */

/* What the job consists of, in the order in which it is filled. */
struct job {
    p11csr_request *request;
    bool der;
    struct cli_output out;
    struct cli_selection selection;
    p11csr_key *key;
    int made; /* the key is new */
    p11csr_csr *csr;
};

static void job_done(struct job *job)
{
    p11csr_csr_free(&job->csr);
    p11csr_key_free(&job->key);
    p11csr_request_free(&job->request);
    cli_selection_done(&job->selection);
}

static struct pc_result take_output(const struct cli *cli, struct job *job, p11csr_error **err)
{
    const char *form = cli_value(cli, OPT_FORM);
    if (form != NULL && strcmp(form, "pem") != 0 && strcmp(form, "der") != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--form is pem or der, not '%s'", form);
    }
    job->der = form != NULL && strcmp(form, "der") == 0;
    return cli_take_output(cli, job->der, &job->out, err);
}

/* Everything that can fail without the token, before a key is made. */
static struct pc_result check_all(struct cli *cli, struct job *job, p11csr_error **err)
{
    const char *generate = cli_value(cli, OPT_GENERATE);
    const char *ensure = cli_value(cli, OPT_ENSURE);
    if (generate != NULL && ensure != NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "--generate and --ensure exclude each other");
    }
    PC_TRY(cli_take_content(cli, &job->request, err));
    PC_TRY(take_output(cli, job, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &job->selection, err));
    return cli_lift(p11csr_request_check(job->request, generate != NULL ? generate : ensure, err));
}

static struct pc_result get_key(struct cli *cli, struct job *job, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    keygen.ensure = cli_has(cli, OPT_ENSURE) ? 1 : 0;
    keygen.spec = cli_value(cli, keygen.ensure != 0 ? OPT_ENSURE : OPT_GENERATE);
    if (keygen.spec == NULL && (cli_has(cli, OPT_BACKUP) || cli_has(cli, OPT_OVERWRITE_SLOT))) {
        return pc_fail(err, P11CSR_E_USAGE, "%s is for a new key: it goes with --generate or --ensure",
                       cli_has(cli, OPT_BACKUP) ? "--backup" : "--overwrite-slot");
    }
    PC_TRY(cli_take_backup(cli, &keygen, err));
    PC_TRY(cli_context(cli, &ctx, err));
    if (keygen.spec == NULL) {
        return cli_lift(p11csr_key_open(ctx, &job->selection.select, &job->key, err));
    }
    // A key that the token has no mechanism for would be left behind.
    PC_TRY(cli_lift(
        p11csr_request_check_token(job->request, ctx, job->selection.select.token, keygen.spec, err)));
    return cli_lift(p11csr_key_generate(ctx, &job->selection.select, &keygen, &job->key, &job->made, err));
}

static struct pc_result write_request(const struct cli *cli, const struct job *job, p11csr_error **err)
{
    size_t len = 0;
    const unsigned char *der = p11csr_csr_get_der(job->csr, &len);
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    struct pc_span content = {der, len};
    if (!job->der) {
        PC_TRY(cli_lift(p11csr_csr_to_pem(job->csr, &pem, err)));
        content = pc_span_str(pem);
    }
    return cli_write_output(cli, &job->out, content, err);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* The answer for programs, and the readable form for people who asked for it. */
static struct pc_result report(struct cli *cli, const struct job *job, p11csr_error **err)
{
    const struct p11csr_key_info *key = p11csr_key_get_info(job->key);
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_csr_to_pem(job->csr, &pem, err)));
    PC_TRY(cli_lift(p11csr_csr_to_json(cli->ctx, job->csr, &text, err)));
    json_t *csr PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (csr == NULL) {
        return pc_fail_memory(err);
    }
    if (cli_has(cli, OPT_TEXT)) {
        cli_print_csr(csr, stderr);
    }
    cli_json(cli, "key",
             json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "uri", key->uri, "id", key->id, "type", key->type,
                       "spki-sha256", key->spki_sha256, "public-key-source", key->public_key_source,
                       "generated", job->made));
    cli_json(cli, "scheme", json_string(p11csr_csr_get_scheme(job->csr)));
    cli_json(cli, "mechanism", json_string(p11csr_csr_get_mechanism(job->csr)));
    cli_json(cli, "proof", json_string("software"));
    cli_json(cli, "sha256", json_incref(json_object_get(csr, "sha256")));
    cli_json(cli, "tbs-sha256", json_incref(json_object_get(csr, "tbs-sha256")));
    cli_json(cli, "pem", json_string(pem));
    cli_json(cli, "file", job->out.path != NULL ? json_string(job->out.path) : json_null());
    return PC_OK;
}

/* A failure after a key was made: the key stays, and the person learns how to go on with it. */
static struct pc_result keep_key(const struct job *job, struct pc_result result, p11csr_error **err)
{
    if (!pc_is_ok(result) && job->made != 0) {
        const char *uri = p11csr_key_get_info(job->key)->uri;
        pc_note(err, "the new key was made and stays on the token: %s", uri);
        pc_hint(err,
                "when the cause is gone, go on with: p11csr request '%s' and the options for its content and "
                "file",
                uri);
    }
    return result;
}

static struct pc_result sign_and_write(struct cli *cli, struct job *job, p11csr_error **err)
{
    PC_TRY(cli_lift(p11csr_request_sign(job->request, job->key, &job->csr, err)));
    PC_TRY(write_request(cli, job, err));
    const struct p11csr_key_info *key = p11csr_key_get_info(job->key);
    cli_remark(cli, "%s key %s", job->made != 0 ? "made" : "used", key->uri);
    cli_remark(cli, "%s: signed by the token (%s, %s), signature verified%s%s", key->type,
               p11csr_csr_get_scheme(job->csr), p11csr_csr_get_mechanism(job->csr),
               job->out.path != NULL ? ", written to " : "", job->out.path != NULL ? job->out.path : "");
    return cli_has(cli, OPT_JSON) || cli_has(cli, OPT_TEXT) ? report(cli, job, err) : PC_OK;
}

PC_RESULT cli_run_request(struct cli *cli, p11csr_error **err)
{
    struct job job PC_CLEANUP(job_done) = {0};
    PC_TRY(check_all(cli, &job, err));
    PC_TRY(get_key(cli, &job, err));
    return keep_key(&job, sign_and_write(cli, &job, err), err);
}
