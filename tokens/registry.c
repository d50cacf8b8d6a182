// SPDX-License-Identifier: Apache-2.0
#include "tokens/registry.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <dirent.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = ".module";

static void close_dir(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

/* Length of a file's name without ".module", or 0 when it is no such file. */
static size_t stem_length(const char *file)
{
    const size_t len = strlen(file);
    const size_t tail = sizeof(suffix) - 1;
    return len > tail && strcmp(file + len - tail, suffix) == 0 ? len - tail : 0;
}

/* The value of the line "KEY: value" in a .module file, borrowed; empty when there is no such line. */
static struct pc_span value_of(const char *text, const char *key)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        const char *word = line + strspn(line, " \t");
        if (strncmp(word, key, strlen(key)) != 0 || word[strlen(key)] != ':') {
            continue;
        }
        const char *value = word + strlen(key) + 1;
        value += strspn(value, " \t");
        size_t len = strcspn(value, "\r\n");
        while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
            len--;
        }
        return (struct pc_span){(const uint8_t *)value, len};
    }
    return (struct pc_span){NULL, 0};
}

static struct pc_result read_text(const char *path, char **ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&content, PC_MAX_CONFIG);
    PC_TRY(pc_file_read(path, &content, err));
    return pc_buf_take_text(&content, ret, err);
}

/* The module's file that a line names; NULL when memory is lacking. */
static char *full_path(struct pc_span module)
{
    const bool absolute = module.ptr[0] == '/';
    return pc_asprintf("%s%s%.*s", absolute ? "" : PC_P11KIT_MODULE_PATH, absolute ? "" : "/",
                       (int)module.len, (const char *)module.ptr);
}

static struct pc_result read_module_file(const char *folder, const char *name, char **ret_path,
                                         char **ret_init_args, p11csr_error **err)
{
    char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s%s", folder, name, suffix);
    char *text PC_CLEANUP(pc_free_str) = NULL;
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(read_text(path, &text, err));
    const struct pc_span module = value_of(text, "module");
    const struct pc_span args = value_of(text, "x-init-reserved");
    if (module.len == 0) {
        return pc_fail(err, P11CSR_E_MODULE_NOT_FOUND, "'%s' has no line 'module: PATH'", path);
    }
    char *init_args PC_CLEANUP(pc_free_str) = NULL;
    if (args.len > 0) {
        init_args = pc_asprintf("%.*s", (int)args.len, (const char *)args.ptr);
        if (init_args == NULL) {
            return pc_fail_memory(err);
        }
    }
    *ret_path = full_path(module);
    if (*ret_path == NULL) {
        return pc_fail_memory(err);
    }
    *ret_init_args = init_args;
    init_args = NULL;
    return PC_OK;
}

/* Looks for NAME.module in one folder; *ret_path stays NULL when it is not there. */
static struct pc_result resolve_in(const char *folder, const char *name, char **ret_path,
                                   char **ret_init_args, p11csr_error **err)
{
    DIR *dir PC_CLEANUP(close_dir) = opendir(folder);
    if (dir == NULL) {
        return PC_OK;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const size_t len = stem_length(entry->d_name);
        if (len > 0 && len == strlen(name) && strncmp(entry->d_name, name, len) == 0) {
            return read_module_file(folder, name, ret_path, ret_init_args, err);
        }
    }
    return PC_OK;
}

static void note_names_in(const char *folder, p11csr_error **err)
{
    DIR *dir PC_CLEANUP(close_dir) = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const size_t len = stem_length(entry->d_name);
        if (len > 0) {
            pc_note(err, "known: %.*s (%s/%s)", (int)len, entry->d_name, folder, entry->d_name);
        }
    }
}

/* The user's folder of .module files; NULL when there is none. p11-kit does not read it for root. */
static char *user_folder(void)
{
    struct passwd record;
    struct passwd *found = NULL;
    char buffer[4096];
    if (getuid() == 0 || getpwuid_r(getuid(), &record, buffer, sizeof(buffer), &found) != 0 ||
        found == NULL) {
        return NULL;
    }
    return pc_asprintf("%s/.config/pkcs11/modules", found->pw_dir);
}

