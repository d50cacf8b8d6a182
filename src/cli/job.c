// SPDX-License-Identifier: Apache-2.0
#include "cli/job.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A job in a child. Its answer comes through one pipe, whatever the module prints through another: a module
 * that prints, hangs or crashes harms nobody.
 */

enum { MAX_ANSWER = 4 * 1024 * 1024, MAX_SAID = 16 * 1024, MAX_LINES = 40 };

struct pipes {
    int answer[2];
    int said[2];
};

static void pipes_done(struct pipes *pipes)
{
    pc_close(&pipes->answer[0]);
    pc_close(&pipes->answer[1]);
    pc_close(&pipes->said[0]);
    pc_close(&pipes->said[1]);
}

static struct pc_result pipes_open(struct pipes *ret, p11csr_error **err)
{
    *ret = (struct pipes){{-1, -1}, {-1, -1}};
    if (pipe2(ret->answer, O_CLOEXEC) != 0 || pipe2(ret->said, O_CLOEXEC) != 0) {
        const struct pc_result result = pc_fail_errno(err, P11CSR_E_NO_MEMORY, errno, "make a pipe");
        pipes_done(ret);
        return result;
    }
    return PC_OK;
}

/* What the module prints goes to the pipe; the trace of -v still goes where it went. */
static void redirect(struct cli *cli, const struct pipes *pipes)
{
    cli->trace_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)dup2(pipes->said[1], STDOUT_FILENO);
    (void)dup2(pipes->said[1], STDERR_FILENO);
    if (nothing >= 0) {
        (void)dup2(nothing, STDIN_FILENO);
    }
}

/* Whether nothing that works on a key is there: then what the machine lacks may be the reason. */
static bool has_no_token(const json_t *answer)
{
    size_t i = 0;
    const json_t *library = NULL;
    json_array_foreach(json_object_get(answer, "library"), i, library)
    {
        size_t j = 0;
        const json_t *slot = NULL;
        json_array_foreach(json_object_get(library, "slots"), j, slot)
        {
            if (json_is_true(json_object_get(json_object_get(slot, "token"), "initialized"))) {
                return false;
            }
        }
    }
    return json_object_get(answer, "library") != NULL;
}

static void add_why(const struct cli_job *job, json_t *answer)
{
    json_t *why = job->why != NULL ? job->why(job->path, answer) : NULL;
    if (json_array_size(why) > 0) {
        (void)json_object_set(answer, "why", why);
    }
    json_decref(why);
}

/* Never returns: the module's own end, and that of the libraries it brought, is part of what is looked at. */
static void run_in_child(struct cli *cli, const struct cli_job *job, const struct pipes *pipes)
{
    p11csr_error *err = NULL;
    json_t *answer = json_object();
    redirect(cli, pipes);
    p11csr_ctx_set_call_callback(cli->ctx, cli_watch, cli);
    const struct pc_result result = job->work(cli, job, answer, &err);
    if (!pc_is_ok(result)) {
        (void)json_object_set_new(answer, "error", cli_error_json(cli, err, result.code));
    }
    if (!pc_is_ok(result) || has_no_token(answer)) {
        add_why(job, answer); // here the environment is the one of the configuration
    }
    (void)json_object_set_new(answer, "number", json_integer(result.code));
    char *text = json_dumps(answer, JSON_COMPACT);
    int status = 1;
    if (text != NULL && pc_is_ok(pc_file_write_fd(pipes->answer[1], "the answer", pc_span_str(text), NULL))) {
        status = 0;
    }
    free(text);
    json_decref(answer);
    p11csr_error_free(&err);
    atomic_store(&cli->crumb->finished, 1 + status);
    p11csr_ctx_free(&cli->ctx);
    exit(status);
}

/* Each line that the module printed, so that it can be shown. */
static json_t *said_lines(struct pc_buf *said)
{
    json_t *lines = json_array();
    pc_buf_byte(said, 0);
    char *rest = NULL;
    for (char *line = strtok_r((char *)said->ptr, "\n", &rest);
         line != NULL && json_array_size(lines) < MAX_LINES; line = strtok_r(NULL, "\n", &rest)) {
        pc_text_redact(line);
        char *printable PC_CLEANUP(pc_free_str) = pc_text_printable(line);
        if (printable != NULL) {
            (void)json_array_append_new(lines, json_string(printable));
        }
    }
    return lines;
}

