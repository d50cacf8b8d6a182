// SPDX-License-Identifier: Apache-2.0
#include "alg/rows.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/content.h"
#include "csr/content/name.h"
#include "csr/content/name_types.h"
#include "lib/config_read.h"
#include "lib/profile.h"
#include "p11csr/request.h"

#include <stdlib.h>
#include <string.h>

/* Reading profiles. Offsets of words are ids of lists and texts. */

enum { MAX_WORDS = 256, MAX_NAME = 64 };

/* Checks one word; *ret is its canonical form, static or `text` itself. */
typedef struct pc_result (*check_word)(const char *text, const char **ret, p11csr_error **err);

static const char *word_at(const void *table, size_t index)
{
    return ((const char *const *)table)[index];
}

/* One of the words of a table that ends with NULL. */
static struct pc_result check_known(const char *const *table, const char *text, p11csr_error **err)
{
    size_t count = 0;
    for (; table[count] != NULL; count++) {
        if (strcmp(table[count], text) == 0) {
            return PC_OK;
        }
    }
    const char *near = pc_nearest_word(text, word_at, (const void *)table, count);
    return pc_fail(err, P11CSR_E_CONFIG, "unknown word '%s'%s%s%s", text,
                   near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

static struct pc_result check_kind(const char *text, const char **ret, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    PC_TRY(pc_keyspec_find(text, &spec, err));
    *ret = spec->name;
    return PC_OK;
}

static struct pc_result check_usage(const char *text, const char **ret, p11csr_error **err)
{
    static const char *const words[] = {"sign", "decrypt", "derive", NULL};
    *ret = text;
    return check_known(words, text, err);
}

static struct pc_result check_key_require(const char *text, const char **ret, p11csr_error **err)
{
    static const char *const words[] = {"local",    "sensitive", "always-sensitive",    "never-extractable",
                                        "hardware", "private",   "always-authenticate", NULL};
    *ret = text;
    return check_known(words, text, err);
}

static struct pc_result check_type(const char *text, const char **ret, p11csr_error **err)
{
    const struct pc_name_type *type = pc_name_type_find(text);
    if (type == NULL) {
        const char *near = pc_name_type_nearest(text);
        return pc_fail(err, P11CSR_E_CONFIG, "unknown attribute type '%s'%s%s%s", text,
                       near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                       near != NULL ? "'" : "");
    }
    *ret = type->name;
    return PC_OK;
}

static struct pc_result check_san_type(const char *text, const char **ret, p11csr_error **err)
{
    enum pc_san_type type = PC_SAN_COUNT;
    *ret = text;
    return pc_san_type_find(text, &type, err);
}

static struct pc_result check_rule(const char *text, const char **ret, p11csr_error **err)
{
    static const char *const words[] = {"structure", "tls-br", "smime-br", "codesigning-br", "fips",
                                        "cnsa2",     "bsi",    "adcs",     "letsencrypt",    NULL};
    *ret = text;
    return check_known(words, text, err);
}

static struct pc_result check_validation(const char *text, const char **ret, p11csr_error **err)
{
    static const char *const words[] = {"dv", "ov", "iv", NULL};
    *ret = text;
    return check_known(words, text, err);
}

static struct pc_result check_proof(const char *text, const char **ret, p11csr_error **err)
{
    static const char *const words[] = {"software", "token", NULL};
    *ret = text;
    return check_known(words, text, err);
}

static struct pc_result check_count(const char *text, const char **ret, p11csr_error **err)
{
    unsigned long number = 0;
    *ret = text;
    return pc_parse_number(text, PC_MAX_SANS, &number)
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "'%s' is not a number from 0 to %d", text, (int)PC_MAX_SANS);
}

static struct pc_result check_name(const char *text, const char **ret, p11csr_error **err)
{
    const size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    *ret = text;
    return len > 0 && len <= MAX_NAME && text[len] == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "a name has small letters, digits and hyphens, not '%s'",
                         text);
}

/* One line for people, which is printed as it is. */
static struct pc_result check_line(const char *text, const char **ret, p11csr_error **err)
{
    const struct pc_span span = pc_span_str(text);
    *ret = text;
    for (size_t at = 0; at < span.len;) {
        if (pc_utf8_is_hostile(pc_utf8_next(span, &at))) {
            return pc_fail(err, P11CSR_E_CONFIG, "byte %zu is part of no plain text", at);
        }
    }
    return PC_OK;
}

