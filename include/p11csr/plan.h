// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_PLAN_H
#define P11CSR_PLAN_H

#include "p11csr/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes down what p11csr_request_sign() would have this key sign, without signing: a JSON object with
 *   "p11csr-plan"  1
 *   "program"      name and version of what made it
 *   "key"          "uri", "id", "type", "spki" (SubjectPublicKeyInfo in base64) and "spki-sha256"
 *   "scheme"       of the signature
 *   "tbs"          the CertificationRequestInfo (RFC 2986 section 4.1) in base64, and "tbs-sha256"
 *   "content"      what it says, as p11csr_csr_to_json() has it
 *   "evidence"     "protection": what the module reports, as p11csr_key_protection_to_json() has it; more
 *                  may be added to this object, which does not bear on what is signed
 * The same request and key give the same plan as long as the module reports the same. *ret_json is freed with
 * p11csr_free_text(). Errors: those of p11csr_request_assemble() and p11csr_key_protection_to_json().
 */
P11CSR_API enum p11csr_code p11csr_request_plan(const p11csr_request *request, p11csr_key *key,
                                                char **ret_json, p11csr_error **err);
/*
 * Makes a request of a plan, at most 4 MiB, from which the CertificationRequestInfo in it comes again, byte
 * for byte; p11csr_request_sign() signs nothing else, and with no other key. Its digests, public key and
 * readable content have to be those of its bytes. Nothing is to be set after but
 * p11csr_request_allow_weak(). Freed with p11csr_request_free(). Errors: VALUE (it is no plan), NOT_PLANNED
 * (its parts disagree, or hold what p11csr does not write), REQUEST, ALGORITHM.
 */
P11CSR_API enum p11csr_code p11csr_request_from_plan(p11csr_ctx *ctx, const void *data, size_t len,
                                                     p11csr_request **ret_request, p11csr_error **err);
/*
 * The SubjectPublicKeyInfo of the key that a request of p11csr_request_from_plan() is for, borrowed; NULL for
 * every other request. *ret_len in bytes.
 */
P11CSR_API const unsigned char *p11csr_request_get_planned_spki(const p11csr_request *request,
                                                                size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
