// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_INIT_H
#define PC_TOKENS_INIT_H

#include "base/secret.h"
#include "tokens/slot.h"

/*
 * Makes a token in the first slot of the module that has none (C_InitToken), and sets its user PIN. The label
 * has at most 32 bytes. Nothing that is there is touched: only slots without a token are used.
 */
PC_RESULT pc_token_create(struct pc_module *module, const char *label, const struct pc_secret *so,
                          const struct pc_secret *user, p11csr_error **err);

/* Sets the user PIN of a token that has none yet, as its SO. */
PC_RESULT pc_token_set_user(const struct pc_slot *slot, const struct pc_secret *so,
                            const struct pc_secret *user, p11csr_error **err);

#endif
