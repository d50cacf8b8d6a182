// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/cli.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_USES = 65536, MAX_URIS = 65536, TABLE_SIZE = OPT_COUNT + 1 };

static void free_popt(poptContext *context)
{
    if (*context != NULL) {
        (void)poptFreeContext(*context);
    }
}

static struct poptOption popt_row(enum cli_option_id id)
{
    const struct cli_option *option = cli_option_get(id);
    return (struct poptOption){.longName = option->name,
                               .shortName = option->letter,
                               .argInfo = option->arg != NULL ? POPT_ARG_STRING : POPT_ARG_NONE,
                               .val = (int)id + 1};
}

/* Fills a table that ends with an empty row: the global options, and those of the command if there is one. */
static void make_table(const struct cli_command *command, struct poptOption table[static TABLE_SIZE])
{
    size_t count = 0;
    for (int id = 0; id < OPT_COUNT; id++) {
        if (cli_option_get((enum cli_option_id)id)->global) {
            table[count++] = popt_row((enum cli_option_id)id);
        }
    }
    for (size_t i = 0; command != NULL && i < command->option_count; i++) {
        table[count++] = popt_row(command->options[i]);
    }
    table[count] = (struct poptOption){0};
}

static const char *option_name_at(const void *table, size_t index)
{
    return ((const struct poptOption *)table)[index].longName;
}

/* Options of other tools, and what they are here. */
static const struct {
    const char *theirs;
    const char *hint;
} other_words[] = {
    {"pin",
     "a PIN on the command line can be seen by others: use --pin-source file:PATH or --pin-source prompt"},
    {"san", "alternative names are given by --dns, --ip, --email and --uri"},
    {"cn", "the common name is part of the subject: --subject 'CN=www.example.com'"},
    {"subj", "the subject is given by --subject"},
    {"eku", "extended key usages are given by --ext-key-usage"},
    {"ku", "key usages are given by --key-usage"},
    {"key", "a key is named by --key-label, --key-id, --key-for or a pkcs11: URI"},
    {"label", "a key is named by --key-label"},
    {"id", "a key is named by --key-id"},
    {"slot", "slots change their numbers: a token is named by --token and its label or URI"},
    {"provider", "the PKCS#11 module is given by --module"},
    {"output", "the file is given by -o or --out"},
    {"new", "a key is made by --generate SPEC"},
};

static struct pc_result unknown_option(const char *word, const struct poptOption *table, p11csr_error **err)
{
    size_t count = 0;
    while (table[count].longName != NULL) {
        count++;
    }
    char *name PC_CLEANUP(pc_free_str) = pc_strndup(word, strcspn(word, "="));
    const char *bare = name == NULL ? "" : name + strspn(name, "-");
    for (size_t i = 0; i < PC_ARRAY_LEN(other_words); i++) {
        if (strcmp(other_words[i].theirs, bare) == 0) {
            const struct pc_result result = pc_fail(err, P11CSR_E_USAGE, "unknown option '%s'", name);
            pc_hint(err, "%s", other_words[i].hint);
            return result;
        }
    }
    const char *near = pc_nearest_word(bare, option_name_at, table, count);
    return pc_fail(err, P11CSR_E_USAGE, "unknown option '%s'%s%s%s", name == NULL ? "" : name,
                   near != NULL ? "; the nearest is '--" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

static struct pc_result popt_failed(poptContext context, int rc, const struct poptOption *table,
                                    p11csr_error **err)
{
    const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    if (rc == POPT_ERROR_BADOPT) {
        return unknown_option(word, table, err);
    }
    if (rc == POPT_ERROR_NOARG) {
        return pc_fail(err, P11CSR_E_USAGE, "option '%s' needs a value", word);
    }
    if (rc == POPT_ERROR_UNWANTEDARG) {
        return pc_fail(err, P11CSR_E_USAGE, "option '%s' takes no value", word);
    }
    return pc_fail(err, P11CSR_E_USAGE, "option '%s': %s", word, poptStrerror(rc));
}

/* Options whose empty value, of a variable that is not set for one, would widen what is meant. */
static bool must_say_something(enum cli_option_id id)
{
    return id == OPT_TOKEN || id == OPT_MODULE || id == OPT_CONFIG || id == OPT_KEY_LABEL ||
           id == OPT_NEW_LABEL;
}

PC_RESULT cli_add_use(struct cli *cli, enum cli_option_id id, char *value, p11csr_error **err)
{
    const struct cli_option *option = cli_option_get(id);
    const struct cli_use use = {.id = id, .value = value};
    if (must_say_something(id) && value != NULL && value[0] == 0) {
        free(value);
        return pc_fail(err, P11CSR_E_USAGE, "option '--%s' has an empty value", option->name);
    }
    if (option->arg != NULL && !option->repeatable && cli_has(cli, id)) {
        free(value);
        return pc_fail(err, P11CSR_E_USAGE, "option '--%s' is there twice", option->name);
    }
    pc_buf_add(&cli->uses, &use, sizeof(use));
    if (cli->uses.failed != P11CSR_OK) {
        free(value);
    }
    return pc_buf_check(&cli->uses, err);
}

/* Takes the options of one table; what is left over goes to `rest`. */
static struct pc_result take_options(struct cli *cli, poptContext context, const struct poptOption *table,
                                     p11csr_error **err)
{
    for (;;) {
        const int rc = poptGetNextOpt(context);
        if (rc == -1) {
            return PC_OK;
        }
        if (rc < 0) {
            return popt_failed(context, rc, table, err);
        }
        PC_TRY(cli_add_use(cli, (enum cli_option_id)(rc - 1), poptGetOptArg(context), err));
    }
}

/* Number of words of the command that `words` starts with, or 0. */
static int match_command(const struct cli_command *command, const char *const *words)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL) {
        return strcmp(words[0], command->name) == 0 ? 1 : 0;
    }
    const size_t len = (size_t)(space - command->name);
    return strlen(words[0]) == len && strncmp(words[0], command->name, len) == 0 && words[1] != NULL &&
                   strcmp(words[1], space + 1) == 0
               ? 2
               : 0;
}

