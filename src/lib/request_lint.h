// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_REQUEST_LINT_H
#define PC_LIB_REQUEST_LINT_H

#include "lib/request.h"

/*
 * Holds a CertificationRequestInfo that is about to be signed with `scheme` against the request's rules, if
 * it has any. The context is locked. Errors: LINT, with a note for each broken rule.
 */
PC_RESULT pc_lib_lint_info(const p11csr_request *request, p11csr_ctx *ctx, struct pc_span tbs,
                           const struct pc_scheme *scheme, p11csr_error **err);

#endif
