// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_LINES_H
#define PC_CSR_LINT_LINES_H

#include "base/buf.h"

/* A text file as a set of entries, one a line, in which one is found by halving. */
struct pc_lines {
    struct pc_buf text;
    struct pc_span *entries; /* sorted; borrowed from `text` */
    size_t count;
};

/*
 * Appends to `ret` what a line stands for, or nothing. `line` has no blanks at its ends and is not empty. The
 * result is what is wrong with the line, as the end of a sentence, or NULL.
 */
typedef const char *pc_lines_filter(struct pc_span line, struct pc_buf *ret, void *data);

/* Reads a file of at most `max` bytes. Errors: READ, LIMIT, CONFIG with the number of the wrong line. */
PC_RESULT pc_lines_read(const char *path, size_t max, pc_lines_filter *filter, void *data,
                        struct pc_lines *ret, p11csr_error **err);
bool pc_lines_have(const struct pc_lines *lines, struct pc_span entry);
/* Accepts a zeroed struct. */
void pc_lines_done(struct pc_lines *lines);

#endif
