// SPDX-License-Identifier: Apache-2.0
#include "alg/public.h"
#include "base/limits.h"
#include "der/reader.h"
#include "der/writer.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <openssl/core_names.h>
#include <string.h>

/* A key of libcrypto and the values in it. */
struct fixture {
    struct softsigner *signer;
    struct pc_span spki;
    struct pc_public key;
};

static void make_fixture(enum pc_keyspec_id spec, struct fixture *ret)
{
    p11csr_error *err = NULL;
    ret->signer = softsigner_new(spec);
    ret->spki = softsigner_spki(ret->signer);
    check_ok(pc_public_from_spki(ret->spki, &ret->key, &err), &err);
}

/* Values that were made from what a token shows lead back to the bytes that libcrypto wrote. */
static void check_spki(const struct pc_public *key, struct pc_span expected)
{
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, PC_MAX_SPKI);
    check_ok(pc_public_to_spki(key, &buf, &err), &err);
    check_same(pc_buf_span(&buf), expected);
    pc_buf_done(&buf);
}

static void wrap(unsigned tag, struct pc_span point, struct pc_buf *ret)
{
    struct pc_der_writer w;
    pc_buf_init(ret, 1000);
    pc_der_writer_init(&w, ret);
    if (tag == PC_DER_BIT_STRING) {
        pc_der_bit_string(&w, point);
    } else {
        pc_der_bytes(&w, tag, point);
    }
}

/*
 * CKA_EC_POINT bare, in an OCTET STRING and in a BIT STRING; each form one octet short, long and otherwise
 * wrapped.
 */
static void check_point_forms(const struct fixture *f)
{
    p11csr_error *err = NULL;
    const struct pc_keyspec *spec = f->key.spec;
    struct pc_public key;
    static const unsigned good[] = {PC_DER_OCTET_STRING, PC_DER_BIT_STRING};
    static const unsigned bad[] = {PC_DER_UTF8_STRING, PC_DER_SEQUENCE, 0x24, 0x23};
    check_ok(pc_public_ec(spec->family, spec->ec_params, f->key.point, &key, &err), &err);
    check_spki(&key, f->spki);
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        struct pc_buf form;
        wrap(good[i], f->key.point, &form);
        const struct pc_span whole = pc_buf_span(&form);
        check_ok(pc_public_ec(spec->family, spec->ec_params, whole, &key, &err), &err);
        check_spki(&key, f->spki);
        check_fails(pc_public_ec(spec->family, spec->ec_params, (struct pc_span){whole.ptr, whole.len - 1},
                                 &key, &err),
                    &err, P11CSR_E_PROOF_PUBLIC_KEY, "which is no form of a point on");
        pc_buf_byte(&form, 0);
        check_fails(pc_public_ec(spec->family, spec->ec_params, pc_buf_span(&form), &key, &err), &err,
                    P11CSR_E_PROOF_PUBLIC_KEY, spec->name);
        pc_buf_done(&form);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        struct pc_buf form;
        wrap(bad[i], f->key.point, &form);
        check_fails(pc_public_ec(spec->family, spec->ec_params, pc_buf_span(&form), &key, &err), &err,
                    P11CSR_E_PROOF_PUBLIC_KEY, "which is no form of a point on");
        pc_buf_done(&form);
    }
    check_fails(
        pc_public_ec(spec->family, spec->ec_params, (struct pc_span){f->key.point.ptr, 0}, &key, &err), &err,
        P11CSR_E_PROOF_PUBLIC_KEY, "CKA_EC_POINT has 0 octets");
}

static void test_points_of_every_curve(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    for (int id = PC_KEYSPEC_P256; id <= PC_KEYSPEC_ED448; id++) {
        struct fixture f;
        struct pc_public key;
        make_fixture((enum pc_keyspec_id)id, &f);
        check_point_forms(&f);
        if (f.key.spec->ec_params_alt.len > 0) {
            check_ok(pc_public_ec(f.key.spec->family, f.key.spec->ec_params_alt, f.key.point, &key, &err),
                     &err);
            check_spki(&key, f.spki);
        }
        const enum pc_family_id other = f.key.spec->family == PC_FAMILY_EC ? PC_FAMILY_EDWARDS : PC_FAMILY_EC;
        check_fails(pc_public_ec(other, f.key.spec->ec_params, f.key.point, &key, &err), &err,
                    P11CSR_E_UNSUPPORTED, "a curve that p11csr does not know");
        softsigner_free(&f.signer);
    }
}

