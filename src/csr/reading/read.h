// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_READ_H
#define PC_CSR_READING_READ_H

#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/crypto.h"

/* Reading requests, our own and those of others. */

/* The parts of a CertificationRequest (RFC 2986 section 4.2), borrowed from the DER. */
struct pc_csr {
    struct pc_span whole;
    struct pc_span tbs;           /* CertificationRequestInfo, as signed */
    unsigned long version;        /* 0 in every request that follows the standard */
    struct pc_span subject;       /* Name, whole encoding */
    struct pc_span spki;          /* whole encoding */
    struct pc_span attributes;    /* content of [0] */
    struct pc_span aid;           /* signature AlgorithmIdentifier, whole encoding */
    struct pc_span signature;     /* octets of the BIT STRING */
    struct pc_der_faults *faults; /* what was read in spite of it, borrowed; NULL: it was read strictly */
};

/* Appends the DER of the one request in `input`: PEM (either label, also with text around it) or DER. */
PC_RESULT pc_csr_decode_input(struct pc_span input, struct pc_buf *ret_der, p11csr_error **err);
/* Appends the DER of the first certificate in `input`, PEM or DER, as it stands. Errors: REQUEST. */
PC_RESULT pc_pem_find_certificate(struct pc_span input, struct pc_buf *ret_der, p11csr_error **err);
/* Appends PEM with this label, in lines of 64 (RFC 7468). */
PC_RESULT pc_pem_encode(const char *label, struct pc_span der, struct pc_buf *ret, p11csr_error **err);
/* The same with the label CERTIFICATE REQUEST. */
PC_RESULT pc_csr_encode_pem(struct pc_span der, struct pc_buf *ret, p11csr_error **err);
/*
 * Reads strictly: DER, and the structure down to the attributes of the subject and of the request, sets in
 * order. What the key and the extensions hold is left to those who need it. Errors: REQUEST, with the byte.
 */
PC_RESULT pc_csr_parse(struct pc_span der, struct pc_csr *ret, p11csr_error **err);
/*
 * The same for what others wrote: a deviation that leaves the parts readable is recorded in `faults`, which
 * the result borrows, and so do the functions below that read on.
 */
PC_RESULT pc_csr_parse_tolerantly(struct pc_span der, struct pc_der_faults *faults, struct pc_csr *ret,
                                  p11csr_error **err);
/* The same for a CertificationRequestInfo alone: there is no signature, and `whole` is `tbs`. */
PC_RESULT pc_csr_parse_info(struct pc_span der, struct pc_csr *ret, p11csr_error **err);
/* A reader for one of the parts; positions in its errors are counted from the start of the request. */
struct pc_der pc_csr_reader(const struct pc_csr *csr, struct pc_span part);

PC_RESULT pc_csr_walk_attributes(const struct pc_csr *csr,
                                 PC_RESULT (*visit)(const struct pc_attribute *attribute, void *data,
                                                    p11csr_error **err),
                                 void *data, p11csr_error **err);
/*
 * The value of the extensionRequest attribute, or of the one that Microsoft's tools use for it; an empty span
 * when there is none. More than one is an error.
 */
PC_RESULT pc_csr_extensions(const struct pc_csr *csr, struct pc_span *ret, p11csr_error **err);
/*
 * Fills `ret`, which the caller initialised, from a request. *ret_unknown counts what it cannot say: that the
 * extensions stood in Microsoft's attribute.
 */
PC_RESULT pc_csr_content(const struct pc_csr *csr, struct pc_content *ret, size_t *ret_unknown,
                         p11csr_error **err);

#endif
