// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/weak_key.h"
#include "csr/ossl.h"
#include "lib/check.h"

/*
 * Numbers are made here, so that what is known of them is known by construction. Temporary ones come from one
 * BN_CTX for each test.
 */

static int make_ctx(void **state)
{
    *state = BN_CTX_new();
    BN_CTX_start(*state);
    return *state != NULL ? 0 : -1;
}

static int free_ctx(void **state)
{
    BN_CTX_end(*state);
    BN_CTX_free(*state);
    return 0;
}

static BIGNUM *number(BN_CTX *ctx)
{
    BIGNUM *result = BN_CTX_get(ctx);
    assert_non_null(result);
    return result;
}

static BIGNUM *prime(BN_CTX *ctx, int bits)
{
    BIGNUM *result = number(ctx);
    assert_int_equal(BN_generate_prime_ex2(result, bits, 0, NULL, NULL, NULL, ctx), 1);
    return result;
}

static BIGNUM *product(BN_CTX *ctx, const BIGNUM *a, const BIGNUM *b)
{
    BIGNUM *result = number(ctx);
    assert_int_equal(BN_mul(result, a, b, ctx), 1);
    return result;
}

static BIGNUM *power(BN_CTX *ctx, const BIGNUM *base, unsigned exponent)
{
    BIGNUM *k = number(ctx);
    BIGNUM *result = number(ctx);
    assert_int_equal(BN_set_word(k, exponent), 1);
    assert_int_equal(BN_exp(result, base, k, ctx), 1);
    return result;
}

/* The number's octets, with a zero in front as DER may have it. */
struct octets {
    uint8_t bytes[4096];
    size_t len;
};

static struct pc_span span_of(const BIGNUM *n, struct octets *octets)
{
    octets->bytes[0] = 0;
    octets->len = 1 + (size_t)BN_bn2bin(n, octets->bytes + 1);
    return (struct pc_span){octets->bytes, octets->len};
}

static unsigned small_factor(const BIGNUM *n)
{
    struct octets octets;
    unsigned result = 0;
    p11csr_error *err = NULL;
    check_ok(pc_weak_small_factor(span_of(n, &octets), &result, &err), &err);
    return result;
}

static unsigned power_of(const BIGNUM *n)
{
    struct octets octets;
    unsigned result = 0;
    p11csr_error *err = NULL;
    check_ok(pc_weak_power(span_of(n, &octets), &result, &err), &err);
    return result;
}

static unsigned fermat_round(const BIGNUM *n, unsigned rounds)
{
    struct octets octets;
    unsigned result = 0;
    p11csr_error *err = NULL;
    check_ok(pc_weak_close_primes(span_of(n, &octets), rounds, &result, &err), &err);
    return result;
}

static bool is_roca(const BIGNUM *n)
{
    struct octets octets;
    bool result = false;
    p11csr_error *err = NULL;
    check_ok(pc_weak_roca(span_of(n, &octets), &result, &err), &err);
    return result;
}

static void test_ordinary_keys(void **state)
{
    for (size_t i = 0; i < 200; i++) {
        BN_CTX_start(*state);
        const BIGNUM *n = product(*state, prime(*state, 512), prime(*state, 512));
        assert_int_equal(small_factor(n), 0);
        assert_int_equal(power_of(n), 0);
        assert_int_equal(fermat_round(n, 110), 0);
        assert_false(is_roca(n));
        BN_CTX_end(*state);
    }
}

static void test_bits(void **state)
{
    (void)state;
    static const uint8_t rows[][3] = {{0, 0, 0}, {0, 0, 1}, {0, 0x40, 0}, {0x80, 0, 0}};
    static const size_t bits[] = {0, 1, 15, 24};
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_int_equal(pc_weak_bits(PC_SPAN(rows[i])), bits[i]);
    }
    assert_int_equal(pc_weak_bits((struct pc_span){NULL, 0}), 0);
}

