// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "lib/check.h"

#include <string.h>

/* Bytes and the code point that they start with; -1: not UTF-8. */
static const struct {
    const char *bytes;
    size_t len;
    int32_t point;
    size_t taken;
} utf8_rows[] = {
    {"A", 1, 'A', 1},
    {"\x00", 1, 0, 1},
    {"\x7f", 1, 0x7F, 1},
    {"\xc2\x80", 2, 0x80, 2},
    {"\xc3\xa4", 2, 0xE4, 2},
    {"\xdf\xbf", 2, 0x7FF, 2},
    {"\xe0\xa0\x80", 3, 0x800, 3},
    {"\xed\x9f\xbf", 3, 0xD7FF, 3},
    {"\xee\x80\x80", 3, 0xE000, 3},
    {"\xef\xbf\xbf", 3, 0xFFFF, 3},
    {"\xf0\x90\x80\x80", 4, 0x10000, 4},
    {"\xf4\x8f\xbf\xbf", 4, 0x10FFFF, 4},
    {"\x80", 1, -1, 1}, // a tail without its start
    {"\xbf", 1, -1, 1},
    {"\xc0\x80", 2, -1, 1},         // overlong
    {"\xc1\xbf", 2, -1, 1},         // overlong
    {"\xe0\x80\xaf", 3, -1, 1},     // overlong
    {"\xe0\x9f\xbf", 3, -1, 1},     // overlong
    {"\xf0\x80\x80\xaf", 4, -1, 1}, // overlong
    {"\xf0\x8f\xbf\xbf", 4, -1, 1}, // overlong
    {"\xed\xa0\x80", 3, -1, 1},     // surrogate
    {"\xed\xbf\xbf", 3, -1, 1},     // surrogate
    {"\xf4\x90\x80\x80", 4, -1, 1}, // beyond Unicode
    {"\xf5\x80\x80\x80", 4, -1, 1},
    {"\xff", 1, -1, 1},
    {"\xc3", 1, -1, 1}, // cut off
    {"\xe2\x82", 2, -1, 1},
    {"\xf0\x9f\x98", 3, -1, 1},
    {"\xc3\x41", 2, -1, 1}, // the tail is none
    {"\xe2\x82\x41", 3, -1, 1},
};

static void test_utf8_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(utf8_rows); i++) {
        size_t at = 0;
        const struct pc_span text = {(const uint8_t *)utf8_rows[i].bytes, utf8_rows[i].len};
        assert_int_equal(pc_utf8_next(text, &at), utf8_rows[i].point);
        assert_int_equal(at, utf8_rows[i].taken);
    }
}

static void test_utf8_add_is_the_reverse(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(utf8_rows); i++) {
        struct pc_buf buf;
        pc_buf_init(&buf, 8);
        if (utf8_rows[i].point >= 0) {
            pc_utf8_add(&buf, (uint32_t)utf8_rows[i].point);
            check_same(pc_buf_span(&buf),
                       ((struct pc_span){(const uint8_t *)utf8_rows[i].bytes, utf8_rows[i].len}));
        }
        pc_buf_done(&buf);
    }
}

static void check_printable(const char *text, const char *expected)
{
    char *got = pc_text_printable(text);
    assert_non_null(got);
    assert_string_equal(got, expected);
    pc_release(got);
}

static void test_printable(void **state)
{
    (void)state;
    check_printable("", "");
    check_printable("M\xc3\xbcnchen", "M\xc3\xbcnchen");
    check_printable("a\nb\tc", "a\\x0ab\\x09"
                               "c");
    check_printable("\x1b[2J", "\\x1b[2J");
    check_printable("\x7f", "\\x7f");
    check_printable("\xc2\x9b", "\\xc2\\x9b");          // C1: another way to start a terminal command
    check_printable("\xe2\x80\xae", "\\xe2\\x80\\xae"); // right-to-left override
    check_printable("\xef\xbb\xbf", "\\xef\\xbb\\xbf"); // byte order mark
    check_printable("\xff", "\\xff");
    check_printable("\xe2\x80\xa6", "\xe2\x80\xa6"); // an ellipsis is harmless
    char *got = pc_text_printable_bytes((struct pc_span){(const uint8_t *)"a\0b", 3});
    assert_string_equal(got, "a\\x00"
                             "b");
    pc_release(got);
}

