// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_TRANSCRIPT_H
#define PC_CLI_TRANSCRIPT_H

#include "cli/cli.h"

/* --transcript: what a ceremony did, for people to keep; also of one that failed. */

/* Checks that it can be written, and looks at the clock. Nothing happens without the option. */
PC_RESULT cli_transcript_begin(struct cli *cli, p11csr_error **err);
/* The key that the ceremony is about; `made`: it is new. */
void cli_transcript_key(struct cli *cli, const p11csr_key *key, bool made);
/* What is going to be signed with it. */
PC_RESULT cli_transcript_request(struct cli *cli, const p11csr_request *request, p11csr_key *key,
                                 p11csr_error **err);
/* One more line: the signature's scheme, the file that was written. */
void cli_transcript_fact(struct cli *cli, const char *name, const char *text);
/*
 * Writes it, whole or not at all. Returns `result`, or that the transcript cannot be written when nothing
 * else failed.
 */
PC_RESULT cli_transcript_end(struct cli *cli, struct pc_result result, p11csr_error **err);

#endif
