// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ATTESTATION_H
#define PC_CSR_CONTENT_ATTESTATION_H

#include "csr/content/content.h"

#include <jansson.h>

/*
 * The attribute id-aa-attestation of draft-ietf-lamps-csr-attestation, an Internet-Draft: one value,
 * AttestationBundle, with statements of vendors and the certificates that help to check them. It carries what
 * others made and is judged by the CA; nothing here says that it is true.
 */

/*
 * Adds a statement, one value in DER, of the type that the dotted object identifier names, behind those that
 * are there. Errors: ATTRIBUTE with the byte, LIMIT.
 */
PC_RESULT pc_attestation_add(struct pc_content *content, const char *type, struct pc_span statement,
                             p11csr_error **err);
/*
 * Adds the certificates in `input`, PEM or DER, behind those that are there. Errors: CERTIFICATE, LIMIT,
 * ATTRIBUTE when there is no statement.
 */
PC_RESULT pc_attestation_add_certificates(struct pc_content *content, struct pc_span input,
                                          p11csr_error **err);
/*
 * An array of what stands in the attribute's values: {type, hex} for a statement, {type: "certificate",
 * value: its subject} and, for one of another format, {type: "other-certificate", hex}. The caller releases
 * it. Errors: REQUEST.
 */
PC_RESULT pc_attestation_describe(struct pc_span values, json_t **ret, p11csr_error **err);

#endif
