// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_LOOK_H
#define PC_TOKENS_LOOK_H

#include "tokens/slot.h"

/* Looking at a module to tell people about it: nothing is left out, and a failure is part of the picture. */

/* A slot, with or without a token. */
struct pc_slot_look {
    struct pc_slot slot;
    bool has_info;    /* slot.slot_info is filled */
    bool has_token;   /* slot.token_info is filled */
    const char *call; /* the function that failed; NULL: none */
    CK_RV rv;         /* what it returned */
};

/* Appends a struct pc_slot_look for each slot of the module. */
PC_RESULT pc_module_look(struct pc_module *module, struct pc_buf *ret, p11csr_error **err);

#endif
