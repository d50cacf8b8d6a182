// SPDX-License-Identifier: Apache-2.0
#include "lib/held.h"

#include "base/error.h"
#include "base/limits.h"
#include "lib/target.h"
#include "tokens/lane.h"
#include "tokens/protection.h"
#include "tokens/recover.h"

struct held_key {
    struct p11csr_key *key;
    struct pc_lanes *lanes; /* of its token */
    struct pc_lane_key lane_key;
    /* What was chosen before, for any input and for digests only. */
    _Atomic(const struct pc_mech *) chosen[PC_SCHEME_COUNT][2];
    /* With the context locked: */
    const struct pc_mech *refused[PC_SCHEME_COUNT];
    bool knows_allowed;
    struct pc_buf allowed; /* CKA_ALLOWED_MECHANISMS; empty: any */
};

/* Stands in `chosen` where the token has none. */
static const struct pc_mech no_mech;

static struct pc_span held_spki(const void *self)
{
    return pc_buf_span(&((const struct held_key *)self)->key->key.spki);
}

/* What the key allows is read once: it does not change. */
static struct pc_result choose_allowed(struct held_key *held, const struct pc_scheme *scheme,
                                       struct pc_mech_wish *wish, const struct pc_mech **ret,
                                       p11csr_error **err)
{
    struct pc_token *token = &held->key->opened->token;
    bool there = false;
    if (!held->knows_allowed) {
        pc_buf_done(&held->allowed);
        pc_buf_init(&held->allowed, PC_MAX_ATTRIBUTE);
        PC_TRY(pc_key_refresh(token, &held->key->key, &held->key->opened->login, err));
        PC_TRY(pc_key_allowed_mechanisms(token, &held->key->key, &held->allowed, &there, err));
        held->knows_allowed = true;
    }
    wish->allowed = pc_buf_span(&held->allowed);
    return pc_token_mechanism_for(token, scheme, wish, ret, err);
}

static struct pc_result ask_mechanism(struct held_key *held, const struct pc_scheme *scheme, bool hashed,
                                      const struct pc_mech **ret, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(held->key->ctx);
    struct pc_mech_wish wish = {.hashed = hashed, .refused = held->refused[scheme->id]};
    struct p11csr_key *key = held->key;
    struct pc_token *token = &key->opened->token;
    struct pc_result result = choose_allowed(held, scheme, &wish, ret, err);
    for (unsigned tries = 1; pc_key_retry(token, &key->key, &key->opened->login, &result, tries, err);
         tries++) {
        result = choose_allowed(held, scheme, &wish, ret, err);
    }
    if (pc_is_ok(result) || result.code == P11CSR_E_MECHANISM) {
        atomic_store(&held->chosen[scheme->id][hashed], pc_is_ok(result) ? *ret : &no_mech);
    }
    return result;
}

static PC_RESULT held_choose(void *self, const struct pc_scheme *scheme, bool hashed,
                             const struct pc_mech **ret, p11csr_error **err)
{
    struct held_key *held = self;
    const struct pc_mech *chosen = atomic_load(&held->chosen[scheme->id][hashed]);
    if (chosen == &no_mech) {
        return pc_fail(err, P11CSR_E_MECHANISM, "the token has, or the key allows, no mechanism for %s%s",
                       scheme->name, hashed ? " that takes a digest" : "");
    }
    if (chosen != NULL) {
        *ret = chosen;
        return PC_OK;
    }
    PC_TRY(pc_ctx_check_process(held->key->ctx, err));
    return ask_mechanism(held, scheme, hashed, ret, err);
}

static enum pc_lane_answer open_lane(struct held_key *held, struct pc_sign_place *ret)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(held->key->ctx);
    return pc_lane_open(held->lanes, &held->key->opened->token, &held->lane_key, ret);
}

static bool get_lane(struct held_key *held, struct pc_sign_place *ret)
{
    enum pc_lane_answer answer = PC_LANE_MORE;
    while (answer == PC_LANE_MORE) {
        answer = pc_lane_take(held->lanes, &held->lane_key, ret);
        if (answer == PC_LANE_MORE) {
            answer = open_lane(held, ret);
        }
    }
    return answer == PC_LANE_TAKEN;
}

/* False when it is to be done the other way; nothing was added to `ret` then. */
static bool sign_in_lane(struct held_key *held, const struct pc_scheme *scheme, const struct pc_mech *mech,
                         struct pc_span input, struct pc_buf *ret)
{
    struct pc_sign_place at;
    if (!get_lane(held, &at)) {
        return false;
    }
    const CK_RV rv = pc_sign_bare(&at, &held->key->key.public, scheme, mech, input, ret);
    pc_lane_give(held->lanes, &at, rv);
    return rv == CKR_OK;
}

static struct pc_result sign_locked(struct held_key *held, const struct pc_scheme *scheme,
                                    const struct pc_mech *mech, struct pc_span input, struct pc_buf *ret,
                                    p11csr_error **err)
{
    struct p11csr_key *key = held->key;
    struct pc_opened *opened = key->opened;
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    struct pc_token_signer self PC_CLEANUP(pc_token_signer_done) = {0};
    struct pc_signer signer;
    PC_TRY(pc_token_signer_init(&self, &opened->token, &key->key, &opened->login, &signer, err));
    pc_opened_touch(key->ctx, opened);
    const struct pc_result result = signer.ops->sign(signer.self, scheme, mech, input, ret, err);
    if (pc_is_ok(result)) {
        pc_lanes_know(held->lanes, &self, &held->lane_key);
    } else if (self.refused == mech) {
        held->refused[scheme->id] = mech;
        atomic_store(&held->chosen[scheme->id][false], NULL);
        atomic_store(&held->chosen[scheme->id][true], NULL);
    }
    return result;
}

static PC_RESULT held_sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                           struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct held_key *held = self;
    PC_TRY(pc_ctx_check_process(held->key->ctx, err));
    return sign_in_lane(held, scheme, mech, input, ret) ? PC_OK
                                                        : sign_locked(held, scheme, mech, input, ret, err);
}

static void held_release(void *self)
{
    struct held_key *held = self;
    if (!pc_ctx_is_forked(held->key->ctx)) {
        pc_lanes_leave(held->lanes);
    }
    p11csr_key_free(&held->key);
    pc_buf_done(&held->allowed);
    pc_release(held);
}

PC_RESULT pc_held_key_new(struct p11csr_key *key, struct pc_held *ret, p11csr_error **err)
{
    static const struct pc_held_ops ops = {
        .spki = held_spki, .choose = held_choose, .sign = held_sign, .release = held_release};
    struct pc_lanes *lanes = NULL;
    PC_TRY(pc_key_check_private(key, err));
    PC_TRY(pc_lanes_join(&key->opened->token, &lanes, err));
    struct held_key *held = pc_alloc(sizeof(*held));
    if (held == NULL) {
        pc_lanes_leave(lanes);
        return pc_fail_memory(err);
    }
    (void)atomic_fetch_add(&key->refs, 1);
    held->key = key;
    held->lanes = lanes;
    *ret = (struct pc_held){.ops = &ops, .self = held};
    return PC_OK;
}
