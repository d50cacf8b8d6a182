// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

/*
 * p11csr completion, p11csr complete: words for the shell, from the rows, the algorithm tables and the
 * aliases. No module is loaded and nobody logs in. The scripts hand the words so far to `p11csr complete`,
 * which prints what the last one can become, one per line; nothing means that the shell completes file names.
 */
static const char bash_script[] =
    "_p11csr()\n"
    "{\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(p11csr complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
    "    [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace\n"
    "    return 0\n"
    "}\n"
    "complete -o default -F _p11csr p11csr\n";

static const char zsh_script[] =
    "#compdef p11csr\n"
    "_p11csr()\n"
    "{\n"
    "    local -a found\n"
    "    found=(${(f)\"$(p11csr complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
    "    if (( ${#found} )); then compadd -a found; else _files; fi\n"
    "}\n"
    "compdef _p11csr p11csr\n";

static const char fish_script[] =
    "complete -c p11csr -a '(p11csr complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n";

PC_RESULT cli_run_completion(struct cli *cli, p11csr_error **err)
{
    static const struct {
        const char *shell;
        const char *script;
    } rows[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    const char *shell = cli_arg(cli, 0);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].shell, shell) == 0) {
            cli_json(cli, "script", json_string(rows[i].script));
            if (cli_wants_text(cli)) {
                cli_print("%s", rows[i].script);
            }
            return PC_OK;
        }
    }
    return pc_fail(err, P11CSR_E_USAGE, "there are scripts for bash, zsh and fish, not for '%s'", shell);
}

/* Prints a candidate if it begins with what is there already. */
static void offer(const char *candidate, size_t len, const char *begun)
{
    if (strlen(begun) <= len && strncmp(candidate, begun, strlen(begun)) == 0) {
        cli_print("%.*s\n", (int)len, candidate);
    }
}

static void offer_text(const char *candidate, const char *begun)
{
    offer(candidate, strlen(candidate), begun);
}

static void offer_tokens(const struct cli *cli, const char *begun)
{
    p11csr_ctx *ctx = NULL;
    if (p11csr_ctx_new(&ctx, NULL) != P11CSR_OK) {
        return;
    }
    if (pc_is_ok(cli_load_config(cli, ctx, NULL))) {
        for (size_t i = 0; p11csr_ctx_alias_name(ctx, i) != NULL; i++) {
            offer_text(p11csr_ctx_alias_name(ctx, i), begun);
        }
    }
    p11csr_ctx_free(&ctx);
}

static void offer_profiles(const struct cli *cli, const char *begun)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    if (p11csr_ctx_new(&ctx, NULL) != P11CSR_OK) {
        return;
    }
    if (pc_is_ok(cli_load_config(cli, ctx, NULL)) && p11csr_profiles_to_json(ctx, &text, NULL) == P11CSR_OK) {
        json_t *rows = json_loads(text, 0, NULL);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            offer_text(json_string_value(json_object_get(json_array_get(rows, i), "name")), begun);
        }
        json_decref(rows);
    }
    p11csr_ctx_free(&ctx);
}

static void offer_words(const char *words, const char *begun)
{
    for (const char *word = words; *word != 0;) {
        const size_t len = strcspn(word, " ");
        offer(word, len, begun);
        word += len + strspn(word + len, " ");
    }
}

static void offer_values(const struct cli *cli, const struct cli_option *option, const char *begun)
{
    struct p11csr_algorithm row;
    switch (option->values) {
    case CLI_VALUES_TOKENS:
        offer_tokens(cli, begun);
        break;
    case CLI_VALUES_SPECS:
        for (size_t i = 0; p11csr_key_algorithm(i, &row) != 0; i++) {
            offer_text(row.name, begun);
        }
        break;
    case CLI_VALUES_SCHEMES:
        for (size_t i = 0; p11csr_scheme_algorithm(i, &row) != 0; i++) {
            offer_text(row.name, begun);
        }
        break;
    case CLI_VALUES_PROFILES:
        offer_profiles(cli, begun);
        break;
    case CLI_VALUES_WORDS:
        offer_words(option->words, begun);
        break;
    case CLI_VALUES_NAMES:
        for (size_t i = 0; option->name_at(i) != NULL; i++) {
            offer_text(option->name_at(i), begun);
        }
        break;
    case CLI_VALUES_NONE:
    case CLI_VALUES_FILES:
        break;
    }
}

