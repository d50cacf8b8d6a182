// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "module/plugin.h"

#include <unistd.h>

/* A key that somebody of libcrypto's world has, for as long as it pleases. */
struct pc_kept {
    struct pc_plugin *plugin;
    struct pc_store_uri *uri;
    struct pc_buf spki;
    _Atomic(struct pc_life *) life; /* whose `held` is */
    struct pc_held held;            /* ops NULL once it is released */
    struct pc_kept *next;           /* of the keys of `life` */
    struct pc_kept **link;          /* what points to this one; NULL: it is not among them */
};

static void link_to(struct pc_kept *kept, struct pc_life *life)
{
    kept->next = life->keys;
    kept->link = &life->keys;
    if (kept->next != NULL) {
        kept->next->link = &kept->next;
    }
    life->keys = kept;
}

/* Takes it out of its life's list and releases what is held. */
static void let_go(struct pc_kept *kept)
{
    if (kept->link != NULL) {
        *kept->link = kept->next;
        if (kept->next != NULL) {
            kept->next->link = kept->link;
        }
        kept->link = NULL;
    }
    if (kept->held.ops != NULL) {
        kept->held.ops->release(kept->held.self);
        kept->held = (struct pc_held){0};
    }
}

void pc_kept_release_all(struct pc_life *life)
{
    while (life->keys != NULL) {
        let_go(life->keys);
    }
}

/* Looks for the key in this process. */
static struct pc_result find_again(struct pc_kept *kept, struct pc_life *life, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct pc_held found = {0};
    PC_TRY(pc_life_context(kept->plugin, life, &ctx, err));
    PC_TRY(pc_frame(pc_store_find_again(ctx, kept->uri, pc_buf_span(&kept->spki), &found, err), err,
                    "cannot use the key in process %ld, which was forked", (long)life->pid));
    pc_exit_watch(kept->plugin, life, PC_WATCHED_READ);
    kept->held = found; // what the parent held is left as it is
    link_to(kept, life);
    atomic_store(&kept->life, life);
    return PC_OK;
}

static struct pc_result ready(struct pc_kept *kept, struct pc_life *life, p11csr_error **err)
{
    if (atomic_load(&kept->life) == life) {
        return PC_OK;
    }
    (void)pthread_mutex_lock(&life->lock);
    const struct pc_result result = atomic_load(&kept->life) == life ? PC_OK : find_again(kept, life, err);
    (void)pthread_mutex_unlock(&life->lock);
    return result;
}

static struct pc_span kept_spki(const void *self)
{
    return pc_buf_span(&((const struct pc_kept *)self)->spki);
}

static PC_RESULT kept_choose(void *self, const struct pc_scheme *scheme, bool hashed,
                             const struct pc_mech **ret, p11csr_error **err)
{
    struct pc_kept *kept = self;
    struct pc_life *life = NULL;
    PC_TRY(pc_life_enter(kept->plugin, &life, err));
    struct pc_result result = ready(kept, life, err);
    if (pc_is_ok(result)) {
        result = kept->held.ops->choose(kept->held.self, scheme, hashed, ret, err);
    }
    pc_life_leave(life);
    return result;
}

static PC_RESULT kept_sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                           struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_kept *kept = self;
    struct pc_life *life = NULL;
    PC_TRY(pc_life_enter(kept->plugin, &life, err));
    struct pc_result result = ready(kept, life, err);
    if (pc_is_ok(result)) {
        result = kept->held.ops->sign(kept->held.self, scheme, mech, input, ret, err);
        pc_exit_watch(kept->plugin, life, PC_WATCHED_SIGNED);
    }
    pc_life_leave(life);
    return result;
}

static void kept_free(struct pc_kept *kept)
{
    pc_store_uri_free(&kept->uri);
    pc_buf_done(&kept->spki);
    pc_release(kept);
}

/* What was the parent's stays in the child: its sessions are not closed, its lock may be held for ever. */
static void kept_release(void *self)
{
    struct pc_kept *kept = self;
    struct pc_life *life = atomic_load(&kept->life);
    if (life->pid != getpid()) {
        return;
    }
    (void)pthread_mutex_lock(&life->lock);
    let_go(kept);
    (void)pthread_mutex_unlock(&life->lock);
    kept_free(kept);
}

PC_RESULT pc_kept_new(struct pc_plugin *plugin, struct pc_life *life, struct pc_store_uri *uri,
                      struct pc_held *held, p11csr_error **err)
{
    static const struct pc_held_ops ops = {
        .spki = kept_spki, .choose = kept_choose, .sign = kept_sign, .release = kept_release};
    struct pc_kept *kept = pc_alloc(sizeof(*kept));
    if (kept != NULL) {
        pc_buf_init(&kept->spki, PC_MAX_SPKI);
        pc_buf_add_span(&kept->spki, held->ops->spki(held->self));
    }
    if (kept == NULL || !pc_is_ok(pc_buf_check(&kept->spki, NULL))) {
        pc_release(kept);
        held->ops->release(held->self);
        *held = (struct pc_held){0};
        return pc_fail_memory(err);
    }
    kept->plugin = plugin;
    kept->uri = pc_store_uri_share(uri);
    kept->held = *held;
    atomic_init(&kept->life, life);
    link_to(kept, life);
    *held = (struct pc_held){.ops = &ops, .self = kept};
    return PC_OK;
}