PC_RESULT pc_registry_resolve(const char *name, char **ret_path, char **ret_init_args, p11csr_error **err)
{
    char *user PC_CLEANUP(pc_free_str) = user_folder();
    const char *const folders[] = {user, PC_P11KIT_SYSTEM_MODULES, PC_P11KIT_PACKAGE_MODULES};
    char *path = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(folders) && path == NULL; i++) {
        if (folders[i] != NULL) {
            PC_TRY(resolve_in(folders[i], name, &path, ret_init_args, err));
        }
    }
    if (path != NULL) {
        *ret_path = path;
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_MODULE_NOT_FOUND, "p11-kit knows no module named '%s'", name);
    for (size_t i = 0; i < PC_ARRAY_LEN(folders); i++) {
        if (folders[i] != NULL) {
            note_names_in(folders[i], err);
        }
    }
    return result;
}

static void known_done(struct pc_known_module *known)
{
    pc_release(known->name);
    pc_release(known->file);
    pc_release(known->path);
}

void pc_registry_done(struct pc_buf *known)
{
    for (size_t at = 0; at < known->len; at += sizeof(struct pc_known_module)) {
        known_done((struct pc_known_module *)(void *)(known->ptr + at));
    }
    pc_buf_done(known);
}

static bool is_known(const struct pc_buf *list, const char *name, size_t len)
{
    for (size_t at = 0; at < list->len; at += sizeof(struct pc_known_module)) {
        const char *there = ((const struct pc_known_module *)(const void *)(list->ptr + at))->name;
        if (strlen(there) == len && strncmp(there, name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* A file that cannot be read is a module that is known, and nothing else is known of it. */
static struct pc_result fill_known(const char *folder, const char *entry, size_t len,
                                   struct pc_known_module *ret, p11csr_error **err)
{
    static const char yes[] = "yes";
    char *text PC_CLEANUP(pc_free_str) = NULL;
    ret->name = pc_strndup(entry, len);
    ret->file = pc_asprintf("%s/%s", folder, entry);
    if (ret->name == NULL || ret->file == NULL) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(read_text(ret->file, &text, NULL))) {
        return PC_OK;
    }
    const struct pc_span module = value_of(text, "module");
    const struct pc_span trust = value_of(text, "trust-policy");
    ret->trust = pc_span_eq(trust, pc_span_str(yes));
    ret->path = module.len > 0 ? full_path(module) : NULL;
    return module.len == 0 || ret->path != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result list_in(const char *folder, struct pc_buf *ret, p11csr_error **err)
{
    DIR *dir PC_CLEANUP(close_dir) = opendir(folder);
    if (dir == NULL) {
        return PC_OK;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const size_t len = stem_length(entry->d_name);
        struct pc_known_module known = {0};
        if (len == 0 || is_known(ret, entry->d_name, len)) {
            continue;
        }
        struct pc_result result = fill_known(folder, entry->d_name, len, &known, err);
        if (pc_is_ok(result)) {
            pc_buf_add(ret, &known, sizeof(known));
            result = pc_buf_check(ret, err);
        }
        if (!pc_is_ok(result)) {
            known_done(&known);
            return result;
        }
    }
    return PC_OK;
}

PC_RESULT pc_registry_list(struct pc_buf *ret, p11csr_error **err)
{
    char *user PC_CLEANUP(pc_free_str) = user_folder();
    const char *const folders[] = {user, PC_P11KIT_SYSTEM_MODULES, PC_P11KIT_PACKAGE_MODULES};
    for (size_t i = 0; i < PC_ARRAY_LEN(folders); i++) {
        if (folders[i] != NULL) {
            PC_TRY(list_in(folders[i], ret, err));
        }
    }
    return PC_OK;
}
