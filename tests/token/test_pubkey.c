// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"

#include <string.h>

/* Where the public half of a key is taken from, and that all sources must agree. */

/* Gives the private key `key` another source of the public key `index`. */
static void add_source(struct fixture *f, struct mock_object *key, enum pc_pubkey_source source,
                       enum mock_kind kind, size_t index)
{
    switch (source) {
    case PC_PUBKEY_OBJECT:
        mock_add_public(f->mock, kind, index, "web", "1");
        break;
    case PC_PUBKEY_INFO:
        mock_set_info(key, kind, index);
        break;
    case PC_PUBKEY_PRIVATE:
        mock_set_public(f->mock, key, kind, index);
        break;
    case PC_PUBKEY_CERTIFICATE:
        mock_add_certificate(f->mock, kind, index, "a certificate", "1");
        break;
    case PC_PUBKEY_NONE:
    case PC_PUBKEY_GIVEN: // not on the token: see test_given()
    case PC_PUBKEY_SOURCE_COUNT:
        fail();
    }
}

static void remove_all(struct fixture *f)
{
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        if (f->mock->objects[i].handle != CK_INVALID_HANDLE) {
            mock_object_remove(&f->mock->objects[i]);
        }
    }
}

/* A private key that shows nothing of its public half. */
static struct mock_object *bare_private(struct fixture *f, enum mock_kind kind)
{
    remove_all(f);
    struct mock_object *key = mock_add_private(f->mock, kind, 0, "web", "1");
    mock_unset(key, CKA_MODULUS);
    mock_unset(key, CKA_PUBLIC_EXPONENT);
    return key;
}

static void test_each_source_alone(void **state)
{
    struct fixture *f = *state;
    for (int kind = 0; kind < MOCK_KIND_COUNT; kind++) {
        for (int source = PC_PUBKEY_OBJECT; source < PC_PUBKEY_GIVEN; source++) {
            struct mock_object *key = bare_private(f, (enum mock_kind)kind);
            check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND,
                        "no public key object");
            add_source(f, key, (enum pc_pubkey_source)source, (enum mock_kind)kind, 0);
            check_ok(fixture_find(f, "web", NULL), &f->err);
            assert_int_equal(f->key.source, source);
            assert_true(fixture_key_is(f, (enum mock_kind)kind, 0));
            assert_non_null(f->key.public.spec);
        }
    }
}

/* A key that shows the public key 0 by one source and the public key `index` by another. */
static void check_two_sources(struct fixture *f, enum pc_pubkey_source first, enum pc_pubkey_source second,
                              size_t index)
{
    // By nothing but a label, a certificate under another one is looked for where no public object was found.
    const bool with_id = first == PC_PUBKEY_OBJECT && second == PC_PUBKEY_CERTIFICATE;
    struct mock_object *key = bare_private(f, MOCK_P256);
    add_source(f, key, first, MOCK_P256, 0);
    add_source(f, key, second, MOCK_P256, index);
    const struct pc_result result = fixture_find(f, "web", with_id ? "1" : NULL);
    if (index == 0) {
        check_ok(result, &f->err);
        assert_int_equal(f->key.source, first);
        return;
    }
    check_failed(result, f->err, P11CSR_E_PROOF_PUBLIC_KEY, "show different public keys");
    assert_true(error_holds(f->err, pc_pubkey_source_name(first)));
    assert_true(error_holds(f->err, pc_pubkey_source_name(second)));
    p11csr_error_free(&f->err);
}

/* Every two sources: the same key is fine and the first is named, another key is refused by both names. */
static void test_sources_must_agree(void **state)
{
    struct fixture *f = *state;
    for (int first = PC_PUBKEY_OBJECT; first < PC_PUBKEY_GIVEN; first++) {
        for (int second = first + 1; second < PC_PUBKEY_GIVEN; second++) {
            check_two_sources(f, (enum pc_pubkey_source)first, (enum pc_pubkey_source)second, 0);
            check_two_sources(f, (enum pc_pubkey_source)first, (enum pc_pubkey_source)second, 1);
        }
    }
}

static void test_source_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "none", "public-key-object", "public-key-info", "private-key-attributes", "certificate", "file"};
    for (int i = 0; i < PC_PUBKEY_SOURCE_COUNT; i++) {
        assert_string_equal(pc_pubkey_source_name((enum pc_pubkey_source)i), names[i]);
    }
}

