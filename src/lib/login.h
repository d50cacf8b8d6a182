// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_LOGIN_H
#define PC_LIB_LOGIN_H

#include "lib/target.h"

/* What the context, the configuration and the caller's words say about logging in to a token. */

/*
 * Finds where the user's PIN and the security officer's come from: target->pin, target->so_pin. A program
 * that a login needs is started now unless the module is loaded; see pc_pin_ahead().
 */
PC_RESULT pc_login_resolve(p11csr_ctx *ctx, struct pc_target *target, bool loaded, p11csr_error **err);
/* Tells it to an open token, which takes a pin-value over, and logs in where that comes first of all. */
PC_RESULT pc_login_apply(p11csr_ctx *ctx, struct pc_target *target, struct pc_opened *opened,
                         p11csr_error **err);

#endif
