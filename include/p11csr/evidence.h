// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_EVIDENCE_H
#define P11CSR_EVIDENCE_H

#include "p11csr/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Evidence that a key lives in a device: attestation certificates, by which the device's maker certifies the
 * key's public half. What a module merely reports about a key is no evidence: for that see
 * p11csr_key_protection_to_json(). An object belongs to one thread at a time.
 */
typedef struct p11csr_evidence p11csr_evidence;

/* Makes an empty collection. Freed with p11csr_evidence_free() before its context. */
P11CSR_API enum p11csr_code p11csr_evidence_new(p11csr_ctx *ctx, p11csr_evidence **ret_evidence,
                                                p11csr_error **err);
P11CSR_API void p11csr_evidence_free(p11csr_evidence **evidence);
/*
 * Adds the certificates in a file that a vendor's tool wrote: PEM, DER, or a PKCS#7 message (RFC 2315); at
 * most 1 MiB, 32 certificates in all. `name` is what the file is called in the result. Errors: CERTIFICATE,
 * LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_evidence_add(p11csr_evidence *evidence, const char *name, const void *data,
                                                size_t len, p11csr_error **err);
/*
 * Adds the attestation certificates that the token shows for this key, and those on the token that issued
 * them: certificate objects with its public key that are labelled as attestations, as Yubico's module has
 * them, or that have a vendor's extension. *ret_count, if not NULL, is how many there are; none is no error.
 * Errors: those of reading the token.
 */
P11CSR_API enum p11csr_code p11csr_evidence_add_token(p11csr_evidence *evidence, p11csr_key *key,
                                                      size_t *ret_count, p11csr_error **err);
/*
 * Adds certificates that are trusted as the vendor's, PEM or DER. There are none by default: which root is
 * the vendor's is for the caller to know. Errors: CERTIFICATE, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_evidence_add_root(p11csr_evidence *evidence, const void *data, size_t len,
                                                     p11csr_error **err);
/*
 * Checks that one of the certificates certifies this SubjectPublicKeyInfo and chains to one of the roots, by
 * names and signatures (RFC 5280 section 6, at the present time, 112 bits of security). *ret_json, freed with
 * p11csr_free_text(), is an object with
 *   "level"   "vendor-attested" when it does, otherwise "not-verified"
 *   "why"     why not, or null
 *   "chain"   the attestation certificate and its issuers: subject, issuer, serial, not-before, not-after,
 *             sha256
 *   "root"    the same of the root that it chains to, or null
 *   "vendor"  what the vendor's extensions say, or null; believed as far as the level goes
 *   "lenient" texts: what was let pass that RFC 5280 does not allow: a certificate without basic constraints
 *             that issued another, when it attests no key and is a root, or that of a known vendor's device
 *             and issued by a root
 *   "files"   name and sha256 of what was added
 * A negative verdict is no error. Errors: NO_MEMORY, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_evidence_check(p11csr_evidence *evidence, const unsigned char *spki,
                                                  size_t spki_len, char **ret_json, p11csr_error **err);
/*
 * The attestation certificate of this SubjectPublicKeyInfo, then its issuers, in PEM as authorities for code
 * signing take it, to be freed with p11csr_free_text(). Errors: CERT_NOT_FOUND (none certifies this key).
 */
P11CSR_API enum p11csr_code p11csr_evidence_to_pem(p11csr_evidence *evidence, const unsigned char *spki,
                                                   size_t spki_len, char **ret_pem, p11csr_error **err);
/*
 * The SHA-256 of a file of at most 1 GiB in lower-case hex, to be freed with p11csr_free_text(). Errors:
 * READ.
 */
P11CSR_API enum p11csr_code p11csr_file_sha256(p11csr_ctx *ctx, const char *path, char **ret_sha256,
                                               p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
