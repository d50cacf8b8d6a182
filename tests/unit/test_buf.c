// SPDX-License-Identifier: Apache-2.0
#include "lib/check.h"

#include <string.h>

static void test_appends(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, 64);
    pc_buf_byte(&buf, 'a');
    pc_buf_text(&buf, "bc");
    pc_buf_add(&buf, "de", 2);
    pc_buf_add_span(&buf, pc_span_str("f"));
    pc_buf_printf(&buf, "-%d-", 7);
    check_ok(pc_buf_check(&buf, &err), &err);
    check_text(&buf, "abcdef-7-");
    pc_buf_done(&buf);
    assert_int_equal(buf.len, 0);
    assert_null(buf.ptr);
    pc_buf_text(&buf, "again");
    check_text(&buf, "again");
    pc_buf_done(&buf);
}

static void test_grows_to_its_limit_and_no_further(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++) {
        pc_buf_byte(&buf, (uint8_t)i);
    }
    check_ok(pc_buf_check(&buf, &err), &err);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(buf.ptr[i], (uint8_t)i);
    }
    pc_buf_byte(&buf, 0);
    check_fails(pc_buf_check(&buf, &err), &err, P11CSR_E_LIMIT, "more than 1000 bytes");
    pc_buf_done(&buf);
}

static void test_failure_sticks(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, 4);
    pc_buf_text(&buf, "ab");
    pc_buf_text(&buf, "cde");
    pc_buf_byte(&buf, 'x'); // would fit, but comes after a failure
    check_text(&buf, "ab");
    assert_null(pc_buf_reserve(&buf, 0));
    check_fails(pc_buf_check(&buf, &err), &err, P11CSR_E_LIMIT, "more than 4 bytes");
    char *text = NULL;
    check_fails(pc_buf_take_text(&buf, &text, &err), &err, P11CSR_E_LIMIT, "more than 4 bytes");
    assert_null(text);
    pc_buf_done(&buf);
}

static void test_printf_needs_room_for_its_zero(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, 4);
    pc_buf_printf(&buf, "%s", "abc");
    check_ok(pc_buf_check(&buf, &err), &err);
    check_text(&buf, "abc");
    pc_buf_printf(&buf, "%s", "d");
    check_fails(pc_buf_check(&buf, &err), &err, P11CSR_E_LIMIT, "more than 4 bytes");
    check_text(&buf, "abc");
    pc_buf_done(&buf);
}

static void test_hands_over(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    uint8_t *bytes = NULL;
    char *text = NULL;
    size_t len = 99;
    pc_buf_init(&buf, 16);
    check_ok(pc_buf_take(&buf, &bytes, &len, &err), &err);
    assert_non_null(bytes); // NULL would mean failure
    assert_int_equal(len, 0);
    pc_release(bytes);
    pc_buf_text(&buf, "hello");
    check_ok(pc_buf_take_text(&buf, &text, &err), &err);
    assert_string_equal(text, "hello");
    assert_int_equal(buf.len, 0);
    pc_release(text);
}

static void test_wipes(void **state)
{
    (void)state;
    struct pc_buf buf;
    pc_buf_init(&buf, 16);
    pc_buf_text(&buf, "1234");
    pc_buf_wipe(&buf);
    assert_null(buf.ptr);
    pc_buf_wipe(&buf); // an empty one too
}

static void test_zeroed_is_empty_and_full(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf = {0};
    pc_buf_add(&buf, NULL, 0);
    check_ok(pc_buf_check(&buf, &err), &err);
    pc_buf_byte(&buf, 1);
    check_fails(pc_buf_check(&buf, &err), &err, P11CSR_E_LIMIT, "more than 0 bytes");
    pc_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_grows_to_its_limit_and_no_further),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_printf_needs_room_for_its_zero),
        cmocka_unit_test(test_hands_over),
        cmocka_unit_test(test_wipes),
        cmocka_unit_test(test_zeroed_is_empty_and_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
