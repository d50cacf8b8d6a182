// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_TOKEN_H
#define PC_TOKENS_TOKEN_H

#include "alg/rows.h"
#include "tokens/login.h"
#include "tokens/quirks.h"
#include "tokens/slot.h"

struct pc_lanes;

/*
 * A token that is being used: one session and the state of its login. Used by one thread at a time; src/lib
 * locks.
 */
struct pc_token {
    struct pc_slot slot;
    CK_SESSION_HANDLE session;
    bool has_session;
    bool read_write;
    bool logged_in;           /* as the normal user */
    bool so_logged_in;        /* as the security officer */
    bool pin_was_wrong;       /* in this run: no further PIN is sent */
    bool so_pin_was_wrong;    /* the same for that of the security officer */
    bool lost;                /* it was away when it was last used: its slot is looked for anew */
    unsigned long epoch;      /* counts what ends all handles: the end of the last session, of a login */
    bool login_failed;        /* the last PIN that was sent was not taken, for whatever reason */
    struct pc_buf mechanisms; /* CK_MECHANISM_TYPE, read once */
    struct pc_quirks quirks;  /* how this token differs from others */
    struct pc_lanes *lanes;   /* see tokens/lane.h; NULL until somebody joins them */
};

void pc_token_init(struct pc_token *token, const struct pc_slot *slot);
/*
 * Works out how this token differs, from what the module and the token say about themselves and from the
 * rules of the administrator, which must live as long as the token. Without this every quirk is at its
 * default.
 */
PC_RESULT pc_token_set_quirks(struct pc_token *token, const struct pc_quirk_rule *rules, size_t count,
                              p11csr_error **err);
/*
 * pc_ckr() for what this token answered: with the codes that are known to say that it is busy, and with
 * what is known to be the matter.
 */
PC_RESULT pc_token_ckr(struct pc_token *token, CK_RV rv, const char *function, p11csr_error **err);
/* Adds what is known to be the matter to a failure that is reported already. */
void pc_token_hint(struct pc_token *token, CK_RV rv, p11csr_error **err);
/* Closes the session; the token logs out when it was the last of the process. Accepts a zeroed struct. */
void pc_token_done(struct pc_token *token);
/* Makes sure that a session is open, one that can write if asked for. A login survives the change. */
PC_RESULT pc_token_session(struct pc_token *token, bool read_write, p11csr_error **err);
/*
 * Asks the token about the session and its login (C_GetSessionInfo), where there is one: both may have ended
 * since, by a card that was pulled, a time limit of the device, or another user of the module. Called before
 * anything is searched for: without its login a token does not say that it shows less.
 */
void pc_token_look(struct pc_token *token);
/* Replaces the session after an operation in it failed: the failed operation may still be active. */
PC_RESULT pc_token_renew_session(struct pc_token *token, p11csr_error **err);
/*
 * To be called before anything is done that ends handles. `gone`: it has happened to all sessions. Gives up
 * the lanes and begins a new epoch.
 */
void pc_token_end_handles(struct pc_token *token, bool gone);
/* Gives up the session, and with it the login. */
void pc_token_drop_session(struct pc_token *token);
/*
 * To be told how a call ended: when the session was lost (the token was removed, the device reset) it is
 * given up and with it the login, so that the next call starts anew instead of failing for ever.
 */
void pc_token_ended(struct pc_token *token, struct pc_result result);
/* The token's label for texts; the serial number when it has none. */
void pc_token_name(const struct pc_token *token, char ret[static 40]);
/*
 * The mechanism that makes keys of a family, after `skip` others that the token has too. *ret_there is
 * false when there is none.
 */
PC_RESULT pc_token_keygen_mechanism(struct pc_token *token, enum pc_family_id family, size_t skip,
                                    CK_MECHANISM_TYPE *ret, bool *ret_there, p11csr_error **err);
/*
 * True when the token reports that it can make keys of this kind: it has the mechanism, and the size lies in
 * the range that it gives, if it gives one. Whether it knows a curve shows only when it is asked for a key.
 */
PC_RESULT pc_token_can_generate(struct pc_token *token, const struct pc_keyspec *spec, bool *ret,
                                p11csr_error **err);
/* True when the token has the mechanism and it can do what `flags` say (CKF_SIGN, CKF_GENERATE_KEY_PAIR). */
PC_RESULT pc_token_has_mechanism(struct pc_token *token, CK_MECHANISM_TYPE type, CK_FLAGS flags, bool *ret,
                                 p11csr_error **err);

#endif
