// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_MODULE_H
#define PC_TOKENS_MODULE_H

#include "base/buf.h"
#include "p11csr/call.h"
#include "tokens/ck.h"
#include "tokens/turn.h"

/* Who is told of the calls of a module; `callback` NULL: nobody. See tokens/call.h. */
struct pc_call_hook {
    p11csr_call_callback callback;
    void *data;
};

/*
 * PKCS#11 modules, loaded through p11-kit and managed by it: it counts the users of a module in the process
 * and gives C_Initialize the locking flags that threads need.
 */
struct pc_module {
    CK_FUNCTION_LIST *fn;
    char *name;      /* for people: p11-kit's name, or the file's */
    bool logs_calls; /* a call log that prints the PIN of C_Login stands between us and the module */
    bool stays;      /* neither finalised nor unloaded: it would crash */
    bool managed;    /* loaded by us: finalised and released with the set */
    char *init_args; /* for C_Initialize, which is called without p11-kit then; else NULL */
    const struct pc_call_hook *hook; /* borrowed; NULL: nobody is told of its calls */
    struct pc_turn turn;
    CK_INFO info; /* what it says about itself, asked once */
    bool has_info;
};

struct pc_modules {
    struct pc_buf list;            /* struct pc_module */
    struct pc_buf rules;           /* struct pc_quirk_rule: what the caller knows about their tokens */
    CK_FUNCTION_LIST **registered; /* p11-kit's list when all known modules were loaded */
    const struct pc_call_hook *hook;
};

/* The path of its file, empty when it is not known; NULL when out of memory. The caller releases it. */
char *pc_module_file(const struct pc_module *module) __attribute__((malloc));
/* True when the module's file is in this process already, loaded by whomever. Loads nothing. */
bool pc_module_is_mapped(const char *path_or_name);
/* Whether two modules, each a path or a name that p11-kit knows, are one file. */
bool pc_module_same_file(const char *a, const char *b);

/*
 * Loads one module: a path (anything with a '/'), or the name of a module that p11-kit knows ("softhsm2"),
 * which is looked up in p11-kit's .module files so that no other module is loaded. NULL: every module that
 * p11-kit knows, except those for trust policy. `init_args` (NULL: what p11-kit's file says, if any) is for
 * one module: the text that it wants as pReserved of C_Initialize. `hook` (NULL: none) is told of all calls,
 * of loading too, and stays where it is as long as the modules are there.
 */
PC_RESULT pc_modules_load(const char *path_or_name, const char *init_args, const struct pc_call_hook *hook,
                          struct pc_modules *ret, p11csr_error **err);
/*
 * Takes a function list that is initialised already. For tests and for callers that loaded the module
 * themselves.
 */
PC_RESULT pc_modules_adopt(CK_FUNCTION_LIST *fn, const char *name, struct pc_modules *ret,
                           p11csr_error **err);
/* Finalises and releases what was loaded. Accepts a zeroed struct. */
void pc_modules_done(struct pc_modules *modules);
size_t pc_modules_count(const struct pc_modules *modules);
struct pc_module *pc_modules_get(const struct pc_modules *modules, size_t index);
PC_RESULT pc_module_info(struct pc_module *module, CK_INFO *ret, p11csr_error **err);
/*
 * C_Finalize and C_Initialize: some modules show a new token only then. Every handle of the module is gone
 * after.
 */
PC_RESULT pc_module_restart(struct pc_module *module, p11csr_error **err);
/*
 * Restarts the modules that may have read a token's file while another program was writing it. True when
 * there is reason to look again for a token that was not found, see pc_turn_again(). No handle may be in use.
 */
bool pc_modules_look_again(struct pc_modules *modules, unsigned tries);

#endif