static void test_small_factors(void **state)
{
    // 751 is the last prime that is looked for, 757 the next
    static const unsigned rows[][2] = {{2, 2}, {3, 3}, {743, 743}, {751, 751}, {757, 0}, {751 * 743, 743}};
    BIGNUM *p = prime(*state, 1024);
    BIGNUM *factor = number(*state);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_int_equal(BN_set_word(factor, rows[i][0]), 1);
        assert_int_equal(small_factor(product(*state, p, factor)), rows[i][1]);
    }
}

static void test_powers(void **state)
{
    static const unsigned exponents[] = {2, 3, 5, 7, 11, 13, 29, 31};
    BIGNUM *p = prime(*state, 256);
    BIGNUM *q = prime(*state, 256);
    for (size_t i = 0; i < PC_ARRAY_LEN(exponents); i++) {
        const unsigned k = exponents[i];
        BIGNUM *n = power(*state, p, k);
        assert_int_equal(power_of(n), k);
        assert_int_equal(power_of(product(*state, n, q)), 0);
        assert_int_equal(power_of(power(*state, product(*state, p, q), k)), k);
        assert_int_equal(BN_sub_word(n, 2), 1);
        assert_int_equal(power_of(n) > 1 ? 1 : 0, 0);
    }
    assert_int_equal(power_of(power(*state, p, 61)), 61);
    // a composite exponent is found by one of its primes; so are small bases
    assert_int_equal(power_of(power(*state, p, 35)), 5);
    assert_int_equal(BN_set_word(q, 757), 1);
    assert_int_equal(power_of(power(*state, q, 211)), 211);
    assert_int_equal(power_of(p), 1);
    assert_int_equal(power_of(number(*state)), 0);
}

/*
 * With a = 2t^2, a^2 - (20t - 1)^2 lies above (a - 100)^2, and a^2 - (20t + 1)^2 below it: the first is
 * found in round 100, the second in 101.
 */
static void test_close_primes(void **state)
{
    BIGNUM *t = number(*state);
    BIGNUM *n = number(*state);
    assert_int_equal(BN_rand(t, 512, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), 1);
    BIGNUM *a = product(*state, t, t);
    BIGNUM *b = BN_dup(t);
    assert_int_equal(BN_lshift1(a, a), 1);
    assert_int_equal(BN_mul_word(b, 20), 1);
    for (unsigned round = 100; round <= 101; round++) {
        assert_int_equal(round == 100 ? BN_sub_word(b, 1) : BN_add_word(b, 2), 1);
        assert_int_equal(BN_sub(n, product(*state, a, a), product(*state, b, b)), 1);
        assert_int_equal(fermat_round(n, 110), round);
        assert_int_equal(fermat_round(n, round), round);
        assert_int_equal(fermat_round(n, round - 1), 0);
    }
    BN_free(b);
    // primes that are neighbours, and a square
    BIGNUM *p = prime(*state, 512);
    BIGNUM *q = BN_dup(p);
    do {
        assert_int_equal(BN_add_word(q, 2), 1);
    } while (BN_check_prime(q, *state, NULL) != 1);
    assert_int_equal(fermat_round(product(*state, p, q), 1), 1);
    assert_int_equal(fermat_round(product(*state, p, p), 1), 1);
    BN_free(q);
    assert_int_equal(BN_set_word(n, 1), 1);
    assert_int_equal(fermat_round(n, 100), 0);
    assert_int_equal(BN_set_word(n, 4), 1);
    assert_int_equal(fermat_round(n, 100), 0);
}

static BIGNUM *primorial(BN_CTX *ctx)
{
    BIGNUM *result = number(ctx);
    assert_int_equal(BN_set_word(result, 1), 1);
    for (unsigned i = 2; i <= 167; i++) {
        bool composite = false;
        for (unsigned d = 2; d < i; d++) {
            composite = composite || i % d == 0;
        }
        assert_int_equal(BN_mul_word(result, composite ? 1 : i), 1);
    }
    return result;
}

