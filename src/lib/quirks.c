// SPDX-License-Identifier: Apache-2.0
#include "lib/quirks.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/target.h"
#include "p11csr/token.h"

#include <limits.h>
#include <string.h>

/* "2.13" */
static bool read_version(const char *text, size_t len, struct pc_quirk_version *ret)
{
    char copy[sizeof("255.255")];
    unsigned long major = 0;
    unsigned long minor = 0;
    if (len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = 0;
    char *dot = strchr(copy, '.');
    if (dot == NULL) {
        return false;
    }
    *dot = 0;
    if (!pc_parse_number(copy, UCHAR_MAX, &major) || !pc_parse_number(dot + 1, UCHAR_MAX, &minor)) {
        return false;
    }
    *ret = (struct pc_quirk_version){(unsigned char)major, (unsigned char)minor};
    return true;
}

/* "2.13", "2.0-2.13", "2.0-", "-2.13"; NULL is every version. */
static struct pc_result read_range(const char *text, struct pc_quirk_version *from,
                                   struct pc_quirk_version *to, p11csr_error **err)
{
    if (text == NULL) {
        return PC_OK;
    }
    const char *dash = strchr(text, '-');
    const size_t first = dash != NULL ? (size_t)(dash - text) : strlen(text);
    const char *second = dash != NULL ? dash + 1 : text;
    const bool open = dash != NULL && *second == 0;
    const bool good = (first == 0 || read_version(text, first, from)) && (first > 0 || *second != 0) &&
                      (open || read_version(second, strlen(second), to));
    return good ? PC_OK : pc_fail(err, P11CSR_E_VALUE, "'%s' is no version like '2.1' or '2.0-2.13'", text);
}

static struct pc_result read_ranges(const struct pc_quirk_match_texts *texts, struct pc_quirk_match *ret,
                                    p11csr_error **err)
{
    PC_TRY(read_range(texts->library_version, &ret->library_from, &ret->library_to, err));
    return read_range(texts->firmware, &ret->firmware_from, &ret->firmware_to, err);
}

PC_RESULT pc_match_texts_check(const struct pc_quirk_match_texts *texts, p11csr_error **err)
{
    struct pc_quirk_match match = {0};
    return read_ranges(texts, &match, err);
}

static void rule_free(struct pc_own_rule **rule)
{
    struct pc_own_rule *old = *rule;
    if (old == NULL) {
        return;
    }
    pc_release((void *)(uintptr_t)old->match.manufacturer);
    pc_release((void *)(uintptr_t)old->match.model);
    pc_release((void *)(uintptr_t)old->match.library);
    pc_release(old->alias);
    pc_release(old->word);
    pc_release(old->value);
    pc_release(old->set_by);
    pc_release(old);
    *rule = NULL;
}

/* False when there is no memory. */
static bool copy_text(const char *text, char **ret)
{
    *ret = text != NULL ? pc_strdup(text) : NULL;
    return text == NULL || *ret != NULL;
}

static bool copy_match(const struct pc_quirk_match_texts *texts, struct pc_quirk_match *ret)
{
    char *copies[3] = {NULL};
    const bool all = copy_text(texts->manufacturer, &copies[0]) && copy_text(texts->model, &copies[1]) &&
                     copy_text(texts->library, &copies[2]);
    ret->manufacturer = copies[0];
    ret->model = copies[1];
    ret->library = copies[2];
    return all;
}

PC_RESULT pc_own_rule_add(struct pc_buf *rules, const struct pc_quirk_match_texts *texts, const char *alias,
                          const struct pc_own_setting *setting, p11csr_error **err)
{
    enum pc_quirk_id id = PC_QUIRK_COUNT;
    PC_TRY(pc_quirk_check(setting->word, setting->value, &id, err));
    struct pc_own_rule *rule PC_CLEANUP(rule_free) = pc_alloc(sizeof(*rule));
    if (rule == NULL) {
        return pc_fail_memory(err);
    }
    rule->has_match = texts != NULL;
    if (texts != NULL) {
        PC_TRY(read_ranges(texts, &rule->match, err));
    }
    if ((texts != NULL && !copy_match(texts, &rule->match)) || !copy_text(alias, &rule->alias) ||
        !copy_text(setting->word, &rule->word) || !copy_text(setting->value, &rule->value) ||
        !copy_text(setting->set_by, &rule->set_by)) {
        return pc_fail_memory(err);
    }
    pc_buf_add(rules, &rule, sizeof(rule)); // NOLINT(bugprone-sizeof-expression): of the pointer
    PC_TRY(pc_buf_check(rules, err));
    rule = NULL;
    return PC_OK;
}

static size_t rule_count(const struct pc_buf *rules)
{
    return rules->len / sizeof(struct pc_own_rule *);
}

static struct pc_own_rule *rule_get(const struct pc_buf *rules, size_t index)
{
    return ((struct pc_own_rule **)(void *)rules->ptr)[index];
}

void pc_own_rules_retire(struct pc_buf *rules, const char *alias)
{
    for (size_t i = 0; i < rule_count(rules); i++) {
        struct pc_own_rule *rule = rule_get(rules, i);
        if (rule->alias != NULL && strcmp(rule->alias, alias) == 0) {
            rule->alias[0] = 0; // the name of no alias
        }
    }
}

void pc_own_rules_done(struct pc_buf *rules)
{
    for (size_t i = 0; i < rule_count(rules); i++) {
        struct pc_own_rule *rule = rule_get(rules, i);
        rule_free(&rule);
    }
    pc_buf_done(rules);
}

void pc_own_rules_pick(const struct pc_buf *rules, const char *alias, struct pc_buf *ret)
{
    for (size_t i = 0; i < rule_count(rules); i++) {
        const struct pc_own_rule *own = rule_get(rules, i);
        if (own->alias != NULL && (alias == NULL || strcmp(own->alias, alias) != 0)) {
            continue;
        }
        const struct pc_quirk_rule rule = {.match = own->has_match ? &own->match : NULL,
                                           .word = own->word,
                                           .value = own->value,
                                           .set_by = own->set_by};
        pc_buf_add(ret, &rule, sizeof(rule));
    }
}

enum p11csr_code p11csr_ctx_set_quirk(p11csr_ctx *ctx, const char *setting, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    const char *mark = strchr(setting, '=');
    if (mark == NULL) {
        return pc_fail(err, P11CSR_E_VALUE, "quirk '%s' is not like 'word=value'", setting).code;
    }
    char *word PC_CLEANUP(pc_free_str) = pc_strndup(setting, (size_t)(mark - setting));
    if (word == NULL) {
        return pc_fail_memory(err).code;
    }
    const struct pc_own_setting own = {.word = word, .value = mark + 1, .set_by = "--quirk"};
    return pc_own_rule_add(&lock.ctx->quirks, NULL, NULL, &own, err).code;
}

struct p11csr_quirk_list {
    struct p11csr_quirk rows[PC_QUIRK_COUNT];
    char *texts[PC_QUIRK_COUNT]; /* what the `set_by` of rows points to */
};

static struct pc_result fill_row(const struct pc_quirk *quirk, enum pc_quirk_id id,
                                 struct p11csr_quirk_list *list, p11csr_error **err)
{
    const struct pc_quirk_word *word = pc_quirk_word(id);
    list->texts[id] = quirk->set_by == NULL     ? pc_strdup("default")
                      : quirk->evidence == NULL ? pc_strdup(quirk->set_by)
                                                : pc_asprintf("row %s", quirk->set_by);
    if (list->texts[id] == NULL) {
        return pc_fail_memory(err);
    }
    list->rows[id] = (struct p11csr_quirk){.word = word->word,
                                           .value = quirk->text,
                                           .fallback = word->fallback,
                                           .set_by = list->texts[id],
                                           .evidence = quirk->evidence,
                                           .effect = word->effect};
    return PC_OK;
}

static struct pc_result fill_list(p11csr_ctx *ctx, const char *token, struct p11csr_quirk_list *list,
                                  p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_opened *opened = NULL;
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    PC_TRY(pc_target_attach(ctx, &target, &opened, err));
    for (int id = 0; id < PC_QUIRK_COUNT; id++) {
        PC_TRY(fill_row(&opened->token.quirks.values[id], (enum pc_quirk_id)id, list, err));
    }
    return PC_OK;
}

enum p11csr_code p11csr_token_quirks(p11csr_ctx *ctx, const char *token, p11csr_quirk_list **ret_list,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_quirk_list *list = pc_alloc(sizeof(*list));
    if (list == NULL) {
        return pc_fail_memory(err).code;
    }
    const struct pc_result result = fill_list(lock.ctx, token, list, err);
    if (!pc_is_ok(result)) {
        p11csr_quirk_list_free(&list);
        return result.code;
    }
    *ret_list = list;
    return P11CSR_OK;
}

size_t p11csr_quirk_list_count(const p11csr_quirk_list *list)
{
    return PC_ARRAY_LEN(list->rows);
}

const struct p11csr_quirk *p11csr_quirk_list_get(const p11csr_quirk_list *list, size_t index)
{
    return index < p11csr_quirk_list_count(list) ? &list->rows[index] : NULL;
}

void p11csr_quirk_list_free(p11csr_quirk_list **list)
{
    if (list == NULL || *list == NULL) {
        return;
    }
    for (size_t i = 0; i < PC_QUIRK_COUNT; i++) {
        pc_release((*list)->texts[i]);
    }
    pc_release(*list);
    *list = NULL;
}
