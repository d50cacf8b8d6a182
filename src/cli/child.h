// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_CHILD_H
#define PC_CLI_CHILD_H

#include "cli/cli.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

/*
 * A child process for work that a PKCS#11 module may end badly. It is made before any module is loaded; what
 * it is calling stands in memory that it shares with its parent, who ends it when a call takes too long and
 * can tell afterwards where it died.
 */

enum { CLI_CALL_SECONDS = 60, CLI_CALL_SECONDS_MAX = 86400 };

/* Written by the child, read by its parent. */
struct cli_crumb {
    atomic_ulong call; /* number of the call that is under way; 0: none */
    atomic_ulong calls;
    atomic_int asks_person; /* of the call that is under way */
    atomic_int finished;    /* 1 + the exit status, once all output is written */
    char module[256];       /* of this call, or of the last one */
    char function[64];
};

/* How a child ended. */
enum cli_end {
    CLI_END_EXIT,   /* `value` is its exit status */
    CLI_END_CRASH,  /* died by signal `value`, before it had finished */
    CLI_END_HANG,   /* was killed because a call did not return */
    CLI_END_SIGNAL, /* died by signal `value`, which somebody sent */
};

/* Bytes that the child writes to a pipe. Those beyond `max` are read and dropped. */
struct cli_drain {
    int fd; /* -1: none */
    struct pc_buf *to;
    size_t max;
};

struct cli_child {
    pid_t pid; /* 0: we are the child */
    struct cli_crumb *crumb;
    sigset_t before; /* the signal mask, to be restored */
    int signals;     /* signalfd */
    unsigned limit;  /* seconds for a call */
    enum cli_end end;
    int value;
    bool late; /* crashed or hung after it had finished */
};

/* Forks. In the child, `child->pid` is 0 and the crumb is to be put where cli_watch() finds it. */
PC_RESULT cli_child_start(struct cli_child *child, unsigned limit, p11csr_error **err);
/* Waits for the end, in the parent: passes signals on, reads the pipes, and watches the time of each call. */
void cli_child_wait(struct cli_child *child, struct cli_drain *drains, size_t drain_count);
/* OK when it exited; else which module crashed or hung, and where. */
PC_RESULT cli_child_check(const struct cli_child *child, p11csr_error **err);
void cli_child_done(struct cli_child *child);
/* The name of a signal, like "SIGSEGV". */
const char *cli_signal_name(int signal, char fallback[static 16]);

/* Writes what is being called to the crumb, and with -v to stderr. `data` is the struct cli. */
void cli_watch(const struct p11csr_call *call, void *data);
/* Seconds that a call may take, from --time-limit. */
PC_RESULT cli_take_time_limit(const struct cli *cli, unsigned *ret, p11csr_error **err);

/*
 * Goes on in a child. Returns in both: *ret_status is -1 in the child, and in the parent the exit status of
 * the child when it had one. A child that somebody ended by a signal ends its parent by the same.
 */
PC_RESULT cli_isolate(struct cli *cli, int *ret_status, p11csr_error **err);

#endif
