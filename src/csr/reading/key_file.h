// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_KEY_FILE_H
#define PC_CSR_READING_KEY_FILE_H

#include "base/buf.h"

/*
 * Appends the SubjectPublicKeyInfo that a file speaks of: a certificate, a certificate request or a public
 * key, PEM (the first block) or DER. *ret_kind receives the static text "certificate", "request" or
 * "public-key". Errors: REQUEST. A private key is refused: it has no business here.
 */
PC_RESULT pc_key_file_read(struct pc_span input, struct pc_buf *ret_spki, const char **ret_kind,
                           p11csr_error **err);

#endif
