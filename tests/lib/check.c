// SPDX-License-Identifier: Apache-2.0
#include "lib/check.h"

#include "base/text.h"

#include <string.h>

static void show_error(const p11csr_error *err)
{
    print_error("%s: %s\n", p11csr_code_name(p11csr_error_code(err)), p11csr_error_message(err));
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        print_error("  cause: %s\n", p11csr_error_cause(err, i));
    }
}

static bool mentions(const p11csr_error *err, const char *text)
{
    bool found = strstr(p11csr_error_message(err), text) != NULL;
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        found = found || strstr(p11csr_error_cause(err, i), text) != NULL;
    }
    return found;
}

void check_ok_at(struct pc_result result, p11csr_error **err, const char *file, int line)
{
    if (!pc_is_ok(result) || (err != NULL && *err != NULL)) {
        show_error(err != NULL ? *err : NULL);
        p11csr_error_free(err);
        print_error("failed with code %d\n", (int)result.code);
        _fail(file, line);
    }
}

void check_fails_at(struct pc_result result, p11csr_error **err, enum p11csr_code code, const char *text,
                    const char *file, int line)
{
    if (result.code != code || p11csr_error_code(*err) != code || !mentions(*err, text)) {
        print_error("expected code %d with '%s', got code %d\n", (int)code, text, (int)result.code);
        show_error(*err);
        p11csr_error_free(err);
        _fail(file, line);
    }
    p11csr_error_free(err);
}

void hex_to_buf(const char *hex, struct pc_buf *ret)
{
    char digits[3] = {0};
    for (const char *p = hex; *p != 0;) {
        if (*p == ' ') {
            p++;
            continue;
        }
        memcpy(digits, p, 2);
        assert_true(pc_hex_parse(digits, ret));
        p += 2;
    }
}

void check_same_at(struct pc_span a, struct pc_span b, const char *file, int line)
{
    if (!pc_span_eq(a, b)) {
        char *hex_a = pc_hex(a);
        char *hex_b = pc_hex(b);
        print_error("%s\nis not\n%s\n", hex_a, hex_b);
        pc_release(hex_a);
        pc_release(hex_b);
        _fail(file, line);
    }
}

void check_hex_at(struct pc_span bytes, const char *hex, const char *file, int line)
{
    struct pc_buf expected;
    pc_buf_init(&expected, strlen(hex) + 1);
    hex_to_buf(hex, &expected);
    const bool same = pc_span_eq(bytes, pc_buf_span(&expected));
    pc_buf_done(&expected);
    if (!same) {
        char *got = pc_hex(bytes);
        print_error("expected %s\ngot      %s\n", hex, got);
        pc_release(got);
        _fail(file, line);
    }
}
