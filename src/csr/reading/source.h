// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_SOURCE_H
#define PC_CSR_READING_SOURCE_H

#include "csr/reading/read.h"

#include <jansson.h>

/* What a new request can start from: an earlier request, or the certificate that came of one. */

enum pc_source_kind { PC_SOURCE_ANY, PC_SOURCE_REQUEST, PC_SOURCE_CERTIFICATE };

/* Its parts, borrowed from the DER. */
struct pc_source {
    enum pc_source_kind kind; /* REQUEST or CERTIFICATE */
    struct pc_span whole;
    struct pc_span subject;    /* Name, whole encoding */
    struct pc_span spki;       /* whole encoding */
    struct pc_span extensions; /* Extensions, whole encoding; empty: there are none */
    struct pc_csr csr;         /* when it is a request */
};

/*
 * Appends the DER of what is in `input`, PEM or DER, and finds its parts. Of several certificates in PEM it
 * is the first. Errors: REQUEST, with the byte that is wrong.
 */
PC_RESULT pc_source_read(struct pc_span input, enum pc_source_kind kind, struct pc_buf *ret_der,
                         struct pc_source *ret, p11csr_error **err);
/*
 * The same of any kind, for what is only looked at: what a request deviates in is recorded in `faults`, which
 * the result borrows.
 */
PC_RESULT pc_source_read_tolerantly(struct pc_span input, struct pc_der_faults *faults,
                                    struct pc_buf *ret_der, struct pc_source *ret, p11csr_error **err);
/*
 * Takes over into `content` what a requester says: the subject's DER as it stands replaces that which is
 * there, names are added, an extension replaces its like. What belongs to the CA, to the old key or to the
 * old request only is left out; *ret_dropped, which the caller releases, is an array of objects that name it:
 * kind, name, oid, why. Errors: REQUEST, and those of the content.
 */
PC_RESULT pc_source_take(const struct pc_source *source, struct pc_content *content, json_t **ret_dropped,
                         p11csr_error **err);

#endif
