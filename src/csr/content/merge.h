// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_MERGE_H
#define PC_CSR_CONTENT_MERGE_H

#include "csr/content/content.h"

/*
 * Lays `more` over `content`, as one layer of a request over the one below: a subject replaces, names are
 * added unless they are there, an extension replaces its like. Fails only for lack of memory and LIMIT.
 */
PC_RESULT pc_content_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err);

#endif