static const char *command_name_at(const void *table, size_t index)
{
    (void)table;
    return cli_command_get(index)->name;
}

static struct pc_result unknown_command(const char *const *words, p11csr_error **err)
{
    size_t count = 0;
    char *both PC_CLEANUP(pc_free_str) =
        words[1] != NULL ? pc_asprintf("%s %s", words[0], words[1]) : pc_strdup(words[0]);
    while (cli_command_get(count) != NULL) {
        count++;
    }
    const char *near = both != NULL ? pc_nearest_word(both, command_name_at, NULL, count) : NULL;
    if (near == NULL) {
        near = pc_nearest_word(words[0], command_name_at, NULL, count);
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "unknown command '%s'%s%s%s", both != NULL ? both : words[0],
                near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
    for (size_t i = 0; i < count; i++) {
        const char *name = cli_command_get(i)->name;
        if (!cli_command_get(i)->hidden && strncmp(name, words[0], strlen(words[0])) == 0) {
            pc_note(err, "there is: p11csr %s", name);
        }
    }
    return result;
}

static struct pc_result find_command(const char *const *words, const struct cli_command **ret, int *ret_words,
                                     p11csr_error **err)
{
    for (size_t i = 0; cli_command_get(i) != NULL; i++) {
        *ret_words = match_command(cli_command_get(i), words);
        if (*ret_words > 0) {
            *ret = cli_command_get(i);
            return PC_OK;
        }
    }
    return unknown_command(words, err);
}

static struct pc_result parse_global(struct cli *cli, int argc, const char **argv, int *ret_used,
                                     p11csr_error **err)
{
    struct poptOption table[TABLE_SIZE];
    make_table(NULL, table);
    // Stops at the first word that is no option: the command.
    poptContext context PC_CLEANUP(free_popt) =
        poptGetContext("p11csr", argc, argv, table, POPT_CONTEXT_POSIXMEHARDER);
    if (context == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(take_options(cli, context, table, err));
    const char **rest = poptGetArgs(context);
    int left = 0;
    while (rest != NULL && rest[left] != NULL) {
        left++;
    }
    *ret_used = argc - left;
    return PC_OK;
}

static struct pc_result parse_command(struct cli *cli, int argc, const char **argv, p11csr_error **err)
{
    struct poptOption table[TABLE_SIZE];
    make_table(cli->command, table);
    poptContext context PC_CLEANUP(free_popt) =
        poptGetContext("p11csr", argc, argv, table, POPT_CONTEXT_KEEP_FIRST);
    if (context == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(take_options(cli, context, table, err));
    const char **rest = poptGetArgs(context);
    for (size_t i = 0; rest != NULL && rest[i] != NULL; i++) {
        char *arg = pc_strdup(rest[i]);            // popt frees its own with the context
        pc_buf_add(&cli->args, &arg, sizeof(arg)); // NOLINT(bugprone-sizeof-expression): of the pointer
        if (arg == NULL || cli->args.failed != P11CSR_OK) {
            pc_release(arg);
            return pc_fail_memory(err);
        }
    }
    return PC_OK;
}

static struct pc_result check_args(const struct cli *cli, p11csr_error **err)
{
    const size_t count = cli_arg_count(cli);
    if (count < cli->command->min_args) {
        return pc_fail(err, P11CSR_E_USAGE, "p11csr %s needs %s", cli->command->name, cli->command->args);
    }
    if (count > cli->command->max_args) {
        return pc_fail(err, P11CSR_E_USAGE, "unexpected argument '%s'", cli_arg(cli, cli->command->max_args));
    }
    return PC_OK;
}

static struct pc_result parse(struct cli *cli, int argc, const char **argv, p11csr_error **err)
{
    int used = 0;
    int words = 0;
    PC_TRY(parse_global(cli, argc, argv, &used, err));
    if (used == argc || cli_has(cli, OPT_VERSION)) {
        return PC_OK;
    }
    if (strcmp(argv[used], "help") == 0) {
        PC_TRY(cli_add_use(cli, OPT_HELP, NULL, err));
        used++;
    }
    if (used == argc) {
        return PC_OK;
    }
    PC_TRY(find_command(argv + used, &cli->command, &words, err));
    PC_TRY(parse_command(cli, argc - used - words, argv + used + words, err));
    return cli_has(cli, OPT_HELP) || cli_has(cli, OPT_VERSION) ? PC_OK : check_args(cli, err);
}

/* Whoever asked for JSON gets it for a mistake in front of --json as well. */
static void look_for_json(struct cli *cli, int argc, const char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0 && !cli_has(cli, OPT_JSON)) {
            pc_ignore(cli_add_use(cli, OPT_JSON, NULL, NULL)); // without memory the answer is text
        }
    }
}

PC_RESULT cli_parse(struct cli *cli, int argc, const char **argv, p11csr_error **err)
{
    *cli = (struct cli){.json = json_object(), .argc = argc, .argv = argv};
    pc_buf_init(&cli->uses, MAX_USES * sizeof(struct cli_use));
    pc_buf_init(&cli->args, MAX_USES * sizeof(char *));
    pc_buf_init(&cli->hidden, MAX_URIS);
    PC_TRY(cli_hide_pins(cli, argc, (char **)(uintptr_t)argv, err)); // main's own, which may be written
    const struct pc_result result = parse(cli, argc, argv, err);
    if (!pc_is_ok(result)) {
        look_for_json(cli, argc, argv);
    }
    return result;
}

void cli_done(struct cli *cli)
{
    p11csr_ctx_free(&cli->ctx); // its last calls are traced if the options say so
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        free(cli_use_get(cli, i)->value);
    }
    for (size_t i = 0; i < cli_arg_count(cli); i++) {
        pc_release((void *)(uintptr_t)cli_arg(cli, i));
    }
    pc_buf_done(&cli->uses);
    pc_buf_done(&cli->args);
    cli_hide_done(cli);
    json_decref(cli->json);
    json_decref(cli->warnings);
    json_decref(cli->facts);
}

