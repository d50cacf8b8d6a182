// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "lib/check.h"
#include "tokens/uri.h"

#include <string.h>

/* Reading and writing of pkcs11: URIs (RFC 7512). */

struct case_row {
    const char *text;
    enum pc_uri_attr attr;
    const char *value;
    const char *normal; /* form that is written; NULL: as read */
};

static const struct case_row good[] = {
    {"pkcs11:token=a", PC_URI_TOKEN, "a", NULL},
    {"pkcs11:manufacturer=Mock%20Makers", PC_URI_MANUFACTURER, "Mock Makers", NULL},
    {"pkcs11:serial=0001", PC_URI_SERIAL, "0001", NULL},
    {"pkcs11:model=Model%20M", PC_URI_MODEL, "Model M", NULL},
    {"pkcs11:library-manufacturer=x", PC_URI_LIBRARY_MANUFACTURER, "x", NULL},
    {"pkcs11:library-description=x", PC_URI_LIBRARY_DESCRIPTION, "x", NULL},
    {"pkcs11:library-version=2.6", PC_URI_LIBRARY_VERSION, "2.6", NULL},
    {"pkcs11:slot-manufacturer=x", PC_URI_SLOT_MANUFACTURER, "x", NULL},
    {"pkcs11:slot-description=x", PC_URI_SLOT_DESCRIPTION, "x", NULL},
    {"pkcs11:slot-id=18446744073709551615", PC_URI_SLOT_ID, "18446744073709551615", NULL},
    {"pkcs11:id=%01%ff", PC_URI_ID, "\x01\xff", "pkcs11:id=%01%FF"},
    {"pkcs11:id=ab", PC_URI_ID, "ab", "pkcs11:id=%61%62"},
    {"pkcs11:object=web", PC_URI_OBJECT, "web", NULL},
    {"pkcs11:type=private", PC_URI_TYPE, "private", NULL},
    {"pkcs11:type=public", PC_URI_TYPE, "public", NULL},
    {"pkcs11:type=cert", PC_URI_TYPE, "cert", NULL},
    {"pkcs11:type=secret-key", PC_URI_TYPE, "secret-key", NULL},
    {"pkcs11:type=data", PC_URI_TYPE, "data", NULL},
    {"pkcs11:?module-name=softhsm2", PC_URI_MODULE_NAME, "softhsm2", NULL},
    {"pkcs11:?module-path=/usr/lib/a?b|c.so", PC_URI_MODULE_PATH, "/usr/lib/a?b|c.so", NULL},
    {"pkcs11:?pin-source=file:/run/pin", PC_URI_PIN_SOURCE, "file:/run/pin", "pkcs11:"},
    // Octets that stand for themselves, one that must not be in a path, and text beyond ASCII.
    // The quote is written as %27 by us, so that a URI fits between the quotes of a shell.
    {"pkcs11:token=-._~:[]@!$'()*+,=&", PC_URI_TOKEN, "-._~:[]@!$'()*+,=&",
     "pkcs11:token=-._~:[]@!$%27()*+,=&"},
    {"pkcs11:token=a%2fb%3Bc%3fd%23", PC_URI_TOKEN, "a/b;c?d#", "pkcs11:token=a%2Fb%3Bc%3Fd%23"},
    {"pkcs11:token=%41", PC_URI_TOKEN, "A", "pkcs11:token=A"},
    {"pkcs11:token=%C3%BC", PC_URI_TOKEN, "\xc3\xbc", NULL},
    {"pkcs11:token=", PC_URI_TOKEN, "", NULL},
    {"pkcs11:?module-name=a%26b", PC_URI_MODULE_NAME, "a&b", NULL},
};

static void test_every_attribute(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        const struct case_row *row = &good[i];
        struct pc_uri uri PC_CLEANUP(pc_uri_done);
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        p11csr_error *err = NULL;
        pc_uri_init(&uri);
        pc_buf_init(&text, PC_MAX_URI);
        check_ok(pc_uri_parse(row->text, &uri, &err), &err);
        for (int attr = 0; attr < PC_URI_COUNT; attr++) {
            assert_int_equal(uri.present[attr], attr == (int)row->attr);
        }
        check_same(pc_uri_value(&uri, row->attr), pc_span_str(row->value));
        assert_string_equal(pc_uri_text(&uri, row->attr), row->value);
        check_ok(pc_uri_format(&uri, &text, &err), &err);
        check_text(&text, row->normal != NULL ? row->normal : row->text);
    }
}

