// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_LOGIN_H
#define PC_TOKENS_LOGIN_H

#include "base/result.h"
#include "base/secret.h"

struct pc_slot;
struct pc_token;

enum pc_role { PC_ROLE_USER, PC_ROLE_SO, PC_ROLE_CONTEXT };

/* What a PIN is wanted for; shown to the person who is asked. */
struct pc_pin_request {
    enum pc_role role;
    const char *token; /* its name */
    const struct pc_slot *slot;
    const char *key; /* label of the key for PC_ROLE_CONTEXT, else NULL */
    bool count_low;  /* a wrong PIN was sent since the last good one */
    bool final_try;  /* one more wrong PIN locks the token */
};

/* Fills `ret` with the PIN. */
typedef PC_RESULT pc_pin_get(void *self, const struct pc_pin_request *request, struct pc_secret *ret,
                             p11csr_error **err);

/* Is told, before anything else is done, that the token called the PIN of the last `get` wrong. */
typedef void pc_pin_refused(void *self, const struct pc_pin_request *request, p11csr_error **err);

/* Where PINs come from. Implemented by src/lib. */
struct pc_pin_source {
    bool asks_person; /* logging in without need would be a nuisance */
    pc_pin_get *get;
    pc_pin_refused *refused; /* or NULL */
    void *self;
};

struct pc_login {
    const struct pc_pin_source *source; /* NULL: none is known */
    bool accept_final_try;
};

/* True when the token wants a login for its private objects (CKF_LOGIN_REQUIRED) and has none yet. */
bool pc_login_needed(const struct pc_token *token);
/*
 * Logs in as the normal user, if that is needed and not done. The token's flags are read first: a locked PIN
 * is never tried, a final try only when it is accepted, and after a wrong PIN none is sent again in this run.
 * A token with a PIN pad (CKF_PROTECTED_AUTHENTICATION_PATH) is asked without a PIN.
 */
PC_RESULT pc_login_user(struct pc_token *token, const struct pc_login *login, p11csr_error **err);
/* The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign. */
PC_RESULT pc_login_context(struct pc_token *token, const struct pc_login *login, const char *key,
                           p11csr_error **err);

#endif
