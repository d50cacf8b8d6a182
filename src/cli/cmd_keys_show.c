// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/report.h"

#include <string.h>

/* p11csr keys show */

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static struct pc_result show_protection(struct cli *cli, p11csr_key *key, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_key_protection_to_json(key, &text, err)));
    json_t *report PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (report == NULL) {
        return pc_fail_memory(err);
    }
    if (cli_wants_text(cli)) {
        cli_print_protection(report, stdout);
    }
    cli_json(cli, "protection", json_incref(report));
    return PC_OK;
}

/* The pin-source of a URI; a p11csr_uri_visitor. */
static void take_source(const char *name, const unsigned char *value, size_t len, void *data)
{
    if (strcmp(name, "pin-source") == 0) {
        pc_buf_add(data, value, len);
        pc_buf_byte(data, 0);
    }
}

/*
 * The PEM names the PIN's source only where the URI of the command line does: what p11csr itself uses may not
 * be there for the program that reads the file.
 */
static struct pc_result show_pem_uri(struct cli *cli, p11csr_key *key, const struct p11csr_select *select,
                                     const struct cli_output *output, p11csr_error **err)
{
    struct pc_buf source PC_CLEANUP(pc_buf_done) = {0};
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    pc_buf_init(&source, PC_MAX_URI);
    if (select->token != NULL && strncmp(select->token, "pkcs11:", strlen("pkcs11:")) == 0) {
        PC_TRY(cli_lift(p11csr_uri_explain(select->token, take_source, &source, err)));
        PC_TRY(pc_buf_check(&source, err));
    }
    PC_TRY(cli_lift(p11csr_key_to_pem_uri(key, source.len > 0 ? (const char *)source.ptr : NULL, &pem, err)));
    PC_TRY(cli_write_output(cli, output, pc_span_str(pem), err));
    cli_json(cli, "pem-uri", json_string(pem));
    cli_json(cli, "file", output->path != NULL ? json_string(output->path) : json_null());
    return PC_OK;
}

static struct pc_result check_options(const struct cli *cli, p11csr_error **err)
{
    const bool pem = cli_has(cli, OPT_PEM_URI);
    if (!pem && (cli_has(cli, OPT_OUT) || cli_has(cli, OPT_FORCE))) {
        return pc_fail(err, P11CSR_E_USAGE, "--%s goes with --pem-uri",
                       cli_has(cli, OPT_OUT) ? "out" : "force");
    }
    return pem && cli_has(cli, OPT_PROTECTION)
               ? pc_fail(err, P11CSR_E_USAGE, "--pem-uri and --protection exclude each other")
               : PC_OK;
}

PC_RESULT cli_run_keys_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    struct cli_output output = {0};
    PC_TRY(check_options(cli, err));
    PC_TRY(cli_take_output(cli, false, &output, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    if (cli_has(cli, OPT_PEM_URI)) {
        return show_pem_uri(cli, key, &selection.select, &output, err);
    }
    if (cli_wants_text(cli)) {
        cli_print_key(p11csr_key_get_info(key));
    }
    return cli_has(cli, OPT_PROTECTION) ? show_protection(cli, key, err) : PC_OK;
}
