// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_BASE64_H
#define PC_CSR_READING_BASE64_H

#include "base/buf.h"

/* Base64 (RFC 4648 section 4) without lines. */

/* Appends the text, without a zero behind it. */
PC_RESULT pc_base64_encode(struct pc_span bytes, struct pc_buf *ret, p11csr_error **err);
/* Appends the bytes. There is one text for each: blanks, no padding and loose bits are refused (VALUE). */
PC_RESULT pc_base64_decode(const char *text, struct pc_buf *ret, p11csr_error **err);

#endif
