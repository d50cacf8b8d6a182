// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/modules.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cli_value_or_env(const struct cli *cli, enum cli_option_id id, const char *variable)
{
    const char *value = cli_value(cli, id);
    if (value == NULL) {
        value = secure_getenv(variable);
    }
    return value != NULL && value[0] != 0 ? cli_reveal(cli, value) : NULL;
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

/* True when the token was typed as a URI that has this query attribute: "pin-source=". */
static bool uri_says(const struct cli *cli, const char *typed, const char *attribute)
{
    const char *query = typed != NULL && strncmp(typed, "pkcs11:", strlen("pkcs11:")) == 0
                            ? strchr(cli_reveal(cli, typed), '?')
                            : NULL;
    for (; query != NULL; query = strchr(query + 1, '&')) {
        if (strncmp(query + 1, attribute, strlen(attribute)) == 0) {
            return true;
        }
    }
    return false;
}

const char *cli_module(const struct cli *cli, const char *typed)
{
    return uri_says(cli, typed, "module-path=") || uri_says(cli, typed, "module-name=")
               ? cli_value(cli, OPT_MODULE)
               : cli_value_or_env(cli, OPT_MODULE, "P11CSR_MODULE");
}

static const char *pin_source(const struct cli *cli, const char *typed)
{
    return uri_says(cli, typed, "pin-source=") || uri_says(cli, typed, "pin-value=")
               ? cli_value(cli, OPT_PIN_SOURCE)
               : cli_value_or_env(cli, OPT_PIN_SOURCE, "P11CSR_PIN_SOURCE");
}

static void print_warning(const char *text, void *data)
{
    cli_warn(data, text);
}

/* The system's, then the user's, then the one that was named. */
PC_RESULT cli_load_config(const struct cli *cli, p11csr_ctx *ctx, p11csr_error **err)
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
    const char *named = cli_value_or_env(cli, OPT_CONFIG, "P11CSR_CONFIG");
    return named != NULL ? cli_lift(p11csr_ctx_load_config(ctx, named, err)) : PC_OK;
}

static struct pc_result set_state_dir(p11csr_ctx *ctx, p11csr_error **err)
{
    char *folder PC_CLEANUP(pc_free_str) = NULL;
    if (!pc_is_ok(cli_user_folder("XDG_STATE_HOME", ".local/state", &folder, NULL))) {
        return PC_OK; // a service without a home keeps no records
    }
    return cli_lift(p11csr_ctx_set_state_dir(ctx, folder, err));
}

static struct pc_result set_quirks(const struct cli *cli, p11csr_error **err)
{
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == OPT_QUIRK) {
            PC_TRY(cli_lift(p11csr_ctx_set_quirk(cli->ctx, use->value, err)));
        }
    }
    return PC_OK;
}

/* Who logs in, and when. */
static struct pc_result set_login(const struct cli *cli, p11csr_error **err)
{
    static const char *const words[] = {
        [P11CSR_LOGIN_AUTO] = "auto", [P11CSR_LOGIN_ALWAYS] = "always", [P11CSR_LOGIN_NEVER] = "never"};
    const char *when = cli_value(cli, OPT_LOGIN) != NULL ? cli_value(cli, OPT_LOGIN) : words[0];
    const char *who = cli_value(cli, OPT_LOGIN_AS) != NULL ? cli_value(cli, OPT_LOGIN_AS) : "user";
    size_t login = 0;
    while (login < PC_ARRAY_LEN(words) && strcmp(when, words[login]) != 0) {
        login++;
    }
    if (login == PC_ARRAY_LEN(words)) {
        return pc_fail(err, P11CSR_E_USAGE, "--login is auto, always or never, not '%s'", when);
    }
    if (strcmp(who, "user") != 0 && strcmp(who, "so") != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--login-as is user or so, not '%s'", who);
    }
    p11csr_ctx_login_as_so(cli->ctx, strcmp(who, "so") == 0 ? 1 : 0);
    p11csr_ctx_accept_final_try(cli->ctx, cli_has(cli, OPT_ACCEPT_FINAL_TRY) ? 1 : 0);
    return cli_lift(p11csr_ctx_set_login(cli->ctx, (enum p11csr_login)login, err));
}

/* The positional URI, or what the option says; NULL: neither. As it was typed, but for a PIN. */
static const char *typed_token(const struct cli *cli)
{
    const char *args = cli->command->args;
    const char *uri = strstr(args, "URI");
    size_t index = 0;
    for (const char *at = args; uri != NULL && at < uri; at++) {
        index += *at == ' ' ? 1 : 0;
    }
    const char *given = uri != NULL ? cli_arg(cli, index) : NULL;
    if (given != NULL && strstr(args, "FILE|URI") != NULL &&
        strncmp(given, "pkcs11:", strlen("pkcs11:")) != 0) {
        given = NULL; // the file
    }
    return given != NULL ? given : cli_value(cli, OPT_TOKEN);
}

/* The same, or what the environment says; NULL: any token. */
const char *cli_named_token(const struct cli *cli)
{
    const char *typed = typed_token(cli);
    return typed != NULL ? cli_reveal(cli, typed) : cli_value_or_env(cli, OPT_TOKEN, "P11CSR_TOKEN");
}

