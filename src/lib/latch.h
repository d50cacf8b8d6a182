// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_LATCH_H
#define PC_LIB_LATCH_H

#include "p11csr/context.h"
#include "tokens/login.h"

/*
 * Latches: after a wrong PIN from a file no later run sends it again before the file has changed, or before
 * somebody says so. There is one record per token and role in the state folder; it names the files. Nothing
 * in it is derived from a PIN, the length of the file for one. A program (exec:) has no latch: its own file
 * says nothing about what it prints, so nothing but a person could ever open it again.
 *
 * Processes that start at the same time wait for each other (see pc_pin_open_file()), so that one of them
 * finds out, and not as many as lock the token.
 */

/* What tells one state of a file from the next. */
struct pc_latch_file {
    bool known;         /* it is a regular file */
    bool is_credential; /* of the service manager, which makes a new copy in a new folder at each start */
    uint64_t device;    /* these four from fstat(2) */
    uint64_t inode;
    int64_t seconds; /* of the last change of content or mode */
    int64_t nanoseconds;
    uint64_t folder_device; /* of a credential: a new folder says that nobody can tell whether it changed */
    uint64_t folder_inode;
};

/*
 * Fails with PIN_LATCHED when the PIN of this state of the file was wrong. READ when there is a record that
 * cannot be understood. A state folder that cannot be read is a warning.
 */
PC_RESULT pc_latch_check(p11csr_ctx *ctx, const struct pc_pin_request *request, const char *path,
                         const struct pc_latch_file *file, p11csr_error **err);
/*
 * Writes durably that the PIN of this state of the file was wrong, and notes it in `err`. That it cannot be
 * written is a warning.
 */
void pc_latch_set(p11csr_ctx *ctx, const struct pc_pin_request *request, const char *path,
                  const struct pc_latch_file *file, p11csr_error **err);

#endif