static bool is_word_for(const struct cli_option *option, const char *word)
{
    const char letter[] = {'-', option->letter, 0};
    return option->arg != NULL && ((strncmp(word, "--", 2) == 0 && strcmp(word + 2, option->name) == 0) ||
                                   (option->letter != 0 && strcmp(word, letter) == 0));
}

/* The option that `word` names, if it takes a value. Several commands may have one of the same name. */
static const struct cli_option *option_with_value(const struct cli_command *command, const char *word)
{
    for (size_t i = 0; command != NULL && i < command->option_count; i++) {
        if (is_word_for(cli_option_get(command->options[i]), word)) {
            return cli_option_get(command->options[i]);
        }
    }
    for (int id = 0; id < OPT_COUNT; id++) {
        if (is_word_for(cli_option_get((enum cli_option_id)id), word)) {
            return cli_option_get((enum cli_option_id)id);
        }
    }
    return NULL;
}

/* Number of words of the command that the words before the last one begin with; *ret is it. */
static size_t find_command(const struct cli *cli, const struct cli_command **ret)
{
    const size_t before = cli_arg_count(cli) - 1;
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        const char *name = cli_command_get(i)->name;
        const char *space = strchr(name, ' ');
        const size_t first = strcspn(name, " ");
        if (before < (space != NULL ? 2 : 1) || strlen(cli_arg(cli, 0)) != first ||
            strncmp(cli_arg(cli, 0), name, first) != 0) {
            continue;
        }
        if (space == NULL || strcmp(cli_arg(cli, 1), space + 1) == 0) {
            *ret = cli_command_get(i);
            return space != NULL ? 2 : 1;
        }
    }
    return 0;
}

/* First or second word of a command. The same first word of several commands is offered once. */
static void offer_commands(const struct cli *cli, const char *begun)
{
    const char *first = cli_arg_count(cli) > 1 ? cli_arg(cli, 0) : NULL;
    const char *last = "";
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        const char *name = cli_command_get(i)->name;
        const size_t len = strcspn(name, " ");
        if (cli_command_get(i)->hidden) {
            continue;
        }
        if (first != NULL) {
            if (strlen(first) == len && strncmp(first, name, len) == 0 && name[len] == ' ') {
                offer_text(name + len + 1, begun);
            }
        } else if (strncmp(last, name, len) != 0 || last[len] != ' ') {
            offer(name, len, begun);
        }
        last = name;
    }
}

static void offer_options(const struct cli_command *command, const char *begun)
{
    char word[64];
    for (int id = 0; id < OPT_COUNT; id++) {
        bool wanted = cli_option_get((enum cli_option_id)id)->global;
        for (size_t i = 0; command != NULL && i < command->option_count; i++) {
            wanted = wanted || (int)command->options[i] == id;
        }
        (void)snprintf(word, sizeof(word), "--%s", cli_option_get((enum cli_option_id)id)->name);
        if (wanted) {
            offer_text(word, begun);
        }
    }
}

PC_RESULT cli_run_complete(struct cli *cli, p11csr_error **err)
{
    const size_t count = cli_arg_count(cli);
    const struct cli_command *command = NULL;
    (void)err;
    if (count == 0) {
        return PC_OK;
    }
    const char *begun = cli_arg(cli, count - 1);
    const size_t words = find_command(cli, &command);
    const struct cli_option *option = count > 1 ? option_with_value(command, cli_arg(cli, count - 2)) : NULL;
    if (option != NULL) {
        offer_values(cli, option, begun);
    } else if (begun[0] == '-') {
        offer_options(command, begun);
    } else if (words == 0) {
        offer_commands(cli, begun);
    } else if (command->run == cli_run_keys_generate) {
        offer_values(cli, cli_option_get(OPT_GENERATE), begun);
    } else if (command->run == cli_run_completion) {
        offer_words("bash zsh fish", begun);
    }
    return PC_OK;
}
