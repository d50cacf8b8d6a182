// SPDX-License-Identifier: Apache-2.0
#include "cli/wizard.h"

#include "base/limits.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * Which question comes next follows from the answers alone: the first one that applies and is not answered.
 * Going back takes the last answer away.
 */

static const struct wizard_answer *answer_at(const struct wizard *w, size_t index)
{
    return (const struct wizard_answer *)(const void *)w->answers.ptr + index;
}

static size_t answer_total(const struct wizard *w)
{
    return w->answers.len / sizeof(struct wizard_answer);
}

const char *wizard_answer(const struct wizard *w, enum wizard_id id)
{
    for (size_t i = answer_total(w); i > 0; i--) {
        if (answer_at(w, i - 1)->id == id) {
            return answer_at(w, i - 1)->text;
        }
    }
    return NULL;
}

size_t wizard_answer_count(const struct wizard *w, enum wizard_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < answer_total(w); i++) {
        count += answer_at(w, i)->id == id ? 1 : 0;
    }
    return count;
}

const char *wizard_part(const struct wizard *w, size_t index)
{
    for (size_t i = 0; i < answer_total(w); i++) {
        if (answer_at(w, i)->id == WIZARD_PART && index-- == 0) {
            return answer_at(w, i)->text;
        }
    }
    return NULL;
}

static bool is_answered(const struct wizard *w, enum wizard_id id)
{
    const char *last = wizard_answer(w, id);
    if (id == WIZARD_PART) {
        return wizard_part_name(w, wizard_answer_count(w, id)) == NULL;
    }
    return last != NULL && (id != WIZARD_NAME || last[0] == 0);
}

static enum wizard_id next_question(const struct wizard *w)
{
    for (int id = 0; id < WIZARD_COUNT; id++) {
        const struct wizard_question *question = wizard_question((enum wizard_id)id);
        const bool applies = question->applies == NULL || question->applies(w);
        if (applies && !is_answered(w, (enum wizard_id)id)) {
            return (enum wizard_id)id;
        }
    }
    return WIZARD_COUNT;
}

static void drop_last(struct wizard *w)
{
    if (w->answers.len > 0) {
        w->answers.len -= sizeof(struct wizard_answer);
        struct wizard_answer gone;
        memcpy(&gone, w->answers.ptr + w->answers.len, sizeof(gone));
        pc_release(gone.text);
        if (gone.id == WIZARD_PURPOSE) {
            p11csr_profile_free(&w->profile);
        }
    }
}

static void wizard_done(struct wizard *w)
{
    while (w->answers.len > 0) {
        drop_last(w);
    }
    pc_buf_done(&w->answers);
    json_decref(w->choices);
    pc_release(w->suggestion);
    p11csr_profile_free(&w->profile);
    if (w->tty != NULL) {
        (void)fclose(w->tty);
    }
}

PC_RESULT wizard_offer(struct wizard *w, const char *text, const char *shown, p11csr_error **err)
{
    char *safe PC_CLEANUP(pc_free_str) = pc_text_printable(shown);
    if (safe == NULL || json_array_append_new(w->choices, json_string(text)) != 0) {
        return pc_fail_memory(err);
    }
    (void)fprintf(w->tty, "  %2zu  %s\n", json_array_size(w->choices), safe);
    return PC_OK;
}

/* What a number of the choices stands for, or the text itself. */
static const char *chosen(const struct wizard *w, const char *text)
{
    unsigned long number = 0;
    if (pc_parse_number(text, json_array_size(w->choices), &number) && number > 0) {
        return json_string_value(json_array_get(w->choices, number - 1));
    }
    return text;
}

/* Titles of the steps, where another one begins. */
static void say_step(struct wizard *w, enum wizard_id id)
{
    static const struct {
        enum wizard_id last;
        const char *title;
    } steps[] = {{WIZARD_LABEL, "key and token"},
                 {WIZARD_SCHEME, "algorithm"},
                 {WIZARD_NAME, "subject and names"},
                 {WIZARD_CA, "extensions"},
                 {WIZARD_CONFIRM, "confirm"}};
    size_t step = 0;
    while (id > steps[step].last) {
        step++;
    }
    if (w->step != step + 1) {
        (void)fprintf(w->tty, "\nStep %zu of %zu: %s\n", step + 1, PC_ARRAY_LEN(steps), steps[step].title);
        w->step = step + 1;
    }
}

/* The reason of a refusal, in as many lines as it has. */
static void say_why(const struct wizard *w, const p11csr_error *err)
{
    (void)fprintf(w->tty, "  %s\n", p11csr_error_message(err));
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        (void)fprintf(w->tty, "  %s\n", p11csr_error_cause(err, i));
    }
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        (void)fprintf(w->tty, "  %s\n", p11csr_error_note(err, i));
    }
}

static struct pc_result keep_answer(struct wizard *w, enum wizard_id id, char *text, p11csr_error **err)
{
    const struct wizard_answer answer = {id, text};
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    pc_buf_add(&w->answers, &answer, sizeof(answer));
    if (w->answers.failed != P11CSR_OK) {
        pc_release(text);
    }
    return pc_buf_check(&w->answers, err);
}

