// SPDX-License-Identifier: Apache-2.0
#include "tokens/lane.h"

#include "base/error.h"
#include "tokens/call.h"

#include <pthread.h>

enum { COPIES = 8 };

/* One session. Its copies are used by who has the lane, without a lock, and end with the session. */
struct lane {
    CK_SESSION_HANDLE session;
    bool is_open;
    size_t copy_count;
    struct {
        CK_OBJECT_HANDLE of;
        CK_OBJECT_HANDLE copy; /* the key itself when it could not be copied */
    } copies[COPIES];
};

struct pc_lanes {
    const struct pc_module *module;
    pthread_mutex_t lock;   /* of all below, but for what is in a lane that is in use */
    pthread_cond_t changed; /* a lane was given back, or their number has changed */
    struct lane all[PC_LANES_MAX];
    size_t idle[PC_LANES_MAX]; /* of `all`; the last one used is the first to be used again */
    size_t idle_count;
    size_t open_count;   /* idle or in use */
    size_t bound;        /* what the token says that it allows */
    size_t most;         /* what it turned out to allow, since they were last closed */
    unsigned long epoch; /* the token's, of all that are open */
    unsigned failed;     /* since a lane last signed */
    unsigned users;
    bool closing;
};

static void lock_lanes(struct pc_lanes *lanes)
{
    (void)pthread_mutex_lock(&lanes->lock); // a plain mutex that is not held by this thread: cannot fail
}

static void unlock_lanes(struct pc_lanes *lanes)
{
    (void)pthread_mutex_unlock(&lanes->lock);
}

/* Of the sessions that the token allows one is its own, and one stays free for changing that. */
static size_t bound_of(const struct pc_token *token)
{
    const CK_ULONG max = token->slot.token_info.ulMaxSessionCount;
    if (max == CK_EFFECTIVELY_INFINITE || max == CK_UNAVAILABLE_INFORMATION || max >= PC_LANES_MAX + 2) {
        return PC_LANES_MAX;
    }
    return max > 2 ? max - 2 : 0;
}

static struct pc_lanes *lanes_new(const struct pc_token *token)
{
    struct pc_lanes *lanes = pc_alloc(sizeof(*lanes));
    if (lanes == NULL || pthread_mutex_init(&lanes->lock, NULL) != 0) {
        pc_release(lanes);
        return NULL;
    }
    if (pthread_cond_init(&lanes->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&lanes->lock);
        pc_release(lanes);
        return NULL;
    }
    lanes->module = token->slot.module;
    lanes->bound = bound_of(token);
    lanes->most = lanes->bound;
    return lanes;
}

PC_RESULT pc_lanes_join(struct pc_token *token, struct pc_lanes **ret, p11csr_error **err)
{
    if (token->lanes == NULL) {
        token->lanes = lanes_new(token);
    }
    if (token->lanes == NULL) {
        return pc_fail_memory(err);
    }
    lock_lanes(token->lanes);
    token->lanes->users++;
    unlock_lanes(token->lanes);
    *ret = token->lanes;
    return PC_OK;
}

/* With the lanes locked. */
static void close_idle(struct pc_lanes *lanes, bool gone)
{
    while (lanes->idle_count > 0) {
        lanes->idle_count--;
        lanes->open_count--;
        struct lane *lane = &lanes->all[lanes->idle[lanes->idle_count]];
        lane->is_open = false;
        if (!gone) {
            (void)PC_P11(lanes->module, C_CloseSession, lane->session);
        }
    }
}

void pc_lanes_leave(struct pc_lanes *lanes)
{
    lock_lanes(lanes);
    lanes->users--;
    if (lanes->users == 0) {
        close_idle(lanes, false);
    }
    unlock_lanes(lanes);
}

void pc_lanes_free(struct pc_lanes **lanes)
{
    if (*lanes != NULL) {
        (void)pthread_cond_destroy(&(*lanes)->changed);
        (void)pthread_mutex_destroy(&(*lanes)->lock);
        pc_release(*lanes);
        *lanes = NULL;
    }
}

void pc_lanes_close(struct pc_lanes *lanes, bool gone)
{
    if (lanes == NULL) {
        return;
    }
    lock_lanes(lanes);
    lanes->closing = true;
    (void)pthread_cond_broadcast(&lanes->changed); // who waits for a lane goes the other way
    while (lanes->idle_count < lanes->open_count) {
        (void)pthread_cond_wait(&lanes->changed, &lanes->lock);
    }
    close_idle(lanes, gone);
    lanes->failed = 0;
    lanes->most = lanes->bound;
    lanes->closing = false;
    unlock_lanes(lanes);
}

void pc_lanes_know(struct pc_lanes *lanes, const struct pc_token_signer *signer, struct pc_lane_key *key)
{
    const bool fits = !signer->wants_pin && !pc_token_may_ask(signer->token) &&
                      pc_quirk_is(&signer->token->quirks, PC_QUIRK_ECDSA_OUT, "raw");
    lock_lanes(lanes);
    *key = (struct pc_lane_key){.handle = signer->key->private_key,
                                .epoch = signer->key->epoch,
                                .known = fits,
                                .copied = pc_quirk_is(&signer->token->quirks, PC_QUIRK_SIGN_COPY, "yes")};
    unlock_lanes(lanes);
}