static struct pc_result check_any(const char *text, const char **ret, p11csr_error **err)
{
    (void)err;
    *ret = text;
    return PC_OK;
}

static const struct {
    const char *field;
    check_word check;
} list_rows[PC_PROFILE_LISTS] = {
    [PC_PROFILE_KEY_ALLOW] = {"key.allow", check_kind},
    [PC_PROFILE_KEY_USAGE] = {"key.usage", check_usage},
    [PC_PROFILE_KEY_REQUIRE] = {"key.require", check_key_require},
    [PC_PROFILE_SUBJECT_REQUIRE] = {"subject.require", check_type},
    [PC_PROFILE_SUBJECT_ORDER] = {"subject.order", check_type},
    [PC_PROFILE_SUBJECT_ALLOW] = {"subject.allow", check_type},
    [PC_PROFILE_SAN_TYPES] = {"san.types", check_san_type},
    [PC_PROFILE_RULES] = {"rules", check_rule},
};

static const struct {
    const char *field;
    check_word check;
} text_rows[PC_PROFILE_TEXTS] = {
    [PC_PROFILE_NAME] = {"name", check_name},
    [PC_PROFILE_DESCRIPTION] = {"description", check_line},
    [PC_PROFILE_KEY_DEFAULT] = {"key.default", check_kind},
    [PC_PROFILE_SAN_MIN] = {"san.min", check_count},
    [PC_PROFILE_SAN_MAX] = {"san.max", check_count},
    [PC_PROFILE_VALIDATION] = {"validation", check_validation},
    [PC_PROFILE_PROOF] = {"proof", check_proof},
};

const char *pc_profile_list_field(enum pc_profile_list_id id)
{
    return list_rows[id].field;
}

const char *pc_profile_text_field(enum pc_profile_text_id id)
{
    return text_rows[id].field;
}

