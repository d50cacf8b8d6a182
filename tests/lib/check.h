// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_LIB_CHECK_H
#define PC_TESTS_LIB_CHECK_H

#include "base/buf.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Assertions about results, errors and bytes. Each fails the running cmocka test at the caller's line. */

/* The call worked and left no error. */
#define check_ok(call, err) check_ok_at((call), (err), __FILE__, __LINE__)
/*
 * The call failed with this code, in the result and in the error, and `text` occurs in its message or one of
 * its causes. The error is freed.
 */
#define check_fails(call, err, code, text) check_fails_at((call), (err), (code), (text), __FILE__, __LINE__)
/* The bytes are those of a hex text; blanks in it mean nothing. */
#define check_hex(bytes, hex) check_hex_at((bytes), (hex), __FILE__, __LINE__)
#define check_same(a, b) check_same_at((a), (b), __FILE__, __LINE__)
/* The content of a buffer is this text. */
#define check_text(buf, text) check_same_at(pc_buf_span(buf), pc_span_str(text), __FILE__, __LINE__)

void check_ok_at(struct pc_result result, p11csr_error **err, const char *file, int line);
void check_fails_at(struct pc_result result, p11csr_error **err, enum p11csr_code code, const char *text,
                    const char *file, int line);
void check_hex_at(struct pc_span bytes, const char *hex, const char *file, int line);
void check_same_at(struct pc_span a, struct pc_span b, const char *file, int line);

/* Appends the bytes of a hex text with blanks to a buffer. */
void hex_to_buf(const char *hex, struct pc_buf *ret);

#endif
