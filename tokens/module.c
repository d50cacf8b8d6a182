// SPDX-License-Identifier: Apache-2.0
#include "tokens/module.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_MODULES = 256 };

static bool option_is_yes(CK_FUNCTION_LIST *fn, const char *name)
{
    char *value = p11_kit_config_option(fn, name);
    const bool is = value != NULL && strcmp(value, "yes") == 0;
    free(value);
    return is;
}

static void free_malloced(char **text)
{
    free(*text);
}

/* p11-kit's log-calls and OpenSC's pkcs11-spy write the PIN of C_Login in clear. */
static bool logs_calls(CK_FUNCTION_LIST *fn, const char *name, bool from_p11kit)
{
    char *real PC_CLEANUP(free_malloced) = realpath(name, NULL); // a link must not hide it
    const char *path = real != NULL ? real : name;
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    return strncmp(file, "pkcs11-spy", strlen("pkcs11-spy")) == 0 ||
           (from_p11kit && (option_is_yes(fn, "log-calls") || option_is_yes(NULL, "log-calls")));
}

/*
 * Adds a module that has started; its name is copied, all else in `started` taken over on success. `file` is
 * the module's, NULL for one that was started by the caller.
 */
static struct pc_result add(struct pc_modules *modules, const struct pc_module *started, const char *file,
                            p11csr_error **err)
{
    struct pc_module module = *started;
    module.logs_calls = logs_calls(module.fn, file != NULL ? file : module.name, file != NULL);
    module.managed = file != NULL && modules->registered == NULL;
    module.name = pc_strdup(started->name);
    if (module.name == NULL) {
        pc_turn_close(&module.turn);
        return pc_fail_memory(err);
    }
    pc_buf_add(&modules->list, &module, sizeof(module));
    const struct pc_result result = pc_buf_check(&modules->list, err);
    if (!pc_is_ok(result)) {
        pc_turn_close(&module.turn);
        pc_release(module.name);
    }
    return result;
}

static void init(struct pc_modules *modules)
{
    *modules = (struct pc_modules){0};
    pc_buf_init(&modules->list, MAX_MODULES * sizeof(struct pc_module));
}

/* The steps of p11-kit that are calls of the module, told like these. */

static CK_FUNCTION_LIST *open_file(const char *path, const char *init_args, const struct pc_call_hook *hook)
{
    // p11-kit has arguments for C_Initialize in its own configuration only.
    const int flags = init_args != NULL ? P11_KIT_MODULE_UNMANAGED : 0;
    pc_call_enter(hook, path, "dlopen", false);
    CK_FUNCTION_LIST *fn = p11_kit_module_load(path, flags);
    (void)pc_call_left(hook, path, "dlopen", false, fn != NULL ? CKR_OK : CKR_LIBRARY_LOAD_FAILED);
    return fn;
}

static void close_file(CK_FUNCTION_LIST *fn, const char *name, const struct pc_call_hook *hook)
{
    pc_call_enter(hook, name, "dlclose", false);
    p11_kit_module_release(fn);
    (void)pc_call_left(hook, name, "dlclose", false, CKR_OK);
}

static CK_RV initialize_with(const struct pc_module *module)
{
    struct {
        CK_C_INITIALIZE_ARGS standard;
        void *more; // NSS, for which this is made, has one pointer more than the standard
    } args = {.standard = {.flags = CKF_OS_LOCKING_OK, .pReserved = module->init_args}};
    return PC_P11(module, C_Initialize, &args);
}

static CK_RV initialize_by_p11kit(const struct pc_module *module)
{
    pc_call_enter(module->hook, module->name, "C_Initialize", false);
    return pc_call_left(module->hook, module->name, "C_Initialize", false,
                        p11_kit_module_initialize(module->fn));
}

static CK_RV initialize(struct pc_module *module)
{
    pc_turn_begin(&module->turn, false);
    const CK_RV rv = module->init_args != NULL ? initialize_with(module) : initialize_by_p11kit(module);
    pc_turn_end(&module->turn);
    return rv;
}

static CK_RV finalize(CK_FUNCTION_LIST *fn, const char *name, const struct pc_call_hook *hook)
{
    pc_call_enter(hook, name, "C_Finalize", false);
    return pc_call_left(hook, name, "C_Finalize", false, p11_kit_module_finalize(fn));
}

