// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/wizard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is asked about the content: each answer is checked by the library at once. */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void free_request(p11csr_request **request)
{
    p11csr_request_free(request);
}

static PC_RESULT offer_purposes(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    size_t i = 0;
    const json_t *row = NULL;
    PC_TRY(cli_context(w->cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_profiles_to_json(ctx, &text, err)));
    json_t *rows PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *about = json_string_value(json_object_get(row, "description"));
        char *shown PC_CLEANUP(pc_free_str) = pc_asprintf("%-24s %s", name, about != NULL ? about : "");
        if (shown == NULL) {
            return pc_fail_memory(err);
        }
        if (json_string_value(json_object_get(row, "problem")) == NULL) {
            PC_TRY(wizard_offer(w, name, shown, err));
        }
    }
    *ret_default = "tls-server";
    return PC_OK;
}

static PC_RESULT take_purpose(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    (void)ret;
    PC_TRY(cli_context(w->cli, &ctx, err));
    p11csr_profile_free(&w->profile);
    return cli_lift(p11csr_profile_load(ctx, text, &w->profile, err));
}

static bool wants_token(const struct wizard *w)
{
    return cli_value_or_env(w->cli, OPT_TOKEN, "P11CSR_TOKEN") == NULL;
}

static bool wants_new_key(const struct wizard *w)
{
    const char *key = wizard_answer(w, WIZARD_KEY);
    return key != NULL && strcmp(key, wizard_new_key) == 0;
}

/* Says what the profile asks for by itself. */
static struct pc_result say_values(const struct wizard *w, const char *extension, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_profile_to_json(w->profile, &text, err)));
    json_t *profile PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    const json_t *values =
        json_object_get(json_object_get(json_object_get(profile, "extensions"), extension), "values");
    if (json_array_size(values) > 0) {
        (void)fprintf(w->tty, "The profile asks for: ");
        cli_print_value(values, w->tty);
        (void)fprintf(w->tty, " (Enter keeps that)\n");
    }
    return PC_OK;
}

static PC_RESULT offer_key_usage(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    (void)ret_default;
    return say_values(w, "key-usage", err);
}

static PC_RESULT offer_ext_key_usage(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    (void)ret_default;
    return say_values(w, "ext-key-usage", err);
}

static struct pc_result try_on_scratch(const char *text,
                                       enum p11csr_code (*set)(p11csr_request *request, const char *list,
                                                               p11csr_error **err),
                                       p11csr_error **err)
{
    p11csr_request *scratch PC_CLEANUP(free_request) = NULL;
    PC_TRY(cli_lift(p11csr_request_new(&scratch, err)));
    return text[0] != 0 ? cli_lift(set(scratch, text, err)) : PC_OK;
}

static PC_RESULT take_key_usage(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    (void)w;
    (void)ret;
    return try_on_scratch(text, p11csr_request_set_key_usage, err);
}

static PC_RESULT take_ext_key_usage(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    (void)w;
    (void)ret;
    return try_on_scratch(text, p11csr_request_set_ext_key_usage, err);
}

static PC_RESULT take_scheme(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    (void)w;
    (void)ret;
    return try_on_scratch(text, p11csr_request_set_scheme, err);
}

static bool wants_ca(const struct wizard *w)
{
    const char *purpose = wizard_answer(w, WIZARD_PURPOSE);
    return purpose != NULL && strcmp(purpose, "plain") == 0;
}

static PC_RESULT offer_no(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    (void)w;
    (void)err;
    *ret_default = "no";
    return PC_OK;
}

