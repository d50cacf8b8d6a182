// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/algorithm_name.h"
#include "csr/any_key.h"
#include "der/writer.h"
#include "lib/check.h"

#include <openssl/err.h>
#include <string.h>

/* Keys as others write them: their kinds, their usual encoding, and signatures that libcrypto judges. */

static struct pc_crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pc_crypto_free(&crypto);
    return 0;
}

static void check_name(struct pc_span spki, const char *expected, unsigned expected_bits)
{
    char name[PC_KEY_NAME_SIZE];
    unsigned bits = 1;
    p11csr_error *err = NULL;
    check_ok(pc_any_key_name(crypto, spki, name, &bits, &err), &err);
    assert_string_equal(name, expected);
    assert_int_equal(bits, expected_bits);
    assert_int_equal(ERR_peek_error(), 0);
}

/* A SubjectPublicKeyInfo of RSA: a modulus of so many octets FF, and the exponent. */
static void make_rsa(struct pc_buf *ret, const char *algorithm, size_t octets, uint8_t exponent)
{
    static uint8_t modulus[4096];
    p11csr_error *err = NULL;
    struct pc_buf key;
    struct pc_buf identifier;
    struct pc_der_writer w;
    assert_true(octets <= sizeof(modulus));
    memset(modulus, 0xFF, octets);
    pc_buf_init(&key, PC_MAX_SPKI);
    pc_buf_init(&identifier, PC_MAX_SPKI);
    hex_to_buf(algorithm, &identifier);
    pc_der_writer_init(&w, &key);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_unsigned(&w, (struct pc_span){modulus, octets});
    pc_der_unsigned(&w, (struct pc_span){&exponent, 1});
    pc_der_end(&w);
    check_ok(pc_der_finish(&w, &err), &err);
    pc_buf_init(ret, PC_MAX_SPKI);
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, pc_buf_span(&identifier));
    pc_der_bit_string(&w, pc_buf_span(&key));
    pc_der_end(&w);
    check_ok(pc_der_finish(&w, &err), &err);
    pc_buf_done(&key);
    pc_buf_done(&identifier);
}

#define RSA_USUAL "300d 06092a864886f70d010101 0500"
#define RSA_BARE "300b 06092a864886f70d010101"
#define RSA_PSS "300b 06092a864886f70d01010a"
#define SHA256_RSA "300d 06092a864886f70d01010b 0500"

static void test_rsa(void **state)
{
    (void)state;
    static const char *const others[] = {RSA_BARE, RSA_PSS};
    p11csr_error *err = NULL;
    struct pc_buf usual;
    make_rsa(&usual, RSA_USUAL, 256, 3);
    check_name(pc_buf_span(&usual), "rsa-2048", 2048);
    for (size_t i = 0; i < PC_ARRAY_LEN(others); i++) {
        struct pc_buf other;
        struct pc_buf normal;
        make_rsa(&other, others[i], 256, 3);
        pc_buf_init(&normal, PC_MAX_SPKI);
        check_ok(pc_any_key_normal(crypto, pc_buf_span(&other), &normal, &err), &err);
        check_same(pc_buf_span(&normal), pc_buf_span(&usual));
        check_name(pc_buf_span(&other), i == 0 ? "rsa-2048" : "rsa-pss-2048", 2048);
        pc_buf_done(&other);
        pc_buf_done(&normal);
    }
    pc_buf_done(&usual);
}

/* What nobody can read stays what it is. */
static void test_others(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *name;
        unsigned bits;
    } rows[] = {
        {"", "unknown", 0},
        {"0500", "unknown", 0},
        {"3000", "unknown", 0},
        {"3009 3004 06022a03 0301 00", "unknown", 0},
        {"3010 300b 0609 608648016503040312 0301 00", "ml-dsa-65", 0},
        {"3010 300b 0609 608648016503040402 0301 00", "ml-kem-768", 0},
        {"302a 3005 06032b656e 0321 00" // X25519
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
         "x25519", 253},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf spki;
        struct pc_buf normal;
        pc_buf_init(&spki, PC_MAX_SPKI);
        pc_buf_init(&normal, PC_MAX_SPKI);
        hex_to_buf(rows[i].hex, &spki);
        check_name(pc_buf_span(&spki), rows[i].name, rows[i].bits);
        check_ok(pc_any_key_normal(crypto, pc_buf_span(&spki), &normal, &err), &err);
        check_same(pc_buf_span(&normal), pc_buf_span(&spki));
        pc_buf_done(&spki);
        pc_buf_done(&normal);
    }
}