/* CKA_VALUE is the key bare, or as SubjectPublicKeyInfo on some tokens; no other length or set is taken. */
static void test_keys_with_parameter_sets(void **state)
{
    (void)state;
    static uint8_t octets[2600];
    p11csr_error *err = NULL;
    struct pc_public key;
    for (int id = PC_KEYSPEC_ML_DSA_44; id <= PC_KEYSPEC_ML_DSA_87; id++) {
        const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)id);
        const enum pc_keyspec_id next =
            id == PC_KEYSPEC_ML_DSA_87 ? PC_KEYSPEC_ML_DSA_44 : (enum pc_keyspec_id)(id + 1);
        const unsigned long set = spec->parameter_set;
        const unsigned long other = pc_keyspec_get(next)->parameter_set;
        struct pc_span bare = {octets, spec->point_len};
        struct pc_buf spki;
        memset(octets, id, sizeof(octets));
        pc_buf_init(&spki, PC_MAX_SPKI);
        check_ok(pc_public_set(PC_FAMILY_ML_DSA, set, bare, &key, &err), &err);
        assert_ptr_equal(key.spec, spec);
        check_ok(pc_public_to_spki(&key, &spki, &err), &err);
        check_ok(pc_public_from_spki(pc_buf_span(&spki), &key, &err), &err);
        check_same(key.point, bare);
        check_ok(pc_public_set(PC_FAMILY_ML_DSA, set, pc_buf_span(&spki), &key, &err), &err);
        assert_ptr_equal(key.spec, spec);
        check_same(key.point, bare);
        check_fails(pc_public_set(PC_FAMILY_ML_DSA, other, pc_buf_span(&spki), &key, &err), &err,
                    P11CSR_E_PROOF_PUBLIC_KEY, "which is no form of a public key of");
        bare.len--;
        check_fails(pc_public_set(PC_FAMILY_ML_DSA, set, bare, &key, &err), &err, P11CSR_E_PROOF_PUBLIC_KEY,
                    "which is no form of a public key of");
        pc_buf_done(&spki);
    }
    check_fails(pc_public_set(PC_FAMILY_ML_DSA, 4, PC_SPAN(octets), &key, &err), &err, P11CSR_E_UNSUPPORTED,
                "CKA_PARAMETER_SET 4 is not one that p11csr knows");
    check_fails(pc_public_set(PC_FAMILY_EC, 1, PC_SPAN(octets), &key, &err), &err, P11CSR_E_UNSUPPORTED,
                "CKA_PARAMETER_SET 1");
}

static void test_points_that_are_not_uncompressed(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct fixture f;
    struct pc_public key;
    uint8_t point[65];
    make_fixture(PC_KEYSPEC_P256, &f);
    const struct pc_span params = f.key.spec->ec_params;
    memcpy(point, f.key.point.ptr, sizeof(point));
    point[0] = 0x02;
    check_fails(pc_public_ec(PC_FAMILY_EC, params, (struct pc_span){point, 33}, &key, &err), &err,
                P11CSR_E_PROOF_PUBLIC_KEY, "CKA_EC_POINT has 33 octets");
    check_fails(pc_public_ec(PC_FAMILY_EC, params, PC_SPAN(point), &key, &err), &err,
                P11CSR_E_PROOF_PUBLIC_KEY, "CKA_EC_POINT is not an uncompressed point (starts with 02)");
    point[0] = 0x06; // hybrid form
    check_fails(pc_public_ec(PC_FAMILY_EC, params, PC_SPAN(point), &key, &err), &err,
                P11CSR_E_PROOF_PUBLIC_KEY, "starts with 06");
    softsigner_free(&f.signer);
}

