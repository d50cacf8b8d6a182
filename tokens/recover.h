// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_RECOVER_H
#define PC_TOKENS_RECOVER_H

#include "tokens/key.h"
#include "tokens/login.h"

/*
 * One policy for what goes wrong on the way: lost sessions, stale handles, a card that was out of its reader,
 * a lost connection, a busy token. What may be repeated is repeated once; the making of a key never is.
 */
enum pc_recovery {
    PC_RECOVERY_NONE,
    PC_RECOVERY_WAIT,   /* the token is busy: try later */
    PC_RECOVERY_FIND,   /* handles are stale: find the key again */
    PC_RECOVERY_LOGIN,  /* the login is gone: log in again, find the key again */
    PC_RECOVERY_REOPEN, /* the session is gone: look for the same token, then all of the above */
};

enum { PC_RECOVERY_WAITS = 3 }; /* how often a busy token is waited for: 0.1, 0.4 and 1.6 seconds */

/* What the policy says about the failure of try number `tries`, counted from 1. */
enum pc_recovery pc_recovery_for(struct pc_result failed, unsigned tries);
/*
 * Gives up the session and looks for the same token again: by label, serial number, model and manufacturer,
 * so that no PIN is sent to another card. TOKEN_REMOVED when it is not there.
 */
PC_RESULT pc_token_reattach(struct pc_token *token, p11csr_error **err);
/*
 * Makes ready for one more try of what uses no key yet, and drops the error of the last one: by waiting for a
 * busy token, or looking for one that was away. False when there is nothing to be done; then the error stays.
 */
bool pc_token_recover(struct pc_token *token, struct pc_result failed, unsigned tries, p11csr_error **err);
/*
 * Finds the key again if its handles have ended since: another object may have the same ones now. Called
 * before they are used, with the session and the login in place.
 */
PC_RESULT pc_key_refresh(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                         p11csr_error **err);
/*
 * Finds a key by what it was known by and takes over its handles, after a logout for one. Another public key
 * is PROOF_PUBLIC_KEY.
 */
PC_RESULT pc_key_find_again(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                            p11csr_error **err);
/*
 * Makes ready for one more try of an operation with `key` that ended with *result at try number `tries`: true
 * when there is one to be made, and the error of the last one is dropped. False after a success, and when
 * there is nothing to be done; then the error stays with a note, or becomes what the recovery met where that
 * says more: a PIN that is refused, or PROOF_PUBLIC_KEY where the key that was found again shows another
 * public key. A PIN is sent again only if it was right before.
 */
bool pc_key_retry(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                  struct pc_result *result, unsigned tries, p11csr_error **err);

#endif
