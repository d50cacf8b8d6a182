// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/doctor.h"
#include "cli/modules.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* p11csr doctor: why does my token not work */

/* What the command has found so far. */
struct visit {
    struct cli *cli;
    bool asked;             /* a module or token was named: its failure is the command's */
    enum p11csr_code worst; /* of what was asked for */
    char *worst_text;
    char *worst_hint;
    size_t modules;
    size_t broken;
};

static void visit_done(struct visit *visit)
{
    pc_release(visit->worst_text);
    pc_release(visit->worst_hint);
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* The module may be fine and the token not there. */
static struct pc_result expect_token(struct cli *cli, const char *token, p11csr_error **err)
{
    p11csr_token_list *list = NULL;
    PC_TRY(cli_lift(p11csr_tokens_list(cli->ctx, token, &list, err)));
    const size_t count = p11csr_token_list_count(list);
    p11csr_token_list_free(&list);
    return count > 0 ? PC_OK : pc_fail(err, P11CSR_E_TOKEN_NOT_FOUND, "no token of the module matches");
}

/* With --login always: whether the PIN is taken, and how many keys show then. */
static struct pc_result count_keys(struct cli *cli, const char *token, json_t *to, p11csr_error **err)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    p11csr_key_list *list = NULL;
    select.token = cli_reveal(cli, token);
    PC_TRY(cli_lift(p11csr_keys_list(cli->ctx, &select, &list, err)));
    (void)json_object_set_new(to, "keys", json_integer((json_int_t)p11csr_key_list_count(list)));
    p11csr_key_list_free(&list);
    return PC_OK;
}

static PC_RESULT describe_module(struct cli *cli, const struct cli_job *job, json_t *to, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    if (strcmp(job->from, "p11-kit") == 0) {
        PC_TRY(cli_lift(p11csr_ctx_set_module(cli->ctx, job->path, err)));
    }
    PC_TRY(cli_lift(p11csr_module_to_json(cli->ctx, job->token, &text, err)));
    (void)json_object_set_new(to, "library", json_loads(text, 0, NULL));
    PC_TRY(job->token != NULL ? expect_token(cli, job->token, err) : PC_OK);
    const char *login = cli_value(cli, OPT_LOGIN);
    return login != NULL && strcmp(login, "always") == 0 ? count_keys(cli, job->token, to, err) : PC_OK;
}

static PC_RESULT list_quirks(struct cli *cli, const struct cli_job *job, json_t *to, p11csr_error **err)
{
    p11csr_quirk_list *list = NULL;
    json_t *words = json_array();
    (void)json_object_set_new(to, "words", words);
    PC_TRY(cli_lift(p11csr_token_quirks(cli->ctx, job->token, &list, err)));
    for (size_t i = 0; i < p11csr_quirk_list_count(list); i++) {
        const struct p11csr_quirk *row = p11csr_quirk_list_get(list, i);
        (void)json_array_append_new(words,
                                    json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "word", row->word, "value",
                                              row->value, "default", row->fallback, "set-by", row->set_by,
                                              "evidence", row->evidence, "effect", row->effect));
    }
    p11csr_quirk_list_free(&list);
    return PC_OK;
}

