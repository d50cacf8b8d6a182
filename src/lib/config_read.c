// SPDX-License-Identifier: Apache-2.0
#include "lib/config_read.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

PC_RESULT pc_config_fail_at(const struct pc_config_reader *reader, const yaml_node_t *node, const char *text,
                            p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_CONFIG, "%s:%zu:%zu: %s", reader->path, node->start_mark.line + 1,
                   node->start_mark.column + 1, text);
}

PC_RESULT pc_config_fail_with(const struct pc_config_reader *reader, const yaml_node_t *node,
                              p11csr_error **why, p11csr_error **err)
{
    const bool has_note = p11csr_error_note_count(*why) > 0; // like the words that there are
    char *text PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s%s%s", p11csr_error_cause(*why, 0), has_note ? "; " : "",
                    has_note ? p11csr_error_note(*why, 0) : "");
    const struct pc_result result = p11csr_error_code(*why) == P11CSR_E_NO_MEMORY || text == NULL
                                        ? pc_fail_memory(err)
                                        : pc_config_fail_at(reader, node, text, err);
    p11csr_error_free(why);
    return result;
}

const char *pc_config_scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE &&
                   strlen((const char *)node->data.scalar.value) == node->data.scalar.length
               ? (const char *)node->data.scalar.value
               : NULL;
}

static char **mistakes_of(const struct pc_config_reader *reader, size_t *ret_count)
{
    *ret_count = reader->mistakes.len / sizeof(char *);
    return (char **)(void *)reader->mistakes.ptr;
}

/* Keeps a mistake for the end where the reader collects; then the walk goes on. */
static struct pc_result go_on(struct pc_config_reader *reader, struct pc_result result, p11csr_error **why,
                              p11csr_error **err)
{
    if (pc_is_ok(result)) {
        return PC_OK;
    }
    if (result.code == P11CSR_E_NO_MEMORY) {
        p11csr_error_free(why);
        return pc_fail_memory(err);
    }
    char *text = pc_strdup(p11csr_error_cause(*why, 0));
    p11csr_error_free(why);
    if (text != NULL) {
        pc_buf_add(&reader->mistakes, &text, sizeof(text)); // NOLINT(bugprone-sizeof-expression): the pointer
    }
    if (text == NULL || reader->mistakes.failed == P11CSR_E_NO_MEMORY) {
        pc_release(text);
        return pc_fail_memory(err);
    }
    if (reader->mistakes.failed != P11CSR_OK) { // as many as are shown
        pc_release(text);
        return pc_fail(err, P11CSR_E_CONFIG, "more mistakes in '%s' than are shown", reader->path);
    }
    return PC_OK;
}

/* The mistakes that were collected, as one error. */
static struct pc_result sum_up(const struct pc_config_reader *reader, p11csr_error **err)
{
    size_t count = 0;
    char **mistakes = mistakes_of(reader, &count);
    if (count == 0) {
        return PC_OK;
    }
    if (count == 1) {
        return pc_fail(err, P11CSR_E_CONFIG, "%s", mistakes[0]);
    }
    const bool is_full = reader->mistakes.failed != P11CSR_OK;
    const struct pc_result result = pc_fail(err, P11CSR_E_CONFIG, "'%s' has %s%zu mistakes", reader->path,
                                            is_full ? "more than " : "", count);
    for (size_t i = 0; i < count; i++) {
        pc_note(err, "%s", mistakes[i]);
    }
    return result;
}

static void forget_mistakes(struct pc_config_reader *reader)
{
    size_t count = 0;
    char **mistakes = mistakes_of(reader, &count);
    for (size_t i = 0; i < count; i++) {
        pc_release(mistakes[i]);
    }
    pc_buf_done(&reader->mistakes);
}

/* A mapping that is walked. */
struct walk {
    yaml_node_t *mapping;
    struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                              void *data, p11csr_error **err);
    void *data;
};

