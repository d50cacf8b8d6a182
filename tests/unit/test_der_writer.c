// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/reader.h"
#include "der/writer.h"
#include "lib/check.h"

#include <string.h>

struct writing {
    struct pc_buf buf;
    struct pc_der_writer w;
};

static void start(struct writing *writing)
{
    pc_buf_init(&writing->buf, 100000);
    pc_der_writer_init(&writing->w, &writing->buf);
}

static void check_written(struct writing *writing, const char *hex)
{
    p11csr_error *err = NULL;
    check_ok(pc_der_finish(&writing->w, &err), &err);
    check_hex(pc_buf_span(&writing->buf), hex);
    pc_buf_done(&writing->buf);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        unsigned long value;
        const char *hex;
    } rows[] = {
        {0, "02 01 00"},         {1, "02 01 01"},
        {127, "02 01 7f"},       {128, "02 02 0080"},
        {255, "02 02 00ff"},     {256, "02 02 0100"},
        {32767, "02 02 7fff"},   {32768, "02 03 008000"},
        {65537, "02 03 010001"}, {UINT32_MAX, "02 05 00ffffffff"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct writing out;
        start(&out);
        pc_der_number(&out.w, rows[i].value);
        check_written(&out, rows[i].hex);
    }
}

static void test_unsigned(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *hex;
    } rows[] = {
        {"", 0, "02 01 00"},       {"\x00\x00", 2, "02 01 00"},   {"\x00\x00\x01", 3, "02 01 01"},
        {"\x80", 1, "02 02 0080"}, {"\x00\x80", 2, "02 02 0080"}, {"\x7f\xff", 2, "02 02 7fff"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct writing out;
        start(&out);
        pc_der_unsigned(&out.w, (struct pc_span){(const uint8_t *)rows[i].bytes, rows[i].len});
        check_written(&out, rows[i].hex);
    }
}

static void test_named_bits(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        const char *hex;
    } rows[] = {
        {0, "03 01 00"},
        {1U << 0, "03 02 07 80"},           // digitalSignature
        {1U << 0 | 1U << 2, "03 02 05 a0"}, // and keyEncipherment
        {1U << 7, "03 02 00 01"},
        {1U << 8, "03 03 07 0080"}, // decipherOnly
        {0x1FF, "03 03 07 ff80"},
        {1U << 5 | 1U << 6, "03 02 01 06"},
        {1U << 31, "03 05 00 00000001"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct writing out;
        start(&out);
        pc_der_named_bits(&out.w, rows[i].bits);
        check_written(&out, rows[i].hex);
    }
}

static void test_others(void **state)
{
    (void)state;
    struct writing out;
    start(&out);
    pc_der_bool(&out.w, true);
    pc_der_bool(&out.w, false);
    pc_der_null(&out.w);
    pc_der_bytes(&out.w, PC_DER_UTF8_STRING, pc_span_str("ab"));
    pc_der_bit_string(&out.w, pc_span_str("c"));
    pc_der_raw(&out.w, pc_span_str("\x05"));
    check_written(&out, "0101ff 010100 0500 0c026162 03020063 05");
}

/*
 * Lengths around the borders where another octet is needed, written both as a primitive and as a nested
 * value.
 */
static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *header;
    } rows[] = {
        {0, "04 00"},       {127, "04 7f"},       {128, "04 8180"},       {255, "04 81ff"},
        {256, "04 820100"}, {65535, "04 82ffff"}, {65536, "04 83010000"},
    };
    static uint8_t content[65536];
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct writing primitive;
        struct writing nested;
        const struct pc_span octets = {content, rows[i].len};
        start(&primitive);
        start(&nested);
        pc_der_bytes(&primitive.w, PC_DER_OCTET_STRING, octets);
        pc_der_begin(&nested.w, PC_DER_OCTET_STRING);
        pc_der_raw(&nested.w, octets);
        pc_der_end(&nested.w);
        check_same(pc_buf_span(&primitive.buf), pc_buf_span(&nested.buf));
        const size_t header = primitive.buf.len - rows[i].len;
        check_hex(((struct pc_span){primitive.buf.ptr, header}), rows[i].header);
        pc_buf_done(&primitive.buf);
        pc_buf_done(&nested.buf);
    }
}

static void test_nesting_moves_what_is_inside(void **state)
{
    (void)state;
    struct writing out;
    uint8_t content[200];
    struct pc_buf expected;
    memset(content, 0x55, sizeof(content));
    pc_buf_init(&expected, 300);
    hex_to_buf("30 81d3 30 81ce 020101 04 81c8", &expected); // ce = 3 + 3 + 200, d3 = 3 + ce + 2
    pc_buf_add(&expected, content, sizeof(content));
    hex_to_buf("0500", &expected);
    start(&out);
    pc_der_begin(&out.w, PC_DER_SEQUENCE);
    pc_der_begin(&out.w, PC_DER_SEQUENCE);
    pc_der_number(&out.w, 1);
    pc_der_bytes(&out.w, PC_DER_OCTET_STRING, PC_SPAN(content));
    pc_der_end(&out.w);
    pc_der_null(&out.w);
    pc_der_end(&out.w);
    check_same(pc_buf_span(&out.buf), pc_buf_span(&expected));
    pc_buf_done(&out.buf);
    pc_buf_done(&expected);
}

