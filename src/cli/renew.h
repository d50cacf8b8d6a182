// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_RENEW_H
#define PC_CLI_RENEW_H

#include "cli/making.h"
#include "cli/start.h"

/*
 * Makes a request from `source`, of which --form and the output in `making` are taken: with the key that it
 * has, or with a new one when making->spec is set. Fills the JSON answer and says what has changed.
 */
PC_RESULT cli_renew_one(struct cli *cli, const struct cli_source *source, struct cli_making *making,
                        p11csr_error **err);
/* Refuses a URI that holds a PIN: parts of it are copied into memory that is not locked. Errors: USAGE. */
PC_RESULT cli_refuse_pin_value(const char *uri, p11csr_error **err);
/* `renew --expiring`. */
PC_RESULT cli_renew_expiring(struct cli *cli, p11csr_error **err);

#endif
