// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_RULE_FUNCTIONS_H
#define PC_CSR_LINT_RULE_FUNCTIONS_H

#include "csr/lint/rule.h"

/* The checks that the rows of rules.def name: each is declared by its row. */
#define PC_LINT_RULE(id, set, severity, check, title, source, explanation)                                   \
    PC_RESULT check(struct pc_lint *lint, p11csr_error **err);
#include "csr/lint/rules.def"
#undef PC_LINT_RULE

#endif
