// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_CONTEXT_H
#define PC_LIB_CONTEXT_H

#include "csr/crypto.h"
#include "lib/config.h"
#include "lib/evp.h"
#include "lib/pin.h"
#include "p11csr/context.h"
#include "tokens/token.h"

#include <pthread.h>
#include <sys/types.h>

/* What a context holds. Everything but the first two is used with the lock held. */
struct p11csr_ctx {
    pthread_mutex_t lock;
    pid_t pid; /* of the process that loaded a module: its sessions mean nothing in a child; 0: none yet */
    struct pc_crypto *crypto; /* made when first needed */
    struct pc_evp *evp;       /* the same */
    struct pc_config config;
    char *module;          /* of p11csr_ctx_set_module(), or NULL */
    struct pc_pin *pin;    /* of p11csr_ctx_set_pin_source(), or NULL */
    struct pc_pin *so_pin; /* of p11csr_ctx_set_so_pin_source(), or NULL */
    enum p11csr_login login;
    bool login_as_so;
    bool accept_final_try;
    p11csr_pin_callback pin_callback;
    void *pin_callback_data;
    p11csr_device_callback device_callback;
    void *device_callback_data;
    p11csr_warning_callback warning_callback;
    void *warning_callback_data;
    struct pc_call_hook call_hook; /* the modules that are loaded point to it */
    char *state_dir;               /* where intent records are kept; NULL: nowhere */
    int log_fd;                    /* -1: not open */
    struct pc_buf quirks;          /* struct pc_own_rule *: of p11csr_ctx_set_quirk() */
    bool has_pin_ahead;            /* one of `pins` holds a PIN for this call only */
    struct pc_buf pins;            /* struct pc_pin *: PIN sources, by how they were named */
    struct pc_buf loaded;          /* struct pc_loaded *: modules, by how they were named */
    struct pc_buf opened;          /* struct pc_opened *: tokens in use */
};

/* A set of modules and the name it was asked for by; NULL: all that p11-kit knows. */
struct pc_loaded {
    char *name;
    struct pc_modules modules;
};

/* A token in use, with what its logins need. */
struct pc_opened {
    struct pc_token token;
    struct pc_login login;
    struct pc_pin *own_pin; /* the login's source when that is a pin-value, else NULL */
};

/*
 * Locks a context for the rest of the scope: struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
 * What modules that use libcrypto themselves leave in the thread's error queue is gone when it ends: programs
 * take what they find there for their own, those with TLS as the end of a connection.
 */
struct pc_lock {
    p11csr_ctx *ctx;
};
struct pc_lock pc_lock_begin(p11csr_ctx *ctx);
void pc_lock_end(const struct pc_lock *lock);
#define PC_LOCK_CLEANUP __attribute__((__cleanup__(pc_lock_end), __unused__))

/* Whether this is another process than the one that made the context. */
bool pc_ctx_is_forked(const p11csr_ctx *ctx);
/* FORKED when it is. */
PC_RESULT pc_ctx_check_process(const p11csr_ctx *ctx, p11csr_error **err);

void pc_ctx_warn(p11csr_ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The context's libcrypto, made now if need be. Borrowed. */
PC_RESULT pc_ctx_crypto(p11csr_ctx *ctx, const struct pc_crypto **ret, p11csr_error **err);

#endif
