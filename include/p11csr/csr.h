// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_CSR_H
#define P11CSR_CSR_H

#include "p11csr/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a file holds. Borrowed. */
struct p11csr_bytes {
    const void *data;
    size_t len;
};

/*
 * Reads a certificate request: PEM (text around it and the label NEW CERTIFICATE REQUEST are accepted) or
 * DER, at most 1 MiB. Deviations from the standard that leave its parts readable are no error:
 * p11csr_csr_lint() tells them. The input is copied. Errors: REQUEST, with the byte that is wrong. Freed with
 * p11csr_csr_free().
 */
P11CSR_API enum p11csr_code p11csr_csr_read(const void *data, size_t len, p11csr_csr **ret_csr,
                                            p11csr_error **err);
P11CSR_API void p11csr_csr_free(p11csr_csr **csr);

/* The request as DER, borrowed from it. *ret_len in bytes. */
P11CSR_API const unsigned char *p11csr_csr_get_der(const p11csr_csr *csr, size_t *ret_len);
/* The request as PEM (RFC 7468), to be freed with p11csr_free_text(). */
P11CSR_API enum p11csr_code p11csr_csr_to_pem(const p11csr_csr *csr, char **ret_pem, p11csr_error **err);
/*
 * Everything the request says as one JSON object, with its signature verdict, to be freed with
 * p11csr_free_text(). The schema is part of the project.
 */
P11CSR_API enum p11csr_code p11csr_csr_to_json(p11csr_ctx *ctx, const p11csr_csr *csr, char **ret_json,
                                               p11csr_error **err);

enum p11csr_verdict {
    P11CSR_VERDICT_GOOD,
    P11CSR_VERDICT_BAD,
    P11CSR_VERDICT_UNKNOWN, /* this libcrypto knows the key or the scheme not: neither good nor bad */
};

/*
 * Verifies the signature with the public key in the request. *ret_why, if not NULL, receives a static text
 * that says why, or NULL when the verdict is GOOD. The verdict is the result: BAD is no error. Errors:
 * NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_csr_verify(p11csr_ctx *ctx, const p11csr_csr *csr,
                                              enum p11csr_verdict *ret_verdict, const char **ret_why,
                                              p11csr_error **err);

/*
 * 1 when the request says that the key of a certificate signed it, because its own key cannot sign (statement
 * of possession, RFC 9883): p11csr_csr_verify() does not say then that it is BAD, but UNKNOWN.
 */
P11CSR_API int p11csr_csr_names_signer(const p11csr_csr *csr);
/*
 * Verifies the signature of such a request with the key of `signer`, a certificate in PEM or DER: BAD unless
 * the statement of possession names this certificate by issuer and serial number. The certificate itself is
 * not judged: neither its signature, nor its dates, nor whether it may sign. Otherwise like
 * p11csr_csr_verify(). Errors: CERTIFICATE, NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_csr_verify_by(p11csr_ctx *ctx, const p11csr_csr *csr,
                                                 const struct p11csr_bytes *signer,
                                                 enum p11csr_verdict *ret_verdict, const char **ret_why,
                                                 p11csr_error **err);

/*
 * How a request made by p11csr_request_sign() was signed: texts borrowed from it, NULL for requests that were
 * read.
 */
P11CSR_API const char *p11csr_csr_get_scheme(const p11csr_csr *csr);
P11CSR_API const char *p11csr_csr_get_mechanism(const p11csr_csr *csr);

#ifdef __cplusplus
}
#endif

#endif
