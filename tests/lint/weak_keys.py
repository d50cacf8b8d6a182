# SPDX-License-Identifier: Apache-2.0
"""RSA keys whose private half can be found from the public one, made by what makes them weak."""

import functools
import hashlib
import math

import keys

PRIMES = [2] + [number for number in keys.SMALL if number <= 167]


@functools.lru_cache(None)
def roca(bits=2048):
    """Both primes are kM + (65537^a mod M), as the library of CVE-2017-15361 made them."""
    modulus = math.prod(PRIMES)
    primes = []
    number = 0
    while len(primes) < 2:
        number += 1
        start = 3 << (bits // 2 - 2)
        found = start - start % modulus + number * modulus + pow(65537, 1000 + number, modulus)
        if keys.is_prime(found, keys.random.Random(number)):
            primes.append(found)
    return keys.Rsa(primes)


@functools.lru_cache(None)
def close(distance=2):
    """Two primes of 1024 bits that are neighbours."""
    first = keys.prime(1024)
    second = first + distance
    while not keys.is_prime(second, keys.random.Random(1)) or math.gcd(second - 1, 65537) != 1:
        second += 2
    return keys.Rsa([first, second])


@functools.lru_cache(None)
def found_in_round(number):
    """
    A modulus (a - b)(a + b) that Fermat's method takes apart in round 100 or 101: with a = 2t^2 and
    b = 20t - 1 or 20t + 1 it lies just above or below (a - 100)^2. Without small factors.
    """
    t = math.isqrt(math.isqrt(3 << 2044)) + 1
    while True:
        t += 1
        a, b = 2 * t * t, 20 * t + (1 if number == 101 else -1)
        if all((a - b) % small and (a + b) % small for small in PRIMES + keys.SMALL):
            assert ((a - b) * (a + b)).bit_length() == 2048
            return keys.Rsa([a - b, a + b])


def listed_by_debian(key):
    """The line of openssl-blacklist for a key."""
    text = b"Modulus=%X\n" % key.modulus
    return hashlib.sha1(text).hexdigest()[20:].encode() + b"\n"


def blocked(key):
    return hashlib.sha256(key.spki).hexdigest().encode() + b"\n"
