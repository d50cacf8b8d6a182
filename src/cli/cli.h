// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_CLI_H
#define PC_CLI_CLI_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include <p11csr/p11csr.h>

#include <jansson.h>

/* The command line. Options and commands are rows; parser, help, manual and completion are made from them. */

/* One use of an option, in the order of the command line. */
struct cli_use {
    enum cli_option_id id;
    char *value; /* NULL for a switch */
};

struct cli_command {
    const char *name; /* one or two words: "request", "keys list" */
    const char *args; /* positional arguments, for help */
    size_t min_args;
    size_t max_args;
    const enum cli_option_id *options;
    size_t option_count;
    bool without_login;  /* needs no PIN source */
    bool one_token;      /* works on one token: that of the URI, of --token, or the only one */
    bool any_token;      /* can be told which token is meant */
    bool hidden;         /* not for people */
    const char *help;    /* one line */
    const char *example; /* shown by --help */
    PC_RESULT (*run)(struct cli *cli, p11csr_error **err);
};

/* What a command line says, and where the answer goes. */
struct cli {
    const struct cli_command *command; /* NULL: none was named */
    struct pc_buf uses;                /* struct cli_use */
    struct pc_buf args;                /* const char *: positional arguments */
    struct pc_buf hidden;              /* arguments that hold a PIN: see cli_hide_pins() */
    p11csr_ctx *ctx;                   /* made by cli_context() */
    json_t *json;                      /* the fields of the JSON answer */
    json_t *warnings;                  /* texts; NULL: none */
    int argc;                          /* the command line, without PINs */
    const char **argv;                 /* borrowed */
    json_t *facts;                     /* for the transcript; NULL: none is wanted */
    struct cli_crumb *crumb;           /* shared with the parent of an isolated command; else NULL */
    int trace_fd;                      /* where -v writes; 0: standard error */
    bool answers_anyway;               /* a failure is part of the JSON answer, which holds the rest too */
    long long call_began;              /* the PKCS#11 call that -v tells of, in nanoseconds */
};

const struct cli_command *cli_command_get(size_t index); /* NULL behind the last */

/*
 * Overwrites what follows 'pin-value=' in the arguments and in P11CSR_TOKEN; what was there is kept where
 * cli_reveal() finds it. Errors: NO_MEMORY.
 */
PC_RESULT cli_hide_pins(struct cli *cli, int argc, char **argv, p11csr_error **err);
/* The text as it was typed: for the library, and for nothing that prints it. Borrowed. */
const char *cli_reveal(const struct cli *cli, const char *text);
void cli_hide_done(struct cli *cli);

/* Reads the command line. Errors: USAGE. */
PC_RESULT cli_parse(struct cli *cli, int argc, const char **argv, p11csr_error **err);
void cli_done(struct cli *cli);
/* The option's value, or NULL. A switch that is there has the value "". */
const char *cli_value(const struct cli *cli, enum cli_option_id id);
/* The same, or what the environment says when the option is not there; empty values count as none. */
const char *cli_value_or_env(const struct cli *cli, enum cli_option_id id, const char *variable);
/*
 * The module that is named before any alias is looked at; NULL: none. `typed`: the token as the command line
 * has it, or NULL; what such a URI says goes before the environment.
 */
const char *cli_module(const struct cli *cli, const char *typed);
bool cli_has(const struct cli *cli, enum cli_option_id id);
size_t cli_use_count(const struct cli *cli);
const struct cli_use *cli_use_get(const struct cli *cli, size_t index);
/* Adds one, as if it were the last of the command line; takes `value` over. Errors: USAGE. */
PC_RESULT cli_add_use(struct cli *cli, enum cli_option_id id, char *value, p11csr_error **err);
/* Forgets all but the first `count`. */
void cli_drop_uses(struct cli *cli, size_t count);
size_t cli_arg_count(const struct cli *cli);
const char *cli_arg(const struct cli *cli, size_t index); /* NULL when there is none */
void cli_help(const struct cli_command *command);         /* NULL: of the program */

