// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_START_H
#define PC_CLI_START_H

#include "cli/cli.h"

/* What a request starts from, before the command line adds its own. */

/* Takes over the files of --from-csr and --from-cert, in the order of the command line. */
PC_RESULT cli_take_start(struct cli *cli, p11csr_request *request, p11csr_error **err);
/*
 * Says for people what was not taken over, and adds it to "dropped" of the JSON answer. `dropped` is what the
 * library has said; `from` names where it was.
 */
PC_RESULT cli_say_dropped(struct cli *cli, const char *from, const char *dropped, p11csr_error **err);

#endif
