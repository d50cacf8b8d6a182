// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_DOCTOR_H
#define PC_CLI_DOCTOR_H

#include "cli/job.h"

/* p11csr doctor: each module is looked at in a child process of its own. */

/*
 * Looks at the machine for what this module needs and does not find: an array of {"what", "try"}. `path` may
 * be NULL; `answer` is what was found so far, with its error if there is one.
 */
json_t *doctor_why(const char *path, const json_t *answer);
/* Appends what keeps the caller from the tokens of SoftHSM2 with this configuration. */
void doctor_why_store(const char *config, const char *advice, json_t *to);
/* Appends what is wrong with the file itself: missing, no ELF, another architecture. */
void doctor_why_file(const char *path, json_t *to);
/* Adds a finding to an array of them. */
void doctor_finding(json_t *to, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends the variables that modules read and that are set, as an object of name and value. */
json_t *doctor_environment(void);

void doctor_print_module(const json_t *module);
void doctor_print_quirks(const json_t *quirks);
void doctor_print_probe(const json_t *probe);

#endif
