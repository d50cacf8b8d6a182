// SPDX-License-Identifier: Apache-2.0
#include "cli/making.h"
#include "cli/wizard.h"

/* p11csr request: the main job */

/* Everything that can fail without the token, before a key is made. */
static struct pc_result check_all(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    const char *generate = cli_value(cli, OPT_GENERATE);
    const char *ensure = cli_value(cli, OPT_ENSURE);
    if (generate != NULL && ensure != NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "--generate and --ensure exclude each other");
    }
    making->ensure = ensure != NULL;
    making->spec = making->ensure ? ensure : generate;
    PC_TRY(cli_has(cli, OPT_PLAN) ? cli_take_plan(cli, &making->request, err)
                                  : cli_take_content(cli, &making->request, err));
    if (cli_has(cli, OPT_EXPECT_TBS)) {
        PC_TRY(cli_lift(p11csr_request_expect(making->request, cli_value(cli, OPT_EXPECT_TBS), err)));
    }
    PC_TRY(cli_making_take_output(cli, making, err));
    PC_TRY(cli_making_take_evidence(cli, err));
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &making->selection, err));
    cli_select_planned(cli, making->request, &making->selection);
    return cli_making_check(cli, making, err);
}

PC_RESULT cli_run_request(struct cli *cli, p11csr_error **err)
{
    struct cli_making making PC_CLEANUP(cli_making_done) = {0};
    if (cli_has(cli, OPT_INTERACTIVE)) {
        PC_TRY(cli_wizard(cli, err));
    }
    PC_TRY(check_all(cli, &making, err));
    if (cli_has(cli, OPT_DRY_RUN)) {
        return cli_making_dry_run(cli, &making, err);
    }
    PC_TRY(cli_making_get_key(cli, &making, err));
    PC_TRY(cli_making_finish(cli, &making, err));
    if (cli_has(cli, OPT_INTERACTIVE)) {
        cli_wizard_repeat(cli);
    }
    return PC_OK;
}