/* A prime kM + (65537^a mod M) of 256 bits, as the library made them for keys of 512 bits. */
static BIGNUM *roca_prime(BN_CTX *ctx, const BIGNUM *m)
{
    BIGNUM *a = number(ctx);
    BIGNUM *k = number(ctx);
    BIGNUM *result = number(ctx);
    do {
        assert_int_equal(BN_rand(a, 61, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_rand(k, 37, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_set_word(result, 65537), 1);
        assert_int_equal(BN_mod_exp(result, result, a, m, ctx), 1);
        assert_int_equal(BN_mul(k, k, m, ctx), 1);
        assert_int_equal(BN_add(result, result, k), 1);
    } while (BN_check_prime(result, ctx, NULL) != 1);
    return result;
}

static void test_roca(void **state)
{
    BIGNUM *m = primorial(*state);
    BIGNUM *p = roca_prime(*state, m);
    BIGNUM *q = roca_prime(*state, m);
    assert_true(is_roca(product(*state, p, q)));
    assert_true(is_roca(p));
    assert_false(is_roca(product(*state, p, prime(*state, 256))));
    // 65537^0 modulo each prime but 13, where it is 65537^1: a power modulo each, but of no one exponent
    BIGNUM *step = BN_dup(m);
    BIGNUM *n = number(*state);
    assert_int_equal(BN_div_word(step, 13), 0);
    assert_int_equal(BN_set_word(n, 1), 1);
    assert_true(is_roca(n));
    while (BN_mod_word(n, 13) != 65537 % 13) {
        assert_int_equal(BN_add(n, n, step), 1);
    }
    assert_false(is_roca(n));
    BN_free(step);
}

static void test_exponents(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum pc_weak_exponent answer;
    } rows[] = {{"00", PC_EXPONENT_WRONG},
                {"01", PC_EXPONENT_WRONG},
                {"02", PC_EXPONENT_WRONG},
                {"010000", PC_EXPONENT_WRONG},
                {"010002", PC_EXPONENT_WRONG},
                {"03", PC_EXPONENT_SMALL},
                {"00FFFF", PC_EXPONENT_SMALL},
                {"010001", PC_EXPONENT_USUAL},
                {"00FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", PC_EXPONENT_USUAL},
                {"010000000000000000000000000000000000000000000000000000000000000001", PC_EXPONENT_LARGE}};
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_buf octets;
        pc_buf_init(&octets, 64);
        hex_to_buf(rows[i].hex, &octets);
        assert_int_equal(pc_weak_exponent(pc_buf_span(&octets)), rows[i].answer);
        pc_buf_done(&octets);
    }
    assert_int_equal(pc_weak_exponent((struct pc_span){NULL, 0}), PC_EXPONENT_WRONG);
}

/* The longest modulus that is taken: an ordinary one, a square and a cube; one bit more is refused. */
static void test_limit(void **state)
{
    struct octets octets;
    unsigned factor = 0;
    p11csr_error *err = NULL;
    BIGNUM *a = number(*state);
    assert_int_equal(BN_rand(a, PC_WEAK_MAX_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(power_of(a), 0);
    assert_int_equal(fermat_round(a, 110), 0);
    assert_false(is_roca(a));
    assert_int_equal(BN_lshift1(a, a), 1);
    check_fails(pc_weak_small_factor(span_of(a, &octets), &factor, &err), &err, P11CSR_E_LIMIT,
                "16385 bits is not looked into");
    assert_int_equal(BN_rand(a, PC_WEAK_MAX_BITS / 2, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(power_of(power(*state, a, 2)), 2);
    assert_int_equal(BN_rand(a, PC_WEAK_MAX_BITS / 3, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(power_of(power(*state, a, 3)), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ordinary_keys, make_ctx, free_ctx),
        cmocka_unit_test(test_bits),
        cmocka_unit_test_setup_teardown(test_small_factors, make_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(test_powers, make_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(test_close_primes, make_ctx, free_ctx),
        cmocka_unit_test_setup_teardown(test_roca, make_ctx, free_ctx),
        cmocka_unit_test(test_exponents),
        cmocka_unit_test_setup_teardown(test_limit, make_ctx, free_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
