// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_START_H
#define P11CSR_START_H

#include "p11csr/csr.h"
#include "p11csr/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Starts a request from an earlier one: `data`, PEM or DER, at most 1 MiB. The DER of its subject replaces
 * the subject byte for byte, its alternative names are added, each extension replaces its like, whatever its
 * string types and kinds are. Left out is what the CA says (authority key identifier, authority information,
 * CRL points, certificate transparency), what was made of the old key (subject key identifier: see
 * p11csr_request_set_subject_key_id(), attestation), and what belongs to the old request alone (challenge
 * password, nonces, names of the machine that made it). *ret_dropped, to be freed with p11csr_free_text(), is
 * a JSON array that names it, one object each: kind ("extension" or "attribute"), name (or null), oid, why.
 * Its signature is not looked at. What is called afterwards lies over it. A failure changes nothing. Errors:
 * REQUEST, with the byte that is wrong, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_take_csr(p11csr_request *request, const void *data, size_t len,
                                                    char **ret_dropped, p11csr_error **err);
/*
 * The same from a certificate, the first one in `data`. In a certificate the CA has the word, and so the
 * extensions that requesters are known to ask for are taken only: alternative names, key usages, basic
 * constraints, the constraints of CAs, TLS feature, OCSP no-check, S/MIME capabilities, and Microsoft's
 * template, application policies and security identifier. All others are left out and named.
 */
P11CSR_API enum p11csr_code p11csr_request_take_certificate(p11csr_request *request, const void *data,
                                                            size_t len, char **ret_dropped,
                                                            p11csr_error **err);

/*
 * The same from either: what `data` is decides. For renewals.
 */
P11CSR_API enum p11csr_code p11csr_request_take_either(p11csr_request *request, const void *data, size_t len,
                                                       char **ret_dropped, p11csr_error **err);
/*
 * The same from a configuration of OpenSSL: what `openssl req -new -batch -config` would take from `section`
 * (NULL: "req"): subject (values, or the defaults of prompts, several attributes in one RDN, string_mask and
 * utf8), attributes, req_extensions, default_md for keys whose signatures have a digest, and oid_section. A
 * prompt without a default and a setting that says nothing about a request are left out and named in
 * *ret_dropped, by the kinds "prompt" and "setting" with oid null. The configuration is data: no engine,
 * provider or module in it is loaded, and OPENSSL_CONF is not looked at. Files that it includes are read, up
 * to eight within each other and 256 KiB in all; $ENV::NAME is replaced by the environment's value as OpenSSL
 * does. Errors: CONFIG, LIMIT, READ, EXTENSION, ATTRIBUTE.
 */
P11CSR_API enum p11csr_code p11csr_request_take_openssl_config(p11csr_request *request, p11csr_ctx *ctx,
                                                               const char *path, const char *section,
                                                               char **ret_dropped, p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