/* The answer of a child that ended well, or an empty one. */
static json_t *read_answer(const struct cli_child *child, const struct pc_buf *text,
                           enum p11csr_code *ret_code)
{
    json_t *answer = json_loadb((const char *)text->ptr, text->len, 0, NULL);
    if (atomic_load(&child->crumb->finished) != 1 || !json_is_object(answer)) {
        json_decref(answer);
        *ret_code = P11CSR_E_INTERNAL;
        return json_object();
    }
    *ret_code = (enum p11csr_code)json_integer_value(json_object_get(answer, "number"));
    (void)json_object_del(answer, "number");
    return answer;
}

/* A job and the command line that wants it done. */
struct order {
    const struct cli *cli;
    const struct cli_job *job;
};

static void conclude(const struct cli_child *child, const struct order *order, json_t *answer,
                     enum p11csr_code *code)
{
    const char *const statuses[] = {[CLI_END_EXIT] = *code == P11CSR_OK ? "works" : "fails",
                                    [CLI_END_CRASH] = "crashes",
                                    [CLI_END_HANG] = "hangs"};
    (void)json_object_set_new(answer, "status", json_string(statuses[child->end]));
    if (child->end != CLI_END_EXIT || *code == P11CSR_E_INTERNAL) {
        p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
        struct pc_result result = cli_child_check(child, &err);
        if (pc_is_ok(result)) { // some libraries end the process when they do not like what they find
            result = pc_fail(&err, P11CSR_E_MODULE_CRASHED, "module '%s' ended the process in %s",
                             child->crumb->module, child->crumb->function);
            (void)json_object_set_new(answer, "status", json_string("crashes"));
        }
        *code = result.code;
        (void)json_object_set_new(answer, "error", cli_error_json(order->cli, err, result.code));
        if (!child->late) {
            add_why(order->job, answer);
        }
    }
}

static struct pc_result watch_child(struct cli_child *child, const struct pipes *pipes,
                                    const struct order *order, json_t **ret, enum p11csr_code *ret_code,
                                    p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf said PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, MAX_ANSWER);
    pc_buf_init(&said, MAX_SAID + 1);
    struct cli_drain drains[] = {{pipes->answer[0], &text, MAX_ANSWER}, {pipes->said[0], &said, MAX_SAID}};
    cli_child_wait(child, drains, PC_ARRAY_LEN(drains));
    if (child->end == CLI_END_SIGNAL) {
        char fallback[16];
        return pc_fail(err, P11CSR_E_INTERRUPTED, "%s", cli_signal_name(child->value, fallback));
    }
    json_t *answer = read_answer(child, &text, ret_code);
    conclude(child, order, answer, ret_code);
    json_t *lines = said_lines(&said);
    if (json_array_size(lines) > 0) {
        (void)json_object_set(answer, "said", lines);
    }
    json_decref(lines);
    *ret = answer;
    return PC_OK;
}

PC_RESULT cli_in_child(struct cli *cli, const struct cli_job *job, json_t **ret, enum p11csr_code *ret_code,
                       p11csr_error **err)
{
    struct cli_child child;
    struct pipes pipes;
    unsigned limit = 0;
    PC_TRY(cli_take_time_limit(cli, &limit, err));
    PC_TRY(pipes_open(&pipes, err));
    (void)fflush(stdout); // or the child would print it once more
    struct pc_result result = cli_child_start(&child, limit, err);
    if (pc_is_ok(result)) {
        if (child.pid == 0) {
            cli->crumb = child.crumb;
            run_in_child(cli, job, &pipes);
        }
        pc_close(&pipes.answer[1]);
        pc_close(&pipes.said[1]);
        result = watch_child(&child, &pipes, &(struct order){cli, job}, ret, ret_code, err);
        cli_child_done(&child);
    }
    pipes_done(&pipes);
    return result;
}