/* Takes over *init_args when the module is added. */
static struct pc_result load_path(const char *path, const char *name, char **init_args,
                                  struct pc_modules *modules, p11csr_error **err)
{
    if (access(path, R_OK) != 0) {
        return pc_fail_errno(err, errno == ENOENT ? P11CSR_E_MODULE_NOT_FOUND : P11CSR_E_MODULE_LOAD, errno,
                             "'%s'", path);
    }
    CK_FUNCTION_LIST *fn = open_file(path, *init_args, modules->hook);
    if (fn == NULL) {
        const char *why = p11_kit_message();
        return pc_fail(err, P11CSR_E_MODULE_LOAD, "%s", why != NULL ? why : path);
    }
    struct pc_module started = {
        .fn = fn, .name = (char *)(uintptr_t)name, .init_args = *init_args, .hook = modules->hook};
    pc_turn_open(&started.turn, path);
    const CK_RV rv = initialize(&started);
    if (rv != CKR_OK) {
        pc_turn_close(&started.turn);
        close_file(fn, name, modules->hook);
        const struct pc_result result = pc_ckr(rv, "C_Initialize", err);
        if (rv == CKR_ARGUMENTS_BAD && *init_args == NULL) {
            pc_hint(err, "if the module wants arguments, like that of NSS: init-args in the configuration");
        } else {
            pc_hint(err, "find out what it lacks: p11csr doctor --module '%s'", path);
        }
        return pc_frame(result, err, "cannot initialise the module '%s'", path);
    }
    const struct pc_result result = add(modules, &started, path, err);
    if (!pc_is_ok(result)) {
        (void)finalize(fn, name, modules->hook);
        close_file(fn, name, modules->hook);
        return result;
    }
    *init_args = NULL;
    return PC_OK;
}

/* One of those that p11-kit has loaded. *ret_works stays false when it does not start, and need not. */
static struct pc_result start_registered(struct pc_modules *modules, CK_FUNCTION_LIST *fn, bool *ret_works,
                                         p11csr_error **err)
{
    char *name PC_CLEANUP(free_malloced) = p11_kit_module_get_name(fn);
    char *file PC_CLEANUP(free_malloced) = p11_kit_module_get_filename(fn);
    struct pc_module started = {
        .fn = fn, .name = name != NULL ? name : (char *)(uintptr_t) "?", .hook = modules->hook};
    pc_turn_open(&started.turn, file != NULL ? file : "");
    const CK_RV rv = initialize(&started);
    *ret_works = rv == CKR_OK;
    if (*ret_works) {
        return add(modules, &started, file != NULL ? file : "", err);
    }
    pc_turn_close(&started.turn);
    if ((p11_kit_module_get_flags(fn) & P11_KIT_MODULE_CRITICAL) == 0) {
        return PC_OK;
    }
    return pc_frame(pc_ckr(rv, "C_Initialize", err), err, "cannot initialise the module '%s'", started.name);
}

static struct pc_result start_all_registered(struct pc_modules *modules, p11csr_error **err)
{
    CK_FUNCTION_LIST **at = modules->registered;
    while (*at != NULL) {
        bool works = false;
        if (!option_is_yes(*at, "trust-policy")) { // certificates of authorities, never anybody's keys
            PC_TRY(start_registered(modules, *at, &works, err));
        }
        if (works) {
            at++;
            continue;
        }
        p11_kit_module_release(*at);
        CK_FUNCTION_LIST **rest = at;
        do {
            rest[0] = rest[1];
        } while (*rest++ != NULL);
    }
    return PC_OK;
}

static struct pc_result load_registered(struct pc_modules *modules, p11csr_error **err)
{
    pc_call_enter(modules->hook, "p11-kit's modules", "dlopen", false);
    modules->registered = p11_kit_modules_load(NULL, 0);
    (void)pc_call_left(modules->hook, "p11-kit's modules", "dlopen", false,
                       modules->registered != NULL ? CKR_OK : CKR_LIBRARY_LOAD_FAILED);
    if (modules->registered == NULL) {
        const char *why = p11_kit_message();
        return pc_fail(err, P11CSR_E_MODULE_LOAD, "p11-kit: %s",
                       why != NULL ? why : "no module could be loaded");
    }
    return start_all_registered(modules, err);
}

static struct pc_result load(const char *path_or_name, const char *init_args, struct pc_modules *modules,
                             p11csr_error **err)
{
    if (path_or_name == NULL) {
        return load_registered(modules, err);
    }
    char *args PC_CLEANUP(pc_free_str) = init_args != NULL ? pc_strdup(init_args) : NULL;
    if (init_args != NULL && args == NULL) {
        return pc_fail_memory(err);
    }
    if (strchr(path_or_name, '/') != NULL) {
        // p11-kit would look for a relative path in its own folder.
        char *full PC_CLEANUP(free_malloced) = realpath(path_or_name, NULL);
        return load_path(full != NULL ? full : path_or_name, path_or_name, &args, modules, err);
    }
    char *path PC_CLEANUP(pc_free_str) = NULL;
    char *its_args PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_registry_resolve(path_or_name, &path, &its_args, err));
    return load_path(path, path, args != NULL ? &args : &its_args, modules, err);
}

