// SPDX-License-Identifier: Apache-2.0
#include "p11csr/start.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/changes.h"
#include "lib/context.h"
#include "lib/csr.h"
#include "lib/json.h"
#include "lib/request.h"

static struct pc_result take(p11csr_request *request, struct pc_span input, enum pc_source_kind kind,
                             char **ret_dropped, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    json_t *dropped PC_CLEANUP(pc_json_free) = NULL;
    struct pc_source source;
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(pc_source_read(input, kind, &der, &source, err));
    PC_TRY(pc_source_take(&source, &request->content, &dropped, err));
    return pc_json_take_text(dropped, ret_dropped, err);
}

enum p11csr_code p11csr_request_take_csr(p11csr_request *request, const void *data, size_t len,
                                         char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_REQUEST, ret_dropped, err).code;
}

enum p11csr_code p11csr_request_take_certificate(p11csr_request *request, const void *data, size_t len,
                                                 char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_CERTIFICATE, ret_dropped, err).code;
}

enum p11csr_code p11csr_request_take_either(p11csr_request *request, const void *data, size_t len,
                                            char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_ANY, ret_dropped, err).code;
}

static struct pc_result find_changes(p11csr_ctx *ctx, struct pc_span old, const struct p11csr_csr *csr,
                                     char **ret_json, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf old_der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf new_der PC_CLEANUP(pc_buf_done) = {0};
    json_t *changes PC_CLEANUP(pc_json_free) = NULL;
    struct pc_source before;
    struct pc_source after;
    pc_buf_init(&old_der, PC_MAX_REQUEST);
    pc_buf_init(&new_der, PC_MAX_REQUEST);
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_source_read(old, PC_SOURCE_ANY, &old_der, &before, err));
    PC_TRY(pc_source_read(pc_buf_span(&csr->der), PC_SOURCE_REQUEST, &new_der, &after, err));
    PC_TRY(pc_source_changes(crypto, &before, &after, &changes, err));
    return pc_json_take_text(changes, ret_json, err);
}

enum p11csr_code p11csr_csr_changes(p11csr_ctx *ctx, const p11csr_csr *csr, const void *old, size_t old_len,
                                    char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return find_changes(lock.ctx, (struct pc_span){old, old_len}, csr, ret_json, err).code;
}
