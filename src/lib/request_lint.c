// SPDX-License-Identifier: Apache-2.0
#include "lib/request_lint.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/specimen.h"
#include "csr/request.h"
#include "lib/json.h"
#include "lib/lint.h"

#include <string.h>

/* Lint before a request is signed. */

static struct pc_result fail_lint(const json_t *result, size_t errors, p11csr_error **err)
{
    const json_t *findings = json_object_get(result, "findings");
    const struct pc_result failed =
        pc_fail(err, P11CSR_E_LINT, "the lint rules found %zu error%s", errors, errors == 1 ? "" : "s");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        if (strcmp(json_string_value(json_object_get(finding, "severity")), "error") == 0) {
            pc_note(err, "%s: %s (%s)", json_string_value(json_object_get(finding, "id")),
                    json_string_value(json_object_get(finding, "text")),
                    json_string_value(json_object_get(finding, "source")));
        }
    }
    return failed;
}

/* *ret is left alone when there are no rules. */
static struct pc_result lint_info(const p11csr_request *request, p11csr_ctx *ctx, struct pc_span tbs,
                                  const struct pc_scheme *scheme, json_t **ret, p11csr_error **err)
{
    struct pc_csr csr;
    struct pc_lint_counts counts = {0};
    const struct pc_crypto *crypto = NULL;
    json_t *result PC_CLEANUP(pc_json_free) = NULL;
    if (request->lint == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    struct pc_lint_options options = request->lint->options;
    options.key_is_proved = true; // it will be, or nothing is released
    options.subject_is_given = request->subject_is_given;
    PC_TRY(pc_csr_parse_info(tbs, &csr, err));
    csr.aid = scheme->aid;
    PC_TRY(pc_lint_run(&options, crypto, &csr, &counts, &result, err));
    if (counts.of[PC_LINT_ERROR] > 0) {
        return fail_lint(result, counts.of[PC_LINT_ERROR], err);
    }
    *ret = json_incref(result);
    return PC_OK;
}

PC_RESULT pc_lib_lint_info(const p11csr_request *request, p11csr_ctx *ctx, struct pc_span tbs,
                           const struct pc_scheme *scheme, p11csr_error **err)
{
    json_t *ignored PC_CLEANUP(pc_json_free) = NULL;
    return lint_info(request, ctx, tbs, scheme, &ignored, err);
}

void p11csr_request_set_lint(p11csr_request *request, const p11csr_lint *lint)
{
    request->lint = lint;
}

static struct pc_result check(const p11csr_request *request, p11csr_ctx *ctx, const char *key_type,
                              json_t **ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    const struct pc_keyspec *spec = NULL;
    const struct pc_scheme *scheme = NULL;
    struct pc_content content = request->content;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf tbs PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&spki, PC_MAX_SPKI);
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    if (request->lint == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_keyspec_find(key_type, &spec, err));
    PC_TRY(pc_lib_choose_scheme(request, spec, &scheme, err));
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_lint_specimen(crypto, spec, &spki, err));
    if (request->skid != PC_SKID_NONE) {
        PC_TRY(pc_skid_compute(crypto, request->skid, pc_buf_span(&spki), &content, err));
    }
    PC_TRY(pc_request_assemble(&content, pc_buf_span(&spki), &tbs, err));
    return lint_info(request, ctx, pc_buf_span(&tbs), scheme, ret, err);
}

enum p11csr_code p11csr_request_check_lint(const p11csr_request *request, p11csr_ctx *ctx,
                                           const char *key_type, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    json_t *found PC_CLEANUP(pc_json_free) = NULL;
    char *text = NULL;
    struct pc_result result =
        pc_frame(check(request, lock.ctx, key_type, &found, err), err, "the request would not be a good one");
    if (pc_is_ok(result) && ret_json != NULL && found != NULL) {
        result = pc_json_take_text(found, &text, err);
    }
    if (pc_is_ok(result) && ret_json != NULL) {
        *ret_json = text;
    }
    return result.code;
}
