// SPDX-License-Identifier: Apache-2.0
#include "cli/modules.h"

/* p11csr algorithms: what p11csr knows and, with a token, what that token offers */

/* Where the rows go, and which token is asked. */
struct listing {
    struct cli *cli;
    const char *token; /* NULL: none */
    json_t *rows;
};

/* "offered" for a token, in both forms of the answer. */
static struct pc_result add_offered(const struct listing *listing, const char *name, json_t *row,
                                    const char **ret_text, p11csr_error **err)
{
    int offered = 0;
    *ret_text = "";
    if (listing->token == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_token_offers(listing->cli->ctx, listing->token, name, &offered, err)));
    (void)json_object_set_new(row, "offered", json_boolean(offered));
    *ret_text = offered != 0 ? "yes  " : "-    ";
    return PC_OK;
}

static struct pc_result list_key(const struct listing *listing, const struct p11csr_algorithm *row,
                                 p11csr_error **err)
{
    const char *offered = NULL;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:i, s:s}", "name", row->name, "family", row->family, "default-scheme",
                  row->default_scheme, "security-bits", (int)row->security_bits, "doc", row->doc);
    (void)json_array_append_new(listing->rows, json);
    PC_TRY(add_offered(listing, row->name, json, &offered, err));
    if (cli_wants_text(listing->cli)) {
        cli_print("  %s%-18s%-18s%s\n", offered, row->name, row->default_scheme, row->doc);
    }
    return PC_OK;
}

static struct pc_result list_scheme(const struct listing *listing, const struct p11csr_algorithm *row,
                                    p11csr_error **err)
{
    const char *offered = NULL;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "family", row->family, "defined-in",
                             row->defined_in, "doc", row->doc);
    (void)json_array_append_new(listing->rows, json);
    PC_TRY(add_offered(listing, row->name, json, &offered, err));
    if (cli_wants_text(listing->cli)) {
        cli_print("  %s%-18s%s; %s\n", offered, row->name, row->doc, row->defined_in);
    }
    return PC_OK;
}

PC_RESULT cli_run_algorithms(struct cli *cli, p11csr_error **err)
{
    struct p11csr_algorithm row;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_ctx *ctx = NULL;
    PC_TRY(cli_select(cli, NULL, &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    int ignored = 0;
    if (selection.select.token != NULL) { // a token that cannot be asked is found before anything is printed
        PC_TRY(cli_find_module(cli, selection.select.token, err));
        PC_TRY(cli_lift(p11csr_token_offers(ctx, selection.select.token, "p256", &ignored, err)));
    }
    struct listing listing = {.cli = cli, .token = selection.select.token, .rows = json_array()};
    cli_json(cli, "keys", listing.rows);
    if (cli_wants_text(cli)) {
        cli_print("Kinds of keys (--generate, --ensure) and their usual schemes:\n");
    }
    for (size_t i = 0; p11csr_key_algorithm(i, &row) != 0; i++) {
        PC_TRY(list_key(&listing, &row, err));
    }
    if (selection.select.token != NULL) {
        cli_remark(
            cli,
            "tokens report the mechanism for curves, not which of them: making a key may fail all the same");
    }
    listing.rows = json_array();
    cli_json(cli, "schemes", listing.rows);
    if (cli_wants_text(cli)) {
        cli_print("Signature schemes (--scheme):\n");
    }
    for (size_t i = 0; p11csr_scheme_algorithm(i, &row) != 0; i++) {
        PC_TRY(list_scheme(&listing, &row, err));
    }
    return PC_OK;
}
