// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_FILE_H
#define PC_BASE_FILE_H

#include "base/buf.h"

/* Closes the file descriptor of a PC_CLEANUP() variable unless it is negative. */
void pc_close(int *fd);

/* Appends what is left in `fd` to `ret`, up to the buffer's limit. `name` is for the error text. */
PC_RESULT pc_file_read_fd(int fd, const char *name, struct pc_buf *ret, p11csr_error **err);
/* Appends a file's content to `ret`, up to the buffer's limit. */
PC_RESULT pc_file_read(const char *path, struct pc_buf *ret, p11csr_error **err);

enum pc_file_replace { PC_FILE_KEEP, PC_FILE_REPLACE };

/*
 * Creates a file whole or not at all: a temporary file in the same folder, fsync, then link (PC_FILE_KEEP:
 * fails with FILE_EXISTS when the name is taken) or rename (PC_FILE_REPLACE). `mode` is masked by the umask.
 * A path that is there and is not a regular file (a pipe, /dev/stdout) is written to directly.
 */
PC_RESULT pc_file_write(const char *path, struct pc_span content, enum pc_file_replace replace, unsigned mode,
                        p11csr_error **err);
/* One of several files that are written together. */
struct pc_file {
    const char *path;       /* NULL: standard output */
    struct pc_span content; /* borrowed */
    bool absent;            /* there is none now: an earlier one goes away */
};
/*
 * Writes them as pc_file_write() does, but all or none: each is whole in a temporary file before the first
 * gets its name, and what is no regular file is written to in between. When a name cannot be given, those
 * that were given under PC_FILE_KEEP are taken back; under PC_FILE_REPLACE the earlier content has gone.
 */
PC_RESULT pc_files_write(const struct pc_file *files, size_t count, enum pc_file_replace replace,
                         unsigned mode, p11csr_error **err);
/* Removes what a process that died while it wrote `path` may have left beside it. */
void pc_file_remove_unfinished(const char *path, long pid);
/* Fails as pc_file_write() would, as far as that can be known without writing. */
PC_RESULT pc_file_check_writable(const char *path, enum pc_file_replace replace, p11csr_error **err);
/* Writes all of `content` to a descriptor; short writes and EINTR are handled. */
PC_RESULT pc_file_write_fd(int fd, const char *name, struct pc_span content, p11csr_error **err);
/* Makes a folder and those above it; one that is there already is fine. */
PC_RESULT pc_dir_make(const char *path, unsigned mode, p11csr_error **err);

#endif
