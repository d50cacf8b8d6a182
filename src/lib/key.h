// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_KEY_H
#define PC_LIB_KEY_H

#include "lib/context.h"
#include "p11csr/key.h"
#include "tokens/key.h"

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
    p11csr_ctx *ctx;
    struct pc_opened *opened; /* borrowed from the context */
    struct pc_key key;
    struct pc_verifier *verifier; /* made when first needed */
    struct pc_key_texts texts;
};

#endif