/* The token that the command line or the environment names, or NULL. */
const char *cli_named_token(const struct cli *cli);
/* The context that the global options and the configuration say, made once. */
PC_RESULT cli_context(struct cli *cli, p11csr_ctx **ret, p11csr_error **err);
/* The key that is meant, and what it points to. Initialised by {0}. */
struct cli_selection {
    struct p11csr_select select;
    struct pc_buf id;
    unsigned char *spki;
    unsigned char *pubkey;
};
/* From a positional URI, or --token; --key-label, --key-id, --key-for and --pubkey. */
PC_RESULT cli_select(const struct cli *cli, const char *uri, struct cli_selection *ret, p11csr_error **err);
void cli_selection_done(struct cli_selection *selection);
/* Fills what --backup says about a new key. */
PC_RESULT cli_take_backup(const struct cli *cli, struct p11csr_keygen *ret, p11csr_error **err);
/*
 * A new request with the content and the signature that the command line says. On an error *ret is to be
 * freed all the same.
 */
PC_RESULT cli_take_content(struct cli *cli, p11csr_request **ret, p11csr_error **err);
/* The same of the plan that --plan names; nothing else may say anything about it. */
PC_RESULT cli_take_plan(struct cli *cli, p11csr_request **ret, p11csr_error **err);
/* A key that nobody named is found by the public key of the plan, if there is one. */
void cli_select_planned(const struct cli *cli, const p11csr_request *request,
                        struct cli_selection *selection);
/* Reads a challenge password from prompt, file:PATH, fd:N or env:NAME, and warns that it travels in clear. */
PC_RESULT cli_take_password(struct cli *cli, const char *source, p11csr_request *request, p11csr_error **err);
/* What --attestation and --attestation-cert say, with a warning that they follow a draft. */
PC_RESULT cli_take_attestation(struct cli *cli, p11csr_request *request, p11csr_error **err);
/* Warns when nothing tells whether they are about the key. Errors: ATTRIBUTE when they are about another. */
PC_RESULT cli_check_attestation(struct cli *cli, const p11csr_request *request, p11csr_key *key,
                                p11csr_error **err);
/* Asks for it on the terminal; the caller wipes what is appended. False: there is none. */
bool cli_ask_password(struct pc_buf *ret);
/* Reads a file, "-" for standard input, as a certificate request. */
PC_RESULT cli_read_csr(const char *path, p11csr_csr **ret, p11csr_error **err);
/* Where configuration (home == "config") or data of the user belong; from XDG variables or HOME. */
PC_RESULT cli_user_folder(const char *variable, const char *below_home, char **ret, p11csr_error **err);

/* Asks on the terminal. A p11csr_pin_callback. */
enum p11csr_code cli_prompt(const struct p11csr_pin_request *request, p11csr_pin *pin, void *data);
/* Says on stderr that the PIN is to be entered at the device. A p11csr_device_callback. */
void cli_device_notice(const struct p11csr_pin_request *request, void *data);
/* Appends a value as one word of a shell. */
void cli_add_word(struct pc_buf *to, const char *word);
/* Reads one line, with echo, without its end. False at the end of the input. */
bool cli_read_line(int tty, struct pc_buf *line);
/* True when there is a terminal to ask on. */
bool cli_can_prompt(void);

/* Turns a public function's result into one that PC_TRY() takes. */
static inline PC_RESULT cli_lift(enum p11csr_code code)
{
    return (struct pc_result){code};
}

/*
 * Output: text for people on stdout unless --json was given; remarks go to stderr unless --quiet or --json.
 */
