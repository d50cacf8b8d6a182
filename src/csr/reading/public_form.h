// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_PUBLIC_FORM_H
#define PC_CSR_READING_PUBLIC_FORM_H

#include "csr/crypto.h"

/*
 * Appends a public key in the form of this name:
 *   spki-pem     SubjectPublicKeyInfo, PEM (RFC 7468)
 *   spki-der     the same, DER
 *   spki-sha256  its SHA-256 in hex, a line
 *   ssh          a line of OpenSSH's authorized_keys with `comment` (RFC 4253, 5656, 8709)
 *   jwk          a JSON Web Key, a line (RFC 7517, 7518, 8037, 8812)
 *   tlsa         the data of a TLSA record that pins the key: "3 1 1 <SHA-256>", a line (RFC 6698)
 * Errors: USAGE for an unknown name, UNSUPPORTED for a kind of key that the form has no name for.
 */
PC_RESULT pc_public_form_write(const struct pc_crypto *crypto, const char *form, struct pc_span spki,
                               const char *comment, struct pc_buf *ret, p11csr_error **err);
/* The name of the form at `index`, from 0; NULL behind the last. */
const char *pc_public_form_name(size_t index);

#endif
