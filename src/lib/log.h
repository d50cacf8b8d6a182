// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_LOG_H
#define PC_LIB_LOG_H

#include "lib/key.h"

/*
 * The log file of the configuration: one JSON object per line for each key made and each request signed or
 * refused. It is opened before the token is asked, and a result is not released before its line is written.
 */
struct pc_log_line {
    const char *event; /* "key-made", "key-refused", "request-signed", "request-refused" */
    const char *token; /* label or URI; may be NULL as all that follow */
    const char *key;   /* URI */
    const char *spki_sha256;
    const char *tbs_sha256;
    enum p11csr_code outcome;
};

/* Opens the log if there is one. Errors: WRITE. */
PC_RESULT pc_log_open(p11csr_ctx *ctx, p11csr_error **err);
/* Writes a line if there is a log. Errors: WRITE. */
PC_RESULT pc_log_write(p11csr_ctx *ctx, const struct pc_log_line *line, p11csr_error **err);
/*
 * Writes the line of an outcome and hands the outcome on; a success that cannot be logged becomes a failure.
 */
PC_RESULT pc_log_finish(p11csr_ctx *ctx, const struct pc_log_line *line, struct pc_result result,
                        p11csr_error **err);

#endif
