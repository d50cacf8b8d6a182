// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/secret.h"
#include "lib/check.h"

#include <string.h>

static void test_holds_and_replaces(void **state)
{
    (void)state;
    struct pc_secret *secret = pc_secret_new();
    assert_non_null(secret);
    assert_int_equal(pc_secret_bytes(secret).len, 0);
    assert_true(pc_secret_set(secret, "123456", 6));
    check_same(pc_secret_bytes(secret), pc_span_str("123456"));
    assert_true(pc_secret_set(secret, "0\0001", 3)); // bytes, not text
    check_hex(pc_secret_bytes(secret), "30 00 31");
    assert_int_equal(pc_secret_bytes(secret).ptr[3], 0); // nothing is left of the longer one
    assert_true(pc_secret_set(secret, NULL, 0));
    assert_int_equal(pc_secret_bytes(secret).len, 0);
    pc_secret_free(&secret);
    assert_null(secret);
}

static void test_length(void **state)
{
    (void)state;
    uint8_t bytes[PC_MAX_PIN + 1];
    struct pc_secret *secret = pc_secret_new();
    memset(bytes, '7', sizeof(bytes));
    assert_true(pc_secret_set(secret, bytes, PC_MAX_PIN));
    assert_int_equal(pc_secret_bytes(secret).len, PC_MAX_PIN);
    assert_false(pc_secret_set(secret, bytes, PC_MAX_PIN + 1));
    assert_int_equal(pc_secret_bytes(secret).len, 0); // not half of one: that could be a wrong PIN
    pc_secret_free(&secret);
}

static void test_free_accepts_nothing(void **state)
{
    (void)state;
    struct pc_secret *none = NULL;
    pc_secret_free(&none);
    pc_secret_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_and_replaces),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_free_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
