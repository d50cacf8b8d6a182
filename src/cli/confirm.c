// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Asking before something is destroyed for ever. */

bool cli_read_line(int tty, struct pc_buf *line)
{
    for (;;) {
        uint8_t byte = 0;
        const ssize_t got = read(tty, &byte, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != 1) {
            return false;
        }
        if (byte == '\n' || byte == '\r') {
            return true;
        }
        pc_buf_byte(line, byte);
    }
}

static struct pc_result ask(int tty, const struct cli_doom *doom, p11csr_error **err)
{
    struct pc_buf line PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&line, PC_MAX_TEXT);
    (void)dprintf(tty,
                  "This %s is going to be deleted for ever:\n  URI:   %s\n%sType %s to agree: ", doom->what,
                  doom->uri, doom->details, doom->word);
    if (cli_read_line(tty, &line) && line.failed == P11CSR_OK &&
        pc_span_eq(pc_buf_span(&line), pc_span_str(doom->word))) {
        return PC_OK;
    }
    return pc_fail(err, P11CSR_E_NOT_CONFIRMED, "what was typed is not '%s'", doom->word);
}

/* The same command with the full name. */
static void hint_at(const struct cli *cli, const struct cli_doom *doom, p11csr_error **err)
{
    pc_hint(err, "if you mean this one: p11csr %s '%s'%s --yes", cli->command->name, doom->uri,
            doom->options != NULL ? doom->options : "");
}

PC_RESULT cli_confirm(const struct cli *cli, const struct cli_doom *doom, p11csr_error **err)
{
    if (cli_has(cli, OPT_YES)) {
        if (doom->fully_named) {
            return PC_OK;
        }
        const struct pc_result result =
            pc_fail(err, P11CSR_E_USAGE, "with --yes the %s has to be named in full: token, label and id",
                    doom->what);
        hint_at(cli, doom, err);
        return result;
    }
    int tty PC_CLEANUP(pc_close) = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_NOT_CONFIRMED, "there is no terminal to ask on, and no --yes");
        hint_at(cli, doom, err);
        return result;
    }
    return ask(tty, doom, err);
}
