// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

/* Where requests, certificates and public keys are written. */

PC_RESULT cli_take_output(const struct cli *cli, bool binary, struct cli_output *ret, p11csr_error **err)
{
    ret->path = cli_value(cli, OPT_OUT);
    ret->binary = binary;
    if (ret->path != NULL && strcmp(ret->path, "-") == 0) {
        ret->path = NULL;
    }
    if (ret->path == NULL && binary && isatty(STDOUT_FILENO) != 0 && cli_wants_text(cli)) {
        return pc_fail(err, P11CSR_E_USAGE, "DER is not for a terminal; name a file with -o");
    }
    return ret->path == NULL ? PC_OK
                             : pc_file_check_writable(
                                   ret->path, cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP, err);
}

PC_RESULT cli_write_output(const struct cli *cli, const struct cli_output *output, struct pc_span content,
                           p11csr_error **err)
{
    if (output->path != NULL) {
        return pc_file_write(output->path, content, cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP,
                             0644, err);
    }
    return cli_wants_text(cli) ? pc_file_write_fd(STDOUT_FILENO, "stdout", content, err) : PC_OK;
}
