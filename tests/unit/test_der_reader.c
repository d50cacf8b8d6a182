// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/reader.h"
#include "lib/check.h"

#include <string.h>

/* Bytes from hex with a reader over them. */
struct input {
    struct pc_buf bytes;
    struct pc_der in;
};

static void open_input(struct input *input, const char *hex)
{
    pc_buf_init(&input->bytes, 1000);
    hex_to_buf(hex, &input->bytes);
    input->in = pc_der_over(pc_buf_span(&input->bytes));
}

static void close_input(struct input *input)
{
    pc_buf_done(&input->bytes);
}

static void test_walks(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct input input;
    struct pc_der inner;
    struct pc_der_value value;
    unsigned long number = 0;
    bool flag = false;
    open_input(&input, "30 08 020105 0101ff 0500 0400");
    check_ok(pc_der_enter(&input.in, PC_DER_SEQUENCE, "outer", &inner, &err), &err);
    check_ok(pc_der_read_number(&inner, "number", 10, &number, &err), &err);
    check_ok(pc_der_read_bool(&inner, "flag", &flag, &err), &err);
    assert_int_equal(number, 5);
    assert_true(flag);
    check_fails(pc_der_leave(&inner, "outer", &err), &err, P11CSR_E_REQUEST,
                "byte 8: more data than belongs into outer");
    assert_int_equal(pc_der_peek(&inner), PC_DER_NULL);
    check_ok(pc_der_expect(&inner, PC_DER_NULL, "null", &value, &err), &err);
    assert_int_equal(value.content.len, 0);
    check_hex(value.whole, "0500");
    check_ok(pc_der_leave(&inner, "outer", &err), &err);
    assert_int_equal(pc_der_peek(&inner), 0);
    check_fails(pc_der_expect(&inner, PC_DER_NULL, "another", &value, &err), &err, P11CSR_E_REQUEST,
                "byte 10: another is missing");
    check_fails(pc_der_next(&inner, &value, &err), &err, P11CSR_E_REQUEST, "byte 10: a value is missing");
    check_fails(pc_der_enter(&input.in, PC_DER_SET, "set", &inner, &err), &err, P11CSR_E_REQUEST,
                "byte 10: tag 04 where set (tag 31) is expected");
    assert_false(pc_der_at_end(&input.in));
    check_ok(pc_der_next(&input.in, &value, &err), &err);
    assert_true(pc_der_at_end(&input.in));
    close_input(&input);
    input.in = pc_der_over((struct pc_span){0});
    assert_true(pc_der_at_end(&input.in));
    check_fails(pc_der_next(&input.in, &value, &err), &err, P11CSR_E_REQUEST, "byte 0: a value is missing");
}

/* One value that is read whatever it is; text: why it is refused, NULL: it is not. */
static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"04 00", NULL},
        {"04 01 aa", NULL},
        {"04", "byte 0: ends inside the header of a value"},
        {"04 01", "byte 0: length goes beyond the end"},
        {"04 02 aa", "byte 0: length goes beyond the end"},
        {"04 80 aa 0000", "byte 0: indefinite length: this is BER, not DER"},
        {"04 81", "byte 0: length goes beyond the end"},
        {"04 81 01 aa", "byte 0: length is not in its shortest form"},
        {"04 81 7f", "byte 0: length is not in its shortest form"},
        {"04 82 00 81", "byte 0: length is not in its shortest form"},
        {"04 81 80", "byte 0: length goes beyond the end"},
        {"04 82 01", "byte 0: length goes beyond the end"},
        {"04 84 ff ff ff ff", "byte 0: length goes beyond the end"},
        {"04 85 01 00 00 00 00", "byte 0: length goes beyond the end"},
        {"04 88 ff ff ff ff ff ff ff ff", "byte 0: length goes beyond the end"},
        {"04 ff", "byte 0: length goes beyond the end"},
        {"1f", "byte 0: ends inside the header of a value"},
        {"1f 81", "byte 0: ends inside the header of a value"},
        {"1f 22", "byte 0: ends inside the header of a value"},
        {"1f 1e 00", "byte 0: the number of the tag is not in its shortest form"},
        {"1f 80 22 00", "byte 0: the number of the tag is not in its shortest form"},
        {"1f 88 80 80 00 00", "byte 0: the number of the tag is too large"},
        {"1f ff ff ff ff ff 7f 00", "byte 0: the number of the tag is too large"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_der_value value;
        struct input input;
        open_input(&input, rows[i].hex);
        const struct pc_der before = input.in;
        if (rows[i].text == NULL) {
            check_ok(pc_der_next(&input.in, &value, &err), &err);
            assert_int_equal(value.tag, 4);
        } else {
            check_fails(pc_der_next(&input.in, &value, &err), &err, P11CSR_E_REQUEST, rows[i].text);
            assert_ptr_equal(input.in.at, before.at); // a failure does not move
        }
        close_input(&input);
    }
}