bool cli_wants_text(const struct cli *cli);
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_remark(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * A warning: a remark for people, an entry of "warnings" in the JSON answer, which is there even beside an
 * error.
 */
void cli_warn(struct cli *cli, const char *text);
/* Adds a field to the JSON answer; takes `value` over. */
void cli_json(struct cli *cli, const char *name, json_t *value);
/*
 * A text for a person, in which each command of p11csr says which configuration, module, token and PIN source
 * it is for as the command line at hand did, as far as it does not say so itself. `code`: of the error that
 * the text belongs to; what was not found is not repeated. NULL when out of memory.
 */
char *cli_hint(const struct cli *cli, enum p11csr_code code, const char *text) __attribute__((malloc));
/*
 * A token as it was named, but without what a pkcs11: URI says about an object on it. The caller releases it;
 * NULL for NULL, and when there is no memory.
 */
char *cli_token_part(const char *token);
/* An error as the JSON answers have it. */
json_t *cli_error_json(const struct cli *cli, const p11csr_error *err, enum p11csr_code code);
/* Prints the JSON answer, or the error for people; returns the exit status. */
int cli_finish(struct cli *cli, struct pc_result result, const p11csr_error *err);

/* What the JSON answers call a pin-state, for people. */
const char *cli_pin_text(const char *state);

/* Prints a request from the JSON that p11csr_csr_to_json() returns. */
void cli_print_csr(const json_t *csr, FILE *to);
/* One value of an extension: text, a typed name, hex, or a list of them in one line. */
void cli_print_value(const json_t *value, FILE *to);

/* A key as JSON has it, and for people. */
json_t *cli_key_json(const struct p11csr_key_info *info);
void cli_print_key(const struct p11csr_key_info *info);
/* `keys list --incomplete`. */
PC_RESULT cli_list_incomplete(struct cli *cli, p11csr_error **err);
/* Appends the bytes of an option's hex value. Errors: VALUE. */
PC_RESULT cli_read_hex(enum cli_option_id id, const char *text, struct pc_buf *ret, p11csr_error **err);

/* The certificate that is meant, and what it points to. Initialised by {0}. */
struct cli_cert_selection {
    struct p11csr_certificate_select select;
    struct cli_selection key;
    struct pc_buf serial;
};
/* From a positional URI, or --token; --key-label, --key-id, --key-for and --serial. */
PC_RESULT cli_select_cert(const struct cli *cli, const char *uri, struct cli_cert_selection *ret,
                          p11csr_error **err);
void cli_cert_selection_done(struct cli_cert_selection *selection);
/* A certificate as JSON has it, and for people. */
json_t *cli_cert_json(const struct p11csr_certificate_info *info);
void cli_print_cert(const struct p11csr_certificate_info *info);
/* Reads a file or, for "-" and NULL, standard input. Initialises `ret`. */
PC_RESULT cli_read_input(const char *path, struct pc_buf *ret, p11csr_error **err);

/* Where an answer goes that is more than text for people. */
struct cli_output {
    const char *path; /* NULL: stdout */
    bool binary;      /* not for a terminal */
};
/* What -o says; checked as far as it can be before anything is done. */
PC_RESULT cli_take_output(const struct cli *cli, bool binary, struct cli_output *ret, p11csr_error **err);
/* Writes it whole or not at all; with --json nothing goes to stdout. */
PC_RESULT cli_write_output(const struct cli *cli, const struct cli_output *output, struct pc_span content,
                           p11csr_error **err);

/* Files that are made up one by one and written together. Initialised by {0}. */
struct cli_files {
    struct pc_buf list; /* array of struct pc_file that own their texts */
    const char *folder; /* made first unless it is there; NULL: none, borrowed */
};
/* One more; the content is copied. `path` NULL: standard output. */
PC_RESULT cli_files_add(struct cli_files *files, const char *path, struct pc_span content,
                        p11csr_error **err);
/* One that is not to be there: with --force an earlier one goes away when the others are written. */
PC_RESULT cli_files_add_absent(struct cli_files *files, const char *path, p11csr_error **err);
/* The one that cli_write_output() would write, if any. */
PC_RESULT cli_files_add_output(const struct cli *cli, struct cli_files *files,
                               const struct cli_output *output, struct pc_span content, p11csr_error **err);
/* Writes all or none, as pc_files_write() does. */
PC_RESULT cli_files_write(const struct cli *cli, const struct cli_files *files, p11csr_error **err);
void cli_files_done(struct cli_files *files);

/* What is going to be destroyed. */
struct cli_doom {
    const char *what;    /* "key" or "certificate" */
    const char *uri;     /* names it in full */
    const char *details; /* further lines for the person, each ending in a newline */
    const char *word;    /* what the person types to agree: its label, or its id */
    const char *options; /* " --with-certificate": what the command line said beside its name; or "" */
    bool fully_named;    /* the command line named all of it */
};
/*
 * Has a person agree on the terminal by typing the word. With --yes nobody is asked, but the command line has
 * to name the thing in full. Errors: NOT_CONFIRMED, USAGE.
 */
PC_RESULT cli_confirm(const struct cli *cli, const struct cli_doom *doom, p11csr_error **err);

/* Reads the configuration into a context, without PIN sources and callbacks. */
PC_RESULT cli_load_config(const struct cli *cli, p11csr_ctx *ctx, p11csr_error **err);
/* The rows of options and commands as JSON, for the manual and its tests. */
json_t *cli_rows_json(void);

#endif
