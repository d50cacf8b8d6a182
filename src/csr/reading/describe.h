// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_DESCRIBE_H
#define PC_CSR_READING_DESCRIBE_H

#include "csr/reading/read.h"

#include <jansson.h>

/*
 * Everything a request says, as a JSON object that the caller owns. The text for people is made from the same
 * object.
 *
 *   version         number
 *   subject         RFC 4514 text
 *   key             type ("p256", or "unknown"), bits, spki-sha256; of one that cannot be used why, and
 *                   algorithm (its OID)
 *   signature       scheme (name, or the OID of one without a row; then also its AlgorithmIdentifier in
 *                   hex, and the name that libcrypto has for it), verdict ("good", "bad", "not verifiable
 *                   here"), why (unless good)
 *   extensions      array of: name (or null), oid, critical, value, and why if something is wrong with it
 *   extensions-why  why the extension request as a whole cannot be read; then `extensions` is empty
 *   attributes      array of: name (or null), oid, value; the extension request is among them without its
 *                   value, a challenge password with "present, not shown"
 *   sha256          of the request; tbs-sha256: of what is signed
 *
 * What pc_csr_parse_info() read has neither signature nor sha256.
 *
 * The value of an extension: an array of names (keyUsage, extKeyUsage, tlsFeature), of {type, value}
 * (subjectAltName), {ca, path-length} (basicConstraints), or {hex} when it cannot be read.
 */
PC_RESULT pc_csr_describe(const struct pc_crypto *crypto, const struct pc_csr *csr, json_t **ret,
                          p11csr_error **err);
/* The name of a signature algorithm; the OID of one without a row. NULL when out of memory. */
json_t *pc_describe_scheme(struct pc_span aid);

#endif
