// SPDX-License-Identifier: Apache-2.0
#include "lib/profile.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/context.h"
#include "lib/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_PROFILE = 64 * 1024,
    MAX_PARTS = 64,
    MAX_EXTENSIONS = PC_MAX_EXTENSIONS,
    MAX_ATTRIBUTES = PC_MAX_ATTRIBUTES,
};

void pc_profile_list_done(struct pc_profile_list *list)
{
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        pc_release(((char **)(void *)list->items.ptr)[i]);
    }
    pc_buf_done(&list->items);
}

struct p11csr_profile *pc_profile_new(void)
{
    struct p11csr_profile *profile = pc_alloc(sizeof(*profile));
    if (profile != NULL) {
        pc_buf_init(&profile->defaults, MAX_PARTS * sizeof(struct pc_profile_part));
        pc_buf_init(&profile->extensions, MAX_EXTENSIONS * sizeof(struct pc_profile_extension));
        pc_buf_init(&profile->attributes, MAX_ATTRIBUTES * sizeof(struct pc_profile_attribute));
    }
    return profile;
}

void pc_profile_cleanup(struct p11csr_profile **profile)
{
    struct p11csr_profile *old = *profile;
    if (old == NULL) {
        return;
    }
    *profile = NULL;
    for (size_t i = 0; i < PC_PROFILE_LISTS; i++) {
        pc_profile_list_done(&old->lists[i]);
    }
    for (size_t i = 0; i < PC_PROFILE_TEXTS; i++) {
        pc_release(old->texts[i]);
    }
    for (size_t i = 0; i < pc_profile_part_count(old); i++) {
        pc_release(pc_profile_part(old, i)->type);
        pc_release(pc_profile_part(old, i)->value);
    }
    for (size_t i = 0; i < pc_profile_extension_count(old); i++) {
        struct pc_profile_extension *extension =
            &((struct pc_profile_extension *)(void *)old->extensions.ptr)[i];
        pc_release(extension->word);
        for (size_t which = 0; which < PC_PROFILE_VALUE_LISTS; which++) {
            pc_profile_list_done(&extension->lists[which]);
        }
    }
    for (size_t i = 0; i < pc_profile_attribute_count(old); i++) {
        struct pc_profile_attribute *attribute =
            &((struct pc_profile_attribute *)(void *)old->attributes.ptr)[i];
        pc_release(attribute->word);
        pc_profile_list_done(&attribute->values);
        pc_profile_list_done(&attribute->allow);
    }
    pc_buf_done(&old->attributes);
    pc_buf_done(&old->defaults);
    pc_buf_done(&old->extensions);
    pc_release(old->file);
    pc_release(old);
}

void p11csr_profile_free(p11csr_profile **profile)
{
    if (profile != NULL) {
        pc_profile_cleanup(profile);
    }
}

size_t pc_profile_count(const struct pc_profile_list *list)
{
    return list->items.len / sizeof(char *);
}

const char *pc_profile_item(const struct pc_profile_list *list, size_t index)
{
    return index < pc_profile_count(list) ? ((char *const *)(const void *)list->items.ptr)[index] : NULL;
}

bool pc_profile_holds(const struct pc_profile_list *list, const char *word)
{
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        if (strcmp(pc_profile_item(list, i), word) == 0) {
            return true;
        }
    }
    return false;
}

size_t pc_profile_part_count(const struct p11csr_profile *profile)
{
    return profile->defaults.len / sizeof(struct pc_profile_part);
}

const struct pc_profile_part *pc_profile_part(const struct p11csr_profile *profile, size_t index)
{
    return &((const struct pc_profile_part *)(const void *)profile->defaults.ptr)[index];
}

size_t pc_profile_extension_count(const struct p11csr_profile *profile)
{
    return profile->extensions.len / sizeof(struct pc_profile_extension);
}

size_t pc_profile_attribute_count(const struct p11csr_profile *profile)
{
    return profile->attributes.len / sizeof(struct pc_profile_attribute);
}

