// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ATTESTATION_H
#define PC_CSR_CONTENT_ATTESTATION_H

#include "csr/content/content.h"
#include "csr/crypto.h"

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
/* Whether the attestations are about a key, as far as they can be read. */
enum pc_attestation_verdict {
    PC_ATTESTATION_NONE,   /* there are none */
    PC_ATTESTATION_UNREAD, /* nothing in them tells */
    PC_ATTESTATION_OF_KEY, /* a certificate in them certifies this key */
};
/*
 * Looks at the certificates, and at the statements that are certificates (PEM, DER or PKCS#7, also in an
 * OCTET STRING), for the public key. Signatures are not checked. Errors: ATTRIBUTE when one is the
 * attestation of another key by a vendor that is known.
 */
PC_RESULT pc_attestation_check(const struct pc_crypto *crypto, const struct pc_content *content,
                               struct pc_span spki, enum pc_attestation_verdict *ret, p11csr_error **err);
/*
 * An array of what stands in the attribute's values: {type, hex} for a statement, {type: "certificate",
 * value: its subject} and, for one of another format, {type: "other-certificate", hex}. The caller releases
 * it. Errors: REQUEST.
 */
PC_RESULT pc_attestation_describe(struct pc_span values, json_t **ret, p11csr_error **err);

#endif
