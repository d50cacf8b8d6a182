// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

bool cli_can_prompt(void)
{
    int fd PC_CLEANUP(pc_close) = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return fd >= 0;
}

/* "PIN of token 'prod' (user:password) for one use of key 'web'": on a terminal or stderr. */
static void name_pin(int fd, const struct p11csr_pin_request *request)
{
    const bool once = request->role == P11CSR_ROLE_CONTEXT;
    (void)dprintf(fd, "%sPIN of token '%s'%s%s%s%s%s%s", request->role == P11CSR_ROLE_SO ? "SO " : "",
                  request->token, request->form != NULL ? " (" : "",
                  request->form != NULL ? request->form : "", request->form != NULL ? ")" : "",
                  once ? " for one use of key '" : "", once && request->key != NULL ? request->key : "",
                  once ? "'" : "");
}

static void warn(int fd, const struct p11csr_pin_request *request)
{
    if (request->final_try != 0) {
        (void)dprintf(fd, "One more wrong PIN locks the token.\n");
    } else if (request->count_low != 0) {
        (void)dprintf(fd, "A wrong PIN was sent to this token before.\n");
    }
}

static void ask(int tty, const struct p11csr_pin_request *request)
{
    if (request == NULL) {
        (void)dprintf(tty, "Challenge password: ");
        return;
    }
    warn(tty, request);
    if (request->role == P11CSR_ROLE_CONTEXT) {
        (void)dprintf(tty, "This key wants the PIN again for each signature.\n");
    }
    name_pin(tty, request);
    (void)dprintf(tty, ": ");
}

void cli_device_notice(const struct p11csr_pin_request *request, void *data)
{
    (void)data;
    warn(STDERR_FILENO, request);
    (void)dprintf(STDERR_FILENO, "p11csr: enter the ");
    name_pin(STDERR_FILENO, request);
    (void)dprintf(STDERR_FILENO, " at the device\n");
}

/*
 * Reads a line that is not echoed. A signal that ends programs cancels it, so that the echo can be switched
 * on again.
 */
static enum p11csr_code read_line(int tty, int signals, struct pc_buf *line)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        uint8_t byte = 0;
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return P11CSR_E_PIN_CANCELLED;
        }
        if (fds[1].revents != 0) {
            return P11CSR_E_INTERRUPTED;
        }
        if (fds[0].revents == 0) {
            continue;
        }
        if (read(tty, &byte, 1) != 1) {
            return P11CSR_E_PIN_CANCELLED;
        }
        if (byte == '\n' || byte == '\r') {
            return line->len > 0 ? P11CSR_OK : P11CSR_E_PIN_CANCELLED;
        }
        pc_buf_byte(line, byte);
    }
}

/*
 * Asks once nothing is echoed any more: what is typed earlier is thrown away, not shown. Without a request it
 * is the challenge password that is asked for.
 */
static enum p11csr_code ask_hidden(int tty, const struct p11csr_pin_request *request, struct pc_buf *line)
{
    struct termios before;
    sigset_t ending;
    sigset_t old;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGHUP);
    (void)sigaddset(&ending, SIGQUIT);
    (void)sigaddset(&ending, SIGTSTP); // stopped here, the terminal would stay without echo
    int signals PC_CLEANUP(pc_close) = signalfd(-1, &ending, SFD_CLOEXEC);
    if (signals < 0 || tcgetattr(tty, &before) != 0) {
        return P11CSR_E_PIN_CANCELLED;
    }
    struct termios silent = before;
    silent.c_lflag &= (tcflag_t) ~(ECHO | ECHONL);
    (void)sigprocmask(SIG_BLOCK, &ending, &old);
    enum p11csr_code code = P11CSR_E_PIN_CANCELLED;
    if (tcsetattr(tty, TCSAFLUSH, &silent) == 0) {
        ask(tty, request);
        code = read_line(tty, signals, line);
        (void)tcsetattr(tty, TCSAFLUSH, &before);
    }
    (void)dprintf(tty, "\n");
    struct signalfd_siginfo taken;
    if (code == P11CSR_E_INTERRUPTED) {
        (void)!read(signals, &taken,
                    sizeof(taken)); // the exit status speaks of it; the signal need not kill us
    }
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    return code;
}

bool cli_ask_password(struct pc_buf *ret)
{
    int tty PC_CLEANUP(pc_close) = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return tty >= 0 && ask_hidden(tty, NULL, ret) == P11CSR_OK;
}

enum p11csr_code cli_prompt(const struct p11csr_pin_request *request, p11csr_pin *pin, void *data)
{
    struct pc_buf line PC_CLEANUP(pc_buf_wipe) = {0};
    (void)data;
    pc_buf_init(&line, PC_MAX_PIN);
    int tty PC_CLEANUP(pc_close) = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return P11CSR_E_PIN_CANCELLED;
    }
    const enum p11csr_code code = ask_hidden(tty, request, &line);
    if (code != P11CSR_OK) {
        return code;
    }
    return line.failed != P11CSR_OK ? P11CSR_E_PIN_LENGTH : p11csr_pin_set(pin, line.ptr, line.len);
}