static const struct {
    const char *text;
    const char *says;
} bad[] = {
    {"", "byte 1: a URI starts with 'pkcs11:'"},
    {"token=a", "byte 1: a URI starts with 'pkcs11:'"},
    {"pkcs12:token=a", "byte 1: a URI starts with 'pkcs11:'"},
    {"pkcs11:token", "byte 13: an attribute like 'token=NAME' is expected"},
    {"pkcs11:=a", "byte 8: an attribute like 'token=NAME' is expected"},
    {"pkcs11:;token=a", "byte 8: an attribute like 'token=NAME' is expected"},
    {"pkcs11:token=a;", "byte 16: an attribute is missing behind the separator"},
    {"pkcs11:token=a;;model=b", "byte 16: an attribute like 'token=NAME' is expected"},
    {"pkcs11:?module-name=a&", "byte 23: an attribute is missing behind the separator"},
    {"pkcs11:token=a%", "byte 15: '%' is not followed by two hex digits"},
    {"pkcs11:token=a%4", "byte 15: '%' is not followed by two hex digits"},
    {"pkcs11:token=a%4g", "byte 15: '%' is not followed by two hex digits"},
    {"pkcs11:token=a%zz", "byte 15: '%' is not followed by two hex digits"},
    {"pkcs11:token=a b", "byte 15: this character must be written as %20"},
    {"pkcs11:token=a/b", "byte 15: this character must be written as %2F"},
    {"pkcs11:token=a#b", "byte 15: this character must be written as %23"},
    {"pkcs11:token=\xc3\xbc", "byte 14: this character must be written as %C3"},
    {"pkcs11:?module-name=a;b", "byte 22: this character must be written as %3B"},
    {"pkcs11:token=%FF", "byte 14: the value is not UTF-8 text"},
    {"pkcs11:token=a%00b", "byte 14: the value is not UTF-8 text"},
    {"pkcs11:token=%C0%80", "byte 14: the value is not UTF-8 text"},
    {"pkcs11:object=%ED%A0%80", "byte 15: the value is not UTF-8 text"},
    {"pkcs11:slot-id=", "byte 16: slot-id is not a decimal number"},
    {"pkcs11:slot-id=0x1", "byte 16: slot-id is not a decimal number"},
    {"pkcs11:slot-id=18446744073709551616", "byte 16: slot-id is not a decimal number"},
    {"pkcs11:type=key", "byte 13: type is one of private, public, cert, secret-key, data"},
    {"pkcs11:type=Private", "byte 13: type is one of private, public, cert, secret-key, data"},
    {"pkcs11:token=a;token=b", "byte 16: 'token' is there twice"},
    {"pkcs11:id=%01;object=a;id=%02", "byte 24: 'id' is there twice"},
    {"pkcs11:?module-name=a&module-name=a", "byte 23: 'module-name' is there twice"},
    {"pkcs11:?pin-value=1&pin-value=1", "byte 21: 'pin-value' is there twice"},
    {"pkcs11:?pin-source=a&pin-value=1", "pin-source and pin-value exclude each other"},
    {"pkcs11:tokn=a", "byte 8: unknown attribute 'tokn'; the nearest is 'token'"},
    {"pkcs11:Token=a", "byte 8: unknown attribute 'Token'; the nearest is 'token'"},
    {"pkcs11:objekt=a", "byte 8: unknown attribute 'objekt'; the nearest is 'object'"},
    {"pkcs11:token=a;x-vendor-attribute=b", "byte 16: unknown attribute 'x-vendor-attribute'"},
};

static void test_every_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        struct pc_uri uri PC_CLEANUP(pc_uri_done);
        p11csr_error *err = NULL;
        pc_uri_init(&uri);
        check_fails(pc_uri_parse(bad[i].text, &uri, &err), &err, P11CSR_E_URI, bad[i].says);
    }
}

static void test_is(void **state)
{
    (void)state;
    assert_true(pc_uri_is("pkcs11:"));
    assert_true(pc_uri_is("pkcs11:nonsense"));
    assert_false(pc_uri_is("pkcs11"));
    assert_false(pc_uri_is("/pkcs11:"));
}

