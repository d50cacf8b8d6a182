// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/content.h"
#include "csr/content/ext_fields.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "csr/content/oid.h"
#include "lib/key.h"
#include "lib/profile_use.h"
#include "lib/request.h"
#include "tokens/protection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a request and its key lack of what the profile wants: all of it is told at once. */

struct findings {
    const struct p11csr_profile *profile;
    struct pc_result result;
    p11csr_error **err;
};

static void find(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void find(struct findings *findings, const char *format, ...)
{
    char text[PC_MAX_TEXT];
    const char *name = findings->profile->texts[PC_PROFILE_NAME];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!pc_is_ok(findings->result)) {
        pc_note(findings->err, "%s", text);
        return;
    }
    findings->result = pc_fail(findings->err, P11CSR_E_PROFILE, "profile '%s': %s", name, text);
    const char *file = findings->profile->file;
    pc_hint(findings->err, "see what it wants: p11csr profile show %s", file != NULL ? file : name);
}

static void add_words(const struct pc_profile_list *list, char *to, size_t size)
{
    size_t at = 0;
    to[0] = 0;
    for (size_t i = 0; i < pc_profile_count(list) && at < size; i++) {
        const int more = snprintf(to + at, size - at, "%s%s", i > 0 ? ", " : "", pc_profile_item(list, i));
        at += more > 0 ? (size_t)more : 0;
    }
}

/* The types of a subject, each once. */
struct types {
    struct pc_profile_list list;
    struct findings *findings;
};

static struct pc_result take_part(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    struct types *types = data;
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    char *copy = NULL;
    pc_buf_init(&oid, PC_MAX_TEXT);
    if (part->type != NULL) {
        pc_buf_text(&oid, part->type);
    } else {
        PC_TRY(pc_oid_format(part->oid, &oid, err));
    }
    PC_TRY(pc_buf_take_text(&oid, &copy, err));
    pc_buf_add(&types->list.items, &copy, sizeof(copy)); // NOLINT(bugprone-sizeof-expression): the pointer
    if (types->list.items.failed != P11CSR_OK) {
        pc_release(copy);
    }
    return pc_buf_check(&types->list.items, err);
}

static void types_done(struct types *types)
{
    pc_profile_list_done(&types->list);
}

PC_RESULT pc_profile_subject_types(struct pc_span subject, struct pc_profile_list *ret, p11csr_error **err)
{
    struct types types PC_CLEANUP(types_done) = {0};
    pc_buf_init(&types.list.items, (size_t)PC_MAX_RDNS * PC_MAX_ATVS * sizeof(char *));
    if (subject.len > 0) {
        PC_TRY(pc_name_walk(pc_der_over(subject), take_part, &types, err));
    }
    *ret = types.list;
    types.list = (struct pc_profile_list){0};
    return PC_OK;
}

static void list_cleanup(struct pc_profile_list *list)
{
    pc_profile_list_done(list);
}

static struct pc_result check_subject(struct findings *findings, struct pc_span subject, p11csr_error **err)
{
    const struct pc_profile_list *require = &findings->profile->lists[PC_PROFILE_SUBJECT_REQUIRE];
    const struct pc_profile_list *allow = &findings->profile->lists[PC_PROFILE_SUBJECT_ALLOW];
    const struct pc_profile_list *order = &findings->profile->lists[PC_PROFILE_SUBJECT_ORDER];
    struct pc_profile_list types PC_CLEANUP(list_cleanup) = {0};
    struct pc_buf ordered PC_CLEANUP(pc_buf_done) = {0};
    char words[PC_MAX_TEXT];
    PC_TRY(pc_profile_subject_types(subject, &types, err));
    for (size_t i = 0; i < pc_profile_count(require); i++) {
        if (!pc_profile_holds(&types, pc_profile_item(require, i))) {
            find(findings, "the subject has no %s", pc_profile_item(require, i));
        }
    }
    for (size_t i = 0; allow->given && i < pc_profile_count(&types); i++) {
        if (!pc_profile_holds(allow, pc_profile_item(&types, i))) {
            find(findings, "the subject may not have %s", pc_profile_item(&types, i));
        }
    }
    if (subject.len > 0 && order->given) {
        pc_buf_init(&ordered, PC_MAX_REQUEST);
        PC_TRY(pc_profile_put_in_order(findings->profile, subject, &ordered, err));
        if (!pc_span_eq(pc_buf_span(&ordered), subject)) {
            add_words(order, words, sizeof(words));
            find(findings, "the subject is not in the order %s", words);
        }
    }
    return PC_OK;
}

static unsigned long number_of(const struct p11csr_profile *profile, enum pc_profile_text_id id,
                               unsigned long otherwise)
{
    return profile->texts[id] != NULL ? strtoul(profile->texts[id], NULL, 10) : otherwise;
}

