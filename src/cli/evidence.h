// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_EVIDENCE_H
#define PC_CLI_EVIDENCE_H

#include "cli/cli.h"

/* Evidence about a key, and the folder that it is put into. */

/* Reads what --files and --root name. On an error *ret is to be freed all the same. */
PC_RESULT cli_take_evidence(struct cli *cli, p11csr_evidence **ret, p11csr_error **err);
/* Adds a file, or of a folder what cli_gather_evidence() put there. */
PC_RESULT cli_add_evidence(p11csr_evidence *evidence, const char *path, p11csr_error **err);
/* The file itself, or of a folder the one that cli_add_evidence() adds. The caller releases it. */
PC_RESULT cli_evidence_path(const char *path, char **ret, p11csr_error **err);
/*
 * Writes the digests of the files that --attestation, --attestation-cert, --files and --root name into the
 * plan: "evidence": "files".
 */
PC_RESULT cli_pin_files(const struct cli *cli, json_t *plan, p11csr_error **err);
/*
 * Refuses other files for --evidence than those of the plan, if it has any. `plan`: its text, which was
 * accepted. Errors: NOT_PLANNED.
 */
PC_RESULT cli_check_pinned(const struct cli *cli, struct pc_span plan, p11csr_error **err);
/* Fails unless the files that are going to be written can be. */
PC_RESULT cli_check_folder(const struct cli *cli, const char *folder, p11csr_error **err);
/*
 * Adds the files of the folder files->folder: attestation.pem (where there are attestations), evidence.json
 * (what they prove), and report.json and report.txt (what the module reports). Returns what
 * p11csr_evidence_check() says in *ret_check, which the caller drops.
 */
PC_RESULT cli_gather_evidence(struct cli *cli, p11csr_evidence *evidence, p11csr_key *key,
                              struct cli_files *files, json_t **ret_check, p11csr_error **err);

#endif
