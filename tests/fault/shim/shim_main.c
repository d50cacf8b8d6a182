// SPDX-License-Identifier: Apache-2.0
/* The function list, and what happens before and after each call. */
#include "shim.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct shim shim = {.user = NO_USER};

static unsigned long counts[FN_COUNT];

#define SHIM_NAME(kind, name, session, decl, ...) #name,
static const char *const function_names[] = {SHIM_FUNCTIONS(SHIM_NAME)};
#undef SHIM_NAME

int shim_function_find(const char *name)
{
    for (int i = 0; i < FN_COUNT; i++) {
        if (strcmp(function_names[i], name) == 0) {
            return i;
        }
    }
    return strcmp(name, "any") == 0 ? FN_COUNT : FN_C_NONE;
}

const char *shim_function_name(int function)
{
    return function_names[function];
}

/* Counts the call and gathers the rules for it. */
static void gather(struct shim_call *call)
{
    shim_lock();
    const unsigned long nth = ++counts[call->function];
    const unsigned long total = ++shim.total;
    for (size_t i = 0; i < shim.script.rule_count && call->hit_count < MAX_HITS; i++) {
        const struct shim_rule *rule = &shim.script.rules[i];
        const unsigned long number = rule->function == FN_COUNT ? total : nth;
        if ((rule->function == FN_COUNT || rule->function == call->function) && number >= rule->first &&
            number <= rule->last) {
            call->hits[call->hit_count++] = rule;
        }
    }
    shim_unlock();
}

const struct shim_rule *shim_hit(const struct shim_call *call, enum shim_action action)
{
    for (size_t i = 0; i < call->hit_count; i++) {
        if (call->hits[i]->action == action) {
            return call->hits[i];
        }
    }
    return NULL;
}

static void wait_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static void stop_here(const struct shim_call *call, enum shim_action action)
{
    if (action == ACTION_HANG) {
        shim_log(call, "hang");
        for (;;) {
            (void)pause();
        }
    }
    shim_log(call, "crash");
    (void)raise(SIGSEGV); // whoever catches it sees it first
    (void)signal(SIGSEGV, SIG_DFL);
    (void)raise(SIGSEGV);
}

/* What a rule does before the real function is called. */
static void act(struct shim_call *call, const struct shim_rule *rule)
{
    switch (rule->action) {
    case ACTION_DELAY:
        wait_ms(rule->value);
        break;
    case ACTION_HANG:
    case ACTION_CRASH:
        stop_here(call, rule->action);
        break;
    case ACTION_REMOVE:
        shim.removed = true;
        shim_lose_sessions();
        break;
    case ACTION_SESSIONS_LOST:
        shim_lose_sessions();
        break;
    case ACTION_INSERT:
        shim.removed = false;
        break;
    case ACTION_RETURN:
    case ACTION_ANSWER:
    case ACTION_SIGNATURE_LENGTH:
    case ACTION_SIGNATURE_FLIP:
    case ACTION_OTHER_KEY:
        break;
    }
}

bool shim_enter(struct shim_call *call)
{
    if (call->function == FN_C_Initialize) {
        shim_lock();
        const bool good = shim_script_read(&shim.script);
        memset(counts, 0, sizeof(counts));
        shim.total = 0;
        shim_unlock();
        if (!good) {
            call->rv = CKR_ARGUMENTS_BAD;
            return false;
        }
    }
    gather(call);
    for (size_t i = 0; i < call->hit_count; i++) {
        act(call, call->hits[i]);
    }
    const struct shim_rule *answer = shim_hit(call, ACTION_RETURN);
    if (answer != NULL) {
        call->rv = (CK_RV)answer->value;
        return false;
    }
    if (shim.removed && call->session != 0) {
        call->rv = CKR_DEVICE_REMOVED;
        return false;
    }
    return true;
}

CK_RV shim_leave(struct shim_call *call, CK_RV rv)
{
    char fallback[32];
    const struct shim_rule *answer = shim_hit(call, ACTION_ANSWER);
    if (answer != NULL && shim_hit(call, ACTION_RETURN) == NULL) {
        rv = (CK_RV)answer->value;
    }
    shim_log(call, shim_ckr_name(rv, fallback));
    return rv;
}

static void note_login(struct shim_call *call, CK_USER_TYPE type, const CK_BYTE *pin)
{
    (void)snprintf(call->remark, sizeof(call->remark), "user=%lu pin=%s", type,
                   pin != NULL ? "sent" : "none");
}

#define SHIM_PASS_NOTE(...)
#define SHIM_HOOK_NOTE(...)
#define SHIM_LOGIN_NOTE(call, session, type, pin, len) note_login(call, type, pin);
#define SHIM_PASS_CALL(name, call, ...) shim.real->name(__VA_ARGS__)
#define SHIM_HOOK_CALL(name, call, ...) shim_do_##name(call, __VA_ARGS__)
#define SHIM_LOGIN_CALL(...) SHIM_HOOK_CALL(__VA_ARGS__)
/* The session of a call is its parameter of that name, or 0. */
#define SHIM_WRAP(kind, name, session_of, decl, ...)                                                         \
    static CK_RV wrap_##name decl                                                                            \
    {                                                                                                        \
        struct shim_call call = {.function = FN_##name, .session = session_of};                              \
        SHIM_##kind##_NOTE(&call, __VA_ARGS__) const bool go_on = shim_enter(&call);                         \
        return shim_leave(&call, go_on ? SHIM_##kind##_CALL(name, &call, __VA_ARGS__) : call.rv);            \
    }
SHIM_FUNCTIONS(SHIM_WRAP)

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

#define SHIM_ENTRY(kind, name, session, decl, ...) .name = wrap_##name,
static CK_FUNCTION_LIST functions = {
    .version = {2, 40}, .C_GetFunctionList = C_GetFunctionList, SHIM_FUNCTIONS(SHIM_ENTRY)};

static CK_RV load(const char *path)
{
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    if (library != NULL) {
        void *symbol = dlsym(library, "C_GetFunctionList");
        memcpy(&get, &symbol, sizeof(get));
    }
    if (get == NULL) {
        (void)fprintf(stderr, "p11csr-shim: P11SHIM_MODULE: %s\n", path != NULL ? dlerror() : "is not set");
        return CKR_LIBRARY_LOAD_FAILED;
    }
    return get(&shim.real);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    const CK_RV rv = shim.real == NULL ? load(getenv("P11SHIM_MODULE")) : CKR_OK;
    if (rv == CKR_OK) {
        *list = &functions;
    }
    return rv;
}
