// SPDX-License-Identifier: Apache-2.0
#include "cli/making.h"

#include "base/text.h"
#include "cli/evidence.h"
#include "cli/lint.h"
#include "cli/report.h"
#include "cli/transcript.h"

#include <stdio.h>
#include <string.h>

void cli_making_done(struct cli_making *making)
{
    p11csr_csr_free(&making->csr);
    p11csr_key_free(&making->key);
    p11csr_request_free(&making->request);
    p11csr_lint_free(&making->lint);
    cli_selection_done(&making->selection);
    json_decref(making->attestation);
    cli_files_done(&making->files);
}

PC_RESULT cli_making_take_form(const struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    const char *form = cli_value(cli, OPT_FORM);
    if (form != NULL && strcmp(form, "pem") != 0 && strcmp(form, "der") != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--form is pem or der, not '%s'", form);
    }
    making->der = form != NULL && strcmp(form, "der") == 0;
    return PC_OK;
}

PC_RESULT cli_making_take_output(const struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    PC_TRY(cli_making_take_form(cli, making, err));
    return cli_take_output(cli, making->der, &making->out, err);
}

PC_RESULT cli_making_take_evidence(const struct cli *cli, p11csr_error **err)
{
    const char *folder = cli_value(cli, OPT_EVIDENCE);
    if (folder == NULL && (cli_has(cli, OPT_FILES) || cli_has(cli, OPT_ROOT))) {
        return pc_fail(err, P11CSR_E_USAGE, "%s goes with --evidence DIR",
                       cli_has(cli, OPT_FILES) ? "--files" : "--root");
    }
    PC_TRY(cli_check_reports(cli, err));
    return folder != NULL ? cli_check_folder(cli, folder, err) : PC_OK;
}

PC_RESULT cli_making_check(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    struct p11csr_keygen *keygen = &making->keygen;
    *keygen = (struct p11csr_keygen)P11CSR_KEYGEN_INIT;
    keygen->spec = making->spec;
    keygen->ensure = making->ensure ? 1 : 0;
    if (keygen->spec == NULL && (cli_has(cli, OPT_BACKUP) || cli_has(cli, OPT_OVERWRITE_SLOT))) {
        return pc_fail(err, P11CSR_E_USAGE, "%s is for a new key: it goes with %s",
                       cli_has(cli, OPT_BACKUP) ? "--backup" : "--overwrite-slot",
                       strcmp(cli->command->name, "renew") == 0 ? "--new-key" : "--generate or --ensure");
    }
    PC_TRY(cli_take_backup(cli, keygen, err));
    if (keygen->spec != NULL) {
        PC_TRY(cli_lift(p11csr_request_fill_keygen(making->request, keygen, err)));
    }
    PC_TRY(cli_lift(p11csr_request_check(making->request, keygen->spec, err)));
    return cli_request_take_lint(cli, making->request, keygen->spec, &making->lint, err);
}

PC_RESULT cli_making_get_key(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const struct p11csr_keygen *keygen = &making->keygen;
    PC_TRY(cli_context(cli, &ctx, err));
    if (keygen->spec == NULL) {
        return cli_lift(p11csr_key_open(ctx, &making->selection.select, &making->key, err));
    }
    // A key that the token has no mechanism for would be left behind.
    PC_TRY(cli_lift(
        p11csr_request_check_token(making->request, ctx, making->selection.select.token, keygen->spec, err)));
    return cli_lift(
        p11csr_key_generate(ctx, &making->selection.select, keygen, &making->key, &making->made, err));
}

static struct pc_result add_request(const struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    size_t len = 0;
    const unsigned char *der = p11csr_csr_get_der(making->csr, &len);
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    struct pc_span content = {der, len};
    if (!making->der) {
        PC_TRY(cli_lift(p11csr_csr_to_pem(making->csr, &pem, err)));
        content = pc_span_str(pem);
    }
    return cli_files_add_output(cli, &making->files, &making->out, content, err);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void free_evidence(p11csr_evidence **evidence)
{
    p11csr_evidence_free(evidence);
}

/* What --evidence asks for. */
static struct pc_result gather_evidence(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    const char *folder = cli_value(cli, OPT_EVIDENCE);
    p11csr_evidence *evidence PC_CLEANUP(free_evidence) = NULL;
    if (folder == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_take_evidence(cli, &evidence, err));
    PC_TRY(cli_lift(p11csr_evidence_add_token(evidence, making->key, NULL, err)));
    making->files.folder = folder;
    PC_TRY(cli_gather_evidence(cli, evidence, making->key, &making->files, &making->attestation, err));
    const json_t *why = json_object_get(making->attestation, "why");
    if (json_is_string(why)) {
        char *text PC_CLEANUP(pc_free_str) =
            pc_asprintf("the key is not attested by its vendor: %s", json_string_value(why));
        if (text == NULL) {
            return pc_fail_memory(err);
        }
        cli_warn(cli, text);
    }
    return PC_OK;
}

/* A module that refuses to tell does not make the request worse; that it does is said. */
static struct pc_result add_protection(struct cli *cli, const struct cli_making *making, json_t *key,
                                       p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const enum p11csr_code told = p11csr_key_protection_to_json(making->key, &text, &why);
    if (told == P11CSR_OK) {
        return json_object_set_new(key, "protection", json_loads(text, 0, NULL)) == 0 ? PC_OK
                                                                                      : pc_fail_memory(err);
    }
    char *said PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s: %s", p11csr_error_message(why),
                    p11csr_error_cause_count(why) > 0 ? p11csr_error_cause(why, 0) : p11csr_code_name(told));
    if (said == NULL || json_object_set_new(key, "protection", json_null()) != 0 ||
        json_object_set_new(key, "protection-error", cli_error_json(cli, why, told)) != 0) {
        return pc_fail_memory(err);
    }
    cli_warn(cli, said);
    return PC_OK;
}

