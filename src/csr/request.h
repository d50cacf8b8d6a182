// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_REQUEST_H
#define PC_CSR_REQUEST_H

#include "alg/signer.h"
#include "csr/content/content.h"
#include "csr/crypto.h"

/* Making a request (RFC 2986): assemble, have it signed, prove it. */

/* What signs and proves; the same for any number of requests of one key. */
struct pc_signing {
    const struct pc_crypto *crypto;
    const struct pc_verifier *verifier; /* of the key that the request is for */
    const struct pc_signer *signer;
    const struct pc_scheme *scheme;
};

/*
 * Appends the DER of CertificationRequestInfo: version 0, subject, key, attributes [0] (always there, DER
 * order). `content` must be settled.
 */
PC_RESULT pc_request_assemble(const struct pc_content *content, struct pc_span spki, struct pc_buf *ret,
                              p11csr_error **err);
/* Signs a CertificationRequestInfo and appends the whole CertificationRequest. Nothing is proved yet. */
PC_RESULT pc_request_sign(const struct pc_signing *signing, struct pc_span tbs, struct pc_buf *ret,
                          p11csr_error **err);
/*
 * Signs any message and verifies the signature: whether the signer's key is the other half of the
 * verifier's. NOT_VERIFIABLE where this libcrypto cannot tell.
 */
PC_RESULT pc_signing_try(const struct pc_signing *signing, struct pc_span message, bool *ret_is_half,
                         p11csr_error **err);
/*
 * Proof before release: reads the finished request back with the strict reader, compares subject, key, scheme
 * and every extension with what was asked, and verifies the signature in software. Fails with PROOF_CONTENT,
 * PROOF_PUBLIC_KEY or PROOF_SIGNATURE; the text says which of token, mechanism or public key is suspect.
 * Fails with NOT_VERIFIABLE when this libcrypto lacks the algorithm.
 */
PC_RESULT pc_request_prove(const struct pc_verifier *verifier, const struct pc_content *content,
                           const struct pc_scheme *scheme, struct pc_span request, p11csr_error **err);
/* All three. `ret` receives the proved request, or nothing at all. */
PC_RESULT pc_request_make(const struct pc_signing *signing, const struct pc_content *content,
                          struct pc_buf *ret, p11csr_error **err);

#endif
