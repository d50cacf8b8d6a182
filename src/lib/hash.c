// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "lib/request.h"
#include "p11csr/evidence.h"

static struct pc_result hash_file(p11csr_ctx *ctx, const char *path, char **ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&content, PC_MAX_HASHED);
    PC_TRY(pc_file_read(path, &content, err));
    return pc_lib_sha256(ctx, pc_buf_span(&content), ret, err);
}

enum p11csr_code p11csr_file_sha256(p11csr_ctx *ctx, const char *path, char **ret_sha256, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return hash_file(lock.ctx, path, ret_sha256, err).code;
}