const struct pc_profile_attribute *pc_profile_attribute(const struct p11csr_profile *profile, size_t index)
{
    return &((const struct pc_profile_attribute *)(const void *)profile->attributes.ptr)[index];
}

const struct pc_profile_extension *pc_profile_extension(const struct p11csr_profile *profile, size_t index)
{
    return &((const struct pc_profile_extension *)(const void *)profile->extensions.ptr)[index];
}

char *pc_profile_part_text(const struct pc_profile_part *part)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *ret = NULL;
    pc_buf_init(&text, PC_MAX_REQUEST);
    pc_buf_printf(&text, "%s=", part->type);
    for (const char *at = part->value; *at != 0; at++) {
        if (strchr(",+\"\\<>;#=/ ", *at) != NULL) {
            pc_buf_byte(&text, '\\');
        }
        pc_buf_byte(&text, (uint8_t)*at);
    }
    return pc_is_ok(pc_buf_take_text(&text, &ret, NULL)) ? ret : NULL;
}

static const struct pc_shipped *find_shipped(const char *name)
{
    for (const struct pc_shipped *shipped = pc_shipped_profiles; shipped->name != NULL; shipped++) {
        if (strcmp(shipped->name, name) == 0) {
            return shipped;
        }
    }
    return NULL;
}

const char *p11csr_profile_shipped_text(const char *name)
{
    const struct pc_shipped *shipped = find_shipped(name);
    return shipped != NULL ? shipped->text : NULL;
}

static const char *shipped_at(const void *table, size_t index)
{
    return ((const struct pc_shipped *)table)[index].name;
}

static struct pc_result fail_unknown(const char *name, p11csr_error **err)
{
    size_t count = 0;
    while (pc_shipped_profiles[count].name != NULL) {
        count++;
    }
    const char *near = pc_nearest_word(name, shipped_at, pc_shipped_profiles, count);
    return pc_fail(err, P11CSR_E_PROFILE_NOT_FOUND, "there is no profile '%s'%s%s%s", name,
                   near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

static struct pc_result read_file(const char *path, struct p11csr_profile *profile, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&content, MAX_PROFILE);
    profile->file = pc_strdup(path);
    if (profile->file == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_file_read(path, &content, err));
    return pc_profile_parse(path, pc_buf_span(&content), profile, err);
}

/* The path of a profile of the configuration's folder that is there; NULL in *ret when there is none. */
static struct pc_result find_own(const struct pc_config *config, const char *name, char **ret,
                                 p11csr_error **err)
{
    if (config->profiles_dir == NULL) {
        return PC_OK;
    }
    char *path = pc_asprintf("%s/%s.yaml", config->profiles_dir, name);
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    if (access(path, F_OK) == 0) {
        *ret = path;
    } else {
        pc_release(path);
    }
    return PC_OK;
}

static struct pc_result read_own(const char *path, const char *name, struct p11csr_profile *profile,
                                 p11csr_error **err)
{
    PC_TRY(read_file(path, profile, err));
    return strcmp(profile->texts[PC_PROFILE_NAME], name) == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "%s:1:1: the name in the file is '%s', not '%s'", path,
                         profile->texts[PC_PROFILE_NAME], name);
}

