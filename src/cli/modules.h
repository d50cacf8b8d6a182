// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_MODULES_H
#define PC_CLI_MODULES_H

#include "cli/job.h"

/*
 * Where no module is named, all that p11-kit knows are looked at, each in a child process: one that prints,
 * hangs or crashes harms nobody, and this process loads the one that is needed and no other.
 */

/* A token as the JSON answers have it. */
json_t *cli_token_json(const struct p11csr_token_info *info);
/* Appends the tokens that `token` (NULL: any) matches. Modules that cannot be used are warned about. */
PC_RESULT cli_tokens(struct cli *cli, const char *token, json_t *rows, p11csr_error **err);
/*
 * Sets the context's module to the one that has the token, unless one is named. TOKEN_NOT_FOUND, or
 * TOKEN_AMBIGUOUS with the candidates.
 */
PC_RESULT cli_find_module(struct cli *cli, const char *token, p11csr_error **err);

#endif
