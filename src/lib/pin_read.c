// SPDX-License-Identifier: Apache-2.0
#include "lib/pin_read.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/wait.h"
#include "lib/context.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 32, LONGEST_MS = 8000 };

/* Others that can write the file choose the PIN; others that can read it know it. */
static struct pc_result check_file(p11csr_ctx *ctx, int fd, const char *path, struct pc_latch_file *ret_file,
                                   p11csr_error **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "stat '%s'", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'%s' is a folder", path);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "everybody can write '%s' (mode %03o)", path,
                       (unsigned)st.st_mode & 0777U);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0) {
        pc_ctx_warn(ctx, "everybody on this machine can read the PIN file '%s' (mode %03o): chmod 600 it",
                    path, (unsigned)st.st_mode & 0777U);
    }
    *ret_file = (struct pc_latch_file){.known = S_ISREG(st.st_mode),
                                       .device = st.st_dev,
                                       .inode = st.st_ino,
                                       .seconds = st.st_ctim.tv_sec,
                                       .nanoseconds = st.st_ctim.tv_nsec};
    return PC_OK;
}

/* One newline at the end is the editor's, not the PIN's. */
static size_t without_newline(struct pc_span text)
{
    size_t len = text.len;
    if (len > 0 && text.ptr[len - 1] == '\n') {
        len--;
        len -= len > 0 && text.ptr[len - 1] == '\r' ? 1 : 0;
    }
    return len;
}

/* Takes a PIN from what was read. `what` names the source. */
static struct pc_result take(struct pc_span content, const char *what, struct pc_secret *ret,
                             p11csr_error **err)
{
    const size_t len = without_newline(content);
    if (len == 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "%s is empty", what);
    }
    if (memchr(content.ptr, 0, len) != NULL || memchr(content.ptr, '\n', len) != NULL) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "%s holds more than one line of text", what);
    }
    return pc_secret_set(ret, content.ptr, len)
               ? PC_OK
               : pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN in %s is longer than %d bytes", what, PC_MAX_PIN);
}

static struct pc_result take_from_fd(int fd, const char *what, struct pc_secret *ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_wipe) = {0};
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_buf_init(&content, PC_MAX_PIN_FILE);
    const struct pc_result read = pc_file_read_fd(fd, what, &content, &why);
    if (read.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(read)) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "%s cannot be read: %s", what,
                       p11csr_error_cause(why, p11csr_error_cause_count(why) - 1));
    }
    return take(pc_buf_span(&content), what, ret, err);
}

PC_RESULT pc_pin_open_file(p11csr_ctx *ctx, const char *path, int *ret_fd, struct pc_latch_file *ret_file,
                           p11csr_error **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "open '%s'", path);
    }
    // Where there are no locks nobody waits; nor for ever, for a process that hangs.
    (void)pc_wait_lock(fd, LOCK_EX, LONGEST_MS);
    const struct pc_result result = check_file(ctx, fd, path, ret_file, err);
    if (pc_is_ok(result)) {
        *ret_fd = fd;
    } else {
        pc_close(&fd);
    }
    return result;
}

PC_RESULT pc_pin_read_file(int fd, const char *path, struct pc_secret *ret, p11csr_error **err)
{
    char *what PC_CLEANUP(pc_free_str) = pc_asprintf("the PIN file '%s'", path);
    return what != NULL ? take_from_fd(fd, what, ret, err) : pc_fail_memory(err);
}

PC_RESULT pc_pin_read_fd(const char *number, struct pc_secret *ret, p11csr_error **err)
{
    unsigned long value = 0;
    if (!pc_parse_number(number, INT_MAX, &value)) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'fd:' is not followed by the number of a file descriptor");
    }
    int fd PC_CLEANUP(pc_close) = (int)value;
    return take_from_fd(fd, "the file descriptor of the PIN", ret, err);
}

PC_RESULT pc_pin_read_env(const char *name, struct pc_secret *ret, p11csr_error **err)
{
    char *value = secure_getenv(name);
    if (value == NULL) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "the environment variable '%s' is not set", name);
    }
    const struct pc_result result = take(pc_span_str(value), "the environment variable of the PIN", ret, err);
    pc_wipe(value, strlen(value));
    (void)unsetenv(name);
    return result;
}

/* Splits at blanks, in place. */
static size_t split_words(char *text, char *words[static MAX_WORDS])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < MAX_WORDS - 1;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

static int spawn(char *const *words, int output, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        return rc;
    }
    rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    if (rc == 0) {
        rc = posix_spawn(ret, words[0], &actions, NULL, words, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Waits for the program; its PIN counts only when it ended well. */
static struct pc_result reap(pid_t child, const char *program, p11csr_error **err)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "wait for '%s'", program);
        }
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "the program '%s' %s %d", program,
                       WIFEXITED(status) ? "ended with status" : "was ended by signal",
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    }
    return PC_OK;
}

PC_RESULT pc_pin_read_exec(const char *command, struct pc_secret *ret, p11csr_error **err)
{
    char *text PC_CLEANUP(pc_free_str) = pc_strdup(command);
    char *words[MAX_WORDS];
    int ends[2] = {-1, -1};
    pid_t child = 0;
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    if (split_words(text, words) == 0 || words[0][0] != '/') {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'exec:' is not followed by the full path of a program");
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "pipe");
    }
    int from PC_CLEANUP(pc_close) = ends[0];
    const int rc = spawn(words, ends[1], &child);
    (void)close(ends[1]);
    if (rc != 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, rc, "start '%s'", words[0]);
    }
    const struct pc_result result = take_from_fd(from, "the output of the PIN program", ret, err);
    pc_close(&from); // a program that prints more than a PIN must not wait for us
    p11csr_error *why = NULL;
    const struct pc_result ended = reap(child, words[0], &why);
    if (!pc_is_ok(ended) && err != NULL) {
        p11csr_error_free(err); // that it failed says more than that its output was empty
        *err = why;
        return ended;
    }
    p11csr_error_free(&why);
    return pc_is_ok(result) ? ended : result;
}
