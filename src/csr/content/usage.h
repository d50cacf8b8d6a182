// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_USAGE_H
#define PC_CSR_CONTENT_USAGE_H

#include "csr/content/content.h"

/*
 * Appends the content octets of the OID of an extended key usage, by its name or as dotted text. Errors:
 * EXTENSION with the nearest name.
 */
PC_RESULT pc_eku_read(const char *word, struct pc_buf *ret, p11csr_error **err);

#endif