/* A scalar's text, checked; *ret is a copy. */
static struct pc_result read_word(struct pc_config_reader *reader, yaml_node_t *node, check_word check,
                                  char **ret, p11csr_error **err)
{
    const char *text = pc_config_scalar(node);
    p11csr_error *why = NULL;
    if (text == NULL || text[0] == 0) {
        return pc_config_fail_at(reader, node, "a text is expected", err);
    }
    if (!pc_is_ok(check(text, &text, &why))) {
        return pc_config_fail_with(reader, node, &why, err);
    }
    *ret = pc_strdup(text);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

struct list_reader {
    struct pc_profile_list *list;
    check_word check;
};

static struct pc_result take_item(struct pc_config_reader *reader, yaml_node_t *item, void *data,
                                  p11csr_error **err)
{
    const struct list_reader *to = data;
    char *word PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(read_word(reader, item, to->check, &word, err));
    if (pc_profile_holds(to->list, word)) {
        return pc_config_fail_at(reader, item, "this is there twice", err);
    }
    pc_buf_add(&to->list->items, &word, sizeof(word)); // NOLINT(bugprone-sizeof-expression): of the pointer
    PC_TRY(pc_buf_check(&to->list->items, err));
    word = NULL;
    return PC_OK;
}

static struct pc_result read_list(struct pc_config_reader *reader, yaml_node_t *value, check_word check,
                                  struct pc_profile_list *list, p11csr_error **err)
{
    struct list_reader to = {.list = list, .check = check};
    list->given = true;
    pc_buf_init(&list->items, MAX_WORDS * sizeof(char *));
    return pc_config_each_item(reader, value, take_item, &to, err);
}

static struct pc_result take_list(struct pc_config_reader *reader, const struct pc_config_word *word,
                                  yaml_node_t *value, void *target, p11csr_error **err)
{
    struct p11csr_profile *profile = target;
    return read_list(reader, value, list_rows[word->offset].check, &profile->lists[word->offset], err);
}

static struct pc_result take_text(struct pc_config_reader *reader, const struct pc_config_word *word,
                                  yaml_node_t *value, void *target, p11csr_error **err)
{
    struct p11csr_profile *profile = target;
    return read_word(reader, value, text_rows[word->offset].check, &profile->texts[word->offset], err);
}

#define LIST(word, id)                                                                                       \
    {                                                                                                        \
        .name = (word), .take = take_list, .offset = (id)                                                    \
    }
#define TEXT(word, id)                                                                                       \
    {                                                                                                        \
        .name = (word), .take = take_text, .offset = (id)                                                    \
    }

static struct pc_result take_words(struct pc_config_reader *reader, const struct pc_config_word *rows,
                                   size_t count, yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct pc_config_words words = {.rows = rows, .count = count, .target = target};
    return pc_config_each_pair(reader, value, pc_config_take_pair, (void *)(uintptr_t)&words, err);
}

static const struct pc_config_word key_words[] = {
    LIST("allow", PC_PROFILE_KEY_ALLOW),
    TEXT("default", PC_PROFILE_KEY_DEFAULT),
    LIST("usage", PC_PROFILE_KEY_USAGE),
    LIST("require", PC_PROFILE_KEY_REQUIRE),
};

static struct pc_result take_key(struct pc_config_reader *reader, const struct pc_config_word *word,
                                 yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct p11csr_profile *profile = target;
    const struct pc_profile_list *allow = &profile->lists[PC_PROFILE_KEY_ALLOW];
    const char *kind = NULL;
    (void)word;
    PC_TRY(take_words(reader, key_words, PC_ARRAY_LEN(key_words), value, target, err));
    kind = profile->texts[PC_PROFILE_KEY_DEFAULT];
    if (kind != NULL && pc_profile_count(allow) > 0 && !pc_profile_holds(allow, kind)) {
        return pc_config_fail_at(reader, pc_config_find(reader, value, "default"),
                                 "the default is not among those that are allowed", err);
    }
    return PC_OK;
}

static struct pc_result take_part(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                  void *data, p11csr_error **err)
{
    struct p11csr_profile *profile = data;
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *why = NULL;
    struct pc_profile_part part = {0};
    PC_TRY(read_word(reader, key, check_type, &part.type, err));
    struct pc_result result = read_word(reader, value, check_any, &part.value, err);
    if (pc_is_ok(result)) {
        char *text PC_CLEANUP(pc_free_str) = pc_profile_part_text(&part);
        pc_buf_init(&der, PC_MAX_REQUEST);
        result = text == NULL ? pc_fail_memory(err) : PC_OK;
        if (text != NULL && !pc_is_ok(pc_name_parse(text, &der, &why))) {
            result = pc_config_fail_with(reader, value, &why, err);
        }
    }
    if (pc_is_ok(result)) {
        pc_buf_add(&profile->defaults, &part, sizeof(part));
        result = pc_buf_check(&profile->defaults, err);
    }
    if (!pc_is_ok(result)) {
        pc_release(part.type);
        pc_release(part.value);
    }
    return result;
}

static struct pc_result take_defaults(struct pc_config_reader *reader, const struct pc_config_word *word,
                                      yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    return pc_config_each_pair(reader, value, take_part, target, err);
}

static const struct pc_config_word subject_words[] = {
    LIST("require", PC_PROFILE_SUBJECT_REQUIRE),
    LIST("order", PC_PROFILE_SUBJECT_ORDER),
    LIST("allow", PC_PROFILE_SUBJECT_ALLOW),
    {.name = "defaults", .take = take_defaults},
};

static struct pc_result take_subject(struct pc_config_reader *reader, const struct pc_config_word *word,
                                     yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    return take_words(reader, subject_words, PC_ARRAY_LEN(subject_words), value, target, err);
}

static const struct pc_config_word san_words[] = {
    LIST("types", PC_PROFILE_SAN_TYPES),
    TEXT("min", PC_PROFILE_SAN_MIN),
    TEXT("max", PC_PROFILE_SAN_MAX),
};

static struct pc_result take_san(struct pc_config_reader *reader, const struct pc_config_word *word,
                                 yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct p11csr_profile *profile = target;
    const char *min = NULL;
    const char *max = NULL;
    (void)word;
    PC_TRY(take_words(reader, san_words, PC_ARRAY_LEN(san_words), value, target, err));
    min = profile->texts[PC_PROFILE_SAN_MIN];
    max = profile->texts[PC_PROFILE_SAN_MAX];
    if (min != NULL && max != NULL && strtoul(min, NULL, 10) > strtoul(max, NULL, 10)) {
        return pc_config_fail_at(reader, pc_config_find(reader, value, "max"), "max is less than min", err);
    }
    return PC_OK;
}

static void request_cleanup(p11csr_request **request)
{
    p11csr_request_free(request);
}

/* A request takes the values, or says what is wrong with them. */
static struct pc_result try_values(struct pc_config_reader *reader, yaml_node_t *value,
                                   const struct pc_profile_extension *extension,
                                   enum pc_profile_values_id which, p11csr_error **err)
{
    p11csr_request *scratch PC_CLEANUP(request_cleanup) = NULL;
    p11csr_error *why = NULL;
    PC_TRY((struct pc_result){p11csr_request_new(&scratch, err)});
    return pc_is_ok(pc_profile_extension_put(extension, which, scratch, &why))
               ? PC_OK
               : pc_config_fail_with(reader, value, &why, err);
}

static struct pc_result take_values(struct pc_config_reader *reader, const struct pc_config_word *word,
                                    yaml_node_t *value, void *target, p11csr_error **err)
{
    struct pc_profile_extension *extension = target;
    const enum pc_profile_values_id which = (enum pc_profile_values_id)word->offset;
    PC_TRY(read_list(reader, value, check_any, &extension->lists[which], err));
    const bool is_list = pc_profile_extension_is_list(extension->word);
    if (!is_list && which == PC_PROFILE_REQUIRE) {
        return pc_config_fail_at(reader, value, "values of this extension are not compared", err);
    }
    if (!is_list && which == PC_PROFILE_ALLOW && pc_profile_count(&extension->lists[which]) > 0) {
        return pc_config_fail_at(reader, value, "only an empty list is known here: it may not be there", err);
    }
    return try_values(reader, value, extension, which, err);
}

static struct pc_result take_critical(struct pc_config_reader *reader, const struct pc_config_word *word,
                                      yaml_node_t *value, void *target, p11csr_error **err)
{
    struct pc_profile_extension *extension = target;
    const char *text = pc_config_scalar(value);
    (void)word;
    if (text == NULL || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)) {
        return pc_config_fail_at(reader, value, "true or false is expected", err);
    }
    extension->critical = strcmp(text, "true") == 0 ? 1 : 0;
    return PC_OK;
}

