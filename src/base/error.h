// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_ERROR_H
#define PC_BASE_ERROR_H

#include "base/mem.h"
#include "base/result.h"

/*
 * Making errors. `err` may be NULL everywhere: then only the code travels. Texts are formatted, cut at
 * PC_MAX_TEXT and cleaned of control characters. The lowest layer writes what it saw with pc_fail(); each
 * layer above adds what it was doing with pc_frame(), the last of which becomes the message that a person
 * reads first.
 */
PC_RESULT(pc_fail)
(p11csr_error **err, enum p11csr_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The failure of an allocation; the error object is a constant, so that reporting it needs no memory. */
PC_RESULT(pc_fail_memory)(p11csr_error **err);
/* pc_fail() with the text of an errno value appended: "open: No such file or directory". */
PC_RESULT(pc_fail_errno)
(p11csr_error **err, enum p11csr_code code, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Says to compilers and analysers what the three above promise: they never return OK. */
static inline PC_RESULT pc_failed(struct pc_result result)
{
    if (result.code == P11CSR_OK) {
        __builtin_unreachable();
    }
    return result;
}
#define pc_fail(...) pc_failed((pc_fail)(__VA_ARGS__))
#define pc_fail_errno(...) pc_failed((pc_fail_errno)(__VA_ARGS__))
#define pc_fail_memory(...) pc_failed((pc_fail_memory)(__VA_ARGS__))
/* Adds what was being done to a failed result and hands it on; does nothing to a successful one. */
PC_RESULT pc_frame(struct pc_result result, p11csr_error **err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Replaces the hint of the code's row by one that fits the case. */
void pc_hint(p11csr_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same where the place that failed had no better one. */
void pc_hint_if_none(p11csr_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a line of detail; lines beyond PC_MAX_NOTES are dropped. */
void pc_note(p11csr_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees an error in PC_CLEANUP(). */
void pc_error_cleanup(p11csr_error **err);

#endif
