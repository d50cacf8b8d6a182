// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_LINT_H
#define PC_CLI_LINT_H

#include "cli/cli.h"
#include <p11csr/lint.h>

#include <stdio.h>

/* Lint as several commands use it. */

/* The rules that --rules says, `rules` where it says nothing, less those of --ignore. Errors: USAGE. */
PC_RESULT cli_take_lint(const struct cli *cli, const char *rules, p11csr_lint **ret, p11csr_error **err);
void cli_lint_free(p11csr_lint **lint);
/* One line for each finding of a result of p11csr_csr_lint(), but for what was not judged. */
void cli_print_findings(const char *name, const json_t *result, FILE *to);
/* "2 errors, 1 warning" */
void cli_print_counts(const json_t *result, FILE *to);

#endif
