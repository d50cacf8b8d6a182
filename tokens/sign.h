// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_SIGN_H
#define PC_TOKENS_SIGN_H

#include "tokens/auth.h"
#include "tokens/key.h"

/* The first of the scheme's mechanisms that the token has for signing. MECHANISM when it has none. */
PC_RESULT pc_token_mechanism(struct pc_token *token, const struct pc_scheme *scheme,
                             const struct pc_mech **ret, p11csr_error **err);

/* Which of a scheme's mechanisms will do. Zeroed: any. */
struct pc_mech_wish {
    bool hashed;                   /* only those that take a digest or a DigestInfo */
    const struct pc_mech *refused; /* one that the token lists and would not take, or NULL */
    struct pc_span allowed;        /* CKA_ALLOWED_MECHANISMS of the key; empty: any */
};
/* The first that the wish leaves. */
PC_RESULT pc_token_mechanism_for(struct pc_token *token, const struct pc_scheme *scheme,
                                 const struct pc_mech_wish *wish, const struct pc_mech **ret,
                                 p11csr_error **err);
/* Whether a person may be asked for a touch, or for a PIN at the device, while it signs. */
bool pc_token_may_ask(struct pc_token *token);

/* Where C_SignInit takes place. */
struct pc_sign_place {
    const struct pc_module *module;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    size_t lane; /* for pc_lane_give(), if it is one */
};
/*
 * C_SignInit and C_Sign and nothing else, for tokens that ask nobody. `ret` receives what the token returned;
 * what was wrong with it is CKR_GENERAL_ERROR, no memory CKR_HOST_MEMORY.
 */
CK_RV pc_sign_bare(const struct pc_sign_place *at, const struct pc_public *public,
                   const struct pc_scheme *scheme, const struct pc_mech *mech, struct pc_span input,
                   struct pc_buf *ret);

/* A key on a token as a signer. All pointers are borrowed. Stays where it is until it is done with. */
struct pc_token_signer {
    struct pc_token *token;
    struct pc_key *key;            /* its handles are renewed when they are lost */
    const struct pc_login *login;  /* for keys that want a PIN for each signature */
    bool wants_pin;                /* CKA_ALWAYS_AUTHENTICATE, read by pc_token_signer_init() */
    bool always_authenticate;      /* the same, unless the token turned out not to act on it */
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
