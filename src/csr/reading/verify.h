// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_VERIFY_H
#define PC_CSR_READING_VERIFY_H

#include "csr/reading/certificate.h"
#include "csr/reading/read.h"

/*
 * Verifies the signature with the key in the request. A key or scheme that neither p11csr nor libcrypto knows
 * is UNKNOWN, a key that cannot be one is BAD. So is UNKNOWN what does not verify and says that the key of a
 * certificate signed it (RFC 9883). *ret_why receives a constant text that says why, NULL when it is GOOD.
 * Errors: NO_MEMORY.
 */
PC_RESULT pc_csr_verify(const struct pc_crypto *crypto, const struct pc_csr *csr, enum pc_verdict *ret,
                        const char **ret_why, p11csr_error **err);
/*
 * Verifies the proof of a request for a key that cannot sign (RFC 9883): BAD unless its statement of
 * possession names this certificate, whose key has made the signature. The certificate itself is not judged.
 */
PC_RESULT pc_csr_verify_by(const struct pc_crypto *crypto, const struct pc_csr *csr,
                           const struct pc_certificate *signer, enum pc_verdict *ret, const char **ret_why,
                           p11csr_error **err);

#endif
