// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_STORE_H
#define PC_LIB_STORE_H

#include "lib/context.h"
#include "providers/provider.h"

/* The objects that a pkcs11: URI names, for the store of the OpenSSL provider. */

/* What holds where a URI does not say it. */
struct pc_store_defaults {
    const char *token;      /* an alias or a label; NULL: the only token there is */
    const char *module;     /* a path or a name; NULL: what the configuration says, else all of p11-kit's */
    const char *pin_source; /* NULL: what the configuration says, else whoever can be asked */
};

/* A URI that was read, and its defaults. Counted and constant: threads may share it. */
struct pc_store_uri;

PC_RESULT pc_store_uri_new(const char *text, const struct pc_store_defaults *defaults,
                           struct pc_store_uri **ret, p11csr_error **err);
struct pc_store_uri *pc_store_uri_share(struct pc_store_uri *uri);
/* Drops a reference. Accepts NULL and a pointer to NULL. */
void pc_store_uri_free(struct pc_store_uri **uri);

struct pc_store_row {
    enum pc_stored_kind kind;
    struct pc_held held; /* PRIVATE; whoever takes it over zeroes it */
    struct pc_buf der;   /* PUBLIC: SubjectPublicKeyInfo; CERTIFICATE: the certificate */
};
void pc_store_rows_done(struct pc_buf *rows);

/*
 * Appends a struct pc_store_row for each object that is meant: private keys, then public ones, then
 * certificates. A private key that is named, by label or id, or expected alone has to be the only one: else
 * KEY_AMBIGUOUS, with the candidates as notes; so for a certificate that is named and expected:
 * CERT_AMBIGUOUS. The token is logged in to where private keys are wanted that do not show without, or where
 * that asks nobody. Where nothing in particular is expected, what nobody gives a PIN for is left out. Other
 * errors: those of p11csr_key_open().
 */
PC_RESULT pc_store_read(p11csr_ctx *ctx, const struct pc_store_uri *uri, const struct pc_store_wish *wish,
                        struct pc_buf *ret_rows, p11csr_error **err);
/* The private key with this public half among those that the URI names, asking nobody. */
PC_RESULT pc_store_find_again(p11csr_ctx *ctx, const struct pc_store_uri *uri, struct pc_span spki,
                              struct pc_held *ret, p11csr_error **err);

#endif
