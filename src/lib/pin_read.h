// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PIN_READ_H
#define PC_LIB_PIN_READ_H

#include "base/secret.h"
#include "lib/latch.h"
#include "p11csr/context.h"

/* Reading PINs from outside the process. All errors are PIN_SOURCE; none repeats what was read. */

/*
 * Opens a file that holds a PIN; one that everybody can write is refused. *ret_file tells this state of it
 * from others. While it is open, other processes that log in by it wait, a few seconds at most: if its PIN is
 * wrong, one of them finds out, not all.
 */
PC_RESULT pc_pin_open_file(p11csr_ctx *ctx, const char *path, int *ret_fd, struct pc_latch_file *ret_file,
                           p11csr_error **err);
/* Its one line; the newline is not part of the PIN. The file stays open. */
PC_RESULT pc_pin_read_file(int fd, const char *path, struct pc_secret *ret, p11csr_error **err);
/* What is left in a file descriptor, which is closed. */
PC_RESULT pc_pin_read_fd(const char *number, struct pc_secret *ret, p11csr_error **err);
/*
 * An environment variable, whose bytes are overwritten: unsetting it would leave them in /proc/PID/environ.
 */
PC_RESULT pc_pin_read_env(const char *name, struct pc_secret *ret, p11csr_error **err);
/*
 * The first line that a program prints. `command` is split at blanks; there is no shell. The program is
 * spawned.
 */
PC_RESULT pc_pin_read_exec(const char *command, struct pc_secret *ret, p11csr_error **err);

#endif