/* Numbers above 30 in further octets, seven bits in each (X.690 section 8.1.2.4). */
static void test_high_tags(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned tag;
    } rows[] = {
        {"1e 00", 0x1e},        {"1f 1f 00", 0x1f1f},           {"bf 22 00", 0x22bf},
        {"5f 7f 00", 0x7f5f},   {"9f 81 00 00", 0x809f},        {"ff 81 7f 00", 0xffff},
        {"bf 8101 00", 0x81bf}, {"df 87ffff7f 00", 0xffffffdf},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_der_value value;
        struct input input;
        open_input(&input, rows[i].hex);
        check_ok(pc_der_next(&input.in, &value, &err), &err);
        assert_int_equal(value.tag, rows[i].tag);
        assert_int_equal(value.content.len, 0);
        assert_true(pc_der_at_end(&input.in));
        close_input(&input);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned long max;
        unsigned long value;
        const char *text;
    } rows[] = {
        {"020100", 0, 0, NULL},
        {"020101", 0, 0, "byte 0: INTEGER is larger than allowed here"},
        {"02017f", 127, 127, NULL},
        {"02020080", 128, 128, NULL},
        {"02020080", 127, 0, "byte 0: INTEGER is larger than allowed here"},
        {"020900ffffffffffffffff", UINT64_MAX, UINT64_MAX, NULL},
        {"0209010000000000000000", UINT64_MAX, 0, "byte 0: INTEGER is larger than allowed here"},
        {"0200", 9, 0, "byte 0: INTEGER is not in its shortest form"},
        {"02020001", 9, 0, "byte 0: INTEGER is not in its shortest form"},
        {"0202007f", 999, 0, "byte 0: INTEGER is not in its shortest form"},
        {"0201ff", 9, 0, "byte 0: INTEGER is negative"},
        {"020180", 999, 0, "byte 0: INTEGER is negative"},
        {"0a0101", 9, 0, "byte 0: tag 0a where it (tag 02) is expected"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        unsigned long value = 77;
        struct input input;
        open_input(&input, rows[i].hex);
        const struct pc_result result = pc_der_read_number(&input.in, "it", rows[i].max, &value, &err);
        if (rows[i].text == NULL) {
            check_ok(result, &err);
            assert_int_equal(value, rows[i].value);
        } else {
            check_fails(result, &err, P11CSR_E_REQUEST, rows[i].text);
            assert_int_equal(value, 77);
        }
        close_input(&input);
    }
}

static void test_unsigned(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_span magnitude;
    struct input input;
    open_input(&input, "02 03 00 80 01  02 01 00  02 02 ff 00");
    check_ok(pc_der_read_unsigned(&input.in, "it", &magnitude, &err), &err);
    check_hex(magnitude, "80 01");
    check_ok(pc_der_read_unsigned(&input.in, "it", &magnitude, &err), &err);
    check_hex(magnitude, "00");
    check_fails(pc_der_read_unsigned(&input.in, "it", &magnitude, &err), &err, P11CSR_E_REQUEST,
                "INTEGER is negative");
    close_input(&input);
}

static void test_bool(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"0101ff", NULL},
        {"010100", NULL},
        {"010101", "byte 0: BOOLEAN is neither 00 nor FF"},
        {"0100", "byte 0: BOOLEAN is neither 00 nor FF"},
        {"0102ffff", "byte 0: BOOLEAN is neither 00 nor FF"},
        {"0201ff", "byte 0: tag 02 where it (tag 01) is expected"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        bool value = false;
        struct input input;
        open_input(&input, rows[i].hex);
        if (rows[i].text == NULL) {
            check_ok(pc_der_read_bool(&input.in, "it", &value, &err), &err);
            assert_int_equal(value, i == 0);
        } else {
            check_fails(pc_der_read_bool(&input.in, "it", &value, &err), &err, P11CSR_E_REQUEST,
                        rows[i].text);
        }
        close_input(&input);
    }
}

static void test_bit_octets(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *octets;
        const char *text;
    } rows[] = {
        {"03 01 00", "", NULL},
        {"03 03 00 abcd", "abcd", NULL},
        {"03 00", NULL, "byte 0: BIT STRING does not consist of whole octets"},
        {"03 02 04 a0", NULL, "byte 0: BIT STRING does not consist of whole octets"},
        {"23 02 00 a0", NULL, "byte 0: tag 23 where it (tag 03) is expected"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_span octets;
        struct input input;
        open_input(&input, rows[i].hex);
        if (rows[i].text == NULL) {
            check_ok(pc_der_read_bit_octets(&input.in, "it", &octets, &err), &err);
            check_hex(octets, rows[i].octets);
        } else {
            check_fails(pc_der_read_bit_octets(&input.in, "it", &octets, &err), &err, P11CSR_E_REQUEST,
                        rows[i].text);
        }
        close_input(&input);
    }
}

