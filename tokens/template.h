// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_TEMPLATE_H
#define PC_TOKENS_TEMPLATE_H

#include "tokens/keygen.h"

enum { PC_TEMPLATE_MAX = 24, PC_TEMPLATE_ADDED = 8 };

/* What a new key is asked for. The attributes point into this and into the struct pc_keygen. */
struct pc_templates {
    CK_ATTRIBUTE public[PC_TEMPLATE_MAX];
    CK_ATTRIBUTE private[PC_TEMPLATE_MAX];
    size_t public_count;
    size_t private_count;
    CK_ULONG number;                   /* modulus bits, or a parameter set */
    CK_ULONG added[PC_TEMPLATE_ADDED]; /* values that a quirk adds */
};

/* Fills both, as the token wants to be asked. UNSUPPORTED when it is known not to make this kind of key. */
PC_RESULT pc_templates_fill(struct pc_token *token, const struct pc_keygen *wanted, struct pc_templates *ret,
                            p11csr_error **err);
/* Takes an attribute out of the private one. False: it was not there. */
bool pc_templates_drop(struct pc_templates *templates, CK_ATTRIBUTE_TYPE type);

#endif
