// SPDX-License-Identifier: Apache-2.0
#ifndef PC_ALG_PUBLIC_H
#define PC_ALG_PUBLIC_H

#include "alg/rows.h"
#include "base/buf.h"

/*
 * A public key as values, borrowed from where they came from. SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)
 * made of them is what layers hand to each other.
 */
struct pc_public {
    const struct pc_keyspec *spec; /* RSA of a size without a row: the row of the next smaller size */
    unsigned bits;                 /* the modulus' real size; the curve's otherwise */
    struct pc_span modulus;        /* RSA, unsigned big-endian without leading zeros */
    struct pc_span exponent;       /* RSA, the same */
    struct pc_span point; /* EC: uncompressed point; Edwards: encoded point; ML-DSA: the public key */
};

/* Makes the value of an RSA key. Fails with PROOF_PUBLIC_KEY for what cannot be one (even modulus, e < 3). */
PC_RESULT pc_public_rsa(struct pc_span modulus, struct pc_span exponent, struct pc_public *ret,
                        p11csr_error **err);
/*
 * Makes the value of a key on a curve from what a token shows. CKA_EC_PARAMS: the curve's OID or its name as
 * PrintableString. CKA_EC_POINT: the point bare, in a DER OCTET STRING or in a BIT STRING, told apart by the
 * length that the curve demands. Unknown curves are UNSUPPORTED.
 */
PC_RESULT pc_public_ec(enum pc_family_id family, struct pc_span ec_params, struct pc_span ec_point,
                       struct pc_public *ret, p11csr_error **err);
/*
 * Makes the value of a key of a family with parameter sets (CKA_PARAMETER_SET) from CKA_VALUE: the public key
 * bare, or as SubjectPublicKeyInfo. Unknown sets are UNSUPPORTED.
 */
PC_RESULT pc_public_set(enum pc_family_id family, unsigned long parameter_set, struct pc_span value,
                        struct pc_public *ret, p11csr_error **err);
/* Reads a SubjectPublicKeyInfo, which the result borrows. Unknown algorithms are UNSUPPORTED. */
PC_RESULT pc_public_from_spki(struct pc_span spki, struct pc_public *ret, p11csr_error **err);
/* The SubjectPublicKeyInfo of a certificate (RFC 5280 section 4.1), borrowed from it. Errors: REQUEST. */
PC_RESULT pc_public_spki_in_certificate(struct pc_span certificate, struct pc_span *ret, p11csr_error **err);
/* Appends the SubjectPublicKeyInfo to `ret`. */
PC_RESULT pc_public_to_spki(const struct pc_public *key, struct pc_buf *ret, p11csr_error **err);
/* The name of the kind of key, like "p256" or "rsa-2304", in `ret` (at least 32 bytes). */
void pc_public_name(const struct pc_public *key, char *ret, size_t size);

#endif