static void check_sans(struct findings *findings, const struct pc_content *content)
{
    const struct pc_profile_list *allow = &findings->profile->lists[PC_PROFILE_SAN_TYPES];
    const size_t count = pc_content_san_count(content);
    const unsigned long min = number_of(findings->profile, PC_PROFILE_SAN_MIN, 0);
    const unsigned long max = number_of(findings->profile, PC_PROFILE_SAN_MAX, PC_MAX_SANS);
    char words[PC_MAX_TEXT];
    bool told[PC_SAN_COUNT] = {false};
    struct pc_extension other;
    const bool limited = allow->given || findings->profile->texts[PC_PROFILE_SAN_MAX] != NULL;
    if (limited && pc_content_get_extension(content, pc_extension_san(), &other)) {
        find(findings, "alternative names of kinds that p11csr does not know are not allowed");
    }
    add_words(allow, words, sizeof(words));
    if (count < min) {
        find(findings, "%zu alternative names%s%s%s, and at least %lu wanted", count,
             words[0] != 0 ? " (" : "", words, words[0] != 0 ? ")" : "", min);
    }
    if (count > max) {
        find(findings, "%zu alternative names, and at most %lu allowed", count, max);
    }
    for (size_t i = 0; allow->given && i < count; i++) {
        const enum pc_san_type type = pc_content_san(content, i).type;
        if (!told[type] && !pc_profile_holds(allow, pc_san_type_name(type))) {
            told[type] = true;
            find(findings, "alternative names of the kind %s are not allowed", pc_san_type_name(type));
        }
    }
}

static bool has_eku(const struct pc_content *content, struct pc_span whole)
{
    struct pc_der in = pc_der_over(pc_buf_span(&content->ekus));
    struct pc_der_value value;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        if (pc_span_eq(value.whole, whole)) {
            return true;
        }
    }
    return false;
}

static bool are_ekus_within(const struct pc_content *a, const struct pc_content *b)
{
    struct pc_der in = pc_der_over(pc_buf_span(&a->ekus));
    struct pc_der_value value;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        if (!has_eku(b, value.whole)) {
            return false;
        }
    }
    return true;
}

/* What is asked for is a CA with at most the path that is allowed; without a length the path has no end. */
static bool is_basic_allowed(const struct pc_content *asked, const struct pc_content *allowed)
{
    const bool length =
        !allowed->has_path_length || (asked->has_path_length && asked->path_length <= allowed->path_length);
    return !asked->has_basic || (allowed->has_basic && asked->is_ca == allowed->is_ca && length);
}

static bool is_basic_there(const struct pc_content *required, const struct pc_content *asked)
{
    const bool length =
        !required->has_path_length || (asked->has_path_length && asked->path_length == required->path_length);
    return !required->has_basic || (asked->has_basic && asked->is_ca == required->is_ca && length);
}

/* Whether each value of `a`, key usages or extended ones, is among those of `b`. */
static bool is_within(const char *word, const struct pc_content *a, const struct pc_content *b)
{
    return strcmp(word, "key-usage") == 0 ? (a->key_usage & ~b->key_usage) == 0 : are_ekus_within(a, b);
}

static bool holds_to(enum pc_profile_values_id which, const char *word, const struct pc_content *asked,
                     const struct pc_content *listed)
{
    const bool allow = which == PC_PROFILE_ALLOW;
    if (strcmp(word, "basic-constraints") == 0) {
        return allow ? is_basic_allowed(asked, listed) : is_basic_there(listed, asked);
    }
    return allow ? is_within(word, asked, listed) : is_within(word, listed, asked);
}

static void request_cleanup(p11csr_request **request)
{
    p11csr_request_free(request);
}

static struct pc_result check_extension(struct findings *findings,
                                        const struct pc_profile_extension *extension,
                                        const p11csr_request *request, p11csr_error **err)
{
    char words[PC_MAX_TEXT];
    for (int id = PC_PROFILE_ALLOW; id <= PC_PROFILE_REQUIRE; id++) {
        const enum pc_profile_values_id which = (enum pc_profile_values_id)id;
        const struct pc_profile_list *list = &extension->lists[which];
        p11csr_request *listed PC_CLEANUP(request_cleanup) = NULL;
        add_words(list, words, sizeof(words));
        if (which == PC_PROFILE_ALLOW && list->given && pc_profile_count(list) == 0) {
            if (pc_profile_extension_is_there(extension->word, request)) {
                find(findings, "%s may not be asked for", extension->word);
            }
            continue;
        }
        if (!list->given || !pc_profile_extension_is_list(extension->word)) {
            continue;
        }
        PC_TRY((struct pc_result){p11csr_request_new(&listed, err)});
        PC_TRY(pc_profile_extension_put(extension, which, listed, err));
        if (!holds_to(which, extension->word, &request->content, &listed->content)) {
            find(findings, which == PC_PROFILE_ALLOW ? "%s may have nothing but %s" : "%s has to have %s",
                 extension->word, words);
        }
    }
    return PC_OK;
}

