// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_CERTIFICATE_H
#define PC_LIB_CERTIFICATE_H

#include "csr/reading/certificate.h"
#include "lib/context.h"
#include "p11csr/certificate.h"
#include "tokens/certificate.h"

/* A certificate on a token, read, and the texts behind its info. */
struct pc_cert_row {
    struct p11csr_certificate_info info;
    char *texts[12];
    size_t text_count;
    struct pc_token_cert cert;
    struct pc_certificate *parsed; /* NULL when it cannot be read */
};
void pc_cert_row_done(struct pc_cert_row *row);
void pc_cert_rows_done(struct pc_buf *rows);
struct pc_cert_row *pc_cert_row_get(const struct pc_buf *rows, size_t index);
size_t pc_cert_row_count(const struct pc_buf *rows);

/*
 * Appends a struct pc_cert_row for each certificate on the token that matches, in the order of the token. The
 * fields has_key and placeholder are not filled.
 */
PC_RESULT pc_cert_rows_read(p11csr_ctx *ctx, struct pc_opened *opened, const struct pc_key_query *query,
                            struct pc_buf *ret, p11csr_error **err);
/* The URI of a certificate that is on the token. The caller releases it. */
PC_RESULT pc_cert_uri_text(const struct pc_token *token, const struct pc_token_cert *cert, char **ret,
                           p11csr_error **err);
/* Appends the name as RFC 4514 text; one that cannot be read as '?'. */
PC_RESULT pc_cert_name_text(struct pc_span name, struct pc_buf *ret, p11csr_error **err);
/*
 * The one private key on the token that a certificate with this public key is for. Where the key that is
 * named does not show its public half, it signs a test message, which says so to the person.
 */
PC_RESULT pc_cert_key_find(p11csr_ctx *ctx, struct pc_opened *opened, const struct pc_key_query *query,
                           struct pc_span spki, struct pc_key *ret, p11csr_error **err);

#endif
