// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a challenge password comes from: never from the command line itself. */

/* What others can write they choose; what others can read they know. */
static struct pc_result read_file(struct cli *cli, const char *path, struct pc_buf *ret, p11csr_error **err)
{
    struct stat st;
    int fd PC_CLEANUP(pc_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return pc_fail_errno(err, P11CSR_E_READ, errno, "open '%s'", path);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
        return pc_fail(err, P11CSR_E_READ, "everybody can write '%s' (mode %03o)", path,
                       (unsigned)st.st_mode & 0777U);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0) {
        cli_warn(cli, "everybody on this machine can read the file of the challenge password");
    }
    return pc_file_read_fd(fd, path, ret, err);
}

static struct pc_result read_fd(struct cli *cli, const char *number, struct pc_buf *ret, p11csr_error **err)
{
    unsigned long value = 0;
    (void)cli;
    if (!pc_parse_number(number, INT_MAX, &value)) {
        return pc_fail(err, P11CSR_E_VALUE, "'fd:' is not followed by the number of a file descriptor");
    }
    int fd PC_CLEANUP(pc_close) = (int)value;
    return pc_file_read_fd(fd, "the file descriptor of the challenge password", ret, err);
}

/* Overwritten: unsetting alone would leave it in /proc/PID/environ. */
static struct pc_result read_env(struct cli *cli, const char *name, struct pc_buf *ret, p11csr_error **err)
{
    char *value = secure_getenv(name);
    (void)cli;
    if (value == NULL) {
        return pc_fail(err, P11CSR_E_VALUE, "the environment variable '%s' is not set", name);
    }
    pc_buf_text(ret, value);
    pc_wipe(value, strlen(value));
    (void)unsetenv(name);
    return pc_buf_check(ret, err);
}

static struct pc_result read_prompt(struct cli *cli, const char *rest, struct pc_buf *ret, p11csr_error **err)
{
    (void)cli;
    (void)rest;
    return cli_ask_password(ret)
               ? PC_OK
               : pc_fail(err, P11CSR_E_VALUE, "no challenge password was given on the terminal");
}

static const struct {
    const char *word;
    PC_RESULT (*read)(struct cli *cli, const char *rest, struct pc_buf *ret, p11csr_error **err);
} sources[] = {{"file:", read_file}, {"fd:", read_fd}, {"env:", read_env}, {"prompt", read_prompt}};

static struct pc_result read_source(struct cli *cli, const char *source, struct pc_buf *ret,
                                    p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(sources); i++) {
        const size_t len = strlen(sources[i].word);
        const bool whole = sources[i].word[len - 1] != ':';
        if (strncmp(source, sources[i].word, len) == 0 && (!whole || source[len] == 0)) {
            return sources[i].read(cli, source + len, ret, err);
        }
    }
    // What stands there may be the password: it is not repeated.
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "--challenge-password says where the password is, not what it is");
    pc_hint(err, "--challenge-password prompt, file:PATH, fd:N or env:NAME");
    return result;
}

PC_RESULT cli_take_password(struct cli *cli, const char *source, p11csr_request *request, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_wipe) = {0};
    pc_buf_init(&text, PC_MAX_PASSWORD);
    PC_TRY(read_source(cli, source, &text, err));
    size_t len = text.len;
    len -= len > 0 && text.ptr[len - 1] == '\n' ? 1 : 0; // the editor's
    len -= len > 0 && len < text.len && text.ptr[len - 1] == '\r' ? 1 : 0;
    return cli_lift(p11csr_request_set_challenge_password(request, text.ptr, len, err));
}
