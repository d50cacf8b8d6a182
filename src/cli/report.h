// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_REPORT_H
#define PC_CLI_REPORT_H

#include "cli/cli.h"

#include <stdio.h>

/* What the module reports about a key. */

/* Prints what p11csr_key_protection_to_json() says. */
void cli_print_protection(json_t *report, FILE *to);
/* The report on a key as JSON, which the caller drops. */
PC_RESULT cli_report_json(struct cli *cli, p11csr_key *key, json_t **ret, p11csr_error **err);
/* Adds a report: text for people where the name ends in ".txt", JSON otherwise. */
PC_RESULT cli_add_report(struct cli_files *files, const char *path, const json_t *report, p11csr_error **err);
/* Adds JSON for programs and people, one member a line. */
PC_RESULT cli_add_json(struct cli_files *files, const char *path, const json_t *json, p11csr_error **err);
/* Whether the files of --report can be written, as far as that can be known. */
PC_RESULT cli_check_reports(const struct cli *cli, p11csr_error **err);
/* Adds each file that --report names, with what the module reports now. */
PC_RESULT cli_add_reports(struct cli *cli, p11csr_key *key, struct cli_files *files, p11csr_error **err);

#endif
