// SPDX-License-Identifier: Apache-2.0
/*
 * make MODULE TOKEN KEY-LABEL PIN-SOURCE: reads what requests shall say from stdin, one JSON object a line,
 * makes each with p11csr's library, and answers with one line: {der, tbs, json, again} or {error, why}.
 * `again` is true when the same words made the same CertificationRequestInfo a second time.
 */
#include "dump.h"
#include <p11csr/p11csr.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* One function of the library for each pair of words in a list. */
static enum p11csr_code each(const json_t *spec, const char *name, p11csr_request *request,
                             enum p11csr_code (*add)(p11csr_request *request, const char *what,
                                                     const char *value, p11csr_error **err),
                             p11csr_error **err)
{
    const json_t *pair = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(spec, name), i, pair)
    {
        const enum p11csr_code code = add(request, json_string_value(json_array_get(pair, 0)),
                                          json_string_value(json_array_get(pair, 1)), err);
        if (code != P11CSR_OK) {
            return code;
        }
    }
    return P11CSR_OK;
}

static enum p11csr_code set_text(const json_t *spec, const char *name, p11csr_request *request,
                                 enum p11csr_code (*set)(p11csr_request *request, const char *value,
                                                         p11csr_error **err),
                                 p11csr_error **err)
{
    return text(spec, name) != NULL ? set(request, text(spec, name), err) : P11CSR_OK;
}

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        const enum p11csr_code try_code = (call);                                                            \
        if (try_code != P11CSR_OK) {                                                                         \
            return try_code;                                                                                 \
        }                                                                                                    \
    } while (0)

static enum p11csr_code fill(const json_t *spec, p11csr_request *request, p11csr_error **err)
{
    const json_t *basic = json_object_get(spec, "basic");
    TRY(set_text(spec, "subject", request, p11csr_request_set_subject, err));
    TRY(each(spec, "names", request, p11csr_request_add_san, err));
    TRY(set_text(spec, "key-usage", request, p11csr_request_set_key_usage, err));
    TRY(set_text(spec, "ext-key-usage", request, p11csr_request_set_ext_key_usage, err));
    TRY(set_text(spec, "subject-key-id", request, p11csr_request_set_subject_key_id, err));
    if (basic != NULL) {
        TRY(p11csr_request_set_basic_constraints(request, json_is_true(json_array_get(basic, 0)) ? 1 : 0,
                                                 (long)json_integer_value(json_array_get(basic, 1)), err));
    }
    p11csr_request_set_must_staple(request, json_is_true(json_object_get(spec, "must-staple")) ? 1 : 0);
    TRY(each(spec, "extensions", request, p11csr_request_add_extension, err));
    return each(spec, "attributes", request, p11csr_request_add_attribute, err);
}

static enum p11csr_code make(p11csr_ctx *ctx, p11csr_key *key, const json_t *spec, json_t *answer,
                             p11csr_error **err)
{
    p11csr_request *request = NULL;
    p11csr_request *other = NULL;
    p11csr_csr *csr = NULL;
    char *said = NULL;
    unsigned char *first = NULL;
    unsigned char *second = NULL;
    size_t first_len = 0;
    size_t second_len = 0;
    size_t len = 0;
    enum p11csr_code code = p11csr_request_new(&request, err);
    code = code != P11CSR_OK ? code : p11csr_request_new(&other, err);
    code = code != P11CSR_OK ? code : fill(spec, request, err);
    code = code != P11CSR_OK ? code : fill(spec, other, err);
    code = code != P11CSR_OK ? code : p11csr_request_sign(request, key, &csr, err);
    code = code != P11CSR_OK ? code : p11csr_csr_to_json(ctx, csr, &said, err);
    code = code != P11CSR_OK ? code : p11csr_request_assemble(request, key, &first, &first_len, NULL, err);
    code = code != P11CSR_OK ? code : p11csr_request_assemble(other, key, &second, &second_len, NULL, err);
    if (code == P11CSR_OK) {
        const unsigned char *der = p11csr_csr_get_der(csr, &len);
        (void)json_object_set_new(answer, "der", dump_hex(der, len));
        (void)json_object_set_new(answer, "tbs", dump_hex(first, first_len));
        (void)json_object_set_new(answer, "json", json_loads(said, 0, NULL));
        (void)json_object_set_new(
            answer, "again", json_boolean(first_len == second_len && memcmp(first, second, first_len) == 0));
    }
    p11csr_free_text(&said);
    p11csr_free_bytes(&first);
    p11csr_free_bytes(&second);
    p11csr_csr_free(&csr);
    p11csr_request_free(&other);
    p11csr_request_free(&request);
    return code;
}

static void answer_line(p11csr_ctx *ctx, p11csr_key *key, const char *line)
{
    p11csr_error *err = NULL;
    json_t *spec = json_loads(line, 0, NULL);
    json_t *answer = json_object();
    const enum p11csr_code code = make(ctx, key, spec, answer, &err);
    if (code != P11CSR_OK) {
        (void)json_object_set_new(answer, "error", json_integer(code));
        json_t *why = json_array();
        (void)json_array_append_new(why, json_string(p11csr_error_message(err)));
        for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
            (void)json_array_append_new(why, json_string(p11csr_error_cause(err, i)));
        }
        (void)json_object_set_new(answer, "why", why);
        p11csr_error_free(&err);
    }
    if (json_dumpf(answer, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0) {
        abort();
    }
    json_decref(answer);
    json_decref(spec);
}

static p11csr_key *open_key(p11csr_ctx *ctx, const char *token, const char *label)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    p11csr_error *err = NULL;
    p11csr_key *key = NULL;
    select.token = token;
    select.label = label;
    if (p11csr_key_open(ctx, &select, &key, &err) != P11CSR_OK) {
        (void)fprintf(stderr, "%s\n", p11csr_error_message(err));
        p11csr_error_free(&err);
    }
    return key;
}

int main(int argc, char **argv)
{
    p11csr_ctx *ctx = NULL;
    char *line = NULL;
    size_t size = 0;
    if (argc != 5 || p11csr_ctx_new(&ctx, NULL) != P11CSR_OK ||
        p11csr_ctx_set_module(ctx, argv[1], NULL) != P11CSR_OK ||
        p11csr_ctx_set_pin_source(ctx, argv[4], NULL) != P11CSR_OK) {
        return 2;
    }
    p11csr_key *key = open_key(ctx, argv[2], argv[3]);
    while (key != NULL && getline(&line, &size, stdin) > 0) {
        answer_line(ctx, key, line);
    }
    const int status = key != NULL ? 0 : 1;
    free(line);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    return status;
}