static struct pc_result set_up(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx_set_warning_callback(cli->ctx, print_warning, cli);
    if (cli->crumb != NULL || cli_has(cli, OPT_VERBOSE)) {
        p11csr_ctx_set_call_callback(cli->ctx, cli_watch, cli);
    }
    PC_TRY(set_login(cli, err));
    PC_TRY(cli_load_config(cli, cli->ctx, err));
    PC_TRY(set_quirks(cli, err));
    PC_TRY(set_state_dir(cli->ctx, err));
    PC_TRY(cli_lift(p11csr_ctx_set_module(cli->ctx, cli_module(cli, typed_token(cli)), err)));
    const bool chosen_later = cli_has(cli, OPT_INTERACTIVE) && cli_named_token(cli) == NULL;
    // records are there without their token
    if (cli->command->one_token && !cli_has(cli, OPT_INCOMPLETE) && !chosen_later) {
        PC_TRY(cli_find_module(cli, cli_named_token(cli), err));
    }
    if (cli->command->without_login) {
        return PC_OK; // a PIN that can be read only once is left for the command that needs it
    }
    PC_TRY(cli_lift(p11csr_ctx_set_pin_source(cli->ctx, pin_source(cli, typed_token(cli)), err)));
    PC_TRY(cli_lift(p11csr_ctx_set_so_pin_source(cli->ctx, cli_value(cli, OPT_SO_PIN_SOURCE), err)));
    p11csr_ctx_set_device_callback(cli->ctx, cli_device_notice, NULL);
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

void cli_selection_done(struct cli_selection *selection)
{
    pc_buf_done(&selection->id);
    p11csr_free_bytes(&selection->spki);
    p11csr_free_bytes(&selection->pubkey);
}

PC_RESULT cli_read_input(const char *path, struct pc_buf *ret, p11csr_error **err)
{
    pc_buf_init(ret, PC_MAX_REQUEST);
    return path == NULL || strcmp(path, "-") == 0 ? pc_file_read_fd(STDIN_FILENO, "standard input", ret, err)
                                                  : pc_file_read(path, ret, err);
}

static struct pc_result read_key_file(const char *path, unsigned char **ret, size_t *ret_len,
                                      p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    if (path == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_read_input(path, &content, err));
    return pc_frame(cli_lift(p11csr_spki_read(content.ptr, content.len, ret, ret_len, err)), err,
                    "cannot take a public key from '%s'", path);
}

PC_RESULT cli_read_hex(enum cli_option_id id, const char *text, struct pc_buf *ret, p11csr_error **err)
{
    if (!pc_hex_parse(text, ret)) {
        const bool odd = strlen(text) % 2 == 1 && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
        const struct pc_result result = pc_fail(err, P11CSR_E_VALUE, "--%s '%s' %s", cli_option_get(id)->name,
                                                text, odd ? "has an odd number of hex digits" : "is not hex");
        pc_hint(err,
                odd ? "write two digits for each byte: 01" : "see the ids that are there: p11csr keys list");
        return result;
    }
    return pc_buf_check(ret, err);
}

static struct pc_result read_id(const char *hex, struct cli_selection *ret, p11csr_error **err)
{
    if (hex != NULL) {
        PC_TRY(cli_read_hex(OPT_KEY_ID, hex, &ret->id, err));
        ret->select.id = ret->id.ptr;
        ret->select.id_len = ret->id.len;
    }
    return PC_OK;
}

PC_RESULT cli_select(const struct cli *cli, const char *uri, struct cli_selection *ret, p11csr_error **err)
{
    struct p11csr_select *select = &ret->select;
    *ret = (struct cli_selection){.select = P11CSR_SELECT_INIT};
    pc_buf_init(&ret->id, PC_MAX_ATTRIBUTE);
    if (uri != NULL && cli_has(cli, OPT_TOKEN)) {
        return pc_fail(err, P11CSR_E_USAGE, "both --token and '%s' name a token", uri);
    }
    select->token = uri != NULL ? cli_reveal(cli, uri) : cli_value_or_env(cli, OPT_TOKEN, "P11CSR_TOKEN");
    select->label = cli_value(cli, OPT_KEY_LABEL);
    select->piv_slot = cli_value(cli, OPT_PIV_SLOT);
    PC_TRY(read_id(cli_value(cli, OPT_KEY_ID), ret, err));
    PC_TRY(read_key_file(cli_value(cli, OPT_KEY_FOR), &ret->spki, &select->spki_len, err));
    PC_TRY(read_key_file(cli_value(cli, OPT_PUBKEY), &ret->pubkey, &select->pubkey_len, err));
    select->spki = ret->spki;
    select->pubkey = ret->pubkey;
    return PC_OK;
}

PC_RESULT cli_take_backup(const struct cli *cli, struct p11csr_keygen *ret, p11csr_error **err)
{
    const char *backup = cli_value(cli, OPT_BACKUP);
    ret->overwrite_slot = cli_has(cli, OPT_OVERWRITE_SLOT) ? 1 : 0;
    ret->backup = backup != NULL && strcmp(backup, "wrapped") == 0 ? 1 : 0;
    if (backup != NULL && ret->backup == 0 && strcmp(backup, "none") != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--backup is none or wrapped, not '%s'", backup);
    }
    return PC_OK;
}

PC_RESULT cli_read_csr(const char *path, p11csr_csr **ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    const bool from_stdin = path == NULL || strcmp(path, "-") == 0;
    PC_TRY(cli_read_input(path, &content, err));
    return pc_frame(cli_lift(p11csr_csr_read(content.ptr, content.len, ret, err)), err, "cannot read '%s'",
                    from_stdin ? "standard input" : path);
}
