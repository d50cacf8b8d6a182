// SPDX-License-Identifier: Apache-2.0
#include "cli/child.h"
#include "cli/transcript.h"

#include <stdio.h>
#include <sys/prctl.h>

static PC_RESULT run(struct cli *cli, p11csr_error **err)
{
    if (cli_has(cli, OPT_VERSION)) {
        cli_json(cli, "version", json_string(p11csr_version()));
        if (cli_wants_text(cli)) {
            cli_print("p11csr %s\n", p11csr_version());
        }
        return PC_OK;
    }
    if (cli_has(cli, OPT_HELP)) {
        if (cli_wants_text(cli)) {
            cli_help(cli->command);
        } else {
            cli_json(cli, "help", cli_rows_json());
        }
        return PC_OK;
    }
    if (cli->command == NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "there is no command");
    }
    return cli->command->run(cli, err);
}

/* What was typed wrongly is explained by the help of the command that it was typed for. */
static void hint_at_help(const struct cli *cli, struct pc_result result, p11csr_error **err)
{
    if (result.code == P11CSR_E_USAGE || result.code == P11CSR_E_VALUE) {
        const char *command = cli->command != NULL ? cli->command->name : "";
        pc_hint_if_none(err, "see p11csr %s%s--help", command, command[0] != 0 ? " " : "");
    }
}

int main(int argc, char **argv)
{
    struct cli cli;
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    (void)prctl(PR_SET_DUMPABLE, 0); // a core dump would hold the PIN
    int status = -1;
    struct pc_result result = cli_parse(&cli, argc, (const char **)(uintptr_t)argv, &err);
    if (pc_is_ok(result)) {
        unsigned seconds = 0;
        result = cli_has(&cli, OPT_HELP) ? PC_OK : cli_take_time_limit(&cli, &seconds, &err);
    }
    if (pc_is_ok(result)) {
        result = cli_transcript_begin(&cli, &err);
    }
    if (pc_is_ok(result) && cli_has(&cli, OPT_ISOLATE)) {
        result = cli_isolate(&cli, &status, &err);
    }
    if (pc_is_ok(result) && status < 0) {
        result = run(&cli, &err);
    }
    if (status < 0) {
        result = cli_transcript_end(&cli, result, &err);
        hint_at_help(&cli, result, &err);
        status = cli_finish(&cli, result, err);
    }
    if (cli.crumb != NULL) {
        atomic_store(&cli.crumb->finished, 1 + status);
    }
    cli_done(&cli);
    return status;
}
