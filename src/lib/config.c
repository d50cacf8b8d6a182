// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/config_read.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

enum { MAX_ALIASES = 4096, MAX_ENV = 64 };

static void alias_done(struct pc_alias *alias)
{
    for (size_t at = 0; at < alias->env.len; at += sizeof(struct pc_env)) {
        struct pc_env *env = (struct pc_env *)(void *)(alias->env.ptr + at);
        pc_release(env->name);
        pc_release(env->value);
    }
    pc_buf_done(&alias->env);
    pc_release(alias->name);
    pc_release(alias->file);
    pc_release(alias->uri);
    pc_secret_free(&alias->pin);
    pc_release(alias->module);
    pc_release(alias->init_args);
    pc_release(alias->pin_source);
    pc_release(alias->so_pin_source);
}

void pc_config_init(struct pc_config *config)
{
    config->log_file = NULL;
    config->profiles_dir = NULL;
    pc_buf_init(&config->aliases, MAX_ALIASES * sizeof(struct pc_alias));
    pc_buf_init(&config->quirks, PC_MAX_QUIRK_RULES * sizeof(struct pc_own_rule *));
}

void pc_config_done(struct pc_config *config)
{
    for (size_t at = 0; at < config->aliases.len; at += sizeof(struct pc_alias)) {
        alias_done((struct pc_alias *)(void *)(config->aliases.ptr + at));
    }
    pc_buf_done(&config->aliases);
    pc_own_rules_done(&config->quirks);
    pc_release(config->log_file);
    pc_release(config->profiles_dir);
    config->log_file = NULL;
    config->profiles_dir = NULL;
}

static struct pc_alias *find_alias(const struct pc_config *config, const char *name)
{
    for (size_t at = 0; at < config->aliases.len; at += sizeof(struct pc_alias)) {
        struct pc_alias *alias = (struct pc_alias *)(void *)(config->aliases.ptr + at);
        if (strcmp(alias->name, name) == 0) {
            return alias;
        }
    }
    return NULL;
}

const struct pc_alias *pc_config_alias(const struct pc_config *config, const char *name)
{
    return find_alias(config, name);
}

static struct pc_result take_env_pair(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                      void *data, p11csr_error **err)
{
    struct pc_alias *alias = data;
    const char *name = pc_config_scalar(key);
    const char *text = pc_config_scalar(value);
    if (text == NULL || name[0] == 0 || strchr(name, '=') != NULL) {
        return pc_config_fail_at(reader, key, "'NAME: text' is expected", err);
    }
    const struct pc_env env = {.name = pc_strdup(name), .value = pc_strdup(text)};
    if (env.name != NULL && env.value != NULL) {
        pc_buf_add(&alias->env, &env, sizeof(env));
    }
    if (env.name == NULL || env.value == NULL || alias->env.failed != P11CSR_OK) {
        pc_release(env.name);
        pc_release(env.value);
        return alias->env.failed != P11CSR_OK ? pc_buf_check(&alias->env, err) : pc_fail_memory(err);
    }
    return PC_OK;
}

static struct pc_result take_env(struct pc_config_reader *reader, const struct pc_config_word *word,
                                 yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    return pc_config_each_pair(reader, value, take_env_pair, target, err);
}

static const struct pc_config_word alias_words[] = {
    {.name = "uri", .take = pc_config_take_uri, .offset = offsetof(struct pc_alias, uri)},
    {.name = "module", .take = pc_config_take_text, .offset = offsetof(struct pc_alias, module)},
    {.name = "init-args", .take = pc_config_take_text, .offset = offsetof(struct pc_alias, init_args)},
    {.name = "pin-source", .take = pc_config_take_text, .offset = offsetof(struct pc_alias, pin_source)},
    {.name = "so-pin-source",
     .take = pc_config_take_text,
     .offset = offsetof(struct pc_alias, so_pin_source)},
    {.name = "env", .take = take_env},
    {.name = "quirks", .take = pc_config_take_alias_quirks},
};

static struct pc_result fill_alias(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                   struct pc_alias *alias, p11csr_error **err)
{
    const struct pc_config_words words = {
        .rows = alias_words, .count = PC_ARRAY_LEN(alias_words), .target = alias};
    alias->name = pc_strdup(pc_config_scalar(key));
    if (alias->name == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_config_each_pair(reader, value, pc_config_take_pair, (void *)(uintptr_t)&words, err));
    if (alias->uri == NULL) {
        return pc_config_fail_at(reader, key, "the alias has no 'uri'", err);
    }
    alias->file = pc_strdup(reader->path);
    return alias->file != NULL ? PC_OK : pc_fail_memory(err);
}

