// SPDX-License-Identifier: Apache-2.0
#include "cli/modules.h"

#include <stdlib.h>
#include <string.h>

/* p11csr tokens ..., p11csr uri explain */

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void print_token(const json_t *row)
{
    cli_print("%s\n  URI:      %s\n  made by:  %s, model %s, firmware %s\n  module:   %s\n",
              text_of(row, "label"), text_of(row, "uri"), text_of(row, "manufacturer"), text_of(row, "model"),
              text_of(row, "firmware-version"), text_of(row, "module"));
    cli_print("  PIN:      %s%s\n",
              json_is_true(json_object_get(row, "login-required")) ? cli_pin_text(text_of(row, "pin-state"))
                                                                   : "none needed",
              json_is_true(json_object_get(row, "pin-pad")) ? "; entered at the device" : "");
    if (json_is_true(json_object_get(row, "write-protected"))) {
        cli_print("  write-protected\n");
    }
}

/* The token option, the positional URI, or the environment; NULL means every token. */
static struct pc_result wanted_token(const struct cli *cli, const char **ret, p11csr_error **err)
{
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    *ret = selection.select.token;
    return PC_OK;
}

PC_RESULT cli_run_tokens_list(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const char *token = NULL;
    json_t *rows = json_array();
    size_t i = 0;
    const json_t *row = NULL;
    cli_json(cli, "tokens", rows);
    PC_TRY(wanted_token(cli, &token, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_tokens(cli, token, rows, err));
    json_array_foreach(rows, i, row)
    {
        if (cli_wants_text(cli)) {
            print_token(row);
        }
    }
    const char *alias = p11csr_ctx_alias_name(cli->ctx, 0);
    if (i == 0 && token == NULL && alias != NULL) {
        cli_remark(
            cli,
            "no module that p11-kit knows shows a token; the configuration names others: p11csr tokens "
            "list --token %s",
            alias);
    } else if (i == 0) {
        cli_remark(cli, "there is no token; to make one for trying things out: p11csr tokens init-soft demo");
    }
    return PC_OK;
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* The PIN files that are not sent to the token, and how one is tried again all the same. */
static struct pc_result show_latches(struct cli *cli, const char *uri, p11csr_error **err)
{
    char *told PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_latches_to_json(cli->ctx, uri, &told, err)));
    json_t *rows = json_loads(told, 0, NULL);
    cli_json(cli, "latches", rows);
    for (size_t i = 0; i < json_array_size(rows) && cli_wants_text(cli); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *files = json_object_get(row, "files");
        for (size_t j = 0; j < json_array_size(files); j++) {
            const json_t *file = json_array_get(files, j);
            cli_print("  latched:  %s PIN in '%s', wrong at %s: it is not sent before the file changes\n",
                      text_of(row, "role"), text_of(file, "path"), text_of(file, "since"));
        }
    }
    if (json_array_size(rows) > 0) {
        cli_remark(
            cli, "to have a PIN that was wrong tried once more: p11csr tokens clear-latch --token '%s'", uri);
    }
    return PC_OK;
}

static struct pc_result fail_none(const char *token, p11csr_error **err)
{
    const bool is_uri = token != NULL && strncmp(token, "pkcs11:", strlen("pkcs11:")) == 0;
    const struct pc_result result =
        pc_fail(err, P11CSR_E_TOKEN_NOT_FOUND, "no token %s%s", token != NULL ? "matches " : "is there",
                token != NULL ? token : "");
    if (token != NULL && !is_uri) {
        pc_note(err, "'%s' is no alias of the configuration, so it was taken for a token's label", token);
    }
    return result;
}

PC_RESULT cli_run_tokens_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const char *token = NULL;
    json_t *rows PC_CLEANUP(free_json) = json_array();
    PC_TRY(wanted_token(cli, &token, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_tokens(cli, token, rows, err));
    const size_t count = json_array_size(rows);
    if (count == 0) {
        return fail_none(token, err);
    }
    if (count > 1) {
        const struct pc_result result = pc_fail(err, P11CSR_E_TOKEN_AMBIGUOUS, "%zu tokens match", count);
        for (size_t i = 0; i < count; i++) {
            pc_note(err, "%s", text_of(json_array_get(rows, i), "uri"));
        }
        return result;
    }
    cli_json(cli, "token", json_incref(json_array_get(rows, 0)));
    if (cli_wants_text(cli)) {
        print_token(json_array_get(rows, 0));
    }
    return show_latches(cli, text_of(json_array_get(rows, 0), "uri"), err);
}

/* What one record said: which PIN files of which token. */
static void print_cleared(const json_t *row)
{
    const char *token = json_string_value(json_object_get(row, "token"));
    const json_t *files = json_object_get(row, "files");
    cli_print("%s\n", token != NULL ? token : json_string_value(json_object_get(row, "record")));
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        cli_print("  %s PIN in '%s', wrong at %s\n", json_string_value(json_object_get(row, "role")),
                  json_string_value(json_object_get(file, "path")),
                  json_string_value(json_object_get(file, "since")));
    }
}

