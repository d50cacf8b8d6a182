// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "csr/lint/rule_functions.h"
#include "csr/reading/json.h"

#include <string.h>

/* The rules in the order they are checked and told. */
static const struct pc_lint_rule rules[] = {
#define PC_LINT_RULE(id, set, severity, check, title, source, explanation)                                   \
    {id, PC_LINT_##set, PC_LINT_##severity, check, title, source, explanation},
#include "csr/lint/rules.def"
#undef PC_LINT_RULE
};

static const char *const set_names[] = {
    [PC_LINT_STRUCTURE] = "structure",
    [PC_LINT_TLS_BR] = "tls-br",
    [PC_LINT_SMIME_BR] = "smime-br",
    [PC_LINT_CODESIGNING_BR] = "codesigning-br",
    [PC_LINT_FIPS] = "fips",
    [PC_LINT_CNSA2] = "cnsa2",
    [PC_LINT_BSI] = "bsi",
    [PC_LINT_ADCS] = "adcs",
    [PC_LINT_LETSENCRYPT] = "letsencrypt",
};

const struct pc_lint_rule *pc_lint_rule_get(size_t index)
{
    return index < PC_ARRAY_LEN(rules) ? &rules[index] : NULL;
}

const struct pc_lint_rule *pc_lint_rule_find(const char *id)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rules); i++) {
        if (pc_ascii_equal(rules[i].id, id)) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *pc_lint_set_name(enum pc_lint_set set)
{
    return set_names[set];
}

const char *pc_lint_severity_name(enum pc_lint_severity severity)
{
    static const char *const names[] = {[PC_LINT_ERROR] = "error",
                                        [PC_LINT_WARNING] = "warning",
                                        [PC_LINT_INFO] = "info",
                                        [PC_LINT_NOT_JUDGED] = "not-judged"};
    return names[severity];
}

void pc_lint_options_init(struct pc_lint_options *options)
{
    *options = (struct pc_lint_options){.sets = 1U << PC_LINT_STRUCTURE};
    pc_buf_init(&options->ignored, sizeof(rules));
}

void pc_lint_options_done(struct pc_lint_options *options)
{
    pc_buf_done(&options->ignored);
}

static const char *set_word(const void *table, size_t index)
{
    (void)table;
    return set_names[index];
}

static struct pc_result fail_set(const char *word, p11csr_error **err)
{
    const char *near = pc_nearest_word(word, set_word, NULL, PC_LINT_SET_COUNT);
    if (near != NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "'%s' is no set of lint rules; did you mean '%s'?", word, near);
    }
    return pc_fail(
        err, P11CSR_E_USAGE,
        "'%s' is no set of lint rules: there are structure, tls-br, smime-br, codesigning-br, fips, "
        "cnsa2, bsi, adcs and letsencrypt",
        word);
}

/* What stands behind "tls-br:". */
static struct pc_result read_validation(const char *word, enum pc_lint_validation *ret, p11csr_error **err)
{
    static const char *const names[] = {[PC_LINT_DV] = "dv", [PC_LINT_OV] = "ov", [PC_LINT_IV] = "iv"};
    for (size_t i = PC_LINT_DV; i < PC_ARRAY_LEN(names); i++) {
        if (!pc_ascii_equal(names[i], word)) {
            continue;
        }
        if (*ret != PC_LINT_VALIDATION_UNSAID && *ret != (enum pc_lint_validation)i) {
            return pc_fail(err, P11CSR_E_USAGE, "tls-br is asked for as %s and as %s", names[*ret], names[i]);
        }
        *ret = (enum pc_lint_validation)i;
        return PC_OK;
    }
    return pc_fail(err, P11CSR_E_USAGE, "'%s' is no kind of validation: tls-br has dv, ov and iv", word);
}

/* One word of a list; it is changed. */
static struct pc_result take_set(char *word, struct pc_lint_options *options, p11csr_error **err)
{
    char *colon = strchr(word, ':');
    if (colon != NULL) {
        *colon = 0;
    }
    for (unsigned set = 0; set < PC_LINT_SET_COUNT; set++) {
        if (!pc_ascii_equal(set_names[set], word)) {
            continue;
        }
        options->sets |= 1U << set;
        if (colon != NULL && set != PC_LINT_TLS_BR) {
            return pc_fail(err, P11CSR_E_USAGE, "only tls-br takes a kind of validation, not '%s'", word);
        }
        return colon != NULL ? read_validation(colon + 1, &options->validation, err) : PC_OK;
    }
    return fail_set(word, err);
}

PC_RESULT pc_lint_options_set(struct pc_lint_options *options, const char *list, p11csr_error **err)
{
    char *words PC_CLEANUP(pc_free_str) = pc_strdup(list);
    if (words == NULL) {
        return pc_fail_memory(err);
    }
    options->sets = 0;
    options->validation = PC_LINT_VALIDATION_UNSAID;
    char *rest = words;
    for (char *word = NULL; (word = strsep(&rest, ",")) != NULL;) {
        PC_TRY(take_set(word, options, err));
    }
    return PC_OK;
}

static const char *rule_word(const void *table, size_t index)
{
    (void)table;
    return rules[index].id;
}

PC_RESULT pc_lint_options_ignore(struct pc_lint_options *options, const char *id, p11csr_error **err)
{
    const struct pc_lint_rule *rule = pc_lint_rule_find(id);
    if (rule == NULL) {
        const char *near = pc_nearest_word(id, rule_word, NULL, PC_ARRAY_LEN(rules));
        pc_ignore(pc_fail(err, P11CSR_E_USAGE, "'%s' is no lint rule%s%s%s", id,
                          near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?" : ""));
        pc_hint(err, "see all rules: p11csr lint --list");
        return (struct pc_result){P11CSR_E_USAGE};
    }
    if (pc_lint_is_ignored(options, rule)) {
        return PC_OK;
    }
    pc_buf_add(&options->ignored, &rule, sizeof(const struct pc_lint_rule *));
    return pc_buf_check(&options->ignored, err);
}

bool pc_lint_is_ignored(const struct pc_lint_options *options, const struct pc_lint_rule *rule)
{
    const struct pc_lint_rule *const *list = (const void *)options->ignored.ptr;
    for (size_t i = 0; i < options->ignored.len / sizeof(const struct pc_lint_rule *); i++) {
        if (list[i] == rule) {
            return true;
        }
    }
    return false;
}

static struct pc_result describe_rule(const struct pc_lint_rule *rule, json_t *list, p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(object, "id", json_string(rule->id), err));
    PC_TRY(pc_json_set(object, "set", json_string(set_names[rule->set]), err));
    PC_TRY(pc_json_set(object, "severity", json_string(pc_lint_severity_name(rule->severity)), err));
    PC_TRY(pc_json_set(object, "title", json_string(rule->title), err));
    PC_TRY(pc_json_set(object, "source", json_string(rule->source), err));
    PC_TRY(pc_json_set(object, "explanation", json_string(rule->explanation), err));
    return pc_json_append(list, json_incref(object), err);
}

PC_RESULT pc_lint_list(json_t **ret, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    for (size_t i = 0; i < PC_ARRAY_LEN(rules); i++) {
        PC_TRY(describe_rule(&rules[i], list, err));
    }
    *ret = json_incref(list);
    return PC_OK;
}
