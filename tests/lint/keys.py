# SPDX-License-Identifier: Apache-2.0
"""
Keys of the tests' own, which sign whatever they are given. They are the same in every run, and so are their
signatures: primes come from a generator with a fixed seed, and ECDSA takes the same nonce each time, which
gives the key away and lets a failure be seen again.
"""

import functools
import hashlib
import math
import random

import encode as der
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2))]
HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA_SCHEMES = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}
ECDSA_SCHEMES = {
    "sha1": "1.2.840.10045.4.1",
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
CURVES = {
    "p192": ("1.2.840.10045.3.1.1", ec.SECP192R1, 0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831),
    "p224": ("1.3.132.0.33", ec.SECP224R1, 2**224 - 0xE95D1F470FC1EC22D6BAA3A3D5C3),
    "p256": (
        "1.2.840.10045.3.1.7",
        ec.SECP256R1,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "p384": (
        "1.3.132.0.34",
        ec.SECP384R1,
        2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
    ),
    "p521": (
        "1.3.132.0.35",
        ec.SECP521R1,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    ),
    "secp256k1": (
        "1.3.132.0.10",
        ec.SECP256K1,
        2**256 - 0x14551231950B75FC4402DA1732FC9BEBF,
    ),
    "brainpoolP256r1": (
        "1.3.36.3.3.2.8.1.1.7",
        ec.BrainpoolP256R1,
        0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
    ),
    "brainpoolP384r1": (
        "1.3.36.3.3.2.8.1.1.11",
        ec.BrainpoolP384R1,
        0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
    ),
}


def algorithm(oid, parameters=b""):
    """AlgorithmIdentifier; `parameters` are absent when empty."""
    return der.sequence(der.oid(oid), parameters)


def spki(aid, octets):
    return der.sequence(aid, der.bit_string(octets))


def is_prime(number, rng):
    if any(number % small == 0 for small in SMALL if small < number):
        return False
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    for base in [2, *(rng.randrange(3, number - 1) for _ in range(8))]:
        x = pow(base, (number - 1) >> twos, number)
        steps = 0
        while steps < twos and x not in (1, number - 1):
            x = x * x % number
            steps += 1
        if x != number - 1 and (steps > 0 or x != 1):
            return False
    return True


@functools.lru_cache(None)
def prime(bits, number=0, exponent=65537):
    """The `number`th prime of this size: its two highest bits are set, and it fits the exponent."""
    rng = random.Random(f"prime {bits} {number} {exponent}")
    while True:
        found = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        if math.gcd(found - 1, exponent) == 1 and is_prime(found, rng):
            return found


def pss_parameters(digest, salt=None, mgf_digest=None, **more):
    """
    RSASSA-PSS-params (RFC 4055 section 3.1); of sha1 and a salt of 20 they are empty, as DER demands.
    `more`: one of these fields, encoded, in its place: hash, mgf, salt_length, trailer.
    """
    salt = hashlib.new(digest).digest_size if salt is None else salt
    hashes = {name: algorithm(HASHES[name], der.null()) for name in (digest, mgf_digest or digest)}
    mgf = algorithm("1.2.840.113549.1.1.8", hashes[mgf_digest or digest])
    fields = {
        "hash": der.explicit(0, hashes[digest]) if digest != "sha1" else b"",
        "mgf": der.explicit(1, mgf) if (mgf_digest or digest) != "sha1" else b"",
        "salt_length": der.explicit(2, der.integer(salt)) if salt != 20 else b"",
        "trailer": b"",
    }
    return der.sequence(*{**fields, **more}.values())


class Rsa:
    """Any primes and exponent, as few or as many as wanted. `scheme`: "pkcs1" or "pss"."""

    def __init__(self, primes, exponent=65537, scheme="pkcs1", digest="sha256", salt=None):
        self.modulus = math.prod(primes)
        self.exponent = exponent
        self.scheme = scheme
        self.digest = digest
        self.salt = hashlib.new(digest).digest_size if salt is None else salt
        order = math.prod(one - 1 for one in set(primes))
        # Without an inverse the key cannot sign, and its signature is wrong.
        self.private = pow(exponent, -1, order) if math.gcd(exponent, order) == 1 else 3
        self.public = der.sequence(der.integer(self.modulus), der.integer(exponent))
        self.spki = spki(algorithm(RSA_ENCRYPTION, der.null()), self.public)
        if scheme == "pss":
            self.aid = algorithm("1.2.840.113549.1.1.10", pss_parameters(digest, self.salt))
        else:
            self.aid = algorithm(f"1.2.840.113549.1.1.{RSA_SCHEMES[digest]}", der.null())

    def with_scheme(self, scheme="pkcs1", digest="sha256", salt=None):
        made = Rsa([self.modulus], self.exponent, scheme, digest, salt)
        made.private = self.private
        return made

    def sign(self, message):
        size = (self.modulus.bit_length() + 7) // 8
        block = self.pss_block(message) if self.scheme == "pss" else self.pkcs1_block(message, size)
        return pow(int.from_bytes(block, "big"), self.private, self.modulus).to_bytes(size, "big")

    def pkcs1_block(self, message, size):
        """RFC 8017 section 9.2."""
        digest = hashlib.new(self.digest, message).digest()
        info = der.sequence(algorithm(HASHES[self.digest], der.null()), der.octet_string(digest))
        return b"\0\1" + b"\xff" * max(size - len(info) - 3, 8) + b"\0" + info

    def pss_block(self, message):
        """RFC 8017 section 9.1.1, with a salt of fixed octets."""
        bits = self.modulus.bit_length() - 1
        size = (bits + 7) // 8
        salt = bytes(range(1, 256))[: self.salt].ljust(self.salt, b"s")
        digest = hashlib.new(self.digest, message).digest()
        h = hashlib.new(self.digest, bytes(8) + digest + salt).digest()
        data = b"\1".rjust(size - self.salt - len(h) - 1, b"\0") + salt
        mask = b"".join(
            hashlib.new(self.digest, h + counter.to_bytes(4, "big")).digest()
            for counter in range(len(data) // len(h) + 1)
        )
        masked = int.from_bytes(data, "big") ^ int.from_bytes(mask[: len(data)], "big")
        masked &= (1 << (bits - 8 * (size - len(data)))) - 1
        return masked.to_bytes(len(data), "big") + h + b"\xbc"


@functools.lru_cache(None)
def rsa(bits=2048, exponent=65537):
    """Of several primes where two would take long to find: the public key does not show it."""
    count = max(2, bits // 1024)
    parts = [bits // count + (1 if at < bits % count else 0) for at in range(count)]
    number = 0
    while True:
        primes = [prime(size, number + at, exponent) for at, size in enumerate(parts)]
        if math.prod(primes).bit_length() == bits:
            return Rsa(primes, exponent)
        number += count


class Ec:
    """ECDSA with a fixed private key and a fixed nonce."""

    def __init__(self, curve="p256", digest="sha256"):
        self.oid, self.curve, self.order = CURVES[curve]
        self.digest = digest
        self.private = int.from_bytes(hashlib.sha512(curve.encode()).digest() * 2, "big") % self.order
        self.nonce = self.private * 3 % self.order
        self.r = self.public_numbers(self.nonce).x % self.order
        numbers = self.public_numbers(self.private)
        self.width = (self.curve().key_size + 7) // 8
        self.x, self.y = (value.to_bytes(self.width, "big") for value in (numbers.x, numbers.y))
        self.spki = self.spki_of(b"\x04" + self.x + self.y)
        self.aid = algorithm(ECDSA_SCHEMES[digest])

    def spki_of(self, point):
        return spki(algorithm(EC_PUBLIC_KEY, der.oid(self.oid)), point)

    def public_numbers(self, private):
        return ec.derive_private_key(private, self.curve()).public_key().public_numbers()

    def values(self, message):
        """r and s (FIPS 186-5 section 6.4.1)."""
        digest = hashlib.new(self.digest, message).digest()
        number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - self.order.bit_length())
        return self.r, pow(self.nonce, -1, self.order) * (number + self.r * self.private) % self.order

    def sign(self, message):
        return der.sequence(*map(der.integer, self.values(message)))


class Edwards:
    def __init__(self, oid="1.3.101.112"):
        of = {"1.3.101.112": ed25519.Ed25519PrivateKey, "1.3.101.113": ed448.Ed448PrivateKey}[oid]
        size = 32 if oid == "1.3.101.112" else 57
        self.private = of.from_private_bytes(b"\x42" * size)
        form = serialization
        self.octets = self.private.public_key().public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
        self.spki = spki(algorithm(oid), self.octets)
        self.aid = algorithm(oid)

    def sign(self, message):
        return self.private.sign(message)


class Mute:
    """A key that nobody here can sign with: its octets and its signature are of the right size."""

    def __init__(self, oid, size, signature_size, aid=None):
        self.octets = hashlib.shake_256(oid.encode()).digest(size)
        self.spki = spki(algorithm(oid), self.octets)
        self.aid = aid or algorithm(oid)
        self.signature = hashlib.shake_256(b"signature").digest(signature_size)

    def sign(self, _):
        return self.signature


@functools.lru_cache(None)
def curve(name="p256", digest="sha256"):
    return Ec(name, digest)


ED25519 = Edwards()
ED448 = Edwards("1.3.101.113")
ML_DSA_44 = Mute("2.16.840.1.101.3.4.3.17", 1312, 2420)
ML_DSA_65 = Mute("2.16.840.1.101.3.4.3.18", 1952, 3309)
ML_DSA_87 = Mute("2.16.840.1.101.3.4.3.19", 2592, 4627)
SLH_DSA_SHA2_128S = Mute("2.16.840.1.101.3.4.3.20", 32, 7856)
# These cannot sign themselves: RFC 9883.
X25519 = Mute("1.3.101.110", 32, 70, algorithm(ECDSA_SCHEMES["sha256"]))
ML_KEM_768 = Mute("2.16.840.1.101.3.4.4.2", 1184, 70, algorithm(ECDSA_SCHEMES["sha256"]))
