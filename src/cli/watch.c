// SPDX-License-Identifier: Apache-2.0
#include "cli/child.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What is done with each step of a PKCS#11 call: a crumb for the parent, a line for a person. */

static long long now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void drop_crumb(struct cli_crumb *crumb, const struct p11csr_call *call)
{
    if (call->leaving != 0) {
        atomic_store(&crumb->call, 0);
        return;
    }
    (void)snprintf(crumb->module, sizeof(crumb->module), "%s", call->module);
    (void)snprintf(crumb->function, sizeof(crumb->function), "%s", call->function);
    atomic_store(&crumb->asks_person, call->asks_person);
    atomic_store(&crumb->call, atomic_fetch_add(&crumb->calls, 1) + 1);
}

/* The line is begun before the call, so that it tells of one that never returns. */
static void print_trace(struct cli *cli, const struct p11csr_call *call)
{
    const int fd = cli->trace_fd != 0 ? cli->trace_fd : STDERR_FILENO;
    if (call->leaving == 0) {
        const char *slash = strrchr(call->module, '/');
        (void)dprintf(fd, "p11csr: %s: %s%s", slash != NULL ? slash + 1 : call->module, call->function,
                      call->asks_person != 0 ? " (asks a person)" : "");
        cli->call_began = now_ns();
        return;
    }
    (void)dprintf(fd, ": %s, %.3f ms\n", call->rv_name, (double)(now_ns() - cli->call_began) / 1e6);
}

void cli_watch(const struct p11csr_call *call, void *data)
{
    struct cli *cli = data;
    if (cli->crumb != NULL) {
        drop_crumb(cli->crumb, call);
    }
    if (cli_has(cli, OPT_VERBOSE)) {
        print_trace(cli, call);
    }
}