void cli_drop_uses(struct cli *cli, size_t count)
{
    while (cli_use_count(cli) > count) {
        cli->uses.len -= sizeof(struct cli_use);
        free(((struct cli_use *)(void *)(cli->uses.ptr + cli->uses.len))->value);
    }
}

size_t cli_use_count(const struct cli *cli)
{
    return cli->uses.len / sizeof(struct cli_use);
}

const struct cli_use *cli_use_get(const struct cli *cli, size_t index)
{
    return (const struct cli_use *)(const void *)cli->uses.ptr + index;
}

const char *cli_value(const struct cli *cli, enum cli_option_id id)
{
    for (size_t i = cli_use_count(cli); i > 0; i--) {
        const struct cli_use *use = cli_use_get(cli, i - 1);
        if (use->id == id) {
            return use->value != NULL ? use->value : "";
        }
    }
    return NULL;
}

bool cli_has(const struct cli *cli, enum cli_option_id id)
{
    return cli_value(cli, id) != NULL;
}

size_t cli_arg_count(const struct cli *cli)
{
    return cli->args.len / sizeof(char *);
}

const char *cli_arg(const struct cli *cli, size_t index)
{
    const char *arg = NULL;
    if (index < cli_arg_count(cli)) {
        memcpy(&arg, cli->args.ptr + index * sizeof(arg), sizeof(arg)); // NOLINT(bugprone-sizeof-expression)
    }
    return arg;
}
