// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

/* p11csr certs export */

static void free_certificate(p11csr_certificate **certificate)
{
    p11csr_certificate_free(certificate);
}

static struct pc_result take_form(const struct cli *cli, bool *ret_der, p11csr_error **err)
{
    const char *form = cli_value(cli, OPT_FORM);
    if (form != NULL && strcmp(form, "pem") != 0 && strcmp(form, "der") != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--form is pem or der, not '%s'", form);
    }
    *ret_der = form != NULL && strcmp(form, "der") == 0;
    if (*ret_der && cli_has(cli, OPT_WITH_CHAIN)) {
        return pc_fail(err, P11CSR_E_USAGE, "DER holds one certificate: --with-chain goes with PEM");
    }
    return PC_OK;
}

PC_RESULT cli_run_certs_export(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_cert_selection selection PC_CLEANUP(cli_cert_selection_done) = {0};
    p11csr_certificate *certificate PC_CLEANUP(free_certificate) = NULL;
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    struct cli_output output = {0};
    bool der = false;
    PC_TRY(take_form(cli, &der, err));
    PC_TRY(cli_take_output(cli, der, &output, err));
    PC_TRY(cli_select_cert(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_certificate_open(ctx, &selection.select, 0, &certificate, err)));
    PC_TRY(cli_lift(p11csr_certificate_to_pem(certificate, cli_has(cli, OPT_WITH_CHAIN) ? 1 : 0, &pem, err)));
    struct pc_span content = pc_span_str(pem);
    if (der) {
        content.ptr = p11csr_certificate_get_der(certificate, &content.len);
    }
    PC_TRY(cli_write_output(cli, &output, content, err));
    cli_json(cli, "certificate", cli_cert_json(p11csr_certificate_get_info(certificate)));
    cli_json(cli, "pem", json_string(pem));
    cli_json(cli, "file", output.path != NULL ? json_string(output.path) : json_null());
    return PC_OK;
}
