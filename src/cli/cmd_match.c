// SPDX-License-Identifier: Apache-2.0
#include "cli/modules.h"

#include <string.h>

/* p11csr match */

static void free_match(p11csr_match **match)
{
    p11csr_match_free(match);
}

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

static bool is_uri(const char *text)
{
    return strncmp(text, "pkcs11:", strlen("pkcs11:")) == 0;
}

/* Whether an option says which key is meant. */
static bool names_key(const struct cli *cli)
{
    return cli_has(cli, OPT_TOKEN) || cli_has(cli, OPT_KEY_LABEL) || cli_has(cli, OPT_KEY_ID) ||
           cli_has(cli, OPT_PIV_SLOT);
}

/* The key of a URI, or of the options when `uri` is NULL. Each may be on another module. */
static struct pc_result add_key(struct cli *cli, const char *uri, p11csr_match *match, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_select(cli, uri, &selection, err));
    selection.select.public_suffices = 1;
    PC_TRY(cli_lift(p11csr_ctx_set_module(ctx, cli_module(cli, uri), err)));
    PC_TRY(cli_find_module(cli, selection.select.token, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    return cli_lift(p11csr_match_add_key(match, key, err));
}

static struct pc_result add_file(const char *path, p11csr_match *match, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    PC_TRY(cli_read_input(path, &content, err));
    return pc_frame(cli_lift(p11csr_match_add(match, name, content.ptr, content.len, err)), err,
                    "cannot take a public key from '%s'", name);
}

static struct pc_result add_all(struct cli *cli, p11csr_match *match, p11csr_error **err)
{
    for (size_t i = 0; i < cli_arg_count(cli); i++) { // files first: a typing mistake costs no PIN
        if (!is_uri(cli_arg(cli, i))) {
            PC_TRY(add_file(cli_arg(cli, i), match, err));
        }
    }
    if (names_key(cli)) {
        PC_TRY(add_key(cli, NULL, match, err));
    }
    for (size_t i = 0; i < cli_arg_count(cli); i++) {
        if (is_uri(cli_arg(cli, i))) {
            PC_TRY(add_key(cli, cli_arg(cli, i), match, err));
        }
    }
    return PC_OK;
}

static void print_group(const json_t *group)
{
    size_t i = 0;
    const json_t *member = NULL;
    cli_print("%s, SHA-256 of SubjectPublicKeyInfo %s\n", json_string_value(json_object_get(group, "type")),
              json_string_value(json_object_get(group, "spki-sha256")));
    json_array_foreach(json_object_get(group, "members"), i, member)
    {
        const bool same =
            json_equal(json_object_get(member, "spki-sha256"), json_object_get(group, "spki-sha256")) == 1;
        cli_print("  %-11s  %s%s\n", json_string_value(json_object_get(member, "kind")),
                  json_string_value(json_object_get(member, "name")), same ? "" : " (encoded differently)");
    }
}

/* What there is to be matched; *ret is false when all of it is in files. */
static struct pc_result check_args(const struct cli *cli, bool *ret, p11csr_error **err)
{
    size_t inputs = 0;
    size_t uris = 0;
    for (size_t i = 0; i < cli_arg_count(cli); i++) {
        inputs += strcmp(cli_arg(cli, i), "-") == 0 ? 1 : 0;
        uris += is_uri(cli_arg(cli, i)) ? 1 : 0;
    }
    *ret = uris > 0 || names_key(cli);
    if (inputs > 1) {
        return pc_fail(err, P11CSR_E_USAGE, "standard input can be read once only");
    }
    if (uris > 0 && names_key(cli)) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_USAGE, "keys are named by URIs or by options, not by both");
        pc_hint(err, "see the URIs of the keys that are there: p11csr keys list --token NAME");
        return result;
    }
    if (cli_arg_count(cli) + (names_key(cli) ? 1 : 0) < 2) {
        return pc_fail(err, P11CSR_E_USAGE, "one thing has nothing to be matched with");
    }
    return PC_OK;
}

PC_RESULT cli_run_match(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    p11csr_match *match PC_CLEANUP(free_match) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    size_t i = 0;
    const json_t *group = NULL;
    bool has_keys = false;
    PC_TRY(check_args(cli, &has_keys, err));
    PC_TRY(has_keys ? cli_context(cli, &ctx, err) : cli_lift(p11csr_ctx_new(&cli->ctx, err)));
    ctx = cli->ctx;
    PC_TRY(cli_lift(p11csr_match_new(ctx, &match, err)));
    PC_TRY(add_all(cli, match, err));
    PC_TRY(cli_lift(p11csr_match_to_json(match, &text, err)));
    json_t *groups = json_loads(text, 0, NULL);
    if (groups == NULL) {
        return pc_fail_memory(err);
    }
    cli_json(cli, "groups", groups);
    json_array_foreach(groups, i, group)
    {
        if (cli_wants_text(cli)) {
            print_group(group);
        }
    }
    if (p11csr_match_group_count(match) > 1) {
        return pc_fail(err, P11CSR_E_CHECK_FAILED, "these are %zu different keys",
                       p11csr_match_group_count(match));
    }
    return PC_OK;
}
