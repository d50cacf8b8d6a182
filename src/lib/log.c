// SPDX-License-Identifier: Apache-2.0
#include "lib/log.h"

#include "base/error.h"
#include "base/file.h"
#include "lib/json.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

PC_RESULT pc_log_open(p11csr_ctx *ctx, p11csr_error **err)
{
    const char *path = ctx->config.log_file;
    if (path == NULL || ctx->log_fd >= 0) {
        return PC_OK;
    }
    ctx->log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (ctx->log_fd < 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "open the log file '%s'", path);
    }
    return PC_OK;
}

/* One write call: lines of several processes do not mix. */
static struct pc_result append(const p11csr_ctx *ctx, char *text, p11csr_error **err)
{
    char *line PC_CLEANUP(pc_free_str) = text != NULL ? pc_asprintf("%s\n", text) : NULL;
    if (line == NULL) {
        return pc_fail_memory(err);
    }
    return pc_frame(pc_file_write_fd(ctx->log_fd, ctx->config.log_file, pc_span_str(line), err), err,
                    "cannot write to the log file");
}

PC_RESULT pc_log_write(p11csr_ctx *ctx, const struct pc_log_line *line, p11csr_error **err)
{
    char time[PC_TIME_SIZE];
    if (ctx->log_fd < 0) {
        return PC_OK;
    }
    pc_time_now(time);
    json_t *record PC_CLEANUP(pc_json_free) = json_pack(
        "{s:s, s:I, s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:s}", "time", time, "uid", (json_int_t)getuid(), "pid",
        (json_int_t)getpid(), "event", line->event, "token", line->token, "key", line->key, "spki-sha256",
        line->spki_sha256, "tbs-sha256", line->tbs_sha256, "outcome", p11csr_code_name(line->outcome));
    char *text PC_CLEANUP(pc_json_free_text) = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
    return append(ctx, text, err);
}

PC_RESULT pc_log_finish(p11csr_ctx *ctx, const struct pc_log_line *line, struct pc_result result,
                        p11csr_error **err)
{
    if (pc_is_ok(result)) {
        return pc_log_write(ctx, line, err);
    }
    if (!pc_is_ok(pc_log_write(ctx, line, NULL))) {
        pc_note(err, "this could not be written to the log file");
    }
    return result;
}