static void test_far_from_every_name(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    const struct pc_result result = pc_uri_parse("pkcs11:qwertzuiop=a", &uri, &err);
    assert_null(strstr(p11csr_error_cause(err, 0), "nearest"));
    check_fails(result, &err, P11CSR_E_URI, "byte 8: unknown attribute 'qwertzuiop'");
}

/* An attribute of the query among those of the path, and the reverse: the nearest name is not its own. */
static void test_attribute_in_wrong_half(void **state)
{
    (void)state;
    static const char *const texts[] = {"pkcs11:pin-value=4321", "pkcs11:token=a;module-path=/x",
                                        "pkcs11:token=a;pin-source=x"};
    for (size_t i = 0; i < PC_ARRAY_LEN(texts); i++) {
        struct pc_uri uri PC_CLEANUP(pc_uri_done);
        p11csr_error *err = NULL;
        pc_uri_init(&uri);
        const struct pc_result result = pc_uri_parse(texts[i], &uri, &err);
        assert_null(strstr(p11csr_error_cause(err, 0), "nearest"));
        assert_null(strstr(p11csr_error_cause(err, 0), "4321"));
        check_fails(result, &err, P11CSR_E_URI, "stands behind a '?'");
    }
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    check_fails(pc_uri_parse("pkcs11:object=a?token=b", &uri, &err), &err, P11CSR_E_URI,
                "byte 17: 'token' stands in front of a '?'");
}

static void test_unknown_query_attribute_is_let_be(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    check_ok(pc_uri_parse("pkcs11:token=a?x-one=1&x-one=2&module-name=m", &uri, &err), &err);
    check_ok(pc_uri_format(&uri, &text, &err), &err);
    check_text(&text, "pkcs11:token=a?module-name=m");
    check_fails(pc_uri_parse("pkcs11:?x-one=%1", &uri, &err), &err, P11CSR_E_URI,
                "byte 15: '%' is not followed");
}

static void test_normal_order(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    check_ok(pc_uri_parse("pkcs11:type=private;id=%0a;object=o;serial=1;token=t?module-path=/p&module-name=n",
                          &uri, &err),
             &err);
    check_ok(pc_uri_format(&uri, &text, &err), &err);
    check_text(&text, "pkcs11:token=t;serial=1;id=%0A;object=o;type=private?module-name=n&module-path=/p");
}

static void test_pin_value_is_taken_out(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    check_ok(pc_uri_parse("pkcs11:token=a?pin-value=43%20%0021&module-name=m", &uri, &err), &err);
    assert_non_null(uri.pin);
    check_hex(pc_secret_bytes(uri.pin), "34332000 3231");
    assert_true(uri.present[PC_URI_PIN_VALUE]);
    assert_int_equal(uri.values[PC_URI_PIN_VALUE].len, 0);
    check_ok(pc_uri_format(&uri, &text, &err), &err);
    check_text(&text, "pkcs11:token=a?module-name=m");
    pc_uri_done(&uri);
    assert_null(uri.pin);
    check_ok(pc_uri_parse("pkcs11:token=a", &uri, &err), &err);
    assert_null(uri.pin);
}

