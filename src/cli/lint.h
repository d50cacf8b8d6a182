// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_LINT_H
#define PC_CLI_LINT_H

#include "cli/making.h"
#include <p11csr/lint.h>

#include <stdio.h>

/* Lint as several commands use it. */

/* The rules of `rules`, or of --rules where that is NULL, less those of --ignore. Errors: USAGE. */
PC_RESULT cli_take_lint(const struct cli *cli, const char *rules, p11csr_lint **ret, p11csr_error **err);
void cli_lint_free(p11csr_lint **lint);
/*
 * Gives the request that is being made the rules it has to keep: the structure, those of its profile, and
 * those of --rules. Where a new key of the kind `spec` (NULL: it is there) is to be made they are held
 * against what is known before that. *ret, NULL for none, lives as long as the request. Errors: USAGE, LINT.
 */
PC_RESULT cli_request_take_lint(struct cli *cli, p11csr_request *request, const char *spec, p11csr_lint **ret,
                                p11csr_error **err);
/* Says on stderr, and in the JSON answer, what the rules say of the finished request. */
PC_RESULT cli_making_tell_lint(struct cli *cli, const struct cli_making *making, p11csr_error **err);
/* The same before it is signed: for a key of this type. Errors: LINT. */
PC_RESULT cli_request_foresee_lint(struct cli *cli, const p11csr_request *request, const char *key_type,
                                   p11csr_error **err);
enum cli_severity { CLI_ERROR, CLI_WARNING, CLI_INFO, CLI_NOT_JUDGED };
/* One line for each finding of a result of p11csr_csr_lint() that is at least as grave as `least`. */
void cli_print_findings(const char *name, const json_t *result, enum cli_severity least, FILE *to);
/* "2 errors, 1 warning" */
void cli_print_counts(const json_t *result, FILE *to);

#endif