static struct pc_result visit_pair(struct pc_config_reader *reader, const struct walk *walk,
                                   const yaml_node_pair_t *pair, p11csr_error **err)
{
    yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
    yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
    const char *name = pc_config_scalar(key);
    if (name == NULL) {
        return pc_config_fail_at(reader, key, "a word is expected", err);
    }
    for (const yaml_node_pair_t *other = walk->mapping->data.mapping.pairs.start; other < pair; other++) {
        const char *earlier = pc_config_scalar(yaml_document_get_node(&reader->document, other->key));
        if (earlier != NULL && strcmp(earlier, name) == 0) {
            return pc_config_fail_at(reader, key, "this word is there twice", err);
        }
    }
    if (pc_config_has_pin(pc_config_scalar(value)) && strcmp(name, "uri") != 0) {
        return pc_config_fail_at(reader, value, "a pin-value stands in the 'uri' of an alias alone", err);
    }
    return walk->visit(reader, key, value, walk->data, err);
}

PC_RESULT pc_config_each_pair(struct pc_config_reader *reader, yaml_node_t *mapping,
                              struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *key,
                                                        yaml_node_t *value, void *data, p11csr_error **err),
                              void *data, p11csr_error **err)
{
    const struct walk walk = {.mapping = mapping, .visit = visit, .data = data};
    if (mapping->type != YAML_MAPPING_NODE) {
        return pc_config_fail_at(reader, mapping, "a mapping like 'word: value' is expected", err);
    }
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        p11csr_error *why = NULL;
        if (!reader->collects) {
            PC_TRY(visit_pair(reader, &walk, pair, err));
        } else {
            PC_TRY(go_on(reader, visit_pair(reader, &walk, pair, &why), &why, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_config_each_item(struct pc_config_reader *reader, yaml_node_t *list,
                              struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *item,
                                                        void *data, p11csr_error **err),
                              void *data, p11csr_error **err)
{
    if (list->type != YAML_SEQUENCE_NODE) {
        return pc_config_fail_at(reader, list, "a list like '[one, two]' is expected", err);
    }
    for (const yaml_node_item_t *item = list->data.sequence.items.start; item < list->data.sequence.items.top;
         item++) {
        yaml_node_t *node = yaml_document_get_node(&reader->document, *item);
        p11csr_error *why = NULL;
        if (!reader->collects) {
            PC_TRY(visit(reader, node, data, err));
        } else {
            PC_TRY(go_on(reader, visit(reader, node, data, &why), &why, err));
        }
    }
    return PC_OK;
}

yaml_node_t *pc_config_find(struct pc_config_reader *reader, const yaml_node_t *mapping, const char *name)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         mapping->type == YAML_MAPPING_NODE && pair < mapping->data.mapping.pairs.top; pair++) {
        const char *text = pc_config_scalar(yaml_document_get_node(&reader->document, pair->key));
        if (text != NULL && strcmp(text, name) == 0) {
            return yaml_document_get_node(&reader->document, pair->value);
        }
    }
    return NULL;
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

/* The document's root, and nothing behind it. */
static struct pc_result read_document(struct pc_config_reader *reader, const struct pc_config_words *words,
                                      p11csr_error **err)
{
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    if (root == NULL) {
        return PC_OK;
    }
    void *data = (void *)(uintptr_t)words;
    if (!reader->collects) {
        return pc_config_each_pair(reader, root, pc_config_take_pair, data, err);
    }
    pc_buf_init(&reader->mistakes, (PC_MAX_NOTES - 1) * sizeof(char *));
    const struct pc_result walked = pc_config_each_pair(reader, root, pc_config_take_pair, data, &why);
    struct pc_result result = PC_OK;
    if (reader->mistakes.failed == P11CSR_OK) {
        result = go_on(reader, walked, &why, err);
    }
    if (pc_is_ok(result)) {
        result = sum_up(reader, err);
    }
    forget_mistakes(reader);
    return result;
}

PC_RESULT pc_config_read(struct pc_config_reader *reader, struct pc_span content,
                         const struct pc_config_words *words, p11csr_error **err)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        return pc_fail_memory(err);
    }
    yaml_parser_set_input_string(&parser, content.ptr, content.len);
    if (yaml_parser_load(&parser, &reader->document) == 0) {
        const struct pc_result result =
            parser.error == YAML_MEMORY_ERROR
                ? pc_fail_memory(err)
                : pc_fail(err, P11CSR_E_CONFIG, "%s:%zu:%zu: %s", reader->path, parser.problem_mark.line + 1,
                          parser.problem_mark.column + 1,
                          parser.problem != NULL ? parser.problem : "not YAML");
        yaml_parser_delete(&parser);
        return result;
    }
    const struct pc_result result = read_document(reader, words, err);
    yaml_document_delete(&reader->document);
    yaml_parser_delete(&parser);
    return result;
}