static void test_unknown_curves(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_public key;
    static const uint8_t point[65] = {4};
    static const uint8_t p192[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x01};
    static const uint8_t p256_and_more[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x00};
    check_fails(pc_public_ec(PC_FAMILY_EC, PC_SPAN(p192), PC_SPAN(point), &key, &err), &err,
                P11CSR_E_UNSUPPORTED, "CKA_EC_PARAMS has 10 octets");
    check_fails(pc_public_ec(PC_FAMILY_EC, PC_SPAN(p256_and_more), PC_SPAN(point), &key, &err), &err,
                P11CSR_E_UNSUPPORTED, "CKA_EC_PARAMS has 11 octets");
    check_fails(pc_public_ec(PC_FAMILY_EC, (struct pc_span){0}, PC_SPAN(point), &key, &err), &err,
                P11CSR_E_UNSUPPORTED, "CKA_EC_PARAMS has 0 octets");
}

static void test_rsa(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct fixture f;
    struct pc_public key;
    struct pc_buf padded;
    make_fixture(PC_KEYSPEC_RSA_2048, &f);
    check_hex(f.key.exponent, "010001");
    assert_int_equal(f.key.modulus.len, 256);
    check_ok(pc_public_rsa(f.key.modulus, f.key.exponent, &key, &err), &err);
    check_spki(&key, f.spki);
    pc_buf_init(&padded, 300); // some tokens pad with zeros
    pc_buf_add(&padded, "\0\0\0", 3);
    pc_buf_add_span(&padded, f.key.modulus);
    check_ok(pc_public_rsa(pc_buf_span(&padded), f.key.exponent, &key, &err), &err);
    check_spki(&key, f.spki);
    pc_buf_done(&padded);
    softsigner_free(&f.signer);
}

static void test_rsa_values_that_cannot_be(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_public key;
    uint8_t n[256];
    static const uint8_t e3[] = {3};
    memset(n, 0xFF, sizeof(n));
    check_ok(pc_public_rsa(PC_SPAN(n), PC_SPAN(e3), &key, &err), &err);
    n[255] = 0xFE;
    check_fails(pc_public_rsa(PC_SPAN(n), PC_SPAN(e3), &key, &err), &err, P11CSR_E_PROOF_PUBLIC_KEY,
                "is even");
    n[255] = 0xFF;
    check_fails(pc_public_rsa((struct pc_span){n, 63}, PC_SPAN(e3), &key, &err), &err,
                P11CSR_E_PROOF_PUBLIC_KEY, "63 octets that has no usable size");
    check_fails(pc_public_rsa((struct pc_span){0}, PC_SPAN(e3), &key, &err), &err, P11CSR_E_PROOF_PUBLIC_KEY,
                "0 octets that has no usable size");
    static const struct {
        const char *bytes;
        size_t len;
    } exponents[] = {{"", 0}, {"\0", 1}, {"\1", 1}, {"\2", 1}, {"\4", 1}, {"\1\0\0", 3}};
    for (size_t i = 0; i < PC_ARRAY_LEN(exponents); i++) {
        const struct pc_span e = {(const uint8_t *)exponents[i].bytes, exponents[i].len};
        check_fails(pc_public_rsa(PC_SPAN(n), e, &key, &err), &err, P11CSR_E_PROOF_PUBLIC_KEY,
                    "an RSA public exponent that is even or smaller than 3");
    }
}

