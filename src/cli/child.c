// SPDX-License-Identifier: Apache-2.0
#include "cli/child.h"

#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 100, TICK_MAX_MS = 1000 };

/* Calls that take longer than others by their nature: so many times the limit. */
static const struct {
    const char *function;
    unsigned times;
} slow_calls[] = {
    {"C_GenerateKeyPair", 10}, // minutes for RSA on a smartcard
    {"C_InitToken", 10},
};

static const struct {
    int signal;
    const char *name;
    bool crash; /* the process did it to itself; the others come from outside */
} signals[] = {
    {SIGSEGV, "SIGSEGV", true},  {SIGBUS, "SIGBUS", true},    {SIGILL, "SIGILL", true},
    {SIGFPE, "SIGFPE", true},    {SIGABRT, "SIGABRT", true},  {SIGSYS, "SIGSYS", true},
    {SIGTRAP, "SIGTRAP", true},  {SIGKILL, "SIGKILL", true}, // of the system that ran out of memory
    {SIGINT, "SIGINT", false},   {SIGTERM, "SIGTERM", false}, {SIGHUP, "SIGHUP", false},
    {SIGQUIT, "SIGQUIT", false}, {SIGPIPE, "SIGPIPE", false},
};

const char *cli_signal_name(int signal, char fallback[static 16])
{
    for (size_t i = 0; i < PC_ARRAY_LEN(signals); i++) {
        if (signals[i].signal == signal) {
            return signals[i].name;
        }
    }
    (void)snprintf(fallback, 16, "signal %d", signal);
    return fallback;
}

static bool is_crash(int signal)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(signals); i++) {
        if (signals[i].signal == signal) {
            return signals[i].crash;
        }
    }
    return false;
}

/* The child starts with the signals as we found them, and does not outlive its parent. */
static void begin_child(struct cli_child *child, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1); // the parent died before that was asked for
    }
    (void)sigprocmask(SIG_SETMASK, &child->before, NULL);
    pc_close(&child->signals);
}

PC_RESULT cli_child_start(struct cli_child *child, unsigned limit, p11csr_error **err)
{
    sigset_t taken;
    (void)sigemptyset(&taken);
    const int wanted[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < PC_ARRAY_LEN(wanted); i++) {
        (void)sigaddset(&taken, wanted[i]);
    }
    *child = (struct cli_child){.signals = -1, .limit = limit};
    void *crumb =
        mmap(NULL, sizeof(struct cli_crumb), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crumb == MAP_FAILED) {
        return pc_fail_memory(err);
    }
    child->crumb = crumb;
    (void)signal(SIGCHLD, SIG_DFL); // whoever started us may have it ignored; then nobody could be waited for
    (void)sigprocmask(SIG_BLOCK, &taken, &child->before);
    child->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    const pid_t parent = getpid();
    child->pid = child->signals < 0 ? -1 : fork();
    if (child->pid < 0) {
        const struct pc_result result =
            pc_fail_errno(err, P11CSR_E_NO_MEMORY, errno, "start a child process");
        cli_child_done(child);
        return result;
    }
    if (child->pid == 0) {
        begin_child(child, parent);
    }
    return PC_OK;
}

void cli_child_done(struct cli_child *child)
{
    if (child->signals >= 0) {
        pc_close(&child->signals);
        (void)sigprocmask(SIG_SETMASK, &child->before, NULL);
    }
    if (child->crumb != NULL) {
        (void)munmap(child->crumb, sizeof(*child->crumb));
        child->crumb = NULL;
    }
}

/* What a terminal sends, the child has got too: all of the foreground get it. The rest is passed on. */
static void pass_signals(const struct cli_child *child)
{
    struct signalfd_siginfo info;
    while (read(child->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL) {
            (void)kill(child->pid, (int)info.ssi_signo);
        }
    }
}

/* True when the child has ended. When it is stopped, we stop too, and start it again when we are started. */
static bool reap(struct cli_child *child, int *status)
{
    const pid_t pid = waitpid(child->pid, status, WNOHANG | WUNTRACED);
    if (pid == child->pid && WIFSTOPPED(*status)) {
        (void)kill(getpid(), SIGSTOP);
        (void)kill(child->pid, SIGCONT);
        return false;
    }
    return pid == child->pid;
}

static void drain(struct cli_drain *from)
{
    uint8_t bytes[4096];
    const ssize_t count = from->fd < 0 ? 0 : read(from->fd, bytes, sizeof(bytes));
    if (count > 0) {
        const size_t room = from->max - from->to->len;
        pc_buf_add(from->to, bytes, (size_t)count < room ? (size_t)count : room);
    } else if (count == 0 || errno != EINTR) {
        from->fd = -1;
    }
}

