// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_COMMANDS_H
#define PC_CLI_COMMANDS_H

#include "base/error.h"

/* What runs each command: named by the rows in rows.c. */

struct cli;

PC_RESULT cli_run_algorithms(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_attest_collect(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_attest_verify(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_certs_delete(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_certs_export(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_certs_install(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_certs_list(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_compare(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_complete(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_completion(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_doctor(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_delete(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_generate(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_label(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_list(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_public(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_keys_show(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_lint(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_match(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_plan(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_profile_check(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_profile_list(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_profile_show(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_renew(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_request(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_show(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_tokens_clear_latch(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_tokens_init_soft(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_tokens_list(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_tokens_show(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_uri_explain(struct cli *cli, p11csr_error **err);
PC_RESULT cli_run_verify(struct cli *cli, p11csr_error **err);

#endif
