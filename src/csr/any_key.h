// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_ANY_KEY_H
#define PC_CSR_ANY_KEY_H

#include "csr/crypto.h"

/*
 * Public keys as others write them: kinds without a row, and encodings that p11csr itself never makes, as far
 * as libcrypto knows them. For reading; what p11csr signs with and proves has a row.
 */

enum { PC_KEY_NAME_SIZE = 64 };

/*
 * Writes the kind of key to ret_name ("p256", "rsa-1024", "dsa-2048", "secp224r1", "ml-dsa-65", ...) and its
 * size. A kind of which nothing but the name is known has 0 bits, and "unknown" is one
 * without a name. Errors: NO_MEMORY.
 */
PC_RESULT pc_any_key_name(const struct pc_crypto *crypto, struct pc_span spki,
                          char ret_name[static PC_KEY_NAME_SIZE], unsigned *ret_bits, p11csr_error **err);
/* Whether libcrypto can make a key of it. Errors: NO_MEMORY. */
PC_RESULT pc_any_key_is_usable(const struct pc_crypto *crypto, struct pc_span spki, bool *ret,
                               p11csr_error **err);
/*
 * Appends the SubjectPublicKeyInfo as this key is usually encoded: RSA as rsaEncryption with NULL, a point
 * uncompressed, its curve by name. Equal keys are equal then however they were written. What cannot be read
 * is appended as it stands. Errors: NO_MEMORY, LIMIT.
 */
PC_RESULT pc_any_key_normal(const struct pc_crypto *crypto, struct pc_span spki, struct pc_buf *ret,
                            p11csr_error **err);
/* Something that is signed. */
struct pc_any_signed {
    struct pc_span spki;      /* of the key that signed it */
    struct pc_span aid;       /* AlgorithmIdentifier of the signature as it stands */
    struct pc_span message;   /* what is signed */
    struct pc_span signature; /* octets of the BIT STRING */
};
/*
 * Verifies with any key and algorithm that libcrypto knows. *ret_why receives a constant text unless the
 * verdict is GOOD. Errors: NO_MEMORY.
 */
PC_RESULT pc_any_key_verify(const struct pc_crypto *crypto, const struct pc_any_signed *what,
                            enum pc_verdict *ret, const char **ret_why, p11csr_error **err);

#endif