static PC_RESULT take_yes_or_no(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    const bool yes = strcmp(text, "y") == 0 || strcmp(text, "yes") == 0;
    (void)w;
    if (!yes && strcmp(text, "n") != 0 && strcmp(text, "no") != 0) {
        return pc_fail(err, P11CSR_E_VALUE, "type yes or no");
    }
    *ret = pc_strdup(yes ? "yes" : "no");
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static bool wants_out(const struct wizard *w)
{
    return !cli_has(w->cli, OPT_OUT);
}

/* The file is called after the key. */
static PC_RESULT offer_out(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    const char *key = wants_new_key(w) ? wizard_answer(w, WIZARD_LABEL) : wizard_answer(w, WIZARD_KEY);
    const char *colon = wants_new_key(w) ? NULL : strchr(key, ':');
    pc_release(w->suggestion);
    w->suggestion = pc_asprintf("%s.csr", colon != NULL ? colon + 1 : key);
    if (w->suggestion == NULL) {
        return pc_fail_memory(err);
    }
    for (char *at = w->suggestion; *at != 0; at++) {
        *at = strchr("/\\ '\"", *at) != NULL || (unsigned char)*at < 0x20 ? '-' : *at;
    }
    *ret_default = w->suggestion;
    return PC_OK;
}

static PC_RESULT take_out(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    (void)ret;
    if (text[0] == 0) {
        return pc_fail(err, P11CSR_E_VALUE, "a file is needed; '-' is standard output");
    }
    if (strcmp(text, "-") != 0 && access(text, F_OK) == 0 && !cli_has(w->cli, OPT_FORCE)) {
        return pc_fail(err, P11CSR_E_FILE_EXISTS, "'%s' is there already: choose another name", text);
    }
    return PC_OK;
}

static void print_summary(const struct wizard *w, const json_t *content)
{
    const char *subject = json_string_value(json_object_get(json_object_get(content, "subject"), "value"));
    const json_t *extension = NULL;
    size_t i = 0;
    const bool fresh = wants_new_key(w);
    const char *key = wizard_answer(w, WIZARD_KEY);
    (void)fprintf(w->tty, "The request:\n  key:     %s%s%s%s\n  subject: %s\n",
                  fresh ? wizard_answer(w, WIZARD_LABEL) : strchr(key, ':') + 1, fresh ? ", a new " : "",
                  fresh ? wizard_answer(w, WIZARD_KIND) : "", fresh ? " made now" : "",
                  subject != NULL && subject[0] != 0 ? subject : "(empty)");
    json_array_foreach(json_object_get(content, "extensions"), i, extension)
    {
        const char *name = json_string_value(json_object_get(extension, "name"));
        (void)fprintf(w->tty,
                      "  %s%s: ", name != NULL ? name : json_string_value(json_object_get(extension, "oid")),
                      json_is_true(json_object_get(extension, "critical")) ? " (critical)" : "");
        cli_print_value(json_object_get(extension, "value"), w->tty);
        (void)fprintf(w->tty, "\n");
    }
    const char *out = cli_has(w->cli, OPT_OUT) ? cli_value(w->cli, OPT_OUT) : wizard_answer(w, WIZARD_OUT);
    (void)fprintf(w->tty, "  file:    %s\n", out);
}

/* The content that the answers make, checked as it will be. */
static struct pc_result summarize(struct wizard *w, p11csr_error **err)
{
    p11csr_request *request PC_CLEANUP(free_request) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_take_content(w->cli, &request, err));
    PC_TRY(cli_lift(p11csr_request_check(request, cli_value(w->cli, OPT_GENERATE), err)));
    PC_TRY(cli_lift(p11csr_request_describe(request, &text, err)));
    json_t *content PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    print_summary(w, content);
    return PC_OK;
}

static PC_RESULT offer_summary(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    (void)ret_default;
    PC_TRY(wizard_add_uses(w, err));
    const struct pc_result result = summarize(w, &why);
    wizard_drop_uses(w);
    if (!pc_is_ok(result)) {
        (void)fprintf(w->tty, "This cannot be requested: %s\n", p11csr_error_message(why));
        for (size_t i = 0; i < p11csr_error_cause_count(why); i++) {
            (void)fprintf(w->tty, "  %s\n", p11csr_error_cause(why, i));
        }
    }
    return PC_OK;
}

static PC_RESULT take_confirmation(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    PC_TRY(take_yes_or_no(w, text, ret, err));
    return strcmp(*ret, "yes") == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_INTERRUPTED, "the questions were ended; nothing was made");
}