static void test_hex(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0xAB, 0x9F};
    char *hex = pc_hex(PC_SPAN(bytes));
    assert_string_equal(hex, "00ab9f");
    pc_release(hex);
    struct pc_buf buf;
    pc_buf_init(&buf, 16);
    pc_hex_add(&buf, PC_SPAN(bytes), ':');
    check_text(&buf, "00:ab:9f");
    pc_buf_done(&buf);
}

static void test_hex_parse(void **state)
{
    (void)state;
    static const char *const good[] = {"00ab9f", "00AB9F", "0x00ab9f", "00:ab:9f"};
    static const char *const bad[] = {"",      "0x",  "0",      "00a",   "0g",   "g0",
                                      "00ab:", ":00", "00::ab", "00 ab", "00-ab"};
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        struct pc_buf buf;
        pc_buf_init(&buf, 16);
        assert_true(pc_hex_parse(good[i], &buf));
        check_hex(pc_buf_span(&buf), "00 ab 9f");
        pc_buf_done(&buf);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        struct pc_buf buf;
        pc_buf_init(&buf, 16);
        assert_false(pc_hex_parse(bad[i], &buf));
        pc_buf_done(&buf);
    }
}

static void test_ascii(void **state)
{
    (void)state;
    assert_true(pc_ascii_is_alpha('a') && pc_ascii_is_alpha('Z') && !pc_ascii_is_alpha('0'));
    assert_false(pc_ascii_is_alpha('@') || pc_ascii_is_alpha('[') || pc_ascii_is_alpha((char)0xC4));
    assert_true(pc_ascii_is_digit('0') && pc_ascii_is_digit('9') && !pc_ascii_is_digit('a'));
    assert_true(pc_ascii_is_alnum('a') && pc_ascii_is_alnum('5') && !pc_ascii_is_alnum('-'));
    assert_true(pc_ascii_equal("P-256", "p-256"));
    assert_false(pc_ascii_equal("P-256", "p-2560"));
    assert_false(pc_ascii_equal("P-2560", "p-256"));
    assert_true(pc_ascii_equal("", ""));
    assert_false(pc_ascii_equal("[", "{")); // differ in the bit that differs between cases
}

static void test_parse_number(void **state)
{
    (void)state;
    unsigned long value = 99;
    assert_true(pc_parse_number("0", 10, &value));
    assert_int_equal(value, 0);
    assert_true(pc_parse_number("10", 10, &value));
    assert_int_equal(value, 10);
    assert_true(pc_parse_number("18446744073709551615", UINT64_MAX, &value));
    assert_int_equal(value, UINT64_MAX);
    static const char *const bad[] = {"", "11", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616"};
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        value = 99;
        assert_false(pc_parse_number(bad[i], 10, &value));
        assert_int_equal(value, 99);
    }
    assert_false(pc_parse_number("18446744073709551616", UINT64_MAX, &value));
    assert_false(pc_parse_number("5", 4, &value));
    assert_true(pc_parse_number("4", 4, &value));
}

static const char *word_at(const void *table, size_t index)
{
    return ((const char *const *)table)[index];
}

static void test_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"rsa-2048", "rsa-3072", NULL, "p256", "ed25519"};
    static const struct {
        const char *text;
        const char *nearest;
    } rows[] = {
        {"rsa-2047", "rsa-2048"},
        {"RSA3072", "rsa-3072"},
        {"p265", "p256"},
        {"ed2551", "ed25519"},
        {"something", NULL},
        {"", NULL},
        {"x", NULL},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const char *got = pc_nearest_word(rows[i].text, word_at, words, PC_ARRAY_LEN(words));
        if (rows[i].nearest == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, rows[i].nearest);
        }
    }
    char longer[200];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    assert_null(pc_nearest_word(longer, word_at, words, PC_ARRAY_LEN(words)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_next),    cmocka_unit_test(test_utf8_add_is_the_reverse),
        cmocka_unit_test(test_printable),    cmocka_unit_test(test_hex),
        cmocka_unit_test(test_hex_parse),    cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_parse_number), cmocka_unit_test(test_nearest_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