static void test_set_of(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct writing out;
    start(&out);
    pc_der_begin(&out.w, PC_DER_SET);
    pc_der_bytes(&out.w, PC_DER_UTF8_STRING, pc_span_str("b"));
    pc_der_bytes(&out.w, PC_DER_OCTET_STRING, pc_span_str("zz"));
    pc_der_bytes(&out.w, PC_DER_OCTET_STRING, pc_span_str("z"));
    pc_der_bytes(&out.w, PC_DER_UTF8_STRING, pc_span_str("a"));
    check_ok(pc_der_end_set_of(&out.w, &err), &err);
    check_written(&out, "31 0d 04017a 04027a7a 0c0161 0c0162");
    start(&out);
    pc_der_begin(&out.w, PC_DER_SET);
    check_ok(pc_der_end_set_of(&out.w, &err), &err);
    check_written(&out, "31 00");
}

static void test_set_of_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct writing out;
    start(&out);
    pc_der_begin(&out.w, PC_DER_SET);
    for (int i = 0; i < PC_MAX_ATTRIBUTES + 1; i++) {
        pc_der_null(&out.w);
    }
    check_fails(pc_der_end_set_of(&out.w, &err), &err, P11CSR_E_LIMIT, "more than 128 elements in a SET");
    pc_buf_done(&out.buf);
}

static void test_buffer_too_small(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    struct pc_der_writer w;
    pc_buf_init(&buf, 4);
    pc_der_writer_init(&w, &buf);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_number(&w, 65537);
    pc_der_end(&w);
    check_fails(pc_der_finish(&w, &err), &err, P11CSR_E_LIMIT, "more than 4 bytes");
    pc_buf_done(&buf);
    pc_buf_init(&buf, 4);
    pc_der_writer_init(&w, &buf);
    pc_der_begin(&w, PC_DER_SET);
    pc_der_number(&w, 65537);
    check_fails(pc_der_end_set_of(&w, &err), &err, P11CSR_E_LIMIT, "more than 4 bytes");
    pc_buf_done(&buf);
}

static void test_oid_from_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex; /* NULL: refused */
    } rows[] = {
        {"2.5.4.3", "55 04 03"},
        {"1.2.840.113549.1.9.14", "2a 86 48 86 f7 0d 01 09 0e"},
        {"0.9.2342.19200300.100.1.25", "09 92 26 89 93 f2 2c 64 01 19"},
        {"2.999.3", "88 37 03"},
        {"0.0", "00"},
        {"1.39", "4f"},
        {"2.40", "78"},
        {"2.5.4294967295", "55 8f ff ff ff 7f"},
        // of another encoder, openssl asn1parse -genstr: 2.25.UUID, and all of the bits that there may be
        {"2.25.329800735698586629295641978511506172918", "69 83f09da7ebcfdee0c7a1a7b2c0948cc8f9d776"},
        {"2.25.340282366920938463463374607431768211455", "69 83ffffffffffffffffffffffffffffffffff7f"},
        {"1.2.4294967296", "2a 9080808000"},
        {"1.2.18446744073709551616", "2a 82808080808080808000"},
        {"2.4294967295", "908080804f"},
        {"2.340282366920938463463374607431768211455", "8480808080808080808080808080808080804f"},
        {"2.25.10889035741470030830827987437816582766591", "69 ffffffffffffffffffffffffffffffffffff7f"},
        {"", NULL},
        {"2", NULL},
        {"2.", NULL},
        {".2.5", NULL},
        {"2..5", NULL},
        {"3.1", NULL},
        {"1.40", NULL},
        {"0.40", NULL},
        {"2.05", NULL},
        {"2.5.4.", NULL},
        {"2.5.4a", NULL},
        {"2.5.-4", NULL},
        {"2.5 .4", NULL},
        {"2.25.10889035741470030830827987437816582766592", NULL},
        {"2.10889035741470030830827987437816582766512", NULL},
        {"18446744073709551617.5", NULL},
        {"1.18446744073709551617", NULL},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_buf buf;
        pc_buf_init(&buf, 64);
        assert_int_equal(pc_der_oid_from_text(rows[i].text, &buf), rows[i].hex != NULL);
        if (rows[i].hex != NULL) {
            check_hex(pc_buf_span(&buf), rows[i].hex);
            char *text = pc_der_oid_to_text(pc_buf_span(&buf));
            assert_non_null(text);
            assert_string_equal(text, rows[i].text);
            pc_release(text);
        }
        pc_buf_done(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),          cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_named_bits),       cmocka_unit_test(test_others),
        cmocka_unit_test(test_lengths),          cmocka_unit_test(test_nesting_moves_what_is_inside),
        cmocka_unit_test(test_set_of),           cmocka_unit_test(test_set_of_limit),
        cmocka_unit_test(test_buffer_too_small), cmocka_unit_test(test_oid_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
