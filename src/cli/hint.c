// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

#include <string.h>

/* Commands that a person is told to run say which token is meant as the command line at hand did. */

static const char program[] = "p11csr ";
static const char scheme[] = "pkcs11:";
static const char placeholder[] = " --token NAME";

void cli_add_word(struct pc_buf *to, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-";
    if (word[0] != 0 && word[strspn(word, plain)] == 0) {
        pc_buf_text(to, word);
        return;
    }
    pc_buf_byte(to, '\'');
    for (; *word != 0; word++) {
        if (*word == '\'') {
            pc_buf_text(to, "'\\''");
        } else {
            pc_buf_byte(to, (uint8_t)*word);
        }
    }
    pc_buf_byte(to, '\'');
}

static bool names_key(const char *attribute)
{
    static const char *const names[] = {"object=", "id=", "type="};
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        if (strncmp(attribute, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

char *cli_token_part(const char *token)
{
    struct pc_buf out PC_CLEANUP(pc_buf_done) = {0};
    char *text = NULL;
    if (token == NULL || strncmp(token, scheme, strlen(scheme)) != 0) {
        return token != NULL ? pc_strdup(token) : NULL;
    }
    pc_buf_init(&out, strlen(token) + 1);
    pc_buf_text(&out, scheme);
    const char *at = token + strlen(scheme);
    while (*at != 0 && *at != '?') {
        const size_t len = strcspn(at, ";?");
        if (len > 0 && !names_key(at)) {
            pc_buf_text(&out, out.len > strlen(scheme) ? ";" : "");
            pc_buf_add(&out, at, len);
        }
        at += len + (at[len] == ';' ? 1 : 0);
    }
    pc_buf_text(&out, at);
    return pc_is_ok(pc_buf_take_text(&out, &text, NULL)) ? text : NULL;
}

/* The same; NULL when it is nothing. */
static char *token_said_by(const char *uri)
{
    char *part = cli_token_part(uri);
    if (part != NULL && strcmp(part, scheme) == 0) {
        pc_free_str(&part);
    }
    return part;
}

/* The token that the command line names, without the key and the PIN that a URI may hold; NULL: none. */
static char *token_said(const struct cli *cli)
{
    const char *said = cli_value(cli, OPT_TOKEN);
    char *uri PC_CLEANUP(p11csr_free_text) = NULL;
    for (size_t i = 0; said == NULL && i < cli_arg_count(cli); i++) {
        const char *arg = cli_arg(cli, i);
        said = strncmp(arg, scheme, strlen(scheme)) == 0 ? arg : NULL;
    }
    if (said == NULL || strncmp(said, scheme, strlen(scheme)) != 0) {
        return said != NULL ? pc_strdup(said) : NULL;
    }
    return p11csr_uri_normalize(said, &uri, NULL) == P11CSR_OK ? token_said_by(uri) : NULL;
}

/* Whether it is a source, and no PIN that was typed in its place; and one that can be read once more. */
static bool is_source(const char *value)
{
    const char *words = cli_option_get(OPT_PIN_SOURCE)->words;
    for (size_t len = 0; *words != 0; words += len + (words[len] == ' ' ? 1 : 0)) {
        len = strcspn(words, " ");
        const bool same = strncmp(value, words, len) == 0 && (words[len - 1] == ':' || value[len] == 0);
        if (same) {
            return strncmp(value, "fd:", 3) != 0;
        }
    }
    return false;
}

static bool has_option(const char *text, const char *name)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof(wanted), " --%s", name);
    return strstr(text, wanted) != NULL;
}

/* Whether a command needs to be told again what this option said. */
static bool is_wanted(const struct cli_command *command, enum cli_option_id id, enum p11csr_code code)
{
    switch ((int)id) {
    case OPT_CONFIG:
        return code != P11CSR_E_CONFIG;
    case OPT_MODULE:
        return code != P11CSR_E_MODULE_NOT_FOUND;
    case OPT_QUIRK:
    case OPT_LOGIN_AS:
    case OPT_PIN_SOURCE:
    case OPT_SO_PIN_SOURCE:
        return command->one_token;
    default:
        return false; // the token is told by itself
    }
}

static void add_options(const struct cli *cli, const struct cli_command *command, enum p11csr_code code,
                        const char *rest, struct pc_buf *out)
{
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        const char *name = cli_option_get(use->id)->name;
        const bool is_pin = use->id == OPT_PIN_SOURCE || use->id == OPT_SO_PIN_SOURCE;
        if (is_wanted(command, use->id, code) && !has_option(rest, name) &&
            (!is_pin || is_source(use->value))) {
            pc_buf_printf(out, " --%s ", name);
            cli_add_word(out, use->value);
        }
    }
}

/* True when the token was added. */
static bool add_token(const struct cli *cli, enum p11csr_code code, const char *rest, struct pc_buf *out)
{
    const bool open = strncmp(rest, placeholder, strlen(placeholder)) == 0;
    const bool says = !open && (has_option(rest, "token") || strstr(rest, scheme) != NULL);
    char *token PC_CLEANUP(pc_free_str) = NULL;
    if (!says && code != P11CSR_E_TOKEN_NOT_FOUND) {
        token = token_said(cli);
    }
    if (token != NULL) {
        pc_buf_text(out, " --token ");
        cli_add_word(out, token);
    }
    return token != NULL;
}

/* The command that the text begins with; NULL: none that can be told a token. */
static const struct cli_command *command_at(const char *text)
{
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        const struct cli_command *command = cli_command_get(i);
        const size_t len = strlen(command->name);
        if ((command->one_token || command->any_token) && strncmp(text, command->name, len) == 0 &&
            strchr(" ;:,)", text[len]) != NULL && strncmp(text + len, " --help", strlen(" --help")) != 0) {
            return command;
        }
    }
    return NULL;
}

char *cli_hint(const struct cli *cli, enum p11csr_code code, const char *text)
{
    struct pc_buf out PC_CLEANUP(pc_buf_done) = {0};
    char *ret = NULL;
    pc_buf_init(&out, (size_t)8 * PC_MAX_URI);
    for (const char *at = strstr(text, program); at != NULL; at = strstr(text, program)) {
        at += strlen(program);
        pc_buf_add(&out, text, (size_t)(at - text));
        text = at;
        const struct cli_command *command = command_at(at);
        if (command != NULL) {
            text += strlen(command->name);
            pc_buf_text(&out, command->name);
            const bool open = strncmp(text, placeholder, strlen(placeholder)) == 0;
            const bool told = add_token(cli, code, text, &out);
            add_options(cli, command, code, text, &out);
            text += open && told ? strlen(placeholder) : 0;
        }
    }
    pc_buf_text(&out, text);
    if (!pc_is_ok(pc_buf_take_text(&out, &ret, NULL))) {
        return NULL;
    }
    char *shown = pc_text_printable(ret);
    pc_release(ret);
    return shown;
}
