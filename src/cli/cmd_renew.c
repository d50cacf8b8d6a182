// SPDX-License-Identifier: Apache-2.0
#include "cli/renew.h"

#include <string.h>

/* p11csr renew */

#define URI_SCHEME "pkcs11:"

static void free_certificate(p11csr_certificate **certificate)
{
    p11csr_certificate_free(certificate);
}

/* The key of what is renewed, unless a new one is to be made. */
static struct pc_result select_key(const struct cli_source *source, struct cli_making *making,
                                   p11csr_error **err)
{
    struct p11csr_select *select = &making->selection.select;
    if (making->spec != NULL) {
        return PC_OK;
    }
    p11csr_free_bytes(&making->selection.spki);
    PC_TRY(cli_lift(
        p11csr_spki_read(source->data, source->len, &making->selection.spki, &select->spki_len, err)));
    select->spki = making->selection.spki;
    return PC_OK;
}

/* The key, or with --dry-run what would be done with it. */
static struct pc_result get_key(struct cli *cli, const struct cli_source *source, struct cli_making *making,
                                p11csr_error **err)
{
    const struct pc_result result = cli_has(cli, OPT_DRY_RUN) ? cli_making_dry_run(cli, making, err)
                                                              : cli_making_get_key(cli, making, err);
    if (result.code == P11CSR_E_KEY_NOT_FOUND && making->spec == NULL) {
        pc_hint(err, "renew '%s' with a new key: add --new-key p256 --key-label NAME", source->from);
    }
    return result;
}

static struct pc_result report_changes(struct cli *cli, const struct cli_source *source,
                                       const struct cli_making *making, p11csr_error **err)
{
    char *changes PC_CLEANUP(p11csr_free_text) = NULL;
    const struct p11csr_bytes old = {source->data, source->len};
    struct p11csr_bytes now = {0};
    now.data = p11csr_csr_get_der(making->csr, &now.len);
    PC_TRY(cli_lift(p11csr_compare(cli->ctx, &old, &now, &changes, err)));
    return cli_say_changes(cli, changes, err);
}

PC_RESULT cli_renew_one(struct cli *cli, const struct cli_source *source, struct cli_making *making,
                        p11csr_error **err)
{
    PC_TRY(cli_take_content_from(cli, source, &making->request, err));
    PC_TRY(select_key(source, making, err));
    PC_TRY(cli_making_check(cli, making, err));
    PC_TRY(get_key(cli, source, making, err));
    cli_json(cli, "from", json_string(source->from));
    if (cli_has(cli, OPT_DRY_RUN)) {
        return PC_OK;
    }
    PC_TRY(cli_making_finish(cli, making, err));
    return report_changes(cli, source, making, err);
}

static struct pc_result renew_file(struct cli *cli, const char *path, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    struct cli_making making PC_CLEANUP(cli_making_done) = {.spec = cli_value(cli, OPT_NEW_KEY)};
    PC_TRY(cli_making_take_output(cli, &making, err));
    PC_TRY(cli_select(cli, NULL, &making.selection, err));
    PC_TRY(cli_read_input(path, &content, err));
    const struct cli_source source = {path, content.ptr, content.len};
    return cli_renew_one(cli, &source, &making, err);
}

PC_RESULT cli_refuse_pin_value(const char *uri, p11csr_error **err)
{
    if (uri == NULL || strstr(uri, "pin-value=") == NULL) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "renew takes no PIN in a URI: it would have to be copied");
    pc_hint(err, "name its source: --pin-source file:PATH, prompt, or another");
    return result;
}

/* With a new key, label and id are those of the new key. */
static struct pc_result find_certificate(struct cli *cli, const char *uri, p11csr_certificate **ret,
                                         p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_cert_selection selection PC_CLEANUP(cli_cert_selection_done) = {0};
    PC_TRY(cli_select_cert(cli, uri, &selection, err));
    if (cli_has(cli, OPT_NEW_KEY)) {
        selection.select.label = NULL;
        selection.select.id = NULL;
        selection.select.id_len = 0;
    }
    PC_TRY(cli_context(cli, &ctx, err));
    return cli_lift(p11csr_certificate_open(ctx, &selection.select, 0, ret, err));
}

static struct pc_result renew_on_token(struct cli *cli, const char *uri, p11csr_error **err)
{
    p11csr_certificate *certificate PC_CLEANUP(free_certificate) = NULL;
    if (uri != NULL) {
        PC_TRY(cli_refuse_pin_value(cli_reveal(cli, uri), err));
    }
    char *token PC_CLEANUP(pc_free_str) = uri != NULL ? cli_token_part(cli_reveal(cli, uri)) : NULL;
    struct cli_making making PC_CLEANUP(cli_making_done) = {.spec = cli_value(cli, OPT_NEW_KEY)};
    struct p11csr_select *select = &making.selection.select;
    struct cli_source source = {0};
    PC_TRY(cli_making_take_output(cli, &making, err));
    PC_TRY(find_certificate(cli, uri, &certificate, err));
    PC_TRY(cli_select(cli, NULL, &making.selection, err));
    if (uri != NULL) {
        select->token = token;
    }
    if (making.spec == NULL) { // they named the certificate; the key is found by its public half
        *select = (struct p11csr_select){.struct_size = sizeof(*select), .token = select->token};
    }
    source.from = p11csr_certificate_get_info(certificate)->uri;
    source.data = p11csr_certificate_get_der(certificate, &source.len);
    return cli_renew_one(cli, &source, &making, err);
}

PC_RESULT cli_run_renew(struct cli *cli, p11csr_error **err)
{
    const char *what = cli_arg(cli, 0);
    if (cli_has(cli, OPT_EXPIRING)) {
        return cli_renew_expiring(cli, err);
    }
    if (what != NULL && strncmp(what, URI_SCHEME, strlen(URI_SCHEME)) != 0) {
        return renew_file(cli, what, err);
    }
    return renew_on_token(cli, what, err);
}
