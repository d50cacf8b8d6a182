// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/wait.h"
#include "lib/pin.h"
#include "module/plugin.h"

#include <openssl/crypto.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000 }; /* for threads that are in the middle of something when the program ends */

static struct pc_life *life_new(struct pc_life *parent)
{
    struct pc_life *life = pc_alloc(sizeof(*life));
    if (life == NULL || pthread_mutex_init(&life->lock, NULL) != 0) {
        pc_release(life);
        return NULL;
    }
    life->pid = getpid();
    life->parent = parent;
    life->torn = parent != NULL && atomic_load(&parent->inside) > 0;
    return life;
}

/*
 * That of this process, begun now if need be; NULL when out of memory. Takes no lock that a fork could leave.
 */
static struct pc_life *current(struct pc_plugin *plugin)
{
    struct pc_life *life = atomic_load(&plugin->life);
    if (life != NULL && life->pid == getpid()) {
        return life;
    }
    struct pc_life *made = life_new(life);
    if (made != NULL && !atomic_compare_exchange_strong(&plugin->life, &life, made)) {
        (void)pthread_mutex_destroy(&made->lock); // another thread was first
        pc_release(made);
        made = life;
    }
    return made;
}

PC_RESULT pc_life_enter(struct pc_plugin *plugin, struct pc_life **ret, p11csr_error **err)
{
    struct pc_life *life = current(plugin);
    if (life == NULL) {
        return pc_fail_memory(err);
    }
    if (life->torn) {
        return pc_fail(err, P11CSR_E_FORKED, "another thread was using a token when process %ld was forked",
                       (long)life->pid);
    }
    (void)atomic_fetch_add(&life->inside, 1);
    if (atomic_load(&life->closed)) {
        pc_life_leave(life);
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "the program is ending, and its tokens are closed");
    }
    *ret = life;
    return PC_OK;
}

void pc_life_leave(struct pc_life *life)
{
    (void)atomic_fetch_sub(&life->inside, 1);
}

PC_RESULT pc_life_context(const struct pc_plugin *plugin, struct pc_life *life, p11csr_ctx **ret,
                          p11csr_error **err)
{
    if (life->ctx == NULL) {
        p11csr_ctx *ctx PC_CLEANUP(p11csr_ctx_free) = NULL;
        PC_TRY(pc_settings_context(plugin->provider, &ctx, err));
        if (life->parent != NULL && life->parent->ctx != NULL) {
            PC_TRY(pc_pins_inherit(ctx, life->parent->ctx, err));
        }
        life->ctx = ctx;
        ctx = NULL;
    }
    *ret = life->ctx;
    return PC_OK;
}

/* Once libcrypto has begun to clean up, PKCS#11 modules that use it crash in their own end. */
static bool libcrypto_is_there(void)
{
    return OPENSSL_init_crypto(0, NULL) == 1;
}

static bool wait_for_all(struct pc_life *life)
{
    for (unsigned waited = 0; atomic_load(&life->inside) > 0; waited++) {
        if (waited == PATIENCE_MS) {
            return false;
        }
        pc_wait_ms(1);
    }
    return true;
}

void pc_life_close(struct pc_plugin *plugin)
{
    struct pc_life *life = atomic_load(&plugin->life);
    if (life == NULL || life->pid != getpid() || atomic_exchange(&life->closed, true) || life->torn ||
        !wait_for_all(life)) {
        return;
    }
    (void)pthread_mutex_lock(&life->lock);
    if (libcrypto_is_there()) {
        pc_kept_release_all(life);
        p11csr_ctx_free(&life->ctx);
    }
    (void)pthread_mutex_unlock(&life->lock);
}

void pc_life_free(struct pc_plugin *plugin)
{
    struct pc_life *life = atomic_exchange(&plugin->life, NULL);
    if (life != NULL && life->pid == getpid() && life->ctx == NULL && life->keys == NULL) {
        (void)pthread_mutex_destroy(&life->lock);
        pc_release(life);
    }
}
