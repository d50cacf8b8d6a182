// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "lib/config_read.h"

#include <string.h>

/* Whose quirks are being read. */
struct quirk_owner {
    const struct pc_quirk_match_texts *match; /* NULL: those of an alias */
    const char *alias;
};

static struct pc_result take_quirk(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                   void *data, p11csr_error **err)
{
    const struct quirk_owner *owner = data;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const char *text = pc_config_scalar(value);
    if (text == NULL) {
        return pc_config_fail_at(reader, value, "a text is expected", err);
    }
    char *set_by PC_CLEANUP(pc_free_str) = pc_asprintf("%s:%zu", reader->path, key->start_mark.line + 1);
    if (set_by == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_own_setting setting = {.word = pc_config_scalar(key), .value = text, .set_by = set_by};
    const struct pc_result result =
        pc_own_rule_add(&reader->config->quirks, owner->match, owner->alias, &setting, &why);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    return pc_is_ok(result) ? result : pc_config_fail_with(reader, key, &why, err);
}

/* The quirks of an alias. Its name is known already. */
PC_RESULT pc_config_take_alias_quirks(struct pc_config_reader *reader, const struct pc_config_word *word,
                                      yaml_node_t *value, void *target, p11csr_error **err)
{
    struct quirk_owner owner = {.alias = ((const struct pc_alias *)target)->name};
    (void)word;
    return pc_config_each_pair(reader, value, take_quirk, &owner, err);
}

static const struct pc_config_word match_words[] = {
    {.name = "manufacturer",
     .take = pc_config_take_text,
     .offset = offsetof(struct pc_quirk_match_texts, manufacturer)},
    {.name = "model", .take = pc_config_take_text, .offset = offsetof(struct pc_quirk_match_texts, model)},
    {.name = "library",
     .take = pc_config_take_text,
     .offset = offsetof(struct pc_quirk_match_texts, library)},
    {.name = "library-version",
     .take = pc_config_take_text,
     .offset = offsetof(struct pc_quirk_match_texts, library_version)},
    {.name = "firmware",
     .take = pc_config_take_text,
     .offset = offsetof(struct pc_quirk_match_texts, firmware)},
};

static struct pc_result take_match(struct pc_config_reader *reader, const struct pc_config_word *word,
                                   yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct pc_config_words words = {
        .rows = match_words, .count = PC_ARRAY_LEN(match_words), .target = target};
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    (void)word;
    PC_TRY(pc_config_each_pair(reader, value, pc_config_take_pair, (void *)(uintptr_t)&words, err));
    if (value->data.mapping.pairs.start == value->data.mapping.pairs.top) {
        return pc_config_fail_at(reader, value, "an empty match; '*' for the manufacturer is every token",
                                 err);
    }
    const struct pc_result result = pc_match_texts_check(target, &why);
    return pc_is_ok(result) ? result : pc_config_fail_with(reader, value, &why, err);
}

/* `set` is read by take_rule() when the whole `match` is known. */
static struct pc_result pass_over(struct pc_config_reader *reader, const struct pc_config_word *word,
                                  yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)reader;
    (void)word;
    (void)value;
    (void)target;
    (void)err;
    return PC_OK;
}

static const struct pc_config_word rule_words[] = {
    {.name = "match", .take = take_match},
    {.name = "set", .take = pass_over},
};

static void match_texts_done(struct pc_quirk_match_texts *texts)
{
    pc_release(texts->manufacturer);
    pc_release(texts->model);
    pc_release(texts->library);
    pc_release(texts->library_version);
    pc_release(texts->firmware);
}

static struct pc_result take_rule(struct pc_config_reader *reader, yaml_node_t *rule, p11csr_error **err)
{
    struct pc_quirk_match_texts match PC_CLEANUP(match_texts_done) = {0};
    const struct pc_config_words words = {
        .rows = rule_words, .count = PC_ARRAY_LEN(rule_words), .target = &match};
    struct quirk_owner owner = {.match = &match};
    PC_TRY(pc_config_each_pair(reader, rule, pc_config_take_pair, (void *)(uintptr_t)&words, err));
    yaml_node_t *settings = pc_config_find(reader, rule, "set");
    if (settings == NULL || pc_config_find(reader, rule, "match") == NULL) {
        return pc_config_fail_at(reader, rule, "a rule has a 'match' and a 'set'", err);
    }
    return pc_config_each_pair(reader, settings, take_quirk, &owner, err);
}

PC_RESULT pc_config_take_quirks(struct pc_config_reader *reader, const struct pc_config_word *word,
                                yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    (void)target;
    if (value->type != YAML_SEQUENCE_NODE) {
        return pc_config_fail_at(reader, value, "a list of rules like '- {match: ..., set: ...}' is expected",
                                 err);
    }
    for (const yaml_node_item_t *item = value->data.sequence.items.start;
         item < value->data.sequence.items.top; item++) {
        PC_TRY(take_rule(reader, yaml_document_get_node(&reader->document, *item), err));
    }
    return PC_OK;
}
