// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_CERTIFICATE_H
#define PC_TOKENS_CERTIFICATE_H

#include "tokens/members.h"

/* Certificates on a token (CKO_CERTIFICATE, CKC_X_509): PKCS#11 3.0 section 4.6.3. */

struct pc_token_cert {
    struct pc_member object;
    struct pc_buf der; /* CKA_VALUE */
};

void pc_token_certs_done(struct pc_buf *certs);
/*
 * Appends a struct pc_token_cert for each X.509 certificate that is visible in the present login state and
 * has the label and id of the query, as far as it says them. Those that are only a link to a certificate are
 * left out.
 */
PC_RESULT pc_token_certs_list(struct pc_token *token, const struct pc_key_query *query, struct pc_buf *ret,
                              p11csr_error **err);
/* Sets id, object and type=cert beside the token's attributes. */
PC_RESULT pc_token_cert_to_uri(const struct pc_token *token, const struct pc_token_cert *cert,
                               struct pc_uri *ret, p11csr_error **err);
/* The bytes of an object's CKA_VALUE; empty when it shows none. */
PC_RESULT pc_token_cert_value(struct pc_token *token, CK_OBJECT_HANDLE handle, struct pc_buf *ret,
                              p11csr_error **err);

/* A certificate to be stored. All are borrowed. */
struct pc_new_cert {
    struct pc_span der;
    struct pc_span subject; /* DER, as the three that follow */
    struct pc_span issuer;
    struct pc_span serial;
    struct pc_span id;    /* CKA_ID; empty: none */
    struct pc_span label; /* CKA_LABEL */
};
/*
 * Stores a certificate that everybody may read, and reads it back. When the token shows another value than it
 * was given, what this call made is destroyed again: PROOF_CONTENT.
 */
PC_RESULT pc_token_cert_create(struct pc_token *token, const struct pc_new_cert *wanted,
                               struct pc_member *ret, p11csr_error **err);

#endif
