// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_SPECIMEN_H
#define PC_CSR_LINT_SPECIMEN_H

#include "csr/crypto.h"

/*
 * Appends a SubjectPublicKeyInfo that stands for a key of this spec before there is one: of its kind and
 * size, with nothing wrong with it. Nobody has the private half: the point is the curve's generator, the
 * modulus a number of no known factors. Only for rules to look at; it never gets into a request.
 */
PC_RESULT pc_lint_specimen(const struct pc_crypto *crypto, const struct pc_keyspec *spec, struct pc_buf *ret,
                           p11csr_error **err);

#endif