static void test_point_forms(void **state)
{
    struct fixture *f = *state;
    static const enum mock_kind kinds[] = {MOCK_P256, MOCK_ED25519};
    for (size_t k = 0; k < PC_ARRAY_LEN(kinds); k++) {
        for (int form = MOCK_POINT_OCTET_STRING; form <= MOCK_POINT_BIT_STRING; form++) {
            for (int alt = 0; alt < 2; alt++) {
                remove_all(f);
                f->mock->knobs.point = (enum mock_point)form;
                f->mock->knobs.alt_params = alt != 0;
                mock_add_pair(f->mock, kinds[k], 0, "web", "1");
                check_ok(fixture_find(f, "web", NULL), &f->err);
                assert_true(fixture_key_is(f, kinds[k], 0));
            }
        }
    }
}

static void test_bad_points(void **state)
{
    struct fixture *f = *state;
    struct mock_object *public_key = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").public_key;
    uint8_t point[80] = {0};
    static const struct {
        uint8_t start[3];
        size_t len;
        const char *says;
    } rows[] = {
        {{0x02, 1, 1}, 33, "CKA_EC_POINT has 33 octets, which is no form of a point on p256 (65 octets)"},
        {{0x02, 1, 1}, 65, "CKA_EC_POINT is not an uncompressed point (starts with 02)"},
        {{0x04, 0x42, 0x04}, 67, "CKA_EC_POINT has 67 octets"},
        {{0x04, 0x40, 0x04}, 66, "CKA_EC_POINT has 66 octets"},
        {{0x04, 0x41, 0x03}, 67, "CKA_EC_POINT is not an uncompressed point (starts with 03)"},
        {{0x03, 0x42, 0x01}, 68, "CKA_EC_POINT has 68 octets"},
        {{0x04, 0, 0}, 1, "CKA_EC_POINT has 1 octets"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        memcpy(point, rows[i].start, sizeof(rows[i].start));
        mock_set(public_key, CKA_EC_POINT, point, rows[i].len);
        check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY, rows[i].says);
    }
    mock_set(public_key, CKA_EC_PARAMS, "\x06\x01\x2a", 3);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_UNSUPPORTED,
                "a curve that p11csr does not know");
    mock_set(public_key, CKA_EC_POINT, "", 0); // an empty value is no source
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
}

/* A key of a parameter set; on the private object CKA_VALUE is the private key, which is never asked for. */
static void test_parameter_sets(void **state)
{
    struct fixture *f = *state;
    static const uint8_t value[1952] = {0x65};
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set_number(pair.private_key, CKA_KEY_TYPE, PC_CKK_ML_DSA);
    mock_set_number(pair.public_key, CKA_KEY_TYPE, PC_CKK_ML_DSA);
    mock_set_number(pair.private_key, PC_CKA_PARAMETER_SET, PC_CKP_ML_DSA_65);
    mock_set(pair.private_key, CKA_VALUE, value, sizeof(value));
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
    mock_set_number(pair.public_key, PC_CKA_PARAMETER_SET, PC_CKP_ML_DSA_65);
    mock_set(pair.public_key, CKA_VALUE, value, sizeof(value));
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(f->key.source, PC_PUBKEY_OBJECT);
    assert_ptr_equal(f->key.public.spec, pc_keyspec_get(PC_KEYSPEC_ML_DSA_65));
    check_same(f->key.public.point, PC_SPAN(value));
    mock_set_number(pair.public_key, PC_CKA_PARAMETER_SET, PC_CKP_ML_DSA_87);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "CKA_VALUE has 1952 octets");
    mock_set(pair.public_key, PC_CKA_PARAMETER_SET, "\x02", 1);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "CKA_PARAMETER_SET has 1 octets");
}

/* What a token shows and what cannot be read is the token's fault, not an input of the caller's. */
static void test_unreadable_sources(void **state)
{
    struct fixture *f = *state;
    struct mock_object *key = bare_private(f, MOCK_P256);
    mock_set(key, CKA_PUBLIC_KEY_INFO, "\x30\x03\x02\x01", 4);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "public-key-info is no public key");
    mock_unset(key, CKA_PUBLIC_KEY_INFO);
    struct mock_object *certificate = mock_add_certificate(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_set(certificate, CKA_VALUE, "\x30\x80", 2);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "the certificate beside the key cannot be read");
    mock_set(certificate, CKA_VALUE, "", 0);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
    mock_set_number(key, CKA_KEY_TYPE, 0x99);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_UNSUPPORTED,
                "CKA_KEY_TYPE 0x99 is not one that p11csr knows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_each_source_alone), FIXTURE_TEST(test_sources_must_agree),
        FIXTURE_TEST(test_source_names),      FIXTURE_TEST(test_point_forms),
        FIXTURE_TEST(test_bad_points),        FIXTURE_TEST(test_unreadable_sources),
        FIXTURE_TEST(test_parameter_sets),    FIXTURE_TEST(test_unreadable_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