static const struct pc_config_word extension_words[] = {
    {.name = "values", .take = take_values, .offset = PC_PROFILE_VALUES},
    {.name = "allow", .take = take_values, .offset = PC_PROFILE_ALLOW},
    {.name = "require", .take = take_values, .offset = PC_PROFILE_REQUIRE},
    {.name = "critical", .take = take_critical},
};

const char *pc_profile_values_field(enum pc_profile_values_id id)
{
    return extension_words[id].name;
}

/* The extension stands in the profile already, so that whatever fails it is freed with it. */
static struct pc_result take_extension(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                       void *data, p11csr_error **err)
{
    struct p11csr_profile *profile = data;
    struct pc_profile_extension extension = {.critical = -1};
    p11csr_error *why = NULL;
    if (!pc_is_ok(pc_profile_extension_check(pc_config_scalar(key), &why))) {
        return pc_config_fail_with(reader, key, &why, err);
    }
    extension.word = pc_strdup(pc_config_scalar(key));
    if (extension.word == NULL) {
        return pc_fail_memory(err);
    }
    pc_buf_add(&profile->extensions, &extension, sizeof(extension));
    if (profile->extensions.failed != P11CSR_OK) {
        pc_release(extension.word);
        return pc_buf_check(&profile->extensions, err);
    }
    struct pc_profile_extension *last =
        (struct pc_profile_extension *)(void *)(profile->extensions.ptr + profile->extensions.len) - 1;
    PC_TRY(take_words(reader, extension_words, PC_ARRAY_LEN(extension_words), value, last, err));
    return last->critical < 0 ? PC_OK : try_values(reader, value, last, PC_PROFILE_VALUES, err);
}

static struct pc_result take_extensions(struct pc_config_reader *reader, const struct pc_config_word *word,
                                        yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    return pc_config_each_pair(reader, value, take_extension, target, err);
}

