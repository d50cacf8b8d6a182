// SPDX-License-Identifier: Apache-2.0
#ifndef PC_ALG_SIGNATURE_H
#define PC_ALG_SIGNATURE_H

#include "alg/rows.h"
#include "base/buf.h"

/*
 * Appends the signature value of the request, made from what the token returned. ECDSA: two unsigned numbers
 * of `order_len` octets become the SEQUENCE of RFC 3279 section 2.2.3; a wrong length or a zero number fails
 * with PROOF_SIGNATURE. Everything else is taken as it is.
 */
PC_RESULT pc_signature_encode(const struct pc_scheme *scheme, const struct pc_keyspec *spec,
                              struct pc_span raw, struct pc_buf *ret, p11csr_error **err);

/*
 * The reverse for ECDSA: appends the two numbers side by side, each of `order_len` octets, from a DER
 * SEQUENCE. PROOF_SIGNATURE when it is none, or a number is too large.
 */
PC_RESULT pc_signature_decode(const struct pc_keyspec *spec, struct pc_span der, struct pc_buf *ret,
                              p11csr_error **err);

/* An upper bound for what the token returns for a key of this size, in octets. */
size_t pc_signature_max(const struct pc_keyspec *spec, unsigned bits);

#endif