/* An alias replaces an earlier one of its name as a whole. */
static struct pc_result take_alias(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                   void *data, p11csr_error **err)
{
    struct pc_alias alias = {0};
    struct pc_alias *earlier = find_alias(reader->config, pc_config_scalar(key));
    (void)data;
    pc_own_rules_retire(&reader->config->quirks, pc_config_scalar(key));
    pc_buf_init(&alias.env, MAX_ENV * sizeof(struct pc_env));
    struct pc_result result = fill_alias(reader, key, value, &alias, err);
    if (pc_is_ok(result) && earlier != NULL) {
        alias_done(earlier);
        *earlier = alias;
        return PC_OK;
    }
    if (pc_is_ok(result)) {
        pc_buf_add(&reader->config->aliases, &alias, sizeof(alias));
        result = pc_buf_check(&reader->config->aliases, err);
    }
    if (!pc_is_ok(result)) {
        alias_done(&alias);
    }
    return result;
}

static struct pc_result take_tokens(struct pc_config_reader *reader, const struct pc_config_word *word,
                                    yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    (void)target;
    return pc_config_each_pair(reader, value, take_alias, NULL, err);
}

static const struct pc_config_word log_words[] = {
    {.name = "file", .take = pc_config_take_text, .offset = offsetof(struct pc_config, log_file)},
};

static struct pc_result take_log(struct pc_config_reader *reader, const struct pc_config_word *word,
                                 yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct pc_config_words words = {
        .rows = log_words, .count = PC_ARRAY_LEN(log_words), .target = reader->config};
    (void)word;
    (void)target;
    PC_TRY(pc_config_each_pair(reader, value, pc_config_take_pair, (void *)(uintptr_t)&words, err));
    if (reader->config->log_file != NULL && reader->config->log_file[0] != '/') {
        return pc_config_fail_at(reader, value, "the log file needs an absolute path", err);
    }
    return PC_OK;
}

static struct pc_result take_profiles_dir(struct pc_config_reader *reader, const struct pc_config_word *word,
                                          yaml_node_t *value, void *target, p11csr_error **err)
{
    PC_TRY(pc_config_take_text(reader, word, value, target, err));
    return reader->config->profiles_dir[0] == '/'
               ? PC_OK
               : pc_config_fail_at(reader, value, "the folder of profiles needs an absolute path", err);
}

static const struct pc_config_word top_words[] = {
    {.name = "profiles-dir", .take = take_profiles_dir, .offset = offsetof(struct pc_config, profiles_dir)},
    {.name = "tokens", .take = take_tokens},
    {.name = "log", .take = take_log},
    {.name = "quirks", .take = pc_config_take_quirks},
};

PC_RESULT pc_config_parse(struct pc_config *config, const char *path, struct pc_buf *content,
                          p11csr_error **err)
{
    struct pc_config_reader reader = {.path = path, .config = config};
    const struct pc_config_words words = {
        .rows = top_words, .count = PC_ARRAY_LEN(top_words), .target = config};
    struct pc_result result = pc_config_cut_pins(content, &reader.pins, err);
    if (pc_is_ok(result)) {
        result = pc_config_read(&reader, pc_buf_span(content), &words, err);
    }
    pc_config_pins_done(&reader.pins);
    return pc_frame(result, err, "cannot use the configuration '%s'", path);
}

PC_RESULT pc_config_read_file(struct pc_config *config, const char *path, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_wipe) = {0};
    pc_buf_init(&content, PC_MAX_CONFIG);
    PC_TRY(pc_file_read(path, &content, err));
    return pc_config_parse(config, path, &content, err);
}

static int is_yaml(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static struct pc_result read_drop_ins(struct pc_config *config, const char *folder, p11csr_error **err)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_yaml, alphasort);
    if (count < 0) {
        return errno == ENOENT ? PC_OK : pc_fail_errno(err, P11CSR_E_READ, errno, "list '%s'", folder);
    }
    struct pc_result result = PC_OK;
    for (int i = 0; i < count; i++) {
        char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s", folder, entries[i]->d_name);
        if (pc_is_ok(result)) {
            result = path == NULL ? pc_fail_memory(err) : pc_config_read_file(config, path, err);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return result;
}

PC_RESULT pc_config_read_folder(struct pc_config *config, const char *path, p11csr_error **err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    char *main_file PC_CLEANUP(pc_free_str) = pc_asprintf("%.*s/p11csr.yaml", (int)len, path);
    char *folder PC_CLEANUP(pc_free_str) = pc_asprintf("%.*s/p11csr.d", (int)len, path);
    if (main_file == NULL || folder == NULL) {
        return pc_fail_memory(err);
    }
    if (access(main_file, F_OK) == 0) {
        PC_TRY(pc_config_read_file(config, main_file, err));
    }
    return read_drop_ins(config, folder, err);
}