/* Takes an answer. What is not valid is said, and asked for again. */
static struct pc_result take(struct wizard *w, enum wizard_id id, const char *text, p11csr_error **err)
{
    const struct wizard_question *question = wizard_question(id);
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    char *taken PC_CLEANUP(pc_free_str) = NULL;
    const char *meant = chosen(w, text);
    const struct pc_result result = question->take != NULL ? question->take(w, meant, &taken, &why) : PC_OK;
    if (result.code == P11CSR_E_NO_MEMORY || result.code == P11CSR_E_INTERRUPTED) {
        return pc_fail(err, result.code, "%s", p11csr_error_message(why));
    }
    if (!pc_is_ok(result)) {
        say_why(w, why);
        return PC_OK;
    }
    char *kept = taken != NULL ? taken : pc_strdup(meant);
    taken = NULL;
    return keep_answer(w, id, kept, err);
}

static void say_question(const struct wizard *w, enum wizard_id id, const char *by_default)
{
    const struct wizard_question *question = wizard_question(id);
    const char *part = id == WIZARD_PART ? wizard_part_name(w, wizard_answer_count(w, id)) : NULL;
    (void)fprintf(w->tty, "%s%s%s%s: ", part != NULL ? part : question->text,
                  by_default != NULL && by_default[0] != 0 ? " [" : "", by_default != NULL ? by_default : "",
                  by_default != NULL && by_default[0] != 0 ? "]" : "");
    (void)fflush(w->tty);
}

static struct pc_result ask(struct wizard *w, enum wizard_id id, p11csr_error **err)
{
    const struct wizard_question *question = wizard_question(id);
    struct pc_buf line PC_CLEANUP(pc_buf_done) = {0};
    const char *by_default = NULL;
    char *text PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&line, PC_MAX_TEXT);
    say_step(w, id);
    (void)json_array_clear(w->choices);
    if (question->offer != NULL) {
        PC_TRY(question->offer(w, &by_default, err));
    }
    say_question(w, id, by_default);
    if (!cli_read_line(fileno(w->tty), &line)) {
        (void)fprintf(w->tty, "\n");
        return pc_fail(err, P11CSR_E_INTERRUPTED, "the questions were ended; nothing was made");
    }
    if (line.failed != P11CSR_OK) {
        (void)fprintf(w->tty, "  that is too long\n");
        return PC_OK;
    }
    PC_TRY(pc_buf_take_text(&line, &text, err));
    if (strcmp(text, "<") == 0) {
        drop_last(w);
        return PC_OK;
    }
    return take(w, id, text[0] == 0 && by_default != NULL ? by_default : text, err);
}

static struct pc_result open_terminal(struct wizard *w, p11csr_error **err)
{
    const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    w->tty = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (w->tty == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        const struct pc_result result = pc_fail(err, P11CSR_E_USAGE, "there is no terminal to ask on");
        pc_hint(err, "say the same with options: see p11csr request --help");
        return result;
    }
    return PC_OK;
}

/* Everything else is asked for: an answer would contradict what the command line says. */
static struct pc_result check_uses(const struct cli *cli, p11csr_error **err)
{
    static const enum cli_option_id with[] = {OPT_INTERACTIVE, OPT_OUT,        OPT_FORM,   OPT_FORCE,
                                              OPT_TEXT,        OPT_TRANSCRIPT, OPT_REPORT, OPT_EVIDENCE};
    if (cli_arg_count(cli) > 0) {
        return pc_fail(err, P11CSR_E_USAGE, "'%s' does not go with --interactive, which asks for the key",
                       cli_arg(cli, 0));
    }
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const enum cli_option_id id = cli_use_get(cli, i)->id;
        bool goes = cli_option_get(id)->global;
        for (size_t w = 0; w < PC_ARRAY_LEN(with); w++) {
            goes = goes || with[w] == id;
        }
        if (!goes) {
            return pc_fail(err, P11CSR_E_USAGE, "--%s does not go with --interactive, which asks for it",
                           cli_option_get(id)->name);
        }
    }
    return PC_OK;
}

PC_RESULT cli_wizard(struct cli *cli, p11csr_error **err)
{
    struct wizard w PC_CLEANUP(wizard_done) = {
        .cli = cli, .choices = json_array(), .uses = cli_use_count(cli)};
    pc_buf_init(&w.answers, 1000 * sizeof(struct wizard_answer));
    PC_TRY(check_uses(cli, err));
    PC_TRY(open_terminal(&w, err));
    (void)fprintf(w.tty, "Enter takes what stands in [ ]; '<' goes back; Ctrl-D ends without a trace.\n");
    enum wizard_id id = next_question(&w);
    while (id != WIZARD_COUNT) {
        PC_TRY(ask(&w, id, err));
        id = next_question(&w);
    }
    (void)fprintf(w.tty, "\n");
    return wizard_add_uses(&w, err);
}

void cli_wizard_repeat(const struct cli *cli)
{
    struct pc_buf line PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&line, (size_t)64 * PC_MAX_TEXT);
    pc_buf_printf(&line, "p11csr %s", cli->command->name);
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id != OPT_INTERACTIVE) {
            pc_buf_printf(&line, " --%s", cli_option_get(use->id)->name);
        }
        if (use->value != NULL) {
            pc_buf_byte(&line, ' ');
            cli_add_word(&line, use->value);
        }
    }
    for (size_t i = 0; i < cli_arg_count(cli); i++) {
        pc_buf_byte(&line, ' ');
        cli_add_word(&line, cli_arg(cli, i));
    }
    if (pc_is_ok(pc_buf_take_text(&line, &text, NULL))) {
        cli_remark(cli, "the same without questions: %s", text);
    }
}