static struct pc_result load(const struct pc_config *config, const char *name, struct p11csr_profile **ret,
                             p11csr_error **err)
{
    struct p11csr_profile *profile PC_CLEANUP(pc_profile_cleanup) = pc_profile_new();
    char *own PC_CLEANUP(pc_free_str) = NULL;
    const size_t len = strlen(name);
    if (profile == NULL) {
        return pc_fail_memory(err);
    }
    if (strchr(name, '/') != NULL || (len > 5 && strcmp(name + len - 5, ".yaml") == 0)) {
        PC_TRY(pc_frame(read_file(name, profile, err), err, "cannot use the profile in '%s'", name));
    } else {
        const struct pc_shipped *shipped = find_shipped(name);
        PC_TRY(find_own(config, name, &own, err));
        if (own == NULL && shipped == NULL) {
            return fail_unknown(name, err);
        }
        PC_TRY(pc_frame(own != NULL
                            ? read_own(own, name, profile, err)
                            : pc_profile_parse(name,
                                               (struct pc_span){(const uint8_t *)shipped->text, shipped->len},
                                               profile, err),
                        err, "cannot use the profile '%s'", name));
    }
    *ret = profile;
    profile = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_profile_load(p11csr_ctx *ctx, const char *name, p11csr_profile **ret_profile,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return load(&lock.ctx->config, name, ret_profile, err).code;
}

const char *p11csr_profile_get(const p11csr_profile *profile, const char *field, size_t index)
{
    for (int id = 0; id < PC_PROFILE_LISTS; id++) {
        if (strcmp(pc_profile_list_field((enum pc_profile_list_id)id), field) == 0) {
            return pc_profile_item(&profile->lists[id], index);
        }
    }
    for (int id = 0; id < PC_PROFILE_TEXTS; id++) {
        if (strcmp(pc_profile_text_field((enum pc_profile_text_id)id), field) == 0) {
            return index == 0 ? profile->texts[id] : NULL;
        }
    }
    if (strcmp(field, "extensions") == 0 && index < pc_profile_extension_count(profile)) {
        return pc_profile_extension(profile, index)->word;
    }
    return NULL;
}

int p11csr_profile_has(const p11csr_profile *profile, const char *field)
{
    for (int id = 0; id < PC_PROFILE_LISTS; id++) {
        if (strcmp(pc_profile_list_field((enum pc_profile_list_id)id), field) == 0) {
            return profile->lists[id].given ? 1 : 0;
        }
    }
    return p11csr_profile_get(profile, field, 0) != NULL ? 1 : 0;
}

static struct pc_result add_row(json_t *rows, const struct pc_config *config, const char *name,
                                p11csr_error **err)
{
    struct p11csr_profile *profile PC_CLEANUP(pc_profile_cleanup) = NULL;
    char *own PC_CLEANUP(pc_free_str) = NULL;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    PC_TRY(find_own(config, name, &own, err));
    const struct pc_result result = load(config, name, &profile, &why);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    const char *description = profile != NULL ? profile->texts[PC_PROFILE_DESCRIPTION] : NULL;
    char *shown PC_CLEANUP(pc_free_str) = pc_text_printable(name);
    char *file PC_CLEANUP(pc_free_str) = own != NULL ? pc_text_printable(own) : NULL;
    if (shown == NULL || (own != NULL && file == NULL)) {
        return pc_fail_memory(err);
    }
    json_t *row = json_pack("{s:s, s:s?, s:s?, s:s?}", "name", shown, "description", description, "file",
                            file, "problem", pc_is_ok(result) ? NULL : p11csr_error_cause(why, 0));
    return json_array_append_new(rows, row) == 0 ? PC_OK : pc_fail_memory(err);
}

static int is_profile(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

/* Those of the folder that have no namesake among the shipped, which are there already. */
static struct pc_result add_own_rows(json_t *rows, const struct pc_config *config, p11csr_error **err)
{
    struct dirent **entries = NULL;
    if (config->profiles_dir == NULL) {
        return PC_OK;
    }
    const int count = scandir(config->profiles_dir, &entries, is_profile, alphasort);
    if (count < 0) {
        return pc_fail_errno(err, P11CSR_E_READ, errno, "list '%s'", config->profiles_dir);
    }
    struct pc_result result = PC_OK;
    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 5] = 0;
        if (pc_is_ok(result) && find_shipped(entries[i]->d_name) == NULL) {
            result = add_row(rows, config, entries[i]->d_name, err);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return result;
}

static struct pc_result list_all(const struct pc_config *config, char **ret_json, p11csr_error **err)
{
    json_t *rows PC_CLEANUP(pc_json_free) = json_array();
    for (const struct pc_shipped *shipped = pc_shipped_profiles; shipped->name != NULL; shipped++) {
        PC_TRY(add_row(rows, config, shipped->name, err));
    }
    PC_TRY(add_own_rows(rows, config, err));
    return pc_json_take_text(rows, ret_json, err);
}

enum p11csr_code p11csr_profiles_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return list_all(&lock.ctx->config, ret_json, err).code;
}