/* What is known about where the key lives, and by whom. */
static struct pc_result add_evidence(struct cli *cli, const struct cli_making *making, json_t *key,
                                     p11csr_error **err)
{
    const json_t *level = json_object_get(making->attestation, "level");
    const bool attested = level != NULL && strcmp(json_string_value(level), "vendor-attested") == 0;
    const json_t *attestation = making->attestation != NULL ? json_incref(making->attestation) : json_null();
    const int failed =
        json_object_set_new(key, "evidence", json_string(attested ? "vendor-attested" : "module-reported")) |
        json_object_set_new(key, "attestation", (json_t *)(uintptr_t)attestation);
    return failed == 0 ? add_protection(cli, making, key, err) : pc_fail_memory(err);
}

/* The answer for programs, and the readable form for people who asked for it. */
static struct pc_result report(struct cli *cli, const struct cli_making *making, p11csr_error **err)
{
    const struct p11csr_key_info *key = p11csr_key_get_info(making->key);
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_csr_to_pem(making->csr, &pem, err)));
    PC_TRY(cli_lift(p11csr_csr_to_json(cli->ctx, making->csr, &text, err)));
    json_t *csr PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (csr == NULL) {
        return pc_fail_memory(err);
    }
    if (cli_has(cli, OPT_TEXT)) {
        cli_print_csr(csr, stderr);
    }
    json_t *about = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "uri", key->uri, "id", key->id, "type",
                              key->type, "spki-sha256", key->spki_sha256, "public-key-source",
                              key->public_key_source, "generated", making->made);
    cli_json(cli, "key", about);
    PC_TRY(add_evidence(cli, making, about, err));
    cli_json(cli, "scheme", json_string(p11csr_csr_get_scheme(making->csr)));
    cli_json(cli, "mechanism", json_string(p11csr_csr_get_mechanism(making->csr)));
    cli_json(cli, "proof", json_string("software"));
    cli_json(cli, "sha256", json_incref(json_object_get(csr, "sha256")));
    cli_json(cli, "tbs-sha256", json_incref(json_object_get(csr, "tbs-sha256")));
    cli_json(cli, "pem", json_string(pem));
    cli_json(cli, "file", making->out.path != NULL ? json_string(making->out.path) : json_null());
    return PC_OK;
}

/* A failure after a key was made: the key stays, and the person learns how to go on with it. */
static struct pc_result keep_key(const struct cli_making *making, struct pc_result result, p11csr_error **err)
{
    if (!pc_is_ok(result) && making->made != 0) {
        const char *uri = p11csr_key_get_info(making->key)->uri;
        pc_note(err, "the new key was made and stays on the token: %s", uri);
        pc_hint(err,
                "when the cause is gone, go on with: p11csr request '%s' and the options for its content and "
                "file",
                uri);
    }
    return result;
}

static struct pc_result sign_and_write(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    cli_transcript_key(cli, making->key, making->made != 0);
    PC_TRY(cli_transcript_request(cli, making->request, making->key, err));
    PC_TRY(cli_check_attestation(cli, making->request, making->key, err));
    // All is gathered before anything is signed, and written with what was proven.
    PC_TRY(cli_add_reports(cli, making->key, &making->files, err));
    PC_TRY(gather_evidence(cli, making, err));
    PC_TRY(cli_lift(p11csr_request_sign(making->request, making->key, &making->csr, err)));
    PC_TRY(cli_making_tell_lint(cli, making, err));
    cli_transcript_fact(cli, "Scheme", p11csr_csr_get_scheme(making->csr));
    cli_transcript_fact(cli, "Mechanism", p11csr_csr_get_mechanism(making->csr));
    PC_TRY(add_request(cli, making, err));
    PC_TRY(cli_files_write(cli, &making->files, err));
    cli_transcript_fact(cli, "Written to", making->out.path);
    const struct p11csr_key_info *key = p11csr_key_get_info(making->key);
    cli_remark(cli, "%s key %s", making->made != 0 ? "made" : "used", key->uri);
    cli_remark(cli, "%s: signed by the token (%s, %s), signature verified%s%s", key->type,
               p11csr_csr_get_scheme(making->csr), p11csr_csr_get_mechanism(making->csr),
               making->out.path != NULL ? ", written to " : "",
               making->out.path != NULL ? making->out.path : "");
    return cli_has(cli, OPT_JSON) || cli_has(cli, OPT_TEXT) ? report(cli, making, err) : PC_OK;
}

PC_RESULT cli_making_finish(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    return keep_key(making, sign_and_write(cli, making, err), err);
}
