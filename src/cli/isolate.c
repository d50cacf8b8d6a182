// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* --isolate: the whole command in a child. */

PC_RESULT cli_take_time_limit(const struct cli *cli, unsigned *ret, p11csr_error **err)
{
    const char *value = cli_value(cli, OPT_TIME_LIMIT);
    char *end = NULL;
    *ret = CLI_CALL_SECONDS;
    if (value == NULL) {
        return PC_OK;
    }
    errno = 0;
    const unsigned long seconds = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != 0 || errno != 0 || seconds < 1 ||
        seconds > CLI_CALL_SECONDS_MAX) {
        return pc_fail(err, P11CSR_E_USAGE, "--time-limit is a number of seconds from 1 to %d, not '%s'",
                       CLI_CALL_SECONDS_MAX, value);
    }
    *ret = (unsigned)seconds;
    return PC_OK;
}

/* Ends as the child did, so that a shell sees the same. */
static void end_by(int signal_number)
{
    sigset_t set;
    (void)signal(signal_number, SIG_DFL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(signal_number);
}

/*
 * Our copy of the environment is of no more use to us, and shows in /proc: a PIN in it has gone from the
 * child's when it was read.
 */
static void wipe_environment(void)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        char *value = strchr(*variable, '=');
        if (value != NULL) {
            explicit_bzero(value + 1, strlen(value + 1));
        }
    }
}

/* What a child that did not end by itself leaves behind. */
static void clean_up(const struct cli *cli, const struct cli_child *child)
{
    if (cli_has(cli, OPT_VERBOSE) && atomic_load(&child->crumb->call) != 0) {
        (void)fputc('\n', stderr); // the trace stands in the middle of the line of this call
    }
    if (child->end != CLI_END_EXIT && cli_value(cli, OPT_OUT) != NULL) {
        pc_file_remove_unfinished(cli_value(cli, OPT_OUT), child->pid);
    }
}

PC_RESULT cli_isolate(struct cli *cli, int *ret_status, p11csr_error **err)
{
    struct cli_child child;
    unsigned limit = 0;
    *ret_status = -1;
    PC_TRY(cli_take_time_limit(cli, &limit, err));
    PC_TRY(cli_child_start(&child, limit, err));
    if (child.pid == 0) {
        cli->crumb = child.crumb; // to the end of the process
        return PC_OK;
    }
    wipe_environment();
    cli_child_wait(&child, NULL, 0);
    clean_up(cli, &child);
    struct pc_result result = PC_OK;
    if (child.late) { // the answer is out already: what the module does at its end changes nothing
        p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
        pc_ignore(cli_child_check(&child, &why));
        cli_remark(cli, "warning: after the command was done, %s", p11csr_error_cause(why, 0));
        *ret_status = atomic_load(&child.crumb->finished) - 1;
    } else if (child.end == CLI_END_EXIT || child.end == CLI_END_SIGNAL) {
        *ret_status = child.end == CLI_END_EXIT ? child.value : 128 + child.value;
    } else {
        result = cli_child_check(&child, err);
    }
    cli_child_done(&child);
    if (child.end == CLI_END_SIGNAL) {
        end_by(child.value); // the status above is for signals that are ignored here
    }
    return result;
}
