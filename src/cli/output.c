// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool cli_wants_text(const struct cli *cli)
{
    return !cli_has(cli, OPT_JSON);
}

void cli_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args); // main() looks at the stream's error flag in the end
    va_end(args);
}

void cli_remark(const struct cli *cli, const char *format, ...)
{
    if (cli_has(cli, OPT_QUIET) || cli_has(cli, OPT_JSON)) {
        return;
    }
    char text[PC_MAX_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char *shown PC_CLEANUP(pc_free_str) = cli_hint(cli, P11CSR_OK, text);
    (void)fprintf(stderr, "p11csr: %s\n", shown != NULL ? shown : text);
}

void cli_warn(struct cli *cli, const char *text)
{
    cli_remark(cli, "warning: %s", text);
    if (cli->warnings == NULL) {
        cli->warnings = json_array();
    }
    (void)json_array_append_new(cli->warnings, json_string(text));
}

void cli_json(struct cli *cli, const char *name, json_t *value)
{
    // Only memory can be lacking; the check of the finished answer in cli_finish() finds a field that is not
    // there.
    (void)json_object_set_new(cli->json, name, value != NULL ? value : json_null()); // text that is not UTF-8
}

static json_t *hint_json(const struct cli *cli, enum p11csr_code code, const char *text)
{
    char *hint PC_CLEANUP(pc_free_str) = cli_hint(cli, code, text);
    return json_string(hint != NULL ? hint : text);
}

json_t *cli_error_json(const struct cli *cli, const p11csr_error *err, enum p11csr_code code)
{
    json_t *cause = json_array();
    json_t *notes = json_array();
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        (void)json_array_append_new(cause, json_string(p11csr_error_cause(err, i)));
    }
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        (void)json_array_append_new(notes, hint_json(cli, code, p11csr_error_note(err, i)));
    }
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}", "code", p11csr_code_name(code), "exit",
                     p11csr_code_exit_status(code), "message", p11csr_error_message(err), "cause", cause,
                     "notes", notes, "hint", hint_json(cli, code, p11csr_error_hint(err)));
}

static void print_json(const struct cli *cli, enum p11csr_code code, const p11csr_error *err)
{
    json_t *answer = json_pack("{s:i, s:s?, s:b}", "p11csr", 1, "command",
                               cli->command != NULL ? cli->command->name : NULL, "ok", code == P11CSR_OK);
    if (code != P11CSR_OK) {
        (void)json_object_set_new(answer, "error", cli_error_json(cli, err, code));
    }
    if (cli->warnings != NULL) {
        (void)json_object_set(answer, "warnings", cli->warnings);
    }
    // A failed list is no empty list: what was gathered goes out only with an answer.
    if (cli->answers_anyway || code == P11CSR_OK || code == P11CSR_E_CHECK_FAILED ||
        code == P11CSR_E_NOT_VERIFIABLE) {
        (void)json_object_update(answer, cli->json);
    }
    (void)json_dumpf(answer, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(answer);
}

static void print_hint(const struct cli *cli, enum p11csr_code code, const char *head, const char *text)
{
    char *hint PC_CLEANUP(pc_free_str) = cli_hint(cli, code, text);
    (void)fprintf(stderr, "%s%s\n", head, hint != NULL ? hint : text);
}

/* What failed on what; why; what to do. */
static void print_error(const struct cli *cli, enum p11csr_code code, const p11csr_error *err)
{
    (void)fprintf(stderr, "p11csr: error: %s\n", p11csr_error_message(err));
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        (void)fprintf(stderr, "  cause: %s\n", p11csr_error_cause(err, i));
    }
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        print_hint(cli, code, "         ", p11csr_error_note(err, i));
    }
    if (code != P11CSR_E_CHECK_FAILED) {
        print_hint(cli, code, "  hint:  ", p11csr_error_hint(err));
    }
}

int cli_finish(struct cli *cli, struct pc_result result, const p11csr_error *err)
{
    const bool json = cli_has(cli, OPT_JSON);
    if (json) {
        print_json(cli, result.code, err);
    } else if (!pc_is_ok(result)) {
        print_error(cli, result.code, err);
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)fprintf(stderr,
                      "p11csr: error: the output could not be written\n  hint:  check where stdout leads\n");
        return p11csr_code_exit_status(P11CSR_E_WRITE);
    }
    return p11csr_code_exit_status(result.code);
}

const char *cli_pin_text(const char *state)
{
    static const char *const texts[][2] = {
        {"unknown", "the token reports nothing about wrong PINs"},
        {"count-low", "a wrong PIN was sent since the last good one"},
        {"final-try", "one more wrong PIN locks the token"},
        {"locked", "locked"},
        {"to-be-changed", "has to be changed"},
        {"not-set", "not set yet"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i][0], state) == 0) {
            return texts[i][1];
        }
    }
    return state;
}
