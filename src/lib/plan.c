// SPDX-License-Identifier: Apache-2.0
#include "p11csr/plan.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/reading/base64.h"
#include "csr/reading/describe.h"
#include "csr/request.h"
#include "lib/json.h"
#include "lib/key.h"
#include "lib/plan.h"
#include "lib/request.h"

#include <string.h>

/* Plans: what is going to be signed, written down so that others can check it, and signed just so. */

static struct pc_result set(json_t *object, const char *name, json_t *value, p11csr_error **err)
{
    return json_object_set_new(object, name, value) == 0 ? PC_OK : pc_fail_memory(err);
}

static struct pc_result set_base64(json_t *object, const char *name, struct pc_span bytes, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    PC_TRY(pc_base64_encode(bytes, &text, err));
    return set(object, name, json_stringn((const char *)text.ptr, text.len), err);
}

static struct pc_result describe(p11csr_ctx *ctx, struct pc_span tbs, struct pc_csr *ret_parts, json_t **ret,
                                 p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_csr_parse_info(tbs, ret_parts, err));
    return pc_csr_describe(crypto, ret_parts, ret, err);
}

static struct pc_result add_key(const struct p11csr_key *key, json_t *plan, p11csr_error **err)
{
    const struct p11csr_key_info *info = &key->texts.info;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "uri", info->uri, "id", info->id, "type", info->type,
                               "spki-sha256", info->spki_sha256);
    PC_TRY(set(plan, "key", object, err));
    return set_base64(object, "spki", pc_buf_span(&key->key.spki), err);
}

static struct pc_result add_content(struct p11csr_key *key, struct pc_span tbs, json_t *plan,
                                    p11csr_error **err)
{
    struct pc_csr parts = {0};
    char *sha256 PC_CLEANUP(pc_free_str) = NULL;
    json_t *content PC_CLEANUP(pc_json_free) = NULL;
    PC_TRY(pc_lib_sha256(key->ctx, tbs, &sha256, err));
    PC_TRY(describe(key->ctx, tbs, &parts, &content, err));
    PC_TRY(set_base64(plan, "tbs", tbs, err));
    PC_TRY(set(plan, "tbs-sha256", json_string(sha256), err));
    return set(plan, "content", json_incref(content), err);
}

static struct pc_result add_evidence(struct p11csr_key *key, json_t *plan, p11csr_error **err)
{
    json_t *protection PC_CLEANUP(pc_json_free) = NULL;
    PC_TRY(pc_key_protection_json(key, &protection, err));
    return set(plan, "evidence", json_pack("{s:O}", "protection", protection), err);
}

static struct pc_result make(const p11csr_request *request, struct p11csr_key *key, char **ret_json,
                             p11csr_error **err)
{
    const struct pc_scheme *scheme = NULL;
    struct pc_buf tbs PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    PC_TRY(pc_lib_assemble(request, key, &tbs, &scheme, err));
    json_t *plan PC_CLEANUP(pc_json_free) = json_pack("{s:i, s:s, s:s}", "p11csr-plan", 1, "program",
                                                      "p11csr " PC_VERSION, "scheme", scheme->name);
    if (plan == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(add_key(key, plan, err));
    PC_TRY(add_content(key, pc_buf_span(&tbs), plan, err));
    PC_TRY(add_evidence(key, plan, err));
    return pc_json_take_text(plan, ret_json, err);
}

enum p11csr_code p11csr_request_plan(const p11csr_request *request, p11csr_key *key, char **ret_json,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    return pc_frame(make(request, key, ret_json, err), err, "cannot plan a request for key '%s'",
                    key->texts.uri)
        .code;
}

static struct pc_result differs(p11csr_error **err, const char *what)
{
    return pc_fail(err, P11CSR_E_NOT_PLANNED, "the plan contradicts itself: %s", what);
}

static struct pc_result check_digest(p11csr_ctx *ctx, struct pc_span bytes, const char *said,
                                     const char *what, p11csr_error **err)
{
    char *is PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_lib_sha256(ctx, bytes, &is, err));
    return strcmp(is, said) == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_NOT_PLANNED,
                         "the plan contradicts itself: the SHA-256 of its %s is %s, not %s", what, is, said);
}

