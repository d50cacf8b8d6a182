// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_LINT_H
#define PC_LIB_LINT_H

#include "csr/lint/data.h"
#include "csr/lint/lint.h"
#include "p11csr/lint.h"

struct p11csr_lint {
    struct pc_lint_options options;
    struct pc_lint_data *data;
};

#endif
