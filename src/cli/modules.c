// SPDX-License-Identifier: Apache-2.0
#include "cli/modules.h"

#include <string.h>

static const char *const pin_states[] = {
    [P11CSR_PIN_STATE_UNKNOWN] = "unknown",
    [P11CSR_PIN_STATE_COUNT_LOW] = "count-low",
    [P11CSR_PIN_STATE_FINAL_TRY] = "final-try",
    [P11CSR_PIN_STATE_LOCKED] = "locked",
    [P11CSR_PIN_STATE_TO_BE_CHANGED] = "to-be-changed",
    [P11CSR_PIN_STATE_NOT_SET] = "not-set",
};

json_t *cli_token_json(const struct p11csr_token_info *info)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:s}", "uri",
                     info->uri, "label", info->label, "manufacturer", info->manufacturer, "model",
                     info->model, "serial", info->serial, "module", info->module, "hardware-version",
                     info->hardware_version, "firmware-version", info->firmware_version, "slot-id",
                     (json_int_t)info->slot_id, "login-required", info->login_required, "pin-pad",
                     info->protected_path, "write-protected", info->write_protected, "hardware-slot",
                     info->hardware, "pin-state", pin_states[info->pin_state]);
}

static struct pc_result list_here(struct cli *cli, const char *token, json_t *rows, p11csr_error **err)
{
    p11csr_token_list *list = NULL;
    PC_TRY(cli_lift(p11csr_tokens_list(cli->ctx, token, &list, err)));
    for (size_t i = 0; i < p11csr_token_list_count(list); i++) {
        (void)json_array_append_new(rows, cli_token_json(p11csr_token_list_get(list, i)));
    }
    p11csr_token_list_free(&list);
    return PC_OK;
}

static PC_RESULT list_in_child(struct cli *cli, const struct cli_job *job, json_t *to, p11csr_error **err)
{
    json_t *rows = json_array();
    (void)json_object_set_new(to, "tokens", rows);
    PC_TRY(cli_lift(p11csr_ctx_set_module(cli->ctx, job->path, err)));
    return list_here(cli, job->token, rows, err);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* What the modules have said: tokens, each with its module; and which of them could not be asked, and why. */
struct survey {
    json_t *tokens;
    json_t *broken;
};

static void survey_done(struct survey *survey)
{
    json_decref(survey->tokens);
    json_decref(survey->broken);
}

static void take_answer(struct survey *survey, const struct cli_job *job, const json_t *answer,
                        enum p11csr_code code)
{
    const json_t *error = json_object_get(answer, "error");
    const json_t *causes = json_object_get(error, "cause");
    const json_t *cause = json_array_get(causes, json_array_size(causes) - 1);
    size_t i = 0;
    json_t *row = NULL;
    if (code != P11CSR_OK) {
        const char *text = json_string_value(cause != NULL ? cause : json_object_get(error, "message"));
        (void)json_array_append_new(survey->broken, json_sprintf("module '%s' cannot be used: %s", job->name,
                                                                 text != NULL ? text : "no answer"));
        return;
    }
    json_array_foreach(json_object_get(answer, "tokens"), i, row)
    {
        (void)json_array_append_new(survey->tokens, json_pack("{s:O, s:s}", "token", row, "path", job->path));
    }
}

static struct pc_result ask_all(struct cli *cli, const char *token, struct survey *ret, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_modules_to_json(cli->ctx, &text, err)));
    json_t *known PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(known, i, row)
    {
        const struct cli_job job = {.name = json_string_value(json_object_get(row, "name")),
                                    .path = json_string_value(json_object_get(row, "path")),
                                    .token = token,
                                    .work = list_in_child};
        json_t *answer PC_CLEANUP(free_json) = NULL;
        enum p11csr_code code = P11CSR_OK;
        if (job.path == NULL || json_is_true(json_object_get(row, "alias")) ||
            json_is_true(json_object_get(row, "trust-policy"))) {
            continue;
        }
        PC_TRY(cli_in_child(cli, &job, &answer, &code, err));
        take_answer(ret, &job, answer, code);
    }
    return PC_OK;
}

/* True when the context, the URI or the alias says the module. */
static struct pc_result is_named(const struct cli *cli, const char *token, bool *ret, p11csr_error **err)
{
    char *module PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_token_module(cli->ctx, token, &module, err)));
    *ret = module != NULL;
    return PC_OK;
}

PC_RESULT cli_tokens(struct cli *cli, const char *token, json_t *rows, p11csr_error **err)
{
    struct survey survey PC_CLEANUP(survey_done) = {json_array(), json_array()};
    bool named = false;
    size_t i = 0;
    const json_t *row = NULL;
    PC_TRY(is_named(cli, token, &named, err));
    if (named) {
        return list_here(cli, token, rows, err);
    }
    PC_TRY(ask_all(cli, token, &survey, err));
    json_array_foreach(survey.tokens, i, row)
    {
        (void)json_array_append(rows, json_object_get(row, "token"));
    }
    json_array_foreach(survey.broken, i, row)
    {
        cli_warn(cli, json_string_value(row));
    }
    return PC_OK;
}

static void note_all(const json_t *rows, p11csr_error **err)
{
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        pc_note(err, "%s", json_string_value(row));
    }
}

static struct pc_result not_found(const struct survey *survey, const char *token, p11csr_error **err)
{
    const struct pc_result result =
        pc_fail(err, P11CSR_E_TOKEN_NOT_FOUND, "no token of the modules that p11-kit knows matches%s%s",
                token != NULL ? " " : "", token != NULL ? token : "");
    if (token != NULL && strncmp(token, "pkcs11:", strlen("pkcs11:")) != 0) {
        pc_note(err, "'%s' is no alias of the configuration, so it was taken for a token's label", token);
    }
    note_all(survey->broken, err);
    if (json_array_size(survey->broken) > 0) {
        pc_hint(err, "see why a module does not work: p11csr doctor");
    }
    return result;
}

static struct pc_result ambiguous(const struct survey *survey, p11csr_error **err)
{
    size_t i = 0;
    const json_t *row = NULL;
    const struct pc_result result =
        pc_fail(err, P11CSR_E_TOKEN_AMBIGUOUS, "%zu tokens match", json_array_size(survey->tokens));
    json_array_foreach(survey->tokens, i, row)
    {
        pc_note(err, "%s (--module %s)",
                json_string_value(json_object_get(json_object_get(row, "token"), "uri")),
                json_string_value(json_object_get(row, "path")));
    }
    return result;
}

PC_RESULT cli_find_module(struct cli *cli, const char *token, p11csr_error **err)
{
    struct survey survey PC_CLEANUP(survey_done) = {json_array(), json_array()};
    bool named = false;
    PC_TRY(is_named(cli, token, &named, err));
    if (named) {
        return PC_OK;
    }
    PC_TRY(ask_all(cli, token, &survey, err));
    if (json_array_size(survey.tokens) == 0) {
        return not_found(&survey, token, err);
    }
    if (json_array_size(survey.tokens) > 1) {
        return ambiguous(&survey, err);
    }
    const char *path = json_string_value(json_object_get(json_array_get(survey.tokens, 0), "path"));
    return cli_lift(p11csr_ctx_set_module(cli->ctx, path, err));
}