/* The file of a module without links; NULL if there is none. */
static char *real_file(const char *path_or_name)
{
    char *path PC_CLEANUP(pc_free_str) = NULL;
    char *init_args PC_CLEANUP(pc_free_str) = NULL;
    if (strchr(path_or_name, '/') != NULL) {
        return realpath(path_or_name, NULL);
    }
    return pc_is_ok(pc_registry_resolve(path_or_name, &path, &init_args, NULL)) ? realpath(path, NULL) : NULL;
}

char *pc_module_file(const struct pc_module *module)
{
    char *known = p11_kit_module_get_filename(module->fn);
    char *path = pc_strdup(known != NULL ? known : (strchr(module->name, '/') != NULL ? module->name : ""));
    free(known); // p11-kit's
    return path;
}

bool pc_module_is_mapped(const char *path_or_name)
{
    char *file PC_CLEANUP(free_malloced) = real_file(path_or_name);
    void *handle = file != NULL ? dlopen(file, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (handle != NULL) {
        (void)dlclose(handle);
    }
    return handle != NULL;
}

bool pc_module_same_file(const char *a, const char *b)
{
    char *first PC_CLEANUP(free_malloced) = real_file(a);
    char *second PC_CLEANUP(free_malloced) = real_file(b);
    return first != NULL && second != NULL && strcmp(first, second) == 0;
}

PC_RESULT pc_modules_load(const char *path_or_name, const char *init_args, const struct pc_call_hook *hook,
                          struct pc_modules *ret, p11csr_error **err)
{
    struct pc_modules modules;
    init(&modules);
    modules.hook = hook;
    const struct pc_result result = load(path_or_name, init_args, &modules, err);
    if (!pc_is_ok(result)) {
        pc_modules_done(&modules);
        return pc_frame(result, err, "cannot load the PKCS#11 module%s%s", path_or_name != NULL ? " " : "s",
                        path_or_name != NULL ? path_or_name : " that p11-kit knows");
    }
    *ret = modules;
    return PC_OK;
}

PC_RESULT pc_modules_adopt(CK_FUNCTION_LIST *fn, const char *name, struct pc_modules *ret, p11csr_error **err)
{
    const struct pc_module started = {.fn = fn, .name = (char *)(uintptr_t)name};
    init(ret);
    return add(ret, &started, NULL, err);
}

void pc_modules_done(struct pc_modules *modules)
{
    bool any_stays = false; // p11-kit lets go of all the modules that it knows, or of none
    for (size_t i = 0; i < pc_modules_count(modules); i++) {
        struct pc_module *module = pc_modules_get(modules, i);
        any_stays = any_stays || module->stays;
        if (module->managed && !module->stays) {
            (void)finalize(module->fn, module->name, module->hook);
            close_file(module->fn, module->name, module->hook);
        }
        pc_turn_close(&module->turn);
        pc_release(module->name);
        pc_release(module->init_args);
    }
    if (modules->registered != NULL && !any_stays) {
        pc_call_enter(modules->hook, "p11-kit's modules", "C_Finalize", false);
        p11_kit_modules_finalize_and_release(modules->registered);
        (void)pc_call_left(modules->hook, "p11-kit's modules", "C_Finalize", false, CKR_OK);
    }
    modules->registered = NULL;
    pc_buf_done(&modules->rules);
    pc_buf_done(&modules->list);
}

size_t pc_modules_count(const struct pc_modules *modules)
{
    return modules->list.len / sizeof(struct pc_module);
}

struct pc_module *pc_modules_get(const struct pc_modules *modules, size_t index)
{
    return (struct pc_module *)(void *)modules->list.ptr + index;
}

PC_RESULT pc_module_info(struct pc_module *module, CK_INFO *ret, p11csr_error **err)
{
    if (!module->has_info) {
        PC_TRY(pc_ckr(PC_P11(module, C_GetInfo, &module->info), "C_GetInfo", err));
        module->has_info = true;
    }
    *ret = module->info;
    return PC_OK;
}

PC_RESULT pc_module_restart(struct pc_module *module, p11csr_error **err)
{
    PC_TRY(pc_ckr(finalize(module->fn, module->name, module->hook), "C_Finalize", err));
    return pc_ckr(initialize(module), "C_Initialize", err);
}

bool pc_modules_look_again(struct pc_modules *modules, unsigned tries)
{
    bool any = false;
    for (size_t i = 0; i < pc_modules_count(modules); i++) {
        struct pc_module *module = pc_modules_get(modules, i);
        // With arguments of its own it is not p11-kit's, and may be in use elsewhere in the process.
        if (module->init_args == NULL && pc_turn_again(&module->turn, tries)) {
            any = pc_is_ok(pc_module_restart(module, NULL)) || any;
        }
    }
    return any;
}
