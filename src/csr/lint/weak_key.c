// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/weak_key.h"

#include "base/error.h"
#include "csr/ossl.h"

static void free_bn_ctx(BN_CTX **ctx)
{
    BN_CTX_end(*ctx);
    BN_CTX_free(*ctx);
}

#define TEMPORARIES(name) BN_CTX *name PC_CLEANUP(free_bn_ctx) = new_bn_ctx()

/* BN_CTX_get() takes numbers from it, which are 0 and belong to it. NULL: no memory. */
static BN_CTX *new_bn_ctx(void)
{
    BN_CTX *ctx = BN_CTX_new();
    if (ctx != NULL) {
        BN_CTX_start(ctx);
    }
    return ctx;
}

static struct pc_span without_zeros(struct pc_span number)
{
    while (number.len > 0 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    return number;
}

size_t pc_weak_bits(struct pc_span number)
{
    const struct pc_span rest = without_zeros(number);
    size_t bits = rest.len * 8;
    for (unsigned top = 0x80; bits > 0 && (rest.ptr[0] & top) == 0; top >>= 1) {
        bits--;
    }
    return bits;
}

static struct pc_result to_number(struct pc_span modulus, BIGNUM **ret, p11csr_error **err)
{
    const struct pc_span rest = without_zeros(modulus);
    if (rest.len > PC_WEAK_MAX_BITS / 8) {
        return pc_fail(err, P11CSR_E_LIMIT, "an RSA modulus of %zu bits is not looked into (limit: %d)",
                       pc_weak_bits(rest), PC_WEAK_MAX_BITS);
    }
    *ret = BN_bin2bn(rest.ptr, (int)rest.len, NULL);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static bool is_small_prime(unsigned number)
{
    for (unsigned d = 2; d * d <= number; d++) {
        if (number % d == 0) {
            return false;
        }
    }
    return number >= 2;
}

static unsigned next_prime(unsigned number)
{
    do {
        number++;
    } while (!is_small_prime(number));
    return number;
}

PC_RESULT pc_weak_small_factor(struct pc_span modulus, unsigned *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = NULL;
    PC_TRY(to_number(modulus, &n, err));
    unsigned prime = 2;
    while (prime < PC_WEAK_FACTORS && BN_mod_word(n, prime) != 0) {
        prime = next_prime(prime);
    }
    *ret = prime < PC_WEAK_FACTORS ? prime : 0;
    return PC_OK;
}

/* The root of a number above 0, rounded down, by Newton's method from above. False: no memory. */
static bool square_root(const BIGNUM *n, BIGNUM *ret, BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *next = BN_CTX_get(ctx);
    bool ok = next != NULL && BN_set_bit(next, (BN_num_bits(n) + 1) / 2) == 1;
    do {
        ok = ok && BN_copy(ret, next) != NULL && BN_div(next, NULL, n, ret, ctx) == 1 &&
             BN_add(next, next, ret) == 1 && BN_rshift1(next, next) == 1;
    } while (ok && BN_cmp(next, ret) < 0);
    BN_CTX_end(ctx);
    return ok;
}

/* Of the numbers modulo 64, twelve are squares: most others need no root. False: no memory. */
static bool is_square(const BIGNUM *n, bool *ret, BN_CTX *ctx)
{
    static const uint64_t squares = 0x0202021202030213;
    *ret = BN_is_zero(n);
    if (*ret || (squares >> BN_mod_word(n, 64) & 1) == 0) {
        return true;
    }
    BN_CTX_start(ctx);
    BIGNUM *root = BN_CTX_get(ctx);
    const bool ok = root != NULL && square_root(n, root, ctx) && BN_sqr(root, root, ctx) == 1;
    *ret = ok && BN_cmp(root, n) == 0;
    BN_CTX_end(ctx);
    return ok;
}

static uint64_t power_modulo(uint64_t base, unsigned exponent, unsigned modulus)
{
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        result = (exponent & 1) != 0 ? result * base % modulus : result;
        base = base * base % modulus;
    }
    return result;
}

/*
 * False when the number is certainly no k-th power (k an odd prime): modulo a prime q = 2kj + 1, only one
 * number in k is one. Two of them spare nearly all the work.
 */
static bool may_be_power(const BIGNUM *n, unsigned k)
{
    unsigned seen = 0;
    for (unsigned q = 2 * k + 1; seen < 2; q += 2 * k) {
        if (is_small_prime(q)) {
            const BN_ULONG rest = BN_mod_word(n, q);
            seen++;
            if (rest != 0 && power_modulo(rest, (q - 1) / k, q) != 1) {
                return false;
            }
        }
    }
    return true;
}

/*
 * The k-th root of an odd number for odd k, exactly: modulo 2^m, odd numbers form a group whose order is a
 * power of two, so that there is one root, n^(1/k mod 2^m). If it is not the root, there is none. False: no
 * memory.
 */
static bool is_power(const BIGNUM *n, unsigned k, bool *ret, BN_CTX *ctx)
{
    const int bits = BN_num_bits(n) / (int)k + 2;
    BN_CTX_start(ctx);
    BIGNUM *exponent = BN_CTX_get(ctx);
    BIGNUM *modulus = BN_CTX_get(ctx);
    BIGNUM *root = BN_CTX_get(ctx);
    bool ok = root != NULL && BN_set_bit(modulus, bits) == 1 && BN_set_word(exponent, k) == 1 &&
              BN_mod_inverse(exponent, exponent, modulus, ctx) != NULL &&
              BN_nnmod(root, n, modulus, ctx) == 1 && BN_mod_exp(root, root, exponent, modulus, ctx) == 1;
    *ret = false;
    if (ok && (BN_num_bits(root) - 1) * (int)k < BN_num_bits(n)) {
        ok = BN_set_word(exponent, k) == 1 && BN_exp(root, root, exponent, ctx) == 1;
        *ret = ok && BN_cmp(root, n) == 0;
    }
    BN_CTX_end(ctx);
    return ok;
}

static bool find_power(const BIGNUM *n, unsigned *ret, BN_CTX *ctx)
{
    const unsigned most = (unsigned)BN_num_bits(n) / 9; // 2^9 < PC_WEAK_FACTORS
    bool found = false;
    bool ok = is_square(n, &found, ctx);
    unsigned k = 2;
    while (ok && !found && k < most) {
        k = next_prime(k);
        ok = !may_be_power(n, k) || is_power(n, k, &found, ctx);
    }
    *ret = found ? k : 0;
    return ok;
}

/* Fermat's test, in one exponentiation: what passes and is no prime is no key either. False: no memory. */
static bool is_prime(const BIGNUM *n, bool *ret, BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *exponent = BN_CTX_get(ctx);
    BIGNUM *base = BN_CTX_get(ctx);
    const bool ok = base != NULL && BN_set_word(base, 3) == 1 && BN_copy(exponent, n) != NULL &&
                    BN_sub_word(exponent, 1) == 1 && BN_mod_exp(base, base, exponent, n, ctx) == 1;
    *ret = ok && BN_is_one(base);
    BN_CTX_end(ctx);
    return ok;
}

PC_RESULT pc_weak_power(struct pc_span modulus, unsigned *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = NULL;
    PC_TRY(to_number(modulus, &n, err));
    TEMPORARIES(ctx);
    unsigned exponent = 0;
    bool prime = false;
    bool ok = ctx != NULL;
    if (ok && BN_is_odd(n)) {
        ok = find_power(n, &exponent, ctx) &&
             (exponent != 0 || BN_num_bits(n) > PC_WEAK_MAX_PRIME_BITS || is_prime(n, &prime, ctx));
    }
    *ret = prime ? 1 : exponent;
    return ok ? PC_OK : pc_fail_memory(err);
}

/*
 * n = pq = a^2 - b^2 with a = (p + q)/2 and b = (p - q)/2: `a` is tried from the root of n upwards, until
 * a^2 - n is a square. False: no memory.
 */
static bool fermat(const BIGNUM *n, unsigned rounds, unsigned *ret, BN_CTX *ctx)
{
    BIGNUM *a = BN_CTX_get(ctx);
    BIGNUM *rest = BN_CTX_get(ctx); // a^2 - n
    bool found = false;
    bool ok =
        rest != NULL && square_root(n, a, ctx) && BN_sqr(rest, a, ctx) == 1 && BN_sub(rest, rest, n) == 1;
    unsigned round = 0;
    while (ok && !found && round < rounds) {
        if (round > 0 || BN_is_negative(rest)) {
            // (a + 1)^2 - n = a^2 - n + a + (a + 1)
            ok = BN_add(rest, rest, a) == 1 && BN_add_word(a, 1) == 1 && BN_add(rest, rest, a) == 1;
        }
        ok = ok && is_square(rest, &found, ctx);
        round++;
    }
    *ret = found ? round : 0;
    return ok;
}

PC_RESULT pc_weak_close_primes(struct pc_span modulus, unsigned rounds, unsigned *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = NULL;
    PC_TRY(to_number(modulus, &n, err));
    TEMPORARIES(ctx);
    unsigned round = 0;
    if (ctx == NULL || (BN_is_odd(n) && !BN_is_one(n) && !fermat(n, rounds, &round, ctx))) {
        return pc_fail_memory(err);
    }
    *ret = round;
    return PC_OK;
}

/* value = 65537^log modulo a prime, and how many powers there are. False: it is none of them. */
static bool roca_logarithm(unsigned prime, BN_ULONG value, unsigned *ret_log, unsigned *ret_order)
{
    bool found = false;
    unsigned power = 1;
    unsigned order = 0;
    do {
        if (power == value) {
            *ret_log = order;
            found = true;
        }
        power = power * (65537 % prime) % prime;
        order++;
    } while (power != 1);
    *ret_order = order;
    return found;
}

static unsigned greatest_common_divisor(unsigned a, unsigned b)
{
    while (b != 0) {
        const unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/*
 * A power of 65537 modulo the product of the primes is one modulo each, and of the same exponent: the
 * logarithms agree, each pair modulo what their orders share (Chinese remainder theorem).
 */
static bool has_roca_print(const BIGNUM *n)
{
    enum { PRIMES = 38, LAST = 167 }; // 3 to 167
    unsigned logs[PRIMES];
    unsigned orders[PRIMES];
    size_t count = 0;
    for (unsigned prime = 3; prime <= LAST && count < PRIMES; prime = next_prime(prime)) {
        if (!roca_logarithm(prime, BN_mod_word(n, prime), &logs[count], &orders[count])) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            const unsigned shared = greatest_common_divisor(orders[i], orders[count]);
            if (logs[i] % shared != logs[count] % shared) {
                return false;
            }
        }
        count++;
    }
    return true;
}

PC_RESULT pc_weak_roca(struct pc_span modulus, bool *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = NULL;
    PC_TRY(to_number(modulus, &n, err));
    *ret = has_roca_print(n);
    return PC_OK;
}

enum pc_weak_exponent pc_weak_exponent(struct pc_span exponent)
{
    const size_t bits = pc_weak_bits(exponent);
    if (bits < 2 || exponent.ptr[exponent.len - 1] % 2 == 0) {
        return PC_EXPONENT_WRONG;
    }
    if (bits < 17) {
        return PC_EXPONENT_SMALL;
    }
    return bits <= 256 ? PC_EXPONENT_USUAL : PC_EXPONENT_LARGE;
}