/* For what libcrypto refuses for its own reasons no signature is wrong. */
static void test_verdicts_without_a_signature(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t octets;
        uint8_t exponent;
        const char *aid;
        enum pc_verdict verdict;
        const char *why;
    } rows[] = {
        {RSA_BARE, 256, 3, SHA256_RSA, PC_VERDICT_BAD, "the signature does not verify with the public key"},
        {RSA_BARE, 2049, 3, SHA256_RSA, PC_VERDICT_UNKNOWN, "the key is larger than libcrypto verifies with"},
        {RSA_BARE, 256, 1, SHA256_RSA, PC_VERDICT_BAD, "the public key is not valid"},
        {RSA_BARE, 256, 4, SHA256_RSA, PC_VERDICT_BAD, "the public key is not valid"},
        {RSA_BARE, 256, 3, "300a 06082a8648ce3d040302", PC_VERDICT_BAD,
         "the signature algorithm does not fit the public key"},
        {RSA_BARE, 256, 3, "3004 06022a03", PC_VERDICT_UNKNOWN, "the signature algorithm is not known here"},
        {RSA_BARE, 256, 3, "30", PC_VERDICT_UNKNOWN, "the signature algorithm is not known here"},
        {RSA_BARE, 256, 3, "300a 06082a811ccf55018375", PC_VERDICT_UNKNOWN,
         "the signature algorithm is not known here"}, // SM2
        // MD4, which is in another provider
        {RSA_BARE, 256, 3, "300d 06092a864886f70d010103 0500", PC_VERDICT_UNKNOWN,
         "this libcrypto does not know the algorithm"},
        // RSASSA-PSS: no parameters; another mask generation function; a salt that is negative; a trailer
        {RSA_BARE, 256, 3, "300b 06092a864886f70d01010a", PC_VERDICT_UNKNOWN,
         "the parameters of the signature algorithm are not those that are known here"},
        {RSA_BARE, 256, 3, "3015 06092a864886f70d01010a 3008 a106 3004 06022a03", PC_VERDICT_UNKNOWN,
         "the parameters of the signature algorithm are not those that are known here"},
        {RSA_BARE, 256, 3, "3012 06092a864886f70d01010a 3005 a203 0201ff", PC_VERDICT_UNKNOWN,
         "the parameters of the signature algorithm are not those that are known here"},
        {RSA_BARE, 256, 3, "3012 06092a864886f70d01010a 3005 a303 020102", PC_VERDICT_UNKNOWN,
         "the parameters of the signature algorithm are not those that are known here"},
        {RSA_BARE, 256, 3, "300d 06092a864886f70d01010a 3000", PC_VERDICT_BAD,
         "the signature does not verify with the public key"},
        {"3004 06022a03", 256, 3, SHA256_RSA, PC_VERDICT_UNKNOWN,
         "the public key is of a kind that is not known here"},
    };
    static const uint8_t nothing[256];
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf spki;
        struct pc_buf aid;
        enum pc_verdict verdict = PC_VERDICT_GOOD;
        const char *why = NULL;
        make_rsa(&spki, rows[i].key, rows[i].octets, rows[i].exponent);
        pc_buf_init(&aid, PC_MAX_SPKI);
        hex_to_buf(rows[i].aid, &aid);
        const struct pc_any_signed what = {
            pc_buf_span(&spki), pc_buf_span(&aid), {nothing, 3}, {nothing, sizeof(nothing)}};
        check_ok(pc_any_key_verify(crypto, &what, &verdict, &why, &err), &err);
        assert_string_equal(why, rows[i].why);
        assert_int_equal(verdict, rows[i].verdict);
        assert_int_equal(ERR_peek_error(), 0); // nothing of this is left to the host application
        pc_buf_done(&spki);
        pc_buf_done(&aid);
    }
}

static void test_names_of_algorithms(void **state)
{
    (void)state;
    static const uint8_t ml_dsa[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11};
    static const uint8_t md5_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04};
    static const uint8_t none[] = {0x2a, 0x03};
    const struct pc_span known = {ml_dsa, sizeof(ml_dsa)};
    const struct pc_span other = {md5_rsa, sizeof(md5_rsa)};
    assert_string_equal(pc_algorithm_name(known), "ml-dsa-44");
    assert_string_equal(pc_algorithm_any_name(known), "ml-dsa-44");
    assert_null(pc_algorithm_name(other));
    assert_string_equal(pc_algorithm_any_name(other), "md5WithRSAEncryption");
    assert_null(pc_algorithm_any_name((struct pc_span){none, sizeof(none)}));
    assert_null(pc_algorithm_any_name((struct pc_span){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_verdicts_without_a_signature),
        cmocka_unit_test(test_names_of_algorithms),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
