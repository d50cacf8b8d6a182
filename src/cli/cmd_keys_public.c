// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

/* p11csr keys public */

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

/* Before a PIN is asked for. */
static struct pc_result check_form(const char *form, p11csr_error **err)
{
    for (size_t i = 0; p11csr_public_form_name(i) != NULL; i++) {
        if (strcmp(p11csr_public_form_name(i), form) == 0) {
            return PC_OK;
        }
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "there is no form '%s' of a public key", form);
    pc_hint(err, "forms are %s", cli_option_get(OPT_PUBLIC_FORM)->words);
    return result;
}

PC_RESULT cli_run_keys_public(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    unsigned char *bytes PC_CLEANUP(p11csr_free_bytes) = NULL;
    size_t len = 0;
    struct cli_output output = {0};
    const char *form = cli_has(cli, OPT_PUBLIC_FORM) ? cli_value(cli, OPT_PUBLIC_FORM) : "spki-pem";
    const bool binary = strcmp(form, "spki-der") == 0;
    PC_TRY(check_form(form, err));
    PC_TRY(cli_take_output(cli, binary, &output, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    selection.select.public_suffices = 1;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    PC_TRY(cli_lift(p11csr_key_get_public(key, form, &bytes, &len, err)));
    PC_TRY(cli_write_output(cli, &output, (struct pc_span){bytes, len}, err));
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    cli_json(cli, "form", json_string(form));
    cli_json(cli, "public", binary ? json_null() : json_string((const char *)bytes));
    cli_json(cli, "file", output.path != NULL ? json_string(output.path) : json_null());
    return PC_OK;
}
