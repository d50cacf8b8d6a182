// SPDX-License-Identifier: Apache-2.0
#ifndef PC_MODULE_PLUGIN_H
#define PC_MODULE_PLUGIN_H

#include "lib/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/*
 * The loadable provider: what holds keys for it, and lets go of them at the right time. Nothing is done when
 * it is loaded; a context is made, and a PKCS#11 module loaded, when the first URI is.
 */

/*
 * What a process has of tokens. A child process has a life of its own: it touches nothing of its parent's,
 * whose sessions, locks and PKCS#11 modules may be in any state.
 */
struct pc_life {
    pid_t pid;
    struct pc_life *parent; /* where it was forked from: kept, so that what it holds is not lost; or NULL */
    bool torn;              /* another thread of the parent was in the middle of something when it forked */
    atomic_uint inside;     /* threads that use it */
    atomic_bool closed;     /* nobody may begin to use it any more */
    atomic_uint watched;    /* bits: see pc_exit_watch() */
    pthread_mutex_t lock;   /* held while the following is used, but for `keys` of a kept key */
    p11csr_ctx *ctx;        /* made when first needed */
    struct pc_kept *keys;   /* the first of those that are in use, or NULL */
};

struct pc_exit;

struct pc_plugin {
    struct pc_provider *provider;
    _Atomic(struct pc_life *) life; /* of this process or the one that it was forked from; NULL: none yet */
    struct pc_exit *exit;
};

/*
 * The life of this process, which is not closed before pc_life_leave(). Errors: FORKED, UNSUPPORTED (ending).
 */
PC_RESULT pc_life_enter(struct pc_plugin *plugin, struct pc_life **ret, p11csr_error **err);
void pc_life_leave(struct pc_life *life);
/* Its context; with the lock held. */
PC_RESULT pc_life_context(const struct pc_plugin *plugin, struct pc_life *life, p11csr_ctx **ret,
                          p11csr_error **err);
/*
 * Closes the life of this process, if it has one: releases its keys, logs out and finalises its PKCS#11
 * modules. Threads that use it are waited for, but not for long: one that never returns must not keep a
 * program from ending. Then, and when libcrypto is not to be used any more, all is left to the end of the
 * process.
 */
void pc_life_close(struct pc_plugin *plugin);
/* Frees what is left of it, after it was closed. */
void pc_life_free(struct pc_plugin *plugin);

/*
 * Makes a key that is held, which is taken over in any case, one that works in child processes too, by being
 * looked for again, and that stands the end of its context. With the lock of `life` held.
 */
PC_RESULT pc_kept_new(struct pc_plugin *plugin, struct pc_life *life, struct pc_store_uri *uri,
                      struct pc_held *held, p11csr_error **err);
/* Releases all keys of a life that is being closed; its lock is held. */
void pc_kept_release_all(struct pc_life *life);

/*
 * A program ends by running exit handlers, the last that was registered first; those of a PKCS#11 module are
 * registered when it is loaded, and by its first uses. Ours has to run before them.
 */
enum pc_watched { PC_WATCHED_READ = 1, PC_WATCHED_SIGNED = 2 };
PC_RESULT pc_exit_new(struct pc_plugin *plugin, struct pc_exit **ret, p11csr_error **err);
/* To be called right after such a use: registers a handler, once for each kind and life. */
void pc_exit_watch(const struct pc_plugin *plugin, struct pc_life *life, enum pc_watched what);
/* The plugin goes away: handlers that are registered find nothing to do. */
void pc_exit_forget(struct pc_exit **exit);

/* What the provider's section of openssl.cnf says. Borrowed from the core and the environment. */
PC_RESULT pc_settings_defaults(const struct pc_provider *provider, struct pc_store_defaults *ret,
                               p11csr_error **err);
/* A context as p11csr(1) makes one, with what the section says. */
PC_RESULT pc_settings_context(const struct pc_provider *provider, p11csr_ctx **ret, p11csr_error **err);
/* The provider verifies everything where the section says something that cannot be understood. */
void pc_settings_proof(struct pc_provider *provider);

#endif
