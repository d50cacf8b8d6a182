// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_CALL_H
#define PC_TOKENS_CALL_H

#include "tokens/module.h"

/*
 * Every call of a module goes through here, so that whoever watches is told before and after: which function
 * of which module, and what it returned. Arguments are never told.
 *
 *     const CK_RV rv = PC_P11(module, C_SignInit, session, &mechanism, key);
 *
 * `module` is evaluated more than once.
 */
#define PC_P11(module, function, ...) PC_P11_ASKING(module, false, function, __VA_ARGS__)
/* The same for a call in which a person may be asked for a PIN or a touch: it lasts as long as they need. */
#define PC_P11_ASKING(module, asks, function, ...)                                                           \
    pc_call_left((module)->hook, (module)->name, #function, (asks),                                          \
                 (pc_call_enter((module)->hook, (module)->name, #function, (asks)),                          \
                  (module)->fn->function(__VA_ARGS__)))

/* Tells the hook of one step; `leaving` with its outcome. */
void pc_call_tell(const struct pc_call_hook *hook, const struct p11csr_call *call);

static inline void pc_call_enter(const struct pc_call_hook *hook, const char *module, const char *function,
                                 bool asks)
{
    if (hook != NULL && hook->callback != NULL) {
        pc_call_tell(
            hook, &(struct p11csr_call){.module = module, .function = function, .asks_person = asks ? 1 : 0});
    }
}

/* Returns `rv`. */
static inline CK_RV pc_call_left(const struct pc_call_hook *hook, const char *module, const char *function,
                                 bool asks, CK_RV rv)
{
    if (hook != NULL && hook->callback != NULL) {
        pc_call_tell(
            hook,
            &(struct p11csr_call){
                .module = module, .function = function, .leaving = 1, .asks_person = asks ? 1 : 0, .rv = rv});
    }
    return rv;
}

#endif
