// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

/* p11csr certs install */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void print_item(const json_t *item, const char *what)
{
    const bool stored = json_is_true(json_object_get(item, "stored"));
    cli_print("%s %s %s\n", stored ? "stored" : "kept", what, text_of(item, "subject"));
    if (text_of(item, "id")[0] != 0) {
        cli_print("  beside the key '%s' (id %s)\n", text_of(item, "label"), text_of(item, "id"));
    }
}

static void report(struct cli *cli, json_t *answer)
{
    const json_t *chain = json_object_get(answer, "chain");
    const json_t *removed = json_object_get(answer, "removed");
    if (cli_wants_text(cli)) {
        print_item(json_object_get(answer, "certificate"), "the certificate");
    }
    for (size_t i = 0; cli_wants_text(cli) && i < json_array_size(chain); i++) {
        print_item(json_array_get(chain, i), "the issuer");
    }
    for (size_t i = 0; cli_wants_text(cli) && i < json_array_size(removed); i++) {
        const json_t *old = json_array_get(removed, i);
        cli_print("removed %s %s (serial %s)\n",
                  json_is_true(json_object_get(old, "placeholder")) ? "the placeholder"
                                                                    : "the old certificate",
                  text_of(old, "uri"), text_of(old, "serial"));
    }
    (void)json_object_update(cli->json, answer);
}

PC_RESULT cli_run_certs_install(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    struct pc_buf certificate PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf chain PC_CLEANUP(pc_buf_done) = {0};
    struct p11csr_install install = P11CSR_INSTALL_INIT;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_read_input(cli_arg(cli, 0), &certificate, err));
    install.certificate = certificate.ptr;
    install.certificate_len = certificate.len;
    install.replace = cli_has(cli, OPT_REPLACE) ? 1 : 0;
    if (cli_has(cli, OPT_CHAIN)) {
        PC_TRY(cli_read_input(cli_value(cli, OPT_CHAIN), &chain, err));
        install.chain = chain.ptr != NULL ? (const void *)chain.ptr : ""; // an empty file is no chain
        install.chain_len = chain.len;
    }
    PC_TRY(cli_select(cli, cli_arg(cli, 1), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_certificate_install(ctx, &selection.select, &install, &text, err)));
    json_t *answer PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (answer == NULL) {
        return pc_fail_memory(err);
    }
    report(cli, answer);
    return PC_OK;
}
