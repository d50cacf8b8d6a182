// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/cli.h"

/* p11csr certs delete */

static void free_certificate(p11csr_certificate **certificate)
{
    p11csr_certificate_free(certificate);
}

static struct pc_result confirm(const struct cli *cli, const p11csr_certificate *certificate,
                                p11csr_error **err)
{
    const struct p11csr_certificate_info *info = p11csr_certificate_get_info(certificate);
    struct pc_buf lines PC_CLEANUP(pc_buf_done) = {0};
    char *details PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&lines, (size_t)16 * PC_MAX_TEXT);
    pc_buf_printf(&lines, "  subject: %s\n  issuer:  %s\n  serial:  %s\n  expires: %s\n  SHA-256: %s\n",
                  info->subject, info->issuer, info->serial, info->not_after, info->sha256);
    PC_TRY(pc_buf_take_text(&lines, &details, err));
    const char *named = info->label[0] != 0 ? info->label : info->id;
    const struct cli_doom doom = {.what = "certificate",
                                  .uri = info->uri,
                                  .details = details,
                                  .word = named[0] != 0 ? named : info->serial,
                                  .fully_named = p11csr_certificate_is_fully_named(certificate) != 0};
    return cli_confirm(cli, &doom, err);
}

PC_RESULT cli_run_certs_delete(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_cert_selection selection PC_CLEANUP(cli_cert_selection_done) = {0};
    p11csr_certificate *certificate PC_CLEANUP(free_certificate) = NULL;
    PC_TRY(cli_select_cert(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_certificate_open(ctx, &selection.select, 1, &certificate, err)));
    PC_TRY(confirm(cli, certificate, err));
    PC_TRY(cli_lift(p11csr_certificate_delete(certificate, err)));
    const struct p11csr_certificate_info *info = p11csr_certificate_get_info(certificate);
    cli_json(cli, "certificate", cli_cert_json(info));
    if (cli_wants_text(cli)) {
        cli_print("deleted the certificate '%s' (id %s, serial %s)\n", info->label, info->id, info->serial);
    }
    return PC_OK;
}