PC_RESULT cli_run_tokens_clear_latch(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const char *token = NULL;
    char *cleared PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(wanted_token(cli, &token, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_latches_clear(ctx, token, &cleared, err)));
    json_t *rows = json_loads(cleared, 0, NULL);
    cli_json(cli, "cleared", rows);
    for (size_t i = 0; i < json_array_size(rows) && cli_wants_text(cli); i++) {
        print_cleared(json_array_get(rows, i));
    }
    if (json_array_size(rows) == 0) {
        cli_remark(cli, "no wrong PIN is remembered%s", token != NULL ? " for this token" : "");
    }
    return PC_OK;
}

/* A text in single quotes for a shell; the paths cannot hold any themselves. */
static void print_env(const struct p11csr_soft_token *soft, const char *name)
{
    cli_print("export SOFTHSM2_CONF='%s'\nexport P11CSR_TOKEN='%s'\n", soft->config_file, name);
}

PC_RESULT cli_run_tokens_init_soft(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const char *name = cli_arg(cli, 0) != NULL ? cli_arg(cli, 0) : "demo";
    char *config_dir PC_CLEANUP(p11csr_free_text) = NULL;
    char *data_dir PC_CLEANUP(p11csr_free_text) = NULL;
    struct p11csr_soft_token soft PC_CLEANUP(p11csr_soft_token_done) = {0};
    PC_TRY(cli_user_folder("XDG_CONFIG_HOME", ".config", &config_dir, err));
    PC_TRY(cli_user_folder("XDG_DATA_HOME", ".local/share", &data_dir, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_soft_token_create(ctx, name, config_dir, data_dir, &soft, err)));
    cli_json(cli, "name", json_string(name));
    cli_json(cli, "created", json_boolean(soft.created));
    cli_json(cli, "alias-file", json_string(soft.alias_file));
    cli_json(cli, "pin-file", json_string(soft.pin_file));
    cli_json(cli, "softhsm2-conf", json_string(soft.config_file));
    if (cli_has(cli, OPT_PRINT_ENV) && cli_wants_text(cli)) {
        print_env(&soft, name);
    } else if (cli_wants_text(cli)) {
        cli_print("token '%s' %s\n  alias:    %s\n  PIN file: %s\n  next:     p11csr request --token %s "
                  "--generate p256 "
                  "--key-label web --subject CN=www.example.com --dns www.example.com -o www.csr\n",
                  name, soft.created != 0 ? "is made" : "was there already", soft.alias_file, soft.pin_file,
                  name);
    }
    return PC_OK;
}

static void take_attribute(const char *name, const unsigned char *value, size_t len, void *data)
{
    struct cli *cli = data;
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    const bool hex = strcmp(name, "id") == 0;
    const bool hidden = strcmp(name, "pin-value") == 0;
    pc_buf_init(&text, 65536);
    for (size_t i = 0; i < len; i++) {
        if (hex) {
            pc_buf_printf(&text, "%02x", value[i]);
        } else {
            pc_buf_byte(&text, value[i]);
        }
    }
    pc_buf_byte(&text, 0);
    const char *shown = hidden ? "(not shown)" : (const char *)text.ptr;
    if (text.failed == P11CSR_OK) {
        (void)json_object_set_new(json_object_get(cli->json, "attributes"), name, json_string(shown));
        if (cli_wants_text(cli)) {
            cli_print("  %-22s%s%s\n", name, hex ? "hex " : "", shown);
        }
    }
}

/* What the URI matches now: tokens, without any login. */
static struct pc_result explain_matches(struct cli *cli, const char *uri, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    json_t *tokens PC_CLEANUP(free_json) = json_array();
    json_t *rows = json_array();
    size_t i = 0;
    const json_t *row = NULL;
    cli_json(cli, "tokens", rows);
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_tokens(cli, uri, tokens, err));
    json_array_foreach(tokens, i, row)
    {
        (void)json_array_append(rows, json_object_get(row, "uri"));
        if (cli_wants_text(cli)) {
            cli_print("%s %s\n", i == 0 ? "matches:" : "        ", text_of(row, "uri"));
        }
    }
    if (i == 0 && cli_wants_text(cli)) {
        cli_print("matches: no token\n");
    }
    return PC_OK;
}

PC_RESULT cli_run_uri_explain(struct cli *cli, p11csr_error **err)
{
    char *normal PC_CLEANUP(p11csr_free_text) = NULL;
    const char *uri = cli_reveal(cli, cli_arg(cli, 0));
    PC_TRY(cli_lift(p11csr_uri_normalize(uri, &normal, err)));
    cli_json(cli, "uri", json_string(normal));
    cli_json(cli, "attributes", json_object());
    if (cli_wants_text(cli)) {
        cli_print("%s\n", normal);
    }
    PC_TRY(cli_lift(p11csr_uri_explain(uri, take_attribute, cli, err)));
    return explain_matches(cli, uri, err);
}
