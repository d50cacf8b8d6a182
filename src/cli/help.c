// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN = 30 };

static void print_option(enum cli_option_id id)
{
    const struct cli_option *option = cli_option_get(id);
    char left[64];
    char letter[8] = "";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    }
    (void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, option->name, option->arg != NULL ? " " : "",
                   option->arg != NULL ? option->arg : "");
    const size_t room = 80 - COLUMN - 1;
    const char *text = option->help;
    // The help text goes on in the same column when it is longer than the line.
    while (strlen(text) > room) {
        size_t cut = room;
        while (cut > 0 && text[cut] != ' ') {
            cut--;
        }
        (void)printf("%-*s%.*s\n", COLUMN, left, (int)cut, text);
        left[0] = 0;
        text += cut + 1;
    }
    if (strlen(left) >= COLUMN) {
        (void)printf("%s\n", left);
        left[0] = 0;
    }
    (void)printf("%-*s%s\n", COLUMN, left, text);
}

/* What a list is made of, below the options. */
static void print_names(enum cli_option_id id)
{
    const struct cli_option *option = cli_option_get(id);
    size_t column = 80;
    if (option->name_at == NULL) {
        return;
    }
    (void)printf("\nNames for --%s:", option->name);
    for (size_t i = 0; option->name_at(i) != NULL; i++) {
        const char *name = option->name_at(i);
        const bool fits = column + 1 + strlen(name) < 80;
        column = fits ? column + 1 + strlen(name) : 2 + strlen(name);
        (void)printf("%s%s", fits ? " " : "\n  ", name);
    }
    (void)printf("\n");
}

static void print_globals(void)
{
    (void)printf("\nOptions of every command:\n");
    for (int id = 0; id < OPT_COUNT; id++) {
        if (cli_option_get((enum cli_option_id)id)->global) {
            print_option((enum cli_option_id)id);
        }
    }
}

static void help_program(void)
{
    (void)printf("p11csr makes certificate signing requests for keys that stay on a PKCS#11\n"
                 "token: HSM, smartcard, TPM, SoftHSM2.\n\n"
                 "Usage: p11csr COMMAND [options] [arguments]\n\nCommands:\n");
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        if (!cli_command_get(i)->hidden) {
            (void)printf("  %-20s%s\n", cli_command_get(i)->name, cli_command_get(i)->help);
        }
    }
    print_globals();
    (void)printf("\nTo try it out without hardware:\n"
                 "  p11csr tokens init-soft demo\n"
                 "  p11csr request --token demo --generate p256 --key-label web \\\n"
                 "      --subject CN=www.example.com --dns www.example.com -o www.csr\n\n"
                 "p11csr COMMAND --help tells more.\n");
}

static void help_command(const struct cli_command *command)
{
    (void)printf("Usage: p11csr %s [options]%s%s\n\n%s\n", command->name, command->args[0] != 0 ? " " : "",
                 command->args, command->help);
    if (command->option_count > 0) {
        (void)printf("\nOptions:\n");
    }
    for (size_t i = 0; i < command->option_count; i++) {
        print_option(command->options[i]);
    }
    for (size_t i = 0; i < command->option_count; i++) {
        print_names(command->options[i]);
    }
    print_globals();
    (void)printf("\nExample:\n  %s\n", command->example);
}

void cli_help(const struct cli_command *command)
{
    if (command == NULL) {
        help_program();
    } else {
        help_command(command);
    }
}

static json_t *option_json(enum cli_option_id id)
{
    const struct cli_option *option = cli_option_get(id);
    const char letter[] = {option->letter, 0};
    json_t *names = option->name_at != NULL ? json_array() : NULL;
    for (size_t i = 0; names != NULL && option->name_at(i) != NULL; i++) {
        (void)json_array_append_new(names, json_string(option->name_at(i)));
    }
    return json_pack("{s:s, s:s?, s:s?, s:b, s:b, s:s, s:o?}", "name", option->name, "letter",
                     option->letter != 0 ? letter : NULL, "arg", option->arg, "global", option->global,
                     "repeatable", option->repeatable, "help", option->help, "names", names);
}

static json_t *command_json(const struct cli_command *command)
{
    json_t *options = json_array();
    for (size_t i = 0; i < command->option_count; i++) {
        (void)json_array_append_new(options, json_string(cli_option_get(command->options[i])->name));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", command->name, "args", command->args, "help",
                     command->help, "example", command->example, "options", options);
}

json_t *cli_rows_json(void)
{
    json_t *options = json_array();
    json_t *commands = json_array();
    for (int id = 0; id < OPT_COUNT; id++) {
        (void)json_array_append_new(options, option_json((enum cli_option_id)id));
    }
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        if (!cli_command_get(i)->hidden) {
            (void)json_array_append_new(commands, command_json(cli_command_get(i)));
        }
    }
    return json_pack("{s:o, s:o}", "options", options, "commands", commands);
}
