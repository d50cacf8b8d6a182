// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/changes.h"
#include "lib/context.h"
#include "lib/json.h"
#include "p11csr/reading.h"

static struct pc_result compare(p11csr_ctx *ctx, struct pc_span old, struct pc_span new, char **ret_json,
                                p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf old_der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf new_der PC_CLEANUP(pc_buf_done) = {0};
    json_t *changes PC_CLEANUP(pc_json_free) = NULL;
    struct pc_der_faults old_faults PC_CLEANUP(pc_der_faults_done);
    struct pc_der_faults new_faults PC_CLEANUP(pc_der_faults_done);
    struct pc_source before;
    struct pc_source after;
    pc_der_faults_init(&old_faults);
    pc_der_faults_init(&new_faults);
    pc_buf_init(&old_der, PC_MAX_REQUEST);
    pc_buf_init(&new_der, PC_MAX_REQUEST);
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_frame(pc_source_read_tolerantly(old, &old_faults, &old_der, &before, err), err,
                    "the first of the two cannot be read"));
    PC_TRY(pc_frame(pc_source_read_tolerantly(new, &new_faults, &new_der, &after, err), err,
                    "the second of the two cannot be read"));
    PC_TRY(pc_source_changes(crypto, &before, &after, &changes, err));
    return pc_json_take_text(changes, ret_json, err);
}

enum p11csr_code p11csr_compare(p11csr_ctx *ctx, const struct p11csr_bytes *old,
                                const struct p11csr_bytes *now, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    const struct pc_span first = {old->data, old->len};
    const struct pc_span second = {now->data, now->len};
    return compare(lock.ctx, first, second, ret_json, err).code;
}
