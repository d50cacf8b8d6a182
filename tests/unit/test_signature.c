// SPDX-License-Identifier: Apache-2.0
#include "alg/signature.h"
#include "base/limits.h"
#include "lib/check.h"

#include <string.h>

static void test_ecdsa(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    const struct pc_keyspec *spec = pc_keyspec_get(PC_KEYSPEC_P256);
    static const struct {
        uint8_t r_first;
        uint8_t s_first;
        const char *start; /* of the encoding */
        size_t start_len;
        size_t len;
    } rows[] = {
        {0x7F, 0x01, "30 44 0220 7f", 5, 70},
        {0x80, 0x01, "30 45 0221 00 80", 6, 71},
        {0xFF, 0xFF, "30 46 0221 00 ff", 6, 72},
        {0x00, 0x01, "30 43 021f 55", 5, 69},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        uint8_t raw[64];
        struct pc_buf buf;
        memset(raw, 0x55, sizeof(raw));
        raw[0] = rows[i].r_first;
        raw[32] = rows[i].s_first;
        pc_buf_init(&buf, 100);
        check_ok(pc_signature_encode(scheme, spec, PC_SPAN(raw), &buf, &err), &err);
        assert_int_equal(buf.len, rows[i].len);
        check_hex(((struct pc_span){buf.ptr, rows[i].start_len}), rows[i].start);
        pc_buf_done(&buf);
    }
}

static void test_ecdsa_smallest(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    uint8_t raw[132] = {[65] = 1, [131] = 2};
    struct pc_buf buf;
    pc_buf_init(&buf, 100);
    check_ok(pc_signature_encode(pc_scheme_get(PC_SCHEME_ECDSA_SHA512), pc_keyspec_get(PC_KEYSPEC_P521),
                                 PC_SPAN(raw), &buf, &err),
             &err);
    check_hex(pc_buf_span(&buf), "30 06 020101 020102");
    pc_buf_done(&buf);
}

static void test_ecdsa_that_cannot_be(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    const struct pc_keyspec *spec = pc_keyspec_get(PC_KEYSPEC_P256);
    struct pc_buf buf;
    uint8_t raw[65];
    pc_buf_init(&buf, 100);
    memset(raw, 0x55, sizeof(raw));
    static const size_t lengths[] = {0, 1, 62, 63, 65};
    for (size_t i = 0; i < PC_ARRAY_LEN(lengths); i++) {
        check_fails(pc_signature_encode(scheme, spec, (struct pc_span){raw, lengths[i]}, &buf, &err), &err,
                    P11CSR_E_PROOF_SIGNATURE, "octets where ecdsa-sha256 with p256 has 64");
    }
    memset(raw, 0, 32);
    check_fails(pc_signature_encode(scheme, spec, (struct pc_span){raw, 64}, &buf, &err), &err,
                P11CSR_E_PROOF_SIGNATURE, "a signature with r or s zero");
    memset(raw, 0x55, 32);
    memset(raw + 32, 0, 32);
    check_fails(pc_signature_encode(scheme, spec, (struct pc_span){raw, 64}, &buf, &err), &err,
                P11CSR_E_PROOF_SIGNATURE, "a signature with r or s zero");
    assert_int_equal(buf.len, 0);
    pc_buf_done(&buf);
}

static void test_others_are_taken_as_they_are(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    static const uint8_t raw[] = {0, 1, 2, 3};
    static const enum pc_scheme_id schemes[] = {PC_SCHEME_RSA_PKCS1_SHA256, PC_SCHEME_RSA_PSS_SHA256,
                                                PC_SCHEME_ED25519};
    for (size_t i = 0; i < PC_ARRAY_LEN(schemes); i++) {
        struct pc_buf buf;
        pc_buf_init(&buf, 100);
        check_ok(pc_signature_encode(pc_scheme_get(schemes[i]), pc_keyspec_get(PC_KEYSPEC_RSA_2048),
                                     PC_SPAN(raw), &buf, &err),
                 &err);
        check_hex(pc_buf_span(&buf), "00010203");
        pc_buf_done(&buf);
    }
}

static void test_max(void **state)
{
    (void)state;
    assert_int_equal(pc_signature_max(pc_keyspec_get(PC_KEYSPEC_RSA_2048), 2048), 256);
    assert_int_equal(pc_signature_max(pc_keyspec_get(PC_KEYSPEC_RSA_2048), 2049), 257);
    for (int id = PC_KEYSPEC_P256; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)id);
        const size_t edwards = spec->signature_len > 0 ? spec->signature_len : 2 * spec->point_len;
        const size_t real = spec->order_len > 0 ? 2 * spec->order_len : edwards;
        assert_in_range(pc_signature_max(spec, spec->bits), real, PC_MAX_SIGNATURE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ecdsa),
        cmocka_unit_test(test_ecdsa_smallest),
        cmocka_unit_test(test_ecdsa_that_cannot_be),
        cmocka_unit_test(test_others_are_taken_as_they_are),
        cmocka_unit_test(test_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
