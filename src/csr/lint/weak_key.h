// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_WEAK_KEY_H
#define PC_CSR_LINT_WEAK_KEY_H

#include "base/mem.h"

/*
 * What gives an RSA private key away, seen from the public key: arithmetic on the modulus and exponent, which
 * are unsigned big-endian numbers, leading zeros allowed. Nothing is kept between calls: threads may share.
 * Each function ends in well under a second for the longest modulus it takes, also one made to be slow; a
 * modulus of more than PC_WEAK_MAX_BITS is refused with LIMIT.
 */
enum {
    PC_WEAK_MAX_BITS = 16384,
    PC_WEAK_MAX_PRIME_BITS = 8192, /* more take too long to be tested for being prime */
    PC_WEAK_FACTORS = 752,         /* factors below this are looked for (TLS BR section 6.1.6) */
};

/* How long a number is, without leading zeros. */
size_t pc_weak_bits(struct pc_span number);

/* *ret is the smallest factor of the modulus below PC_WEAK_FACTORS (2: it is even), or 0. */
PC_RESULT pc_weak_small_factor(struct pc_span modulus, unsigned *ret, p11csr_error **err);
/*
 * *ret is the exponent k >= 2 when the modulus is a^k, 1 when it is a prime (told up to
 * PC_WEAK_MAX_PRIME_BITS), else 0. An `a` below PC_WEAK_FACTORS is not looked for.
 */
PC_RESULT pc_weak_power(struct pc_span modulus, unsigned *ret, p11csr_error **err);
/*
 * *ret is the round in which Fermat's method finds the factors, from 1 to `rounds`, or 0: two primes that lie
 * close together (CVE-2022-26320).
 */
PC_RESULT pc_weak_close_primes(struct pc_span modulus, unsigned rounds, unsigned *ret, p11csr_error **err);
/*
 * *ret tells whether the modulus is one of the keys of CVE-2017-15361 (ROCA): a power of 65537 modulo the
 * product of the primes up to 167. Of other keys, one in 2^154 is.
 */
PC_RESULT pc_weak_roca(struct pc_span modulus, bool *ret, p11csr_error **err);

enum pc_weak_exponent {
    PC_EXPONENT_WRONG, /* even or 1: no RSA */
    PC_EXPONENT_SMALL, /* from 3 to 2^16 */
    PC_EXPONENT_USUAL, /* from 2^16 + 1 to 2^256 - 1 */
    PC_EXPONENT_LARGE,
};
enum pc_weak_exponent pc_weak_exponent(struct pc_span exponent);

#endif
