// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_AUTH_H
#define PC_TOKENS_AUTH_H

#include "base/result.h"
#include "base/secret.h"
#include "tokens/ck.h"

struct pc_slot;
struct pc_token;

/* One PIN: asked for, sent to the token, and what the answer means. */

enum pc_role {
    PC_ROLE_USER,
    PC_ROLE_SO,      /* the security officer; a management key or an administrator on some tokens */
    PC_ROLE_CONTEXT, /* the user, for one use of a key */
};

enum pc_login_mode {
    PC_LOGIN_AUTO,   /* when what is needed does not show without, and first when nobody has to be asked */
    PC_LOGIN_ALWAYS, /* before anything else, whatever the token says */
    PC_LOGIN_NEVER,  /* C_Login is not called */
};

/* What a PIN is wanted for; shown to the person who is asked. */
struct pc_pin_request {
    enum pc_role role;
    const char *token; /* its name */
    const struct pc_slot *slot;
    const char *key;  /* label of the key for PC_ROLE_CONTEXT, else NULL */
    const char *form; /* what the PIN consists of, like "user:password"; NULL: nothing special */
    bool count_low;   /* a wrong PIN was sent since the last good one */
    bool final_try;   /* one more wrong PIN locks the token */
};

/* Fills `ret` with the PIN. */
typedef PC_RESULT pc_pin_get(void *self, const struct pc_pin_request *request, struct pc_secret *ret,
                             p11csr_error **err);
/* Is told, before anything else is done, that the token called the PIN of the last `get` wrong. */
typedef void pc_pin_refused(void *self, const struct pc_pin_request *request, p11csr_error **err);
/* Is told that the PIN of the last `get` was answered, or will not be sent. */
typedef void pc_pin_done(void *self);

/* Where PINs come from. Implemented by src/lib. */
struct pc_pin_source {
    bool asks_person; /* logging in without need would be a nuisance */
    pc_pin_get *get;
    pc_pin_refused *refused; /* or NULL */
    pc_pin_done *done;       /* or NULL */
    void *self;
};

/* Tells a person to enter the PIN at the device; called right before the device waits for it. */
typedef void pc_pin_device(void *self, const struct pc_pin_request *request);

struct pc_login {
    const struct pc_pin_source *source;    /* NULL: none is known */
    const struct pc_pin_source *so_source; /* of the security officer's PIN; NULL: none is known */
    enum pc_login_mode mode;
    bool source_named; /* somebody said `source`: a look logs in by it even where it asks a person */
    bool as_so; /* the security officer lists, makes keys and changes objects; the user's is their use */
    bool accept_final_try;
    pc_pin_device *at_device; /* or NULL */
    void *at_device_self;
};

/* One login, from the look at the token's flags to the answer. Stays where it is: it points into itself. */
struct pc_auth {
    struct pc_token *token; /* NULL: no login is to take place */
    const struct pc_login *login;
    const struct pc_pin_source *source; /* of this role; NULL: none is known */
    char name[40];                      /* the token's */
    struct pc_pin_request request;      /* points to the name */
    struct pc_secret *secret;           /* the PIN; NULL: the device asks for it */
};

/*
 * Everything before C_Login: reads the token's flags, refuses what they forbid, gets the PIN from its source,
 * none for a PIN pad, and checks its length. Of `asked` role, key and form are taken; they are borrowed.
 */
PC_RESULT pc_auth_begin(struct pc_token *token, const struct pc_login *login,
                        const struct pc_pin_request *asked, struct pc_auth *ret, p11csr_error **err);
/* The number of a role in C_Login, which may be the vendor's. */
CK_USER_TYPE pc_auth_user_type(struct pc_token *token, enum pc_role role);
/* C_Login. */
CK_RV pc_auth_send(const struct pc_auth *auth);
/*
 * Makes the answer a result, remembers a wrong PIN for this run, and has its source remember it for later
 * ones.
 */
PC_RESULT pc_auth_judge(const struct pc_auth *auth, CK_RV rv, p11csr_error **err);
/* Wipes the PIN and lets its source go. Accepts a zeroed struct; a second call does nothing. */
void pc_auth_done(struct pc_auth *auth);

#endif
