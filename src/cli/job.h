// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_JOB_H
#define PC_CLI_JOB_H

#include "cli/child.h"

/* Work with one module in a child process of its own, whose answer is JSON. */

struct cli_job {
    const char *name;  /* for people */
    const char *from;  /* "p11-kit", "configuration", "command line" */
    const char *path;  /* the module's file; NULL: not known before it is loaded */
    const char *token; /* alias, label or URI; NULL: any */
    /* Fills `to`; runs in the child. */
    PC_RESULT (*work)(struct cli *cli, const struct cli_job *job, json_t *to, p11csr_error **err);
    /* What may be the reason, an array; called when the work failed or found no token, as `answer` says. */
    json_t *(*why)(const char *path, const json_t *answer);
};

/*
 * Does the job in a child and returns what came out of it, in *ret: "status" ("works", "fails", "crashes",
 * "hangs"), what `work` has filled, "error", "why", "said". *ret_code is the error's; OK when it works.
 * Fails only when there is no child, or somebody ended it.
 */
PC_RESULT cli_in_child(struct cli *cli, const struct cli_job *job, json_t **ret, enum p11csr_code *ret_code,
                       p11csr_error **err);

#endif
