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

static struct pc_result read_module_file(const char *folder, const char *name, char **ret_path,
                                         char **ret_init_args, p11csr_error **err)
{
    char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s%s", folder, name, suffix);
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&content, PC_MAX_CONFIG);
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_file_read(path, &content, err));
    PC_TRY(pc_buf_take_text(&content, &text, err));
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
    const bool absolute = module.ptr[0] == '/';
    *ret_path = pc_asprintf("%s%s%.*s", absolute ? "" : PC_P11KIT_MODULE_PATH, absolute ? "" : "/",
                            (int)module.len, (const char *)module.ptr);
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
