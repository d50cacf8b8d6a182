// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_SIGN_H
#define PC_TOKENS_SIGN_H

#include "tokens/auth.h"
#include "tokens/key.h"

/* The first of the scheme's mechanisms that the token has for signing. MECHANISM when it has none. */
PC_RESULT pc_token_mechanism(struct pc_token *token, const struct pc_scheme *scheme,
                             const struct pc_mech **ret, p11csr_error **err);

/* A key on a token as a signer. All pointers are borrowed. Stays where it is until it is done with. */
struct pc_token_signer {
    struct pc_token *token;
    struct pc_key *key;            /* its handles are renewed when they are lost */
    const struct pc_login *login;  /* for keys that want a PIN for each signature */
    bool always_authenticate;      /* CKA_ALWAYS_AUTHENTICATE, read by pc_token_signer_init() */
    const struct pc_mech *used;    /* the mechanism of the last signature, or NULL */
    const struct pc_mech *refused; /* one that the token lists and C_SignInit would not take, or NULL */
    struct pc_auth auth;           /* a PIN that was got for a mechanism that was refused, and not sent */
    char label[64];                /* of the key, for the prompt */
};

/*
 * Prepares signing: makes sure the token is logged in where the key wants it, and reads
 * CKA_ALWAYS_AUTHENTICATE. Returns the interface in *ret_signer, valid as long as `self`.
 */
PC_RESULT pc_token_signer_init(struct pc_token_signer *self, struct pc_token *token, struct pc_key *key,
                               const struct pc_login *login, struct pc_signer *ret_signer,
                               p11csr_error **err);
/* Wipes a PIN that was not sent. Accepts a zeroed struct. */
void pc_token_signer_done(struct pc_token_signer *self);

#endif
