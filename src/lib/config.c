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
}

void pc_config_init(struct pc_config *config)
{
    config->log_file = NULL;
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
    config->log_file = NULL;
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

PC_RESULT pc_config_fail_at(const struct pc_config_reader *reader, const yaml_node_t *node, const char *text,
                            p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_CONFIG, "%s:%zu:%zu: %s", reader->path, node->start_mark.line + 1,
                   node->start_mark.column + 1, text);
}

const char *pc_config_scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE &&
                   strlen((const char *)node->data.scalar.value) == node->data.scalar.length
               ? (const char *)node->data.scalar.value
               : NULL;
}

PC_RESULT pc_config_each_pair(struct pc_config_reader *reader, yaml_node_t *mapping,
                              struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *key,
                                                        yaml_node_t *value, void *data, p11csr_error **err),
                              void *data, p11csr_error **err)
{
    if (mapping->type != YAML_MAPPING_NODE) {
        return pc_config_fail_at(reader, mapping, "a mapping like 'word: value' is expected", err);
    }
    const yaml_node_pair_t *start = mapping->data.mapping.pairs.start;
    for (const yaml_node_pair_t *pair = start; pair < mapping->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
        const char *name = pc_config_scalar(key);
        if (name == NULL) {
            return pc_config_fail_at(reader, key, "a word is expected", err);
        }
        for (const yaml_node_pair_t *other = start; other < pair; other++) {
            const char *earlier = pc_config_scalar(yaml_document_get_node(&reader->document, other->key));
            if (earlier != NULL && strcmp(earlier, name) == 0) {
                return pc_config_fail_at(reader, key, "this word is there twice", err);
            }
        }
        if (pc_config_has_pin(pc_config_scalar(value)) && strcmp(name, "uri") != 0) {
            return pc_config_fail_at(reader, value, "a pin-value stands in the 'uri' of an alias alone", err);
        }
        PC_TRY(visit(reader, key, value, data, err));
    }
    return PC_OK;
}

static const char *word_at(const void *table, size_t index)
{
    return ((const struct pc_config_word *)table)[index].name;
}

PC_RESULT pc_config_take_pair(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                              void *data, p11csr_error **err)
{
    const struct pc_config_words *words = data;
    const char *name = pc_config_scalar(key);
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->rows[i].name, name) == 0) {
            return words->rows[i].take(reader, &words->rows[i], value, words->target, err);
        }
    }
    const char *near = pc_nearest_word(name, word_at, words->rows, words->count);
    return pc_fail(err, P11CSR_E_CONFIG, "%s:%zu:%zu: unknown word '%s'%s%s%s", reader->path,
                   key->start_mark.line + 1, key->start_mark.column + 1, name,
                   near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

PC_RESULT pc_config_take_text(struct pc_config_reader *reader, const struct pc_config_word *word,
                              yaml_node_t *value, void *target, p11csr_error **err)
{
    const char *text = pc_config_scalar(value);
    if (text == NULL || text[0] == 0) {
        return pc_config_fail_at(reader, value, "a text is expected", err);
    }
    char **slot = (char **)(void *)((char *)target + word->offset);
    char *copy = pc_strdup(text);
    if (copy == NULL) {
        return pc_fail_memory(err);
    }
    pc_release(*slot); // of an earlier file
    *slot = copy;
    return PC_OK;
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

static const struct pc_config_word top_words[] = {
    {.name = "tokens", .take = take_tokens},
    {.name = "log", .take = take_log},
    {.name = "quirks", .take = pc_config_take_quirks},
};

static struct pc_result read_document(struct pc_config_reader *reader, p11csr_error **err)
{
    const struct pc_config_words words = {.rows = top_words, .count = PC_ARRAY_LEN(top_words)};
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    return root == NULL
               ? PC_OK
               : pc_config_each_pair(reader, root, pc_config_take_pair, (void *)(uintptr_t)&words, err);
}

static struct pc_result parse(struct pc_config_reader *reader, struct pc_span content, p11csr_error **err)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        return pc_fail_memory(err);
    }
    yaml_parser_set_input_string(&parser, content.ptr, content.len);
    if (yaml_parser_load(&parser, &reader->document) == 0) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_CONFIG, "%s:%zu:%zu: %s", reader->path, parser.problem_mark.line + 1,
                    parser.problem_mark.column + 1, parser.problem != NULL ? parser.problem : "not YAML");
        yaml_parser_delete(&parser);
        return result;
    }
    const struct pc_result result = read_document(reader, err);
    yaml_document_delete(&reader->document);
    yaml_parser_delete(&parser);
    return result;
}

PC_RESULT pc_config_read_file(struct pc_config *config, const char *path, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_config_reader reader = {.path = path, .config = config};
    pc_buf_init(&content, PC_MAX_CONFIG);
    PC_TRY(pc_file_read(path, &content, err));
    struct pc_result result = pc_config_cut_pins(&content, &reader.pins, err);
    if (pc_is_ok(result)) {
        result = parse(&reader, pc_buf_span(&content), err);
    }
    pc_config_pins_done(&reader.pins);
    return pc_frame(result, err, "cannot use the configuration '%s'", path);
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
