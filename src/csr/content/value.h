// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_VALUE_H
#define PC_CSR_CONTENT_VALUE_H

#include "base/buf.h"

/* Values that are given as DER, for extensions, attributes and names that have no words of their own. */

/*
 * Appends one DER value: "hex:3000" (blanks and colons allowed), "asn1:UTF8:text" (what OpenSSL's
 * ASN1_generate_nconf(3) makes of the rest, without references to a configuration), or the name of a file
 * that holds DER. At most PC_MAX_VALUE octets. Errors: `code` with the place in the text or the DER, READ.
 */
PC_RESULT pc_value_read(const char *text, enum p11csr_code code, struct pc_buf *ret, p11csr_error **err);
/* Exactly one DER value whose constructed values hold DER as well. Errors: `code` with the byte. */
PC_RESULT pc_value_check(struct pc_span der, enum p11csr_code code, p11csr_error **err);
/*
 * Gives a failure of content, which speaks of a request, a name or an extension, another code; others stay as
 * they are.
 */
PC_RESULT pc_value_recode(struct pc_result failure, enum p11csr_code code, p11csr_error **err);
/* Appends the content octets of a dotted object identifier. Errors: `code`. */
PC_RESULT pc_value_oid(const char *dotted, enum p11csr_code code, struct pc_buf *ret, p11csr_error **err);

#endif