static struct pc_result take_attribute_values(struct pc_config_reader *reader,
                                              const struct pc_config_word *word, yaml_node_t *value,
                                              void *target, p11csr_error **err)
{
    struct pc_profile_attribute *attribute = target;
    p11csr_request *scratch PC_CLEANUP(request_cleanup) = NULL;
    p11csr_error *why = NULL;
    (void)word;
    PC_TRY(read_list(reader, value, check_any, &attribute->values, err));
    PC_TRY((struct pc_result){p11csr_request_new(&scratch, err)});
    return pc_is_ok(pc_profile_attribute_put(attribute, scratch, &why))
               ? PC_OK
               : pc_config_fail_with(reader, value, &why, err);
}

static struct pc_result take_attribute_allow(struct pc_config_reader *reader,
                                             const struct pc_config_word *word, yaml_node_t *value,
                                             void *target, p11csr_error **err)
{
    struct pc_profile_attribute *attribute = target;
    (void)word;
    PC_TRY(read_list(reader, value, check_any, &attribute->allow, err));
    return pc_profile_count(&attribute->allow) == 0
               ? PC_OK
               : pc_config_fail_at(reader, value, "only an empty list is known here: it may not be there",
                                   err);
}

static const struct pc_config_word attribute_words[] = {
    {.name = "values", .take = take_attribute_values},
    {.name = "allow", .take = take_attribute_allow},
};

/* It stands in the profile already, so that whatever fails it is freed with it. */
static struct pc_result take_attribute(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                                       void *data, p11csr_error **err)
{
    struct p11csr_profile *profile = data;
    struct pc_profile_attribute attribute = {0};
    p11csr_error *why = NULL;
    if (!pc_is_ok(pc_profile_attribute_check(pc_config_scalar(key), &why))) {
        return pc_config_fail_with(reader, key, &why, err);
    }
    attribute.word = pc_strdup(pc_config_scalar(key));
    if (attribute.word == NULL) {
        return pc_fail_memory(err);
    }
    pc_buf_add(&profile->attributes, &attribute, sizeof(attribute));
    if (profile->attributes.failed != P11CSR_OK) {
        pc_release(attribute.word);
        return pc_buf_check(&profile->attributes, err);
    }
    struct pc_profile_attribute *last =
        (struct pc_profile_attribute *)(void *)(profile->attributes.ptr + profile->attributes.len) - 1;
    return take_words(reader, attribute_words, PC_ARRAY_LEN(attribute_words), value, last, err);
}

static struct pc_result take_attributes(struct pc_config_reader *reader, const struct pc_config_word *word,
                                        yaml_node_t *value, void *target, p11csr_error **err)
{
    (void)word;
    return pc_config_each_pair(reader, value, take_attribute, target, err);
}

/* A request does not say how its names were validated, and the rules differ by that. */
static struct pc_result take_rules(struct pc_config_reader *reader, const struct pc_config_word *word,
                                   yaml_node_t *value, void *target, p11csr_error **err)
{
    const struct p11csr_profile *profile = target;
    PC_TRY(take_list(reader, word, value, target, err));
    if (pc_profile_holds(&profile->lists[PC_PROFILE_RULES], "tls-br") &&
        pc_config_find(reader, yaml_document_get_root_node(&reader->document), "validation") == NULL) {
        return pc_config_fail_at(reader, value, "tls-br needs 'validation: dv', 'ov' or 'iv' beside it", err);
    }
    return PC_OK;
}

static const struct pc_config_word top_words[] = {
    TEXT("name", PC_PROFILE_NAME),
    TEXT("description", PC_PROFILE_DESCRIPTION),
    {.name = "key", .take = take_key},
    {.name = "subject", .take = take_subject},
    {.name = "san", .take = take_san},
    {.name = "extensions", .take = take_extensions},
    {.name = "attributes", .take = take_attributes},
    {.name = "rules", .take = take_rules, .offset = PC_PROFILE_RULES},
    TEXT("validation", PC_PROFILE_VALIDATION),
    TEXT("proof", PC_PROFILE_PROOF),
};

PC_RESULT pc_profile_parse(const char *path, struct pc_span content, struct p11csr_profile *profile,
                           p11csr_error **err)
{
    struct pc_config_reader reader = {.path = path, .collects = true};
    const struct pc_config_words words = {
        .rows = top_words, .count = PC_ARRAY_LEN(top_words), .target = profile};
    PC_TRY(pc_config_read(&reader, content, &words, err));
    return profile->texts[PC_PROFILE_NAME] != NULL
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "%s:1:1: the profile has no 'name'", path);
}