/* Waits for a signal, for bytes, or for a tick. */
static void wait_tick(const struct cli_child *child, struct cli_drain *drains, size_t drain_count)
{
    struct pollfd fds[3] = {{.fd = child->signals, .events = POLLIN}};
    for (size_t i = 0; i < drain_count; i++) {
        fds[i + 1] = (struct pollfd){.fd = drains[i].fd, .events = POLLIN};
    }
    (void)poll(fds, drain_count + 1, TICK_MS);
    for (size_t i = 0; i < drain_count; i++) {
        if (fds[i + 1].revents != 0) {
            drain(&drains[i]);
        }
    }
}

/* The time for the call that stands in the crumb. */
static unsigned seconds_for_call(const struct cli_child *child)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(slow_calls); i++) {
        if (strcmp(child->crumb->function, slow_calls[i].function) == 0) {
            return child->limit * slow_calls[i].times;
        }
    }
    return child->limit;
}

struct stopwatch {
    unsigned long call;
    long long spent_ms;
    long long last_ms;
};

/*
 * True when the call that is under way has had its time. A tick counts for a second at most: the time that we
 * were stopped, or the machine slept, is not the module's.
 */
static bool is_over(const struct cli_child *child, struct stopwatch *watch)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const long long now_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
    const long long tick = now_ms - watch->last_ms < TICK_MAX_MS ? now_ms - watch->last_ms : TICK_MAX_MS;
    const unsigned long call = atomic_load(&child->crumb->call);
    watch->last_ms = now_ms;
    if (call != watch->call) {
        *watch = (struct stopwatch){.call = call, .last_ms = now_ms};
        return false;
    }
    if (call == 0 || atomic_load(&child->crumb->asks_person) != 0) {
        return false;
    }
    watch->spent_ms += tick;
    return watch->spent_ms > seconds_for_call(child) * 1000LL;
}

static void take_end(struct cli_child *child, int status, bool killed)
{
    const int finished = atomic_load(&child->crumb->finished);
    const bool exited = WIFEXITED(status);
    child->value = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    child->end = killed ? CLI_END_HANG : exited ? CLI_END_EXIT : CLI_END_SIGNAL;
    if (child->end == CLI_END_SIGNAL && is_crash(child->value)) {
        child->end = CLI_END_CRASH;
    }
    child->late = finished != 0 && (child->end == CLI_END_CRASH || child->end == CLI_END_HANG);
}

void cli_child_wait(struct cli_child *child, struct cli_drain *drains, size_t drain_count)
{
    struct stopwatch watch = {0};
    int status = 0;
    bool killed = false;
    while (!reap(child, &status)) {
        wait_tick(child, drains, drain_count);
        pass_signals(child);
        if (!killed && is_over(child, &watch)) {
            killed = true;
            (void)kill(child->pid, SIGKILL);
        }
    }
    for (size_t i = 0; i < drain_count; i++) { // what it wrote at last; a pipe that others hold open is left
        struct pollfd fd = {.fd = drains[i].fd, .events = POLLIN};
        while (drains[i].fd >= 0 && poll(&fd, 1, 0) > 0) {
            drain(&drains[i]);
        }
    }
    take_end(child, status, killed);
}

PC_RESULT cli_child_check(const struct cli_child *child, p11csr_error **err)
{
    const struct cli_crumb *crumb = child->crumb;
    char fallback[16];
    const char *where = atomic_load(&crumb->call) != 0 ? "in" : "after";
    if (child->end == CLI_END_EXIT) {
        return PC_OK;
    }
    if (crumb->module[0] == 0) {
        return pc_fail(err, P11CSR_E_INTERNAL, "the process ended by %s before any module was loaded",
                       cli_signal_name(child->value, fallback));
    }
    struct pc_result result;
    if (child->end == CLI_END_HANG) {
        result = pc_fail(err, P11CSR_E_MODULE_HANGS, "module '%s' did not answer within %u s in %s",
                         crumb->module, seconds_for_call(child), crumb->function);
    } else {
        result = pc_fail(err, P11CSR_E_MODULE_CRASHED, "module '%s' crashed (%s) %s %s", crumb->module,
                         cli_signal_name(child->value, fallback), where, crumb->function);
    }
    if (strcmp(crumb->function, "C_GenerateKeyPair") == 0) {
        pc_note(err, "a key may have been made all the same: p11csr keys list --incomplete");
    }
    return result;
}
