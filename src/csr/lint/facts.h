// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_FACTS_H
#define PC_CSR_LINT_FACTS_H

#include "csr/lint/rule.h"

/* Fills what the checks read. What cannot be read is reported as a finding of the rule it breaks. */
PC_RESULT pc_lint_facts_gather(struct pc_lint *lint, p11csr_error **err);
void pc_lint_facts_done(struct pc_lint *lint);

#endif
