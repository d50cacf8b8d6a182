// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_START_H
#define PC_CLI_START_H

#include "cli/cli.h"

/* What a request starts from, before the command line adds its own. */

/* A certificate or request, PEM or DER, that is being renewed. Borrowed. */
struct cli_source {
    const char *from; /* its file or URI, for people */
    const void *data;
    size_t len;
};

/*
 * Takes over `source`, unless it is NULL, then what --from-csr, --from-cert and --openssl-config name, in
 * their order.
 */
PC_RESULT cli_take_start(struct cli *cli, const struct cli_source *source, p11csr_request *request,
                         p11csr_error **err);
/* cli_take_content() with something to start from. */
PC_RESULT cli_take_content_from(struct cli *cli, const struct cli_source *source, p11csr_request **ret,
                                p11csr_error **err);
/*
 * Says for people what was not taken over, and adds it to "dropped" of the JSON answer. `dropped` is what the
 * library has said; `from` names where it was.
 */
PC_RESULT cli_say_dropped(struct cli *cli, const char *from, const char *dropped, p11csr_error **err);
/*
 * Says for people what has changed, but for what was said to be dropped already, and sets "changes" of the
 * JSON answer. `changes` is what p11csr_compare() has said.
 */
PC_RESULT cli_say_changes(struct cli *cli, const char *changes, p11csr_error **err);

#endif