/*
 * With the lanes locked. All that are open are of one epoch, so it is the key's, or none of them is for it.
 */
static bool may_use(const struct pc_lanes *lanes, const struct pc_lane_key *key)
{
    return key->known && !lanes->closing && lanes->most > 0 &&
           (lanes->open_count == 0 || lanes->epoch == key->epoch);
}

/* The key's copy in the session of a lane that the caller has; the key itself where there is to be none. */
static CK_OBJECT_HANDLE key_in(struct pc_lanes *lanes, size_t index, const struct pc_lane_key *key)
{
    struct lane *lane = &lanes->all[index];
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE in_session = {CKA_TOKEN, &no, sizeof(no)};
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    for (size_t i = 0; i < lane->copy_count; i++) {
        if (lane->copies[i].of == key->handle) {
            return lane->copies[i].copy;
        }
    }
    if (!key->copied || lane->copy_count == COPIES) {
        return key->handle;
    }
    const CK_RV rv = PC_P11(lanes->module, C_CopyObject, lane->session, key->handle, &in_session, 1, &copy);
    lane->copies[lane->copy_count].of = key->handle;
    lane->copies[lane->copy_count].copy = rv == CKR_OK ? copy : key->handle;
    return lane->copies[lane->copy_count++].copy;
}

enum pc_lane_answer pc_lane_take(struct pc_lanes *lanes, const struct pc_lane_key *key,
                                 struct pc_sign_place *ret)
{
    enum pc_lane_answer answer = PC_LANE_NONE;
    lock_lanes(lanes);
    while (may_use(lanes, key) && lanes->idle_count == 0 && lanes->open_count >= lanes->most) {
        (void)pthread_cond_wait(&lanes->changed, &lanes->lock);
    }
    if (may_use(lanes, key)) {
        answer = lanes->idle_count > 0 ? PC_LANE_TAKEN : PC_LANE_MORE;
    }
    if (answer == PC_LANE_TAKEN) {
        lanes->idle_count--;
        const size_t index = lanes->idle[lanes->idle_count];
        *ret = (struct pc_sign_place){
            .module = lanes->module, .session = lanes->all[index].session, .lane = index};
    }
    unlock_lanes(lanes);
    if (answer == PC_LANE_TAKEN) {
        ret->key = key_in(lanes, ret->lane, key);
    }
    return answer;
}

/* A lane did not open, or did not sign. */
static void count_failure(struct pc_lanes *lanes, bool is_full)
{
    lanes->failed++;
    if (is_full) {
        lanes->most = lanes->open_count;
    } else if (lanes->failed >= PC_LANES_HOPELESS) {
        lanes->most = 0;
    }
    (void)pthread_cond_broadcast(&lanes->changed);
}

/* Its session has ended: another one may have the same number now. */
static bool has_ended(CK_RV rv)
{
    return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED || rv == CKR_DEVICE_REMOVED ||
           rv == CKR_TOKEN_NOT_PRESENT;
}

enum pc_lane_answer pc_lane_open(struct pc_lanes *lanes, struct pc_token *token,
                                 const struct pc_lane_key *key, struct pc_sign_place *ret)
{
    CK_SESSION_HANDLE session = 0;
    lock_lanes(lanes); // only who has locked the token opens lanes: their number does not grow meanwhile
    const bool wanted = may_use(lanes, key) && key->epoch == token->epoch && token->has_session;
    const bool enough = lanes->idle_count > 0 || lanes->open_count >= lanes->most;
    *ret = (struct pc_sign_place){.module = lanes->module};
    unlock_lanes(lanes);
    if (!wanted || enough) {
        return wanted ? PC_LANE_MORE : PC_LANE_NONE;
    }
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (token->read_write ? CKF_RW_SESSION : 0);
    const CK_RV rv = PC_P11(lanes->module, C_OpenSession, token->slot.id, flags, NULL, NULL, &session);
    lock_lanes(lanes);
    if (rv == CKR_OK) {
        while (lanes->all[ret->lane].is_open) { // fewer are open than there can be
            ret->lane++;
        }
        lanes->all[ret->lane] = (struct lane){.session = session, .is_open = true};
        lanes->open_count++;
        lanes->epoch = token->epoch;
        ret->session = session;
    } else {
        count_failure(lanes, rv == CKR_SESSION_COUNT);
    }
    unlock_lanes(lanes);
    if (rv != CKR_OK) {
        return PC_LANE_NONE;
    }
    ret->key = key_in(lanes, ret->lane, key);
    return PC_LANE_TAKEN;
}

void pc_lane_give(struct pc_lanes *lanes, const struct pc_sign_place *lane, CK_RV rv)
{
    if (rv != CKR_OK && !has_ended(rv)) { // before anybody who waits for its end goes on
        (void)PC_P11(lanes->module, C_CloseSession, lane->session);
    }
    lock_lanes(lanes);
    if (rv == CKR_OK) {
        lanes->idle[lanes->idle_count] = lane->lane;
        lanes->idle_count++;
        lanes->failed = 0;
        // One who waits for a lane, or the one who waits for all of them.
        (void)(lanes->closing ? pthread_cond_broadcast : pthread_cond_signal)(&lanes->changed);
    } else {
        lanes->all[lane->lane].is_open = false;
        lanes->open_count--;
        count_failure(lanes, false);
    }
    unlock_lanes(lanes);
}
