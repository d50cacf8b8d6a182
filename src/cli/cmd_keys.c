// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/report.h"
#include "cli/transcript.h"

#include <string.h>

/* p11csr keys ... */

static void free_list(p11csr_key_list **list)
{
    p11csr_key_list_free(list);
}

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

json_t *cli_key_json(const struct p11csr_key_info *info)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:b, s:b, s:s?}", "uri", info->uri,
                     "token", info->token, "label", info->label, "id", info->id, "type", info->type, "bits",
                     (int)info->bits, "spki-sha256", info->spki_sha256, "public-key-source",
                     info->public_key_source, "private", info->has_private, "public", info->has_public,
                     "certificate", info->has_certificate, "problem", info->problem);
}

void cli_print_key(const struct p11csr_key_info *info)
{
    cli_print("%s\n  URI:   %s\n  type:  %s%s%s\n", info->label[0] != 0 ? info->label : "(no label)",
              info->uri, info->type, info->has_private != 0 ? "" : ", only the public half is visible",
              info->has_certificate != 0 ? ", with a certificate" : "");
    if (info->spki_sha256[0] != 0) {
        cli_print("  SHA-256 of SubjectPublicKeyInfo: %s\n", info->spki_sha256);
    }
    if (info->problem != NULL) {
        cli_print("  public key: %s\n", info->problem);
    }
}

/* Whether the command line, or the URI in it, asks for some of the keys only. */
static bool names_key(const struct p11csr_select *select)
{
    const char *token = select->token != NULL ? select->token : "";
    const bool is_uri = strncmp(token, "pkcs11:", strlen("pkcs11:")) == 0;
    return select->label != NULL || select->id != NULL || select->piv_slot != NULL || select->spki != NULL ||
           (is_uri && (strstr(token, "object=") != NULL || strstr(token, "id=") != NULL));
}

PC_RESULT cli_run_keys_list(struct cli *cli, p11csr_error **err)
{
    if (cli_has(cli, OPT_CLOSE) && !cli_has(cli, OPT_INCOMPLETE)) {
        return pc_fail(err, P11CSR_E_USAGE, "--close goes with --incomplete");
    }
    if (cli_has(cli, OPT_INCOMPLETE)) {
        return cli_list_incomplete(cli, err);
    }
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key_list *list PC_CLEANUP(free_list) = NULL;
    json_t *rows = json_array();
    cli_json(cli, "keys", rows);
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_keys_list(ctx, &selection.select, &list, err)));
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        const struct p11csr_key_info *info = p11csr_key_list_get(list, i);
        (void)json_array_append_new(rows, cli_key_json(info));
        if (cli_wants_text(cli)) {
            cli_print_key(info);
        }
    }
    cli_json(cli, "partial", json_boolean(p11csr_key_list_is_partial(list)));
    if (p11csr_key_list_count(list) == 0) {
        cli_remark(cli, names_key(&selection.select) ? "none of the keys that are visible matches"
                                                     : "no key is visible");
    }
    if (p11csr_key_list_is_partial(list) != 0) {
        cli_remark(cli, "without a login only public objects show; to log in, add --pin-source prompt or "
                        "--pin-source file:PATH");
    }
    return PC_OK;
}

PC_RESULT cli_run_keys_generate(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    keygen.spec = cli_arg(cli, 0);
    PC_TRY(cli_take_backup(cli, &keygen, err));
    PC_TRY(cli_check_reports(cli, err));
    PC_TRY(cli_select(cli, NULL, &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_generate(ctx, &selection.select, &keygen, &key, NULL, err)));
    cli_transcript_key(cli, key, true);
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    if (cli_wants_text(cli)) {
        cli_print_key(p11csr_key_get_info(key));
    }
    struct cli_files files PC_CLEANUP(cli_files_done) = {0};
    PC_TRY(cli_add_reports(cli, key, &files, err));
    return cli_files_write(cli, &files, err);
}
