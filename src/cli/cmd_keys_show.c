// SPDX-License-Identifier: Apache-2.0
#include "cli/report.h"

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

PC_RESULT cli_run_keys_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    if (cli_wants_text(cli)) {
        cli_print_key(p11csr_key_get_info(key));
    }
    return cli_has(cli, OPT_PROTECTION) ? show_protection(cli, key, err) : PC_OK;
}
