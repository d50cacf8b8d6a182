// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the environment says when the option is not there. */
static const char *value_or_env(const struct cli *cli, enum cli_option_id id, const char *variable)
{
    const char *value = cli_value(cli, id);
    if (value == NULL) {
        value = secure_getenv(variable);
    }
    return value != NULL && value[0] != 0 ? value : NULL;
}

PC_RESULT cli_user_folder(const char *variable, const char *below_home, char **ret, p11csr_error **err)
{
    const char *base = secure_getenv(variable);
    const char *home = secure_getenv("HOME");
    if (base != NULL && base[0] == '/') {
        *ret = pc_asprintf("%s/p11csr", base);
    } else if (home != NULL && home[0] == '/') {
        *ret = pc_asprintf("%s/%s/p11csr", home, below_home);
    } else {
        return pc_fail(err, P11CSR_E_CONFIG, "neither HOME nor %s is set to an absolute path", variable);
    }
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static void print_warning(const char *text, void *data)
{
    cli_remark(data, "warning: %s", text);
}

/* The system's, then the user's, then the one that was named. */
static struct pc_result load_config(const struct cli *cli, p11csr_ctx *ctx, p11csr_error **err)
{
    char *user PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(cli_lift(p11csr_ctx_load_config(ctx, "/etc/p11csr/", err)));
    if (pc_is_ok(cli_user_folder("XDG_CONFIG_HOME", ".config", &user, NULL))) {
        char *folder PC_CLEANUP(pc_free_str) = pc_asprintf("%s/", user);
        if (folder == NULL) {
            return pc_fail_memory(err);
        }
        PC_TRY(cli_lift(p11csr_ctx_load_config(ctx, folder, err)));
    }
    const char *named = value_or_env(cli, OPT_CONFIG, "P11CSR_CONFIG");
    return named != NULL ? cli_lift(p11csr_ctx_load_config(ctx, named, err)) : PC_OK;
}

static struct pc_result set_up(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx_set_warning_callback(cli->ctx, print_warning, cli);
    PC_TRY(load_config(cli, cli->ctx, err));
    PC_TRY(cli_lift(p11csr_ctx_set_module(cli->ctx, value_or_env(cli, OPT_MODULE, "P11CSR_MODULE"), err)));
    PC_TRY(cli_lift(
        p11csr_ctx_set_pin_source(cli->ctx, value_or_env(cli, OPT_PIN_SOURCE, "P11CSR_PIN_SOURCE"), err)));
    p11csr_ctx_accept_final_try(cli->ctx, cli_has(cli, OPT_ACCEPT_FINAL_TRY) ? 1 : 0);
    if (cli_can_prompt()) {
        p11csr_ctx_set_pin_callback(cli->ctx, cli_prompt, NULL);
    }
    return PC_OK;
}

PC_RESULT cli_context(struct cli *cli, p11csr_ctx **ret, p11csr_error **err)
{
    if (cli->ctx == NULL) {
        PC_TRY(cli_lift(p11csr_ctx_new(&cli->ctx, err)));
        PC_TRY(set_up(cli, err));
    }
    *ret = cli->ctx;
    return PC_OK;
}

PC_RESULT cli_select(const struct cli *cli, const char *uri, struct p11csr_select *ret, struct pc_buf *store,
                     p11csr_error **err)
{
    const char *id = cli_value(cli, OPT_KEY_ID);
    *ret = (struct p11csr_select)P11CSR_SELECT_INIT;
    if (uri != NULL && cli_has(cli, OPT_TOKEN)) {
        return pc_fail(err, P11CSR_E_USAGE, "both --token and '%s' name a token", uri);
    }
    ret->token = uri != NULL ? uri : value_or_env(cli, OPT_TOKEN, "P11CSR_TOKEN");
    ret->label = cli_value(cli, OPT_KEY_LABEL);
    if (id == NULL) {
        return PC_OK;
    }
    if (!pc_hex_parse(id, store)) {
        return pc_fail(err, P11CSR_E_VALUE, "--key-id '%s' is not hex", id);
    }
    PC_TRY(pc_buf_check(store, err));
    ret->id = store->ptr;
    ret->id_len = store->len;
    return PC_OK;
}

PC_RESULT cli_read_csr(const char *path, p11csr_csr **ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    const bool from_stdin = path == NULL || strcmp(path, "-") == 0;
    pc_buf_init(&content, PC_MAX_REQUEST);
    PC_TRY(from_stdin ? pc_file_read_fd(STDIN_FILENO, "standard input", &content, err)
                      : pc_file_read(path, &content, err));
    return pc_frame(cli_lift(p11csr_csr_read(content.ptr, content.len, ret, err)), err, "cannot read '%s'",
                    from_stdin ? "standard input" : path);
}
