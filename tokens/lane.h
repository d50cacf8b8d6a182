// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_LANE_H
#define PC_TOKENS_LANE_H

#include "tokens/sign.h"

/*
 * Sessions of a token beside its own one, so that several threads sign at the same time: the only part of a
 * token that is used without its lock. Lanes never outlive the token's own session, and are all given up
 * before anything is done that ends handles; what goes wrong in a lane is done again by pc_token_signer, with
 * the token locked, which recovers.
 */
struct pc_lanes;

enum {
    PC_LANES_MAX = 16,      /* sessions beside the token's own */
    PC_LANES_HOPELESS = 32, /* so many failures in a row: this token wants no lanes */
};

/* A key as lanes know it. Zeroed: they do not, and none is had for it. */
struct pc_lane_key {
    CK_OBJECT_HANDLE handle;
    unsigned long epoch; /* the token's when the handle was found */
    bool known;
    bool copied; /* lanes sign with a copy of it in their sessions (quirk sign-copy) */
};

enum pc_lane_answer {
    PC_LANE_TAKEN, /* the lane is the caller's, until pc_lane_give() */
    PC_LANE_MORE,  /* all are in use, and pc_lane_open() may open one more */
    PC_LANE_NONE,  /* none is to be had for this key now: the other way */
};

/*
 * Joins the users of the token's lanes, which are made for the first. With the token locked. The lanes live
 * as long as the token; they are closed when the last user leaves.
 */
PC_RESULT pc_lanes_join(struct pc_token *token, struct pc_lanes **ret, p11csr_error **err);
/* By any thread, not locked. */
void pc_lanes_leave(struct pc_lanes *lanes);
/* Accepts a pointer to NULL. Nobody uses them any more. */
void pc_lanes_free(struct pc_lanes **lanes);
/*
 * Before handles end: waits until no lane is in use and gives all of them up. `gone`: their sessions have
 * ended already, and their numbers may be those of others now. With the token locked. Accepts NULL.
 */
void pc_lanes_close(struct pc_lanes *lanes, bool gone);

/*
 * After a signature of `key` by `signer`, with the token locked: from now on lanes may sign with it, unless
 * the key wants a PIN each time, or the token asks a person.
 */
void pc_lanes_know(struct pc_lanes *lanes, const struct pc_token_signer *signer, struct pc_lane_key *key);
/* A free lane, for which it waits when all that can be are in use. By any thread, not locked. */
enum pc_lane_answer pc_lane_take(struct pc_lanes *lanes, const struct pc_lane_key *key,
                                 struct pc_sign_place *ret);
/* One lane more. With the token locked. MORE: there are enough meanwhile, take one. */
enum pc_lane_answer pc_lane_open(struct pc_lanes *lanes, struct pc_token *token,
                                 const struct pc_lane_key *key, struct pc_sign_place *ret);
/* Gives a lane back with what it answered; closes it unless that was CKR_OK. By any thread, not locked. */
void pc_lane_give(struct pc_lanes *lanes, const struct pc_sign_place *lane, CK_RV rv);

#endif
