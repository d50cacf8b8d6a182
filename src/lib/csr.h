// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_CSR_H
#define PC_LIB_CSR_H

#include "csr/reading/read.h"
#include "p11csr/csr.h"

struct p11csr_csr {
    struct pc_buf der;
    struct pc_csr parts;         /* borrowed from `der` */
    struct pc_der_faults faults; /* what others wrote is read in spite of */
    const char *scheme;          /* static; NULL when the request was read */
    bool subject_is_given;       /* made here with a subject that was taken over */
    char mechanism[32];          /* empty when the request was read */
};

/* Takes the DER of a request that was made here, and is read strictly, out of `der` into a new object. */
PC_RESULT pc_csr_object_new(struct pc_buf *der, p11csr_csr **ret, p11csr_error **err);

#endif
