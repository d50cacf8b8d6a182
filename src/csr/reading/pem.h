// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_PEM_H
#define PC_CSR_READING_PEM_H

#include "csr/ossl.h"
#include "der/reader.h"

#include <openssl/pem.h>

/* One block of PEM as libcrypto hands it out. Initialised by {0}. */
struct pc_pem_block {
    char *label;
    char *header;
    unsigned char *data;
    long len;
};

/* Wipes the block too: it may have been a private key. */
void pc_pem_block_done(struct pc_pem_block *block);
/* Reads the next block; *ret_end is true when there is none. A damaged one fails with `code`. */
PC_RESULT pc_pem_next(BIO *bio, enum p11csr_code code, struct pc_pem_block *ret, bool *ret_end,
                      p11csr_error **err);
/* What is recorded of a label that is not CERTIFICATE REQUEST. */
#define PC_PEM_OTHER_LABEL "the label is not CERTIFICATE REQUEST, which every program knows"
/*
 * Records, of PEM that could be read, what other programs may stumble over (RFC 7468): the label NEW
 * CERTIFICATE REQUEST, text before it, long lines. Rule S20. Errors: NO_MEMORY.
 */
PC_RESULT pc_pem_judge(struct pc_span input, struct pc_der_faults *faults, p11csr_error **err);

#endif
