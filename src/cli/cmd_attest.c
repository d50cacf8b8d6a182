// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/evidence.h"

#include <string.h>

/* p11csr attest collect, p11csr attest verify */

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

static void free_evidence(p11csr_evidence **evidence)
{
    p11csr_evidence_free(evidence);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void print_member(const char *name, const json_t *value)
{
    if (json_is_string(value)) {
        cli_print("    %-16s%s\n", name, json_string_value(value));
    } else if (json_is_integer(value)) {
        cli_print("    %-16s%" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    } else if (json_is_true(value)) {
        cli_print("    %-16syes\n", name);
    }
}

static void print_vendor(json_t *vendor)
{
    const char *name = NULL;
    json_t *value = NULL;
    cli_print("  the vendor's certificate says:\n");
    json_object_foreach(vendor, name, value)
    {
        const char *inner = NULL;
        json_t *part = NULL;
        print_member(name, value);
        if (json_is_object(value)) {
            json_object_foreach(value, inner, part)
            {
                cli_print("    %s-%-*s%s\n", inner, (int)(15 - strlen(inner)), name, json_string_value(part));
            }
        }
    }
}

static void print_check(const json_t *check)
{
    const json_t *chain = json_object_get(check, "chain");
    const json_t *root = json_object_get(check, "root");
    cli_print("%s\n", text_of(check, "level"));
    for (size_t i = 0; i < json_array_size(chain); i++) {
        const json_t *one = json_array_get(chain, i);
        cli_print("  %zu  %s\n     issued by %s, valid to %s\n", i, text_of(one, "subject"),
                  text_of(one, "issuer"), text_of(one, "not-after"));
    }
    if (json_is_object(root)) {
        cli_print("  root that was given: %s\n     SHA-256 %s\n", text_of(root, "subject"),
                  text_of(root, "sha256"));
    }
    if (json_is_object(json_object_get(check, "vendor"))) {
        print_vendor(json_object_get(check, "vendor"));
    }
}

static void say_lenient(struct cli *cli, const json_t *check)
{
    const json_t *notes = json_object_get(check, "lenient");
    for (size_t i = 0; i < json_array_size(notes); i++) {
        cli_warn(cli, json_string_value(json_array_get(notes, i)));
    }
}

static struct pc_result collect(struct cli *cli, const char *folder, p11csr_key *key, p11csr_error **err)
{
    p11csr_evidence *evidence PC_CLEANUP(free_evidence) = NULL;
    json_t *check PC_CLEANUP(free_json) = NULL;
    struct cli_files files PC_CLEANUP(cli_files_done) = {.folder = folder};
    PC_TRY(cli_take_evidence(cli, &evidence, err));
    PC_TRY(cli_lift(p11csr_evidence_add_token(evidence, key, NULL, err)));
    size_t len = 0;
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    const struct pc_result found = cli_lift(p11csr_evidence_to_pem(evidence, spki, len, &pem, err));
    if (found.code == P11CSR_E_CERT_NOT_FOUND) {
        pc_hint(err, "have the vendor's tool write the attestation, and add it with --files FILE");
    }
    PC_TRY(found);
    PC_TRY(cli_gather_evidence(cli, evidence, key, &files, &check, err));
    PC_TRY(cli_files_write(cli, &files, err));
    say_lenient(cli, check);
    if (cli_wants_text(cli)) {
        print_check(check);
    }
    cli_remark(cli, "evidence written to %s", folder);
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    cli_json(cli, "attestation", json_incref(check));
    cli_json(cli, "folder", json_string(folder));
    return PC_OK;
}

PC_RESULT cli_run_attest_collect(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    const char *folder = cli_value(cli, OPT_OUT_EVIDENCE);
    if (folder == NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "-o names the folder that the evidence is put into");
    }
    PC_TRY(cli_check_folder(cli, folder, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    return collect(cli, folder, key, err);
}

static struct pc_result say_verdict(struct cli *cli, json_t *check, p11csr_error **err)
{
    say_lenient(cli, check);
    cli_json(cli, "attestation", json_incref(check));
    if (strcmp(text_of(check, "level"), "vendor-attested") != 0) {
        return pc_frame(pc_fail(err, P11CSR_E_CHECK_FAILED, "%s", text_of(check, "why")), err,
                        "the evidence does not show that the key lives in a device of this vendor");
    }
    if (cli_wants_text(cli)) {
        print_check(check);
    }
    return PC_OK;
}

static struct pc_result verify(struct cli *cli, struct pc_span spki, p11csr_error **err)
{
    p11csr_evidence *evidence PC_CLEANUP(free_evidence) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_take_evidence(cli, &evidence, err));
    for (size_t i = 0; i < cli_arg_count(cli); i++) {
        PC_TRY(cli_add_evidence(evidence, cli_arg(cli, i), err));
    }
    PC_TRY(cli_lift(p11csr_evidence_check(evidence, spki.ptr, spki.len, &text, err)));
    json_t *check PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    return check == NULL ? pc_fail_memory(err) : say_verdict(cli, check, err);
}

/* With the public key from a file no token is needed, and no module is loaded. */
PC_RESULT cli_run_attest_verify(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    PC_TRY(cli_select(cli, NULL, &selection, err));
    const struct p11csr_select *select = &selection.select;
    if (select->spki != NULL) {
        PC_TRY(cli_lift(p11csr_ctx_new(&cli->ctx, err)));
        return verify(cli, (struct pc_span){select->spki, select->spki_len}, err);
    }
    if (select->token == NULL && select->label == NULL && select->id == NULL && select->piv_slot == NULL) {
        return pc_fail(err, P11CSR_E_USAGE,
                       "say which key: --key-for FILE (a request, certificate or public key), or one on a "
                       "token");
    }
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, select, &key, err)));
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    return verify(cli, (struct pc_span){spki, len}, err);
}