static struct pc_result check_attribute(struct findings *findings,
                                        const struct pc_profile_attribute *attribute,
                                        const p11csr_request *request, p11csr_error **err)
{
    bool is_there = false;
    if (!attribute->allow.given) {
        return PC_OK;
    }
    PC_TRY(pc_profile_attribute_is_there(attribute->word, request, &is_there, err));
    if (is_there) {
        find(findings, "the attribute %s may not be asked with", attribute->word);
    }
    return PC_OK;
}

PC_RESULT pc_profile_check_content(const p11csr_request *request, p11csr_error **err)
{
    struct findings findings = {.profile = request->profile, .result = PC_OK, .err = err};
    p11csr_error *why = NULL;
    if (request->profile == NULL) {
        return PC_OK;
    }
    struct pc_result result = check_subject(&findings, pc_buf_span(&request->content.subject), &why);
    if (pc_is_ok(result)) {
        check_sans(&findings, &request->content);
    }
    for (size_t i = 0; pc_is_ok(result) && i < pc_profile_extension_count(request->profile); i++) {
        result = check_extension(&findings, pc_profile_extension(request->profile, i), request, &why);
    }
    for (size_t i = 0; pc_is_ok(result) && i < pc_profile_attribute_count(request->profile); i++) {
        result = check_attribute(&findings, pc_profile_attribute(request->profile, i), request, &why);
    }
    if (!pc_is_ok(result)) { // nothing but a lack of memory can come between
        p11csr_error_free(&why);
        return pc_is_ok(findings.result) ? pc_fail_memory(err) : findings.result;
    }
    return findings.result;
}

PC_RESULT pc_profile_check_kind(const p11csr_request *request, const struct pc_keyspec *spec,
                                p11csr_error **err)
{
    struct findings findings = {.profile = request->profile, .result = PC_OK, .err = err};
    char words[PC_MAX_TEXT];
    if (request->profile == NULL) {
        return PC_OK;
    }
    const struct pc_profile_list *allow = &request->profile->lists[PC_PROFILE_KEY_ALLOW];
    if (allow->given && !pc_profile_holds(allow, spec->name)) {
        add_words(allow, words, sizeof(words));
        find(&findings, "the key may not be %s, but %s", spec->name, words);
    }
    return findings.result;
}

static bool wants(const p11csr_request *request, const char *word)
{
    return request->profile != NULL &&
           pc_profile_holds(&request->profile->lists[PC_PROFILE_KEY_REQUIRE], word);
}

PC_RESULT pc_profile_check_slot(const p11csr_request *request, const struct pc_token *token,
                                p11csr_error **err)
{
    struct findings findings = {.profile = request->profile, .result = PC_OK, .err = err};
    if (wants(request, "hardware") && (token->slot.slot_info.flags & CKF_HW_SLOT) == 0) {
        find(&findings, "the token is not hardware, as the module reports (CKF_HW_SLOT)");
    }
    return findings.result;
}

/* What the module says about each word; a flag that it does not show is not there. */
static void check_flags(struct findings *findings, const p11csr_request *request,
                        const struct pc_key_protection *is)
{
    const struct {
        const char *word;
        enum pc_flag flag;
        const char *text;
    } rows[] = {
        {"local", is->local, "the key was not generated on the token (CKA_LOCAL)"},
        {"sensitive", is->sensitive, "the key is not sensitive (CKA_SENSITIVE)"},
        {"always-sensitive", is->always_sensitive, "the key was not always sensitive (CKA_ALWAYS_SENSITIVE)"},
        {"never-extractable", is->never_extractable, "the key is or was extractable (CKA_NEVER_EXTRACTABLE)"},
        {"private", is->private_object, "the key can be used without a login (CKA_PRIVATE)"},
        {"always-authenticate", is->always_authenticate,
         "the key does not want its PIN each time (CKA_ALWAYS_AUTHENTICATE)"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (wants(request, rows[i].word) && rows[i].flag != PC_FLAG_YES) {
            find(findings, "%s: the module reports %s", rows[i].text,
                 rows[i].flag == PC_FLAG_NO ? "no" : "nothing");
        }
    }
}

PC_RESULT pc_profile_check_protection(const p11csr_request *request, const struct pc_key_protection *is,
                                      p11csr_error **err)
{
    struct findings findings = {.profile = request->profile, .result = PC_OK, .err = err};
    if (request->profile != NULL) {
        check_flags(&findings, request, is);
    }
    return findings.result;
}

bool pc_profile_wants_protection(const p11csr_request *request)
{
    return request->profile != NULL && pc_profile_count(&request->profile->lists[PC_PROFILE_KEY_REQUIRE]) > 0;
}

PC_RESULT pc_profile_check_backup(const p11csr_request *request, p11csr_error **err)
{
    struct findings findings = {.profile = request->profile, .result = PC_OK, .err = err};
    if (wants(request, "never-extractable")) {
        find(&findings, "the key may never be extractable, not for a backup either");
    }
    return findings.result;
}