const struct wizard_question *wizard_question(enum wizard_id id)
{
    static const struct wizard_question questions[WIZARD_COUNT] = {
        [WIZARD_PURPOSE] = {.text = "What is the certificate for",
                            .offer = offer_purposes,
                            .take = take_purpose},
        [WIZARD_TOKEN] = {.text = "Which token",
                          .applies = wants_token,
                          .offer = wizard_offer_tokens,
                          .take = wizard_take_token},
        [WIZARD_KEY] = {.text = "Which key", .offer = wizard_offer_keys, .take = wizard_take_key},
        [WIZARD_LABEL] = {.text = "Its label", .applies = wants_new_key, .take = wizard_take_label},
        [WIZARD_KIND] = {.text = "What kind of key",
                         .applies = wants_new_key,
                         .offer = wizard_offer_kinds,
                         .take = wizard_take_kind},
        [WIZARD_SCHEME] = {.text = "Signature scheme, like rsa-pss-sha256 (Enter: the key's usual one)",
                           .take = take_scheme},
        [WIZARD_PART] = {.text = "", .take = wizard_take_part},
        [WIZARD_NAME] = {.text = "Name",
                         .applies = wizard_wants_names,
                         .offer = wizard_offer_names,
                         .take = wizard_take_name},
        [WIZARD_KEY_USAGE] = {.text = "Key usage, like digitalSignature,keyEncipherment",
                              .offer = offer_key_usage,
                              .take = take_key_usage},
        [WIZARD_EXT_KEY_USAGE] = {.text = "Extended key usage, like serverAuth",
                                  .offer = offer_ext_key_usage,
                                  .take = take_ext_key_usage},
        [WIZARD_CA] = {.text = "Is it for a CA",
                       .applies = wants_ca,
                       .offer = offer_no,
                       .take = take_yes_or_no},
        [WIZARD_OUT] = {.text = "File for the request",
                        .applies = wants_out,
                        .offer = offer_out,
                        .take = take_out},
        [WIZARD_CONFIRM] = {.text = "Make it? yes, no, or '<' to go back",
                            .offer = offer_summary,
                            .take = take_confirmation},
    };
    return &questions[id];
}

/* Adds one option. */
static struct pc_result use(struct wizard *w, enum cli_option_id id, const char *value, p11csr_error **err)
{
    char *copy = pc_strdup(value);
    return copy != NULL ? cli_add_use(w->cli, id, copy, err) : pc_fail_memory(err);
}

static struct pc_result use_answer(struct wizard *w, const struct wizard_answer *answer, p11csr_error **err)
{
    static const enum cli_option_id ids[WIZARD_COUNT] = {
        [WIZARD_PURPOSE] = OPT_PROFILE, [WIZARD_TOKEN] = OPT_TOKEN,
        [WIZARD_LABEL] = OPT_KEY_LABEL, [WIZARD_KIND] = OPT_GENERATE,
        [WIZARD_SCHEME] = OPT_SCHEME,   [WIZARD_KEY_USAGE] = OPT_KEY_USAGE,
        [WIZARD_OUT] = OPT_OUT,         [WIZARD_EXT_KEY_USAGE] = OPT_EXT_KEY_USAGE,
    };
    const char *text = answer->text;
    if (text[0] == 0 || answer->id == WIZARD_PART || answer->id == WIZARD_CONFIRM) {
        return PC_OK; // the parts make one option
    }
    if (answer->id == WIZARD_NAME) {
        const size_t len = strcspn(text, ":");
        return use(w, wizard_san_option(text, len), text + len + 1, err);
    }
    if (answer->id == WIZARD_KEY) {
        const bool by_id = strncmp(text, "id:", 3) == 0;
        return strcmp(text, wizard_new_key) == 0
                   ? PC_OK
                   : use(w, by_id ? OPT_KEY_ID : OPT_KEY_LABEL, strchr(text, ':') + 1, err);
    }
    if (answer->id == WIZARD_CA) {
        return strcmp(text, "yes") == 0 ? cli_add_use(w->cli, OPT_CA, NULL, err) : PC_OK;
    }
    return use(w, ids[answer->id], text, err);
}

PC_RESULT wizard_add_uses(struct wizard *w, p11csr_error **err)
{
    char *subject PC_CLEANUP(pc_free_str) = NULL;
    for (size_t at = 0; at < w->answers.len; at += sizeof(struct wizard_answer)) {
        PC_TRY(use_answer(w, (const struct wizard_answer *)(const void *)(w->answers.ptr + at), err));
    }
    PC_TRY(wizard_subject_text(w, NULL, &subject, err));
    return use(w, OPT_SUBJECT, subject, err);
}

void wizard_drop_uses(struct wizard *w)
{
    cli_drop_uses(w->cli, w->uses);
}