/* What people read in the plan is what the bytes say. */
static struct pc_result check_parts(p11csr_ctx *ctx, const struct pc_plan *plan, struct pc_csr *ret_parts,
                                    p11csr_error **err)
{
    json_t *content PC_CLEANUP(pc_json_free) = NULL;
    const struct pc_span tbs = pc_buf_span(&plan->tbs);
    PC_TRY(check_digest(ctx, tbs, plan->tbs_sha256, "CertificationRequestInfo", err));
    PC_TRY(check_digest(ctx, pc_buf_span(&plan->spki), plan->spki_sha256, "public key", err));
    PC_TRY(pc_frame(describe(ctx, tbs, ret_parts, &content, err), err,
                    "the CertificationRequestInfo of the plan cannot be read"));
    if (!pc_span_eq(ret_parts->spki, pc_buf_span(&plan->spki))) {
        return differs(err, "its CertificationRequestInfo has another public key");
    }
    return json_equal(content, plan->content) == 1
               ? PC_OK
               : differs(err, "its readable content is not that of its CertificationRequestInfo");
}

/* The content of the plan, from which the same bytes come again; or it is not for us to sign. */
static struct pc_result take_content(const struct pc_csr *parts, p11csr_request *request, p11csr_error **err)
{
    size_t unknown = 0;
    struct pc_buf again PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&again, PC_MAX_REQUEST);
    PC_TRY(pc_csr_content(parts, &request->content, &unknown, err));
    // What was read critical beside a subject was said to be.
    request->content.san_said_critical = request->content.san_critical;
    pc_content_settle(&request->content);
    PC_TRY(pc_request_assemble(&request->content, parts->spki, &again, err));
    return unknown == 0 && pc_span_eq(pc_buf_span(&again), parts->tbs)
               ? PC_OK
               : pc_fail(err, P11CSR_E_NOT_PLANNED,
                         "the plan holds what this p11csr would not write: it is not of its making");
}

static struct pc_result take_plan(p11csr_ctx *ctx, const struct pc_plan *plan, p11csr_request *request,
                                  p11csr_error **err)
{
    struct pc_csr parts = {0};
    PC_TRY(check_parts(ctx, plan, &parts, err));
    PC_TRY(take_content(&parts, request, err));
    PC_TRY(pc_scheme_find(plan->scheme, &request->scheme, err));
    pc_buf_add_span(&request->planned_spki, parts.spki);
    PC_TRY(pc_buf_check(&request->planned_spki, err));
    return pc_lib_expect(request, plan->tbs_sha256, err);
}

static void free_request(p11csr_request **request)
{
    p11csr_request_free(request);
}

static struct pc_result from_plan(p11csr_ctx *ctx, struct pc_span text, p11csr_request **ret,
                                  p11csr_error **err)
{
    struct pc_plan plan PC_CLEANUP(pc_plan_done);
    p11csr_request *request PC_CLEANUP(free_request) = NULL;
    const struct pc_result read = pc_plan_read(text, &plan, err);
    PC_TRY(read);
    PC_TRY((struct pc_result){p11csr_request_new(&request, err)});
    PC_TRY(take_plan(ctx, &plan, request, err));
    request->subject_is_given = true; // its name was judged when it was planned
    *ret = request;
    request = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_request_from_plan(p11csr_ctx *ctx, const void *data, size_t len,
                                          p11csr_request **ret_request, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return from_plan(lock.ctx, (struct pc_span){data, len}, ret_request, err).code;
}

const unsigned char *p11csr_request_get_planned_spki(const p11csr_request *request, size_t *ret_len)
{
    *ret_len = request->planned_spki.len;
    return request->planned_spki.len > 0 ? request->planned_spki.ptr : NULL;
}