/* Signs what is thrown away: all of the main job but the writing. */
static struct pc_result sign_with(p11csr_key *key, json_t *to, p11csr_error **err)
{
    p11csr_request *request = NULL;
    p11csr_csr *csr = NULL;
    struct timespec begin = {0};
    struct timespec end = {0};
    struct pc_result result = cli_lift(p11csr_request_new(&request, err));
    if (pc_is_ok(result)) {
        result = cli_lift(p11csr_request_set_subject(request, "CN=p11csr doctor", err));
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    if (pc_is_ok(result)) {
        result = cli_lift(p11csr_request_sign(request, key, &csr, err));
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    if (pc_is_ok(result)) {
        const double ms =
            (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
        (void)json_object_set_new(to, "key", json_string(p11csr_key_get_info(key)->uri));
        (void)json_object_set_new(to, "scheme", json_string(p11csr_csr_get_scheme(csr)));
        (void)json_object_set_new(to, "mechanism", json_string(p11csr_csr_get_mechanism(csr)));
        (void)json_object_set_new(to, "milliseconds", json_real(ms));
    }
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    return result;
}

static PC_RESULT probe_key(struct cli *cli, const struct cli_job *job, json_t *to, p11csr_error **err)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    p11csr_key *key = NULL;
    select.token = cli_reveal(cli, job->token);
    PC_TRY(cli_lift(p11csr_key_open(cli->ctx, &select, &key, err)));
    const struct pc_result result = sign_with(key, to, err);
    p11csr_key_free(&key);
    return result;
}

/* Remembers the first failure of what was asked for. */
static void note_failure(struct visit *visit, enum p11csr_code code, const json_t *entry, bool asked)
{
    if (code == P11CSR_OK || !asked || visit->worst != P11CSR_OK) {
        return;
    }
    const json_t *error = json_object_get(entry, "error");
    const json_t *causes = json_object_get(error, "cause");
    const json_t *last = json_array_get(causes, json_array_size(causes) - 1);
    const char *text = json_string_value(last != NULL ? last : json_object_get(error, "message"));
    visit->worst = code;
    visit->worst_text = pc_strdup(text != NULL ? text : "");
    const char *hint = json_string_value(json_object_get(error, "hint"));
    visit->worst_hint = hint != NULL ? pc_strdup(hint) : NULL;
}

static struct pc_result look_at_module(struct visit *visit, const struct cli_job *job, p11csr_error **err)
{
    json_t *found PC_CLEANUP(free_json) = NULL;
    enum p11csr_code code = P11CSR_OK;
    PC_TRY(cli_in_child(visit->cli, job, &found, &code, err));
    (void)json_object_set_new(found, "name", json_string(job->name));
    (void)json_object_set_new(found, "from", json_string(job->from));
    (void)json_object_set_new(found, "path", job->path != NULL ? json_string(job->path) : json_null());
    visit->modules++;
    visit->broken += code != P11CSR_OK ? 1 : 0;
    note_failure(visit, code, found, visit->asked);
    if (cli_wants_text(visit->cli)) {
        doctor_print_module(found);
    }
    (void)json_array_append(json_object_get(visit->cli->json, "modules"), found);
    return PC_OK;
}

static struct pc_result read_known(struct cli *cli, json_t **ret, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_modules_to_json(cli->ctx, &text, err)));
    *ret = json_loads(text, 0, NULL);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

/* Every module that p11-kit or an alias names, but those that hold certificates of authorities only. */
static struct pc_result look_at_all(struct visit *visit, p11csr_error **err)
{
    json_t *known PC_CLEANUP(free_json) = NULL;
    size_t i = 0;
    const json_t *row = NULL;
    PC_TRY(read_known(visit->cli, &known, err));
    json_array_foreach(known, i, row)
    {
        const char *path = json_string_value(json_object_get(row, "path"));
        const bool alias = json_is_true(json_object_get(row, "alias"));
        const char *name = json_string_value(json_object_get(row, "name"));
        const struct cli_job job = {.name = name,
                                    .from = alias ? "configuration" : "p11-kit",
                                    .path = path,
                                    .token = alias ? name : NULL,
                                    .work = describe_module,
                                    .why = doctor_why};
        if (path != NULL && !json_is_true(json_object_get(row, "trust-policy"))) {
            PC_TRY(look_at_module(visit, &job, err));
        }
    }
    return PC_OK;
}

/* The file behind a name that p11-kit knows, or the name itself. Borrowed from `known`. */
static const char *path_of(const json_t *known, const char *module)
{
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(known, i, row)
    {
        const char *path = json_string_value(json_object_get(row, "path"));
        if (path != NULL && strcmp(json_string_value(json_object_get(row, "name")), module) == 0) {
            return path;
        }
    }
    return module;
}

static bool is_uri(const char *token)
{
    return strncmp(token, "pkcs11:", strlen("pkcs11:")) == 0;
}

static struct pc_result look_at_named(struct visit *visit, const char *module, const char *token,
                                      p11csr_error **err)
{
    json_t *known PC_CLEANUP(free_json) = NULL;
    char *its PC_CLEANUP(p11csr_free_text) = NULL;
    char *shown PC_CLEANUP(p11csr_free_text) = NULL;
    struct cli_job job = {.from = "command line", .token = token, .work = describe_module, .why = doctor_why};
    visit->asked = true;
    PC_TRY(read_known(visit->cli, &known, err));
    PC_TRY(cli_lift(p11csr_token_module(visit->cli->ctx, token, &its, err)));
    job.path = its != NULL ? path_of(known, its) : NULL;
    job.name = module != NULL ? module : token;
    if (module == NULL && is_uri(token)) { // shown without its PIN
        PC_TRY(cli_lift(p11csr_uri_normalize(token, &shown, err)));
        job.name = shown;
    }
    return look_at_module(visit, &job, err);
}

/* A token whose module nobody has named: the one that has it, or all when none has. */
static struct pc_result look_for(struct visit *visit, const char *token, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result found = cli_find_module(visit->cli, token, &why);
    if (pc_is_ok(found)) {
        return look_at_named(visit, NULL, token, err);
    }
    visit->worst = found.code;
    visit->worst_text = pc_strdup(p11csr_error_cause(why, 0));
    return look_at_all(visit, err);
}

/* --quirks and --probe: one thing each, under its own name in the answer. */
static struct pc_result do_one(struct visit *visit, const char *name, const struct cli_job *job,
                               void (*print)(const json_t *found), p11csr_error **err)
{
    json_t *found PC_CLEANUP(free_json) = NULL;
    enum p11csr_code code = P11CSR_OK;
    PC_TRY(cli_lift(p11csr_ctx_set_module(visit->cli->ctx, cli_module(visit->cli, job->token), err)));
    PC_TRY(cli_find_module(visit->cli, job->token, err));
    PC_TRY(cli_in_child(visit->cli, job, &found, &code, err));
    note_failure(visit, code, found, true);
    if (cli_wants_text(visit->cli)) {
        print(found);
    }
    cli_json(visit->cli, name, json_incref(found));
    return PC_OK;
}

/* Takes out what may name a key: the probe's, and that of a URI. */
static void leave_out_keys(json_t *doctor)
{
    json_t *probe = json_object_get(doctor, "probe");
    json_t *code = json_object_get(json_object_get(probe, "error"), "code");
    size_t i = 0;
    json_t *module = NULL;
    (void)json_object_del(probe, "key");
    if (code != NULL) {
        (void)json_object_set_new(probe, "error", json_pack("{s:O}", "code", code));
    }
    json_array_foreach(json_object_get(doctor, "modules"), i, module)
    {
        if (is_uri(json_string_value(json_object_get(module, "name")))) {
            (void)json_object_set_new(module, "name", json_string("a URI"));
        }
    }
}

/* What a bug report needs: the answer, and what it was found with. No PIN and no key is in the answer. */
static struct pc_result write_bundle(const struct cli *cli, const char *path, p11csr_error **err)
{
    struct utsname host = {0};
    char time_text[32] = "";
    struct tm parts;
    const time_t now = time(NULL);
    (void)uname(&host);
    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    json_t *doctor = json_deep_copy(cli->json);
    leave_out_keys(doctor);
    json_t *bundle PC_CLEANUP(free_json) = json_pack(
        "{s:i, s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "p11csr-bundle", 1, "version", p11csr_version(),
        "time", time_text, "system", "name", host.sysname, "release", host.release, "machine", host.machine,
        "environment", doctor_environment(), "doctor", doctor);
    char *text = bundle != NULL ? json_dumps(bundle, JSON_INDENT(2)) : NULL;
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_result result = pc_file_write(
        path, pc_span_str(text), cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP, 0600, err);
    free(text);
    return result;
}

static struct pc_result look(struct visit *visit, p11csr_error **err)
{
    const struct cli *cli = visit->cli;
    const char *module = cli_module(cli, cli_value(cli, OPT_TOKEN));
    const char *token = cli_value_or_env(cli, OPT_TOKEN, "P11CSR_TOKEN");
    const char *quirks = cli_reveal(cli, cli_value(cli, OPT_QUIRKS));
    const char *probe = cli_reveal(cli, cli_value(cli, OPT_PROBE));
    if (module != NULL) {
        PC_TRY(look_at_named(visit, module, token, err));
    } else if (token != NULL) {
        PC_TRY(look_for(visit, token, err));
    } else if (quirks == NULL && probe == NULL) {
        PC_TRY(look_at_all(visit, err));
    }
    if (quirks != NULL) {
        const struct cli_job job = {
            .name = "quirks", .token = quirks, .work = list_quirks, .why = doctor_why};
        PC_TRY(do_one(visit, "quirks", &job, doctor_print_quirks, err));
    }
    if (probe != NULL) {
        const struct cli_job job = {.name = "probe", .token = probe, .work = probe_key, .why = doctor_why};
        PC_TRY(do_one(visit, "probe", &job, doctor_print_probe, err));
    }
    return PC_OK;
}

PC_RESULT cli_run_doctor(struct cli *cli, p11csr_error **err)
{
    struct visit visit PC_CLEANUP(visit_done) = {.cli = cli};
    p11csr_ctx *ctx = NULL;
    const char *bundle = cli_value(cli, OPT_BUNDLE);
    if (bundle != NULL) {
        PC_TRY(pc_file_check_writable(bundle, cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP, err));
    }
    PC_TRY(cli_context(cli, &ctx, err));
    cli_json(cli, "modules", json_array());
    PC_TRY(look(&visit, err));
    cli->answers_anyway = true; // what was found is the answer, whatever it is
    if (bundle != NULL) {
        PC_TRY(write_bundle(cli, bundle, err));
        cli_remark(cli, "written: %s; read it before you send it", bundle);
    }
    if (visit.worst != P11CSR_OK) {
        const struct pc_result result =
            pc_fail(err, visit.worst, "%s", visit.worst_text != NULL ? visit.worst_text : "");
        if (visit.worst_hint != NULL) {
            pc_hint(err, "%s", visit.worst_hint);
        }
        return result;
    }
    if (visit.broken > 0) {
        return pc_fail(err, P11CSR_E_CHECK_FAILED, "%zu of %zu modules cannot be used", visit.broken,
                       visit.modules);
    }
    return PC_OK;
}