static void test_named_bits(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned bits;
        const char *text;
    } rows[] = {
        {"03 01 00", 0, NULL},
        {"03 02 07 80", 1, NULL},
        {"03 02 05 a0", 5, NULL},
        {"03 03 07 ff80", 0x1FF, NULL},
        {"03 05 00 00000001", 0x80000000, NULL},
        {"03 00", 0, "malformed"},
        {"03 01 01", 0, "malformed"},
        {"03 02 08 00", 0, "malformed"},
        {"03 06 00 0000000001", 0, "malformed"},
        {"03 02 06 80", 0, "trailing zero bits of a named BIT STRING are not cut"},
        {"03 02 00 80", 0, "trailing zero bits of a named BIT STRING are not cut"},
        {"03 03 00 8000", 0, "trailing zero bits of a named BIT STRING are not cut"},
        {"03 02 07 c0", 0, "unused bits of a BIT STRING are not zero"},
        {"03 02 07 81", 0, "unused bits of a BIT STRING are not zero"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        unsigned bits = 0;
        struct input input;
        open_input(&input, rows[i].hex);
        if (rows[i].text == NULL) {
            check_ok(pc_der_read_named_bits(&input.in, "it", &bits, &err), &err);
            assert_int_equal(bits, rows[i].bits);
        } else {
            check_fails(pc_der_read_named_bits(&input.in, "it", &bits, &err), &err, P11CSR_E_REQUEST,
                        rows[i].text);
        }
        close_input(&input);
    }
}

static void test_oid_to_text(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"55 04 03", "2.5.4.3"},
        {"00", "0.0"},
        {"27", "0.39"},
        {"28", "1.0"},
        {"4f", "1.39"},
        {"50", "2.0"},
        {"88 37", "2.999"},
        {"55 8f ff ff ff 7f", "2.5.4294967295"},
        {"", NULL},
        {"55 80 03", NULL}, // an arc with a leading zero
        {"80 55", NULL},
        {"55 84", NULL}, // an arc that does not end
        {"55 ff ff ff ff ff ff ff ff ff ff 7f", "2.5.151115727451828646838271"},
        {"81 00", "2.48"},
        {"80 80 01", NULL},
        {"55 81 80808080808080808080808080808080808000", NULL}, // 20 octets
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_buf bytes;
        pc_buf_init(&bytes, 64);
        hex_to_buf(rows[i].hex, &bytes);
        char *text = pc_der_oid_to_text(pc_buf_span(&bytes));
        if (rows[i].text == NULL) {
            assert_null(text);
        } else {
            assert_non_null(text);
            assert_string_equal(text, rows[i].text);
        }
        pc_release(text);
        pc_buf_done(&bytes);
    }
    uint8_t longest[PC_MAX_OID + 1];
    memset(longest, 1, sizeof(longest));
    char *text = pc_der_oid_to_text((struct pc_span){longest, PC_MAX_OID});
    assert_non_null(text);
    pc_release(text);
    assert_null(pc_der_oid_to_text(PC_SPAN(longest)));
}

/* A number, and a BOOLEAN or a BIT STRING behind it. */
static struct pc_result read_pair(struct pc_der in, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_span ignored;
    bool flag = false;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "outer", &inner, err));
    PC_TRY(pc_der_read_unsigned(&inner, "number", &ignored, err));
    if (pc_der_peek(&inner) == PC_DER_BOOLEAN) {
        return pc_der_read_bool(&inner, "flag", &flag, err);
    }
    return pc_der_peek(&inner) == PC_DER_BIT_STRING ? pc_der_read_bit_octets(&inner, "bits", &ignored, err)
                                                    : PC_OK;
}

/* Each deviation fails where reading is strict, and is recorded, once, where it is not. */
static void test_deviations(void **state)
{
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"308105 020105 0400", "length is not in its shortest form"},
        {"30 04 02020005", "INTEGER is not in its shortest form"},
        {"30 03 0201ff", "INTEGER is negative"},
        {"30 06 020105 010101", "BOOLEAN is neither 00 nor FF"},
        {"30 07 020105 03020680", "BIT STRING does not consist of whole octets"},
    };
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_der_faults faults;
        struct input input;
        pc_der_faults_init(&faults);
        open_input(&input, rows[i].hex);
        assert_int_equal(read_pair(input.in, NULL).code, P11CSR_E_REQUEST);
        input.in.faults = &faults;
        check_ok(read_pair(input.in, NULL), NULL);
        check_ok(read_pair(input.in, NULL), NULL);
        assert_int_equal(pc_der_faults_count(&faults), 1);
        assert_string_equal(pc_der_faults_get(&faults, 0)->text, rows[i].text);
        pc_der_faults_done(&faults);
        close_input(&input);
    }
}

/* Ever so many deviations take no more memory than the limit says. */
static void test_many_deviations(void **state)
{
    struct pc_der_faults faults;
    (void)state;
    pc_der_faults_init(&faults);
    for (size_t at = 0; at < (size_t)10 * PC_MAX_FAULTS; at++) {
        check_ok(pc_der_faults_add(&faults, at, NULL, "something", NULL), NULL);
    }
    assert_int_equal(pc_der_faults_count(&faults), PC_MAX_FAULTS);
    assert_true(faults.more);
    pc_der_faults_done(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deviations), cmocka_unit_test(test_many_deviations),
        cmocka_unit_test(test_walks),      cmocka_unit_test(test_headers),
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_bool),       cmocka_unit_test(test_bit_octets),
        cmocka_unit_test(test_named_bits), cmocka_unit_test(test_oid_to_text),
        cmocka_unit_test(test_high_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