/* Mistakes around a PIN do not show it. */
static void test_pin_value_is_not_in_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
        const char *hidden;
    } rows[] = {
        {"pkcs11:token=a?pin-value=4321%zz", "byte 30: '%' is not followed", "4321"},
        {"pkcs11:token=a?pin-value=4321^", "byte 30:", "5E"},
        {"pkcs11:token=a&pin-value=4321", "stands behind a '?'", "4321"},
        {"pkcs11:token=a&pin-value=4321;model=x?module-name=m", "stands behind a '?'", "4321"},
        {"pkcs11:object=a%3Fpin-value=4321", "stands behind a '?'", "4321"},
        {"pkcs11:?module-name=m?pin-value=4321", "stands behind a '?'", "4321"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_uri uri PC_CLEANUP(pc_uri_done);
        p11csr_error *err = NULL;
        pc_uri_init(&uri);
        const struct pc_result result = pc_uri_parse(rows[i].text, &uri, &err);
        assert_non_null(err);
        assert_null(strstr(p11csr_error_cause(err, 0), rows[i].hidden));
        check_fails(result, &err, P11CSR_E_URI, rows[i].says);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    p11csr_error *err = NULL;
    static char text[PC_MAX_URI + 2];
    pc_uri_init(&uri);
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "pkcs11:token=", 13);
    check_fails(pc_uri_parse(text, &uri, &err), &err, P11CSR_E_LIMIT, "more than 8192 bytes");
    text[PC_MAX_URI] = 0;
    check_ok(pc_uri_parse(text, &uri, &err), &err);
    assert_int_equal(pc_uri_value(&uri, PC_URI_TOKEN).len, PC_MAX_URI - 13);
    pc_uri_done(&uri);
    memcpy(text, "pkcs11:?pin-value=", 18);
    text[18 + PC_MAX_PIN + 1] = 0;
    check_fails(pc_uri_parse(text, &uri, &err), &err, P11CSR_E_URI, "byte 19: pin-value is too long");
    pc_uri_done(&uri);
    text[18 + PC_MAX_PIN] = 0;
    check_ok(pc_uri_parse(text, &uri, &err), &err);
}

static void test_set(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    assert_null(pc_uri_text(&uri, PC_URI_TOKEN));
    check_ok(pc_uri_set(&uri, PC_URI_TOKEN, pc_span_str("long name"), &err), &err);
    check_ok(pc_uri_set(&uri, PC_URI_TOKEN, pc_span_str("x;y"), &err), &err);
    check_ok(pc_uri_set(&uri, PC_URI_ID, PC_SPAN("\x00z"), &err), &err);
    assert_string_equal(pc_uri_text(&uri, PC_URI_TOKEN), "x;y");
    check_ok(pc_uri_format(&uri, &text, &err), &err);
    check_text(&text, "pkcs11:token=x%3By;id=%00%7A%00");
}

static void fill(const char *text, const char *from, struct pc_uri *ret)
{
    struct pc_uri other PC_CLEANUP(pc_uri_done);
    p11csr_error *err = NULL;
    pc_uri_init(&other);
    pc_uri_init(ret);
    check_ok(pc_uri_parse(text, ret, &err), &err);
    check_ok(pc_uri_parse(from, &other, &err), &err);
    check_ok(pc_uri_fill(ret, &other, &err), &err);
}

static void test_fill(void **state)
{
    (void)state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    pc_buf_init(&text, PC_MAX_URI);
    fill("pkcs11:object=web", "pkcs11:token=a;object=mail?module-path=/m.so&pin-value=12", &uri);
    check_ok(pc_uri_format(&uri, &text, &err), &err);
    check_text(&text, "pkcs11:token=a;object=web?module-path=/m.so");
    assert_true(pc_span_eq(pc_secret_bytes(uri.pin), pc_span_str("12")));
}

/* A PIN and where it comes from are one matter. */
static void test_fill_pin(void **state)
{
    static const char *const sources[] = {"pkcs11:?pin-source=file:/b", "pkcs11:?pin-value=34"};
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(sources); i++) {
        struct pc_uri first PC_CLEANUP(pc_uri_done);
        struct pc_uri second PC_CLEANUP(pc_uri_done);
        fill("pkcs11:?pin-value=12", sources[i], &first);
        assert_false(first.present[PC_URI_PIN_SOURCE]);
        assert_true(pc_span_eq(pc_secret_bytes(first.pin), pc_span_str("12")));
        fill("pkcs11:?pin-source=file:/a", sources[i], &second);
        assert_null(second.pin);
        assert_string_equal(pc_uri_text(&second, PC_URI_PIN_SOURCE), "file:/a");
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < PC_URI_COUNT; i++) {
        assert_non_null(pc_uri_attr_name((enum pc_uri_attr)i));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(pc_uri_attr_name((enum pc_uri_attr)i),
                                    pc_uri_attr_name((enum pc_uri_attr)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_attribute),
        cmocka_unit_test(test_every_error),
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_far_from_every_name),
        cmocka_unit_test(test_attribute_in_wrong_half),
        cmocka_unit_test(test_unknown_query_attribute_is_let_be),
        cmocka_unit_test(test_normal_order),
        cmocka_unit_test(test_pin_value_is_taken_out),
        cmocka_unit_test(test_pin_value_is_not_in_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_fill_pin),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
