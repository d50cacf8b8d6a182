// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_READING_H
#define P11CSR_READING_H

#include "p11csr/csr.h"
#include "p11csr/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Finds out which keys, requests, certificates and public keys belong together: those with the same public
 * key, also where it is encoded differently (RSA with absent parameters, a compressed point, ...). Not to be
 * used by two threads at once.
 */
typedef struct p11csr_match p11csr_match;

/* Errors: NO_MEMORY. Freed with p11csr_match_free() before its context. */
P11CSR_API enum p11csr_code p11csr_match_new(p11csr_ctx *ctx, p11csr_match **ret_match, p11csr_error **err);
/*
 * Adds what a file holds: a certificate, a certificate request or a public key, PEM (the first block) or DER,
 * at most 1 MiB. `name` is what it is called in the answer; both are copied. Errors: REQUEST, LIMIT (more
 * than 1000 members).
 */
P11CSR_API enum p11csr_code p11csr_match_add(p11csr_match *match, const char *name, const void *data,
                                             size_t len, p11csr_error **err);
/* Adds a key on a token, called by its URI. Errors: LIMIT. */
P11CSR_API enum p11csr_code p11csr_match_add_key(p11csr_match *match, const p11csr_key *key,
                                                 p11csr_error **err);
/* How many different keys there are: 1 when all belong together. */
P11CSR_API size_t p11csr_match_group_count(const p11csr_match *match);
/*
 * The groups as a JSON array, to be freed with p11csr_free_text(), in the order in which their first members
 * were added; each is an object with
 *   spki-sha256  of the SubjectPublicKeyInfo as this key is usually encoded, in hex
 *   type         kind of key: "p256", "rsa-2048", ...; "unknown" when libcrypto does not know it either
 *   members      array of objects: name, kind ("key", "request", "certificate", "public-key"), and
 *                spki-sha256 of the encoding that stands there
 * Errors: NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_match_to_json(const p11csr_match *match, char **ret_json,
                                                 p11csr_error **err);
/* Accepts NULL and a pointer to NULL. */
P11CSR_API void p11csr_match_free(p11csr_match **match);

/*
 * What differs between two requests, PEM or DER, each at most 1 MiB; either may be a certificate too.
 * *ret_json, to be freed with p11csr_free_text(), is an array of objects, one for each thing that either
 * says:
 *   kind   "subject", "key", "extension", "attribute"; and, of two requests, where they differ: "version",
 *          "signature" (its algorithm, RFC 2986 section 4.2), "order" (of what is in both: name tells
 *          whether "extensions" or "attributes"), "encoding" (something else in the octets)
 *   name   of the extension or attribute, or null
 *   oid    the same
 *   state  "kept", "changed", "dropped", "added"
 *   old    what was: the subject as RFC 4514 text, the SHA-256 of the SubjectPublicKeyInfo, an extension or
 *          attribute as p11csr_csr_to_json() has it. Not there when it was added
 *   new    what is. Not there when it was dropped
 *   why    where old and new look the same and are not
 * The signatures themselves are not looked at. Errors: REQUEST, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_compare(p11csr_ctx *ctx, const struct p11csr_bytes *old,
                                           const struct p11csr_bytes *now, char **ret_json,
                                           p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