static void test_rsa_sizes_without_a_row(void **state)
{
    (void)state;
    static const struct {
        size_t octets;
        uint8_t first;
        enum pc_keyspec_id spec;
        const char *name;
    } rows[] = {
        {64, 0x80, PC_KEYSPEC_RSA_2048, "rsa-512"},   {256, 0x7F, PC_KEYSPEC_RSA_2048, "rsa-2047"},
        {288, 0x80, PC_KEYSPEC_RSA_2048, "rsa-2304"}, {384, 0x80, PC_KEYSPEC_RSA_3072, "rsa-3072"},
        {384, 0x7F, PC_KEYSPEC_RSA_2048, "rsa-3071"}, {1024, 0x80, PC_KEYSPEC_RSA_4096, "rsa-8192"},
        {512, 0x01, PC_KEYSPEC_RSA_3072, "rsa-4089"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        uint8_t n[1024];
        char name[32];
        struct pc_public key;
        static const uint8_t e3[] = {3};
        memset(n, 0xFF, sizeof(n));
        n[0] = rows[i].first;
        check_ok(pc_public_rsa((struct pc_span){n, rows[i].octets}, PC_SPAN(e3), &key, &err), &err);
        assert_int_equal(key.spec->id, rows[i].spec);
        pc_public_name(&key, name, sizeof(name));
        assert_string_equal(name, rows[i].name);
    }
}

static void test_spki_that_is_not_one(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum p11csr_code code;
        const char *text;
    } rows[] = {
        {"", P11CSR_E_REQUEST, "SubjectPublicKeyInfo is missing"},
        {"30 00", P11CSR_E_REQUEST, "AlgorithmIdentifier is missing"},
        {"30 05 3003 060129", P11CSR_E_REQUEST, "subjectPublicKey is missing"},
        {"30 09 3003 060129 0301 00 00", P11CSR_E_REQUEST,
         "more data than belongs into SubjectPublicKeyInfo"},
        {"30 09 3003 060129 0301 00", P11CSR_E_REQUEST, "length goes beyond the end"},
        {"30 09 3003 060129 0302 04 a0", P11CSR_E_REQUEST, "does not consist of whole octets"},
        {"30 0a 3003 060129 0303 00 aabb", P11CSR_E_UNSUPPORTED,
         "a public key of a kind that p11csr does not know"},
        // Ed25519 with NULL parameters (RFC 8410 section 3: absent)
        {"30 0c 3007 06032b6570 0500 0301 00", P11CSR_E_UNSUPPORTED, "does not know"},
        {"30 0a 3005 06032b6570 0301 00", P11CSR_E_PROOF_PUBLIC_KEY,
         "a public key of 0 octets where ed25519 has 32"},
        // RSA without a key in it
        {"30 12 300d 06092a864886f70d010101 0500 0301 00", P11CSR_E_REQUEST, "RSAPublicKey is missing"},
        {"30 17 300d 06092a864886f70d010101 0500 0306 00 3003 020101", P11CSR_E_REQUEST,
         "publicExponent is missing"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf spki;
        struct pc_public key;
        pc_buf_init(&spki, 200);
        hex_to_buf(rows[i].hex, &spki);
        check_fails(pc_public_from_spki(pc_buf_span(&spki), &key, &err), &err, rows[i].code, rows[i].text);
        pc_buf_done(&spki);
    }
}

/* Every key cut short or with something behind it is refused. */
static void test_spki_lengths(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256, PC_KEYSPEC_ED25519};
    for (size_t i = 0; i < PC_ARRAY_LEN(specs); i++) {
        struct fixture f;
        struct pc_public key;
        struct pc_buf longer;
        make_fixture(specs[i], &f);
        check_fails(pc_public_from_spki((struct pc_span){f.spki.ptr, f.spki.len - 1}, &key, &err), &err,
                    P11CSR_E_REQUEST, "length goes beyond the end");
        pc_buf_init(&longer, 1000);
        pc_buf_add_span(&longer, f.spki);
        pc_buf_byte(&longer, 0);
        check_fails(pc_public_from_spki(pc_buf_span(&longer), &key, &err), &err, P11CSR_E_REQUEST,
                    "more data than belongs into SubjectPublicKeyInfo");
        pc_buf_done(&longer);
        check_spki(&f.key, f.spki);
        softsigner_free(&f.signer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_of_every_curve),
        cmocka_unit_test(test_keys_with_parameter_sets),
        cmocka_unit_test(test_points_that_are_not_uncompressed),
        cmocka_unit_test(test_unknown_curves),
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_rsa_values_that_cannot_be),
        cmocka_unit_test(test_rsa_sizes_without_a_row),
        cmocka_unit_test(test_spki_that_is_not_one),
        cmocka_unit_test(test_spki_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
