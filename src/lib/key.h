// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_KEY_H
#define PC_LIB_KEY_H

#include "lib/context.h"
#include "p11csr/key.h"
#include "tokens/key.h"

#include <jansson.h>
#include <stdatomic.h>

/* The texts behind a struct p11csr_key_info. */
struct pc_key_texts {
    struct p11csr_key_info info;
    char *uri;
    char *token;
    char *label;
    char *id;
    char *type;
    char *spki_sha256;
    char *problem;
};

struct p11csr_key {
    atomic_uint refs; /* its owner, and whoever holds it for the provider; p11csr_key_free() gives one up */
    p11csr_ctx *ctx;
    struct pc_opened *opened; /* borrowed from the context */
    struct pc_key key;
    struct pc_verifier *verifier; /* made when first needed */
    struct pc_key_texts texts;
};

/* Fills texts that are zeroed; what was made stays for pc_key_texts_done() when it fails. */
PC_RESULT pc_key_texts_fill(p11csr_ctx *ctx, const struct pc_token *token, const struct pc_key *key,
                            struct pc_key_texts *texts, p11csr_error **err);
void pc_key_texts_done(struct pc_key_texts *texts);

/* The URI that names the token. The caller releases it. */
PC_RESULT pc_token_uri_text(const struct pc_token *token, char **ret, p11csr_error **err);

/* A key without content; NULL when out of memory. The cleanup is p11csr_key_free(). */
struct p11csr_key *pc_key_object_new(p11csr_ctx *ctx);
void pc_key_object_cleanup(struct p11csr_key **key);
/* p11csr_key_open() with the context locked and the options taken. */
PC_RESULT pc_key_object_open(p11csr_ctx *ctx, const struct p11csr_select *select, struct p11csr_key **ret,
                             p11csr_error **err);
/* USAGE when the key was opened for its public half only. */
PC_RESULT pc_key_check_private(const struct p11csr_key *key, p11csr_error **err);
/* What p11csr_key_protection_to_json() says, with the context locked. The caller drops it. */
PC_RESULT pc_key_protection_json(struct p11csr_key *key, json_t **ret, p11csr_error **err);

#endif
