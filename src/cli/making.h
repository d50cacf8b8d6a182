// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_MAKING_H
#define PC_CLI_MAKING_H

#include "cli/cli.h"
#include <p11csr/lint.h>

/* Making one request, step by step: what the commands that make requests share. */

/* In the order in which it is filled. Initialised by {0}. */
struct cli_making {
    p11csr_request *request;
    bool der;
    struct cli_output out;
    struct cli_selection selection;
    const char *spec; /* the kind of a key that is to be made; NULL: it is there */
    bool ensure;      /* made unless it is there */
    struct p11csr_keygen keygen;
    p11csr_key *key;
    int made;               /* the key is new */
    json_t *attestation;    /* what --evidence came to, or NULL */
    struct cli_files files; /* what --report and --evidence ask for, and the request */
    p11csr_lint *lint;      /* the rules that it is held against; NULL: none */
    p11csr_csr *csr;
};
void cli_making_done(struct cli_making *making);

/* --form. */
PC_RESULT cli_making_take_form(const struct cli *cli, struct cli_making *making, p11csr_error **err);
/* --form and -o, as far as they can be checked before anything is done. */
PC_RESULT cli_making_take_output(const struct cli *cli, struct cli_making *making, p11csr_error **err);
/* --report, --evidence and what goes with them, as far as it can be checked before anything is done. */
PC_RESULT cli_making_take_evidence(const struct cli *cli, p11csr_error **err);
/*
 * Holds the content against everything that needs no token, and learns what a new key must be able to do.
 * Comes before cli_making_get_key().
 */
PC_RESULT cli_making_check(struct cli *cli, struct cli_making *making, p11csr_error **err);
/* Opens or makes the key that the selection names. */
PC_RESULT cli_making_get_key(struct cli *cli, struct cli_making *making, p11csr_error **err);
/*
 * Has the token sign, writes the request, and fills the JSON answer. When it fails, a key that was made
 * stays; the error says so.
 */
PC_RESULT cli_making_finish(struct cli *cli, struct cli_making *making, p11csr_error **err);

/*
 * Shows the request that would be made, and fills the JSON answer; no key is made, nothing is signed or
 * written, and no PIN is sent where the key shows without one. Comes in place of the two above.
 */
PC_RESULT cli_making_dry_run(struct cli *cli, struct cli_making *making, p11csr_error **err);

#endif
