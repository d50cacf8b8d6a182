// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_POSSESSION_H
#define PC_CSR_READING_POSSESSION_H

#include "csr/reading/read.h"

#include <jansson.h>

/*
 * The statement that whoever holds the key of a certificate holds the key of the request too, in requests for
 * keys that cannot sign (RFC 9883). It is signed with the certificate's key.
 */
struct pc_possession {
    struct pc_span issuer;      /* of the certificate: Name, whole encoding */
    struct pc_span serial;      /* of the certificate: content of the INTEGER */
    struct pc_span certificate; /* whole encoding; empty when it is not in the request */
};

/* *ret_there is false when the request has no such attribute. Errors: REQUEST when it is not one. */
PC_RESULT pc_possession_find(const struct pc_csr *csr, struct pc_possession *ret, bool *ret_there,
                             p11csr_error **err);
/* The values of the attribute as an array: {type, value} of issuer and serial, {type, hex} of certificate. */
PC_RESULT pc_possession_describe(struct pc_span values, json_t **ret, p11csr_error **err);

#endif
