# SPDX-License-Identifier: Apache-2.0
"""Which algorithms FIPS (F), CNSA 2.0 (N) and BSI TR-02102-1 (B) approve."""

import dataclasses

import encode as der
import keys
from craft import Case, Request

RSA, RSA3072 = keys.rsa(2048), keys.rsa(3072)
PRIMES = [keys.prime(1024), keys.prime(1024, 1)]
PSS = RSA3072.with_scheme("pss")
P384 = keys.curve("p384", "sha384")
BINARY, SM2 = "1.3.132.0.27", "1.2.156.10197.1.301"  # sect233r1
DSA = keys.Mute("1.2.840.10040.4.1", 256, 70)
ML_DSA_87_PREHASHED = keys.Mute("2.16.840.1.101.3.4.3.34", 2592, 4627)
ML_KEM_1024 = keys.Mute("2.16.840.1.101.3.4.4.3", 1568, 4627, keys.ML_DSA_87.aid)
ML_KEM_512 = keys.Mute("2.16.840.1.101.3.4.4.1", 800, 4627, keys.ML_DSA_87.aid)
SLH_DSA_192S = keys.Mute("2.16.840.1.101.3.4.3.22", 48, 16224)
SLH_DSA_HASHED = keys.Mute("2.16.840.1.101.3.4.3.35", 32, 7856)
LMS = keys.Mute("1.2.840.113549.1.9.16.3.17", 60, 2352)
DILITHIUM = keys.Mute("1.3.6.1.4.1.2.267.7.6.5", 1952, 3293)
COMPOSITE = keys.Mute("1.3.6.1.5.5.7.6.45", 2017, 3380)
COMPOSITE_44 = keys.Mute("1.3.6.1.5.5.7.6.40", 1377, 2490)
SHA256, SHA1, SHAKE256 = keys.HASHES["sha256"], keys.HASHES["sha1"], "2.16.840.1.101.3.4.2.12"


def of(key, **more):
    return Request(key=key, **more)


def pss(digest="sha256", key=RSA3072, **parameters):
    """Signed by PSS with these parameters in its identifier, whatever the signature itself is made with."""
    aid = keys.algorithm("1.2.840.113549.1.1.10", keys.pss_parameters(digest, **parameters))
    return Request(key=key.with_scheme("pss"), aid=aid)


def on_curve(oid):
    """The octets of a point on P-256 are none there: the structure set says so."""
    parameters = keys.algorithm(keys.EC_PUBLIC_KEY, der.oid(oid))
    return Request(spki=keys.spki(parameters, b"\x04" + bytes(64)))


def cut(key):
    return Request(key=key, spki=keys.spki(key.aid, key.octets[:-1]))


def rows(sets):
    def row(rule, name, bad, good=Request(), **more):
        return Case(rule, name, bad, good, sets=sets, **more)

    return row


fips, cnsa, bsi = rows("fips"), rows("cnsa2"), rows("bsi")

F01 = [
    fips("F01", "RSA of 2047 bits", of(keys.rsa(2047)), of(RSA), text="2047"),
    fips("F01", "RSA of an odd number of bits", of(keys.rsa(2049)), of(keys.rsa(2050)), text="even number"),
    fips("F01", "exponent 3", of(keys.rsa(2048, 3)), of(keys.rsa(2048, 65539)), text="exponent"),
    fips("F01", "exponent 2^256 + 1", of(keys.Rsa(PRIMES, 2**256 + 1)), of(RSA), text="exponent"),
    fips("F01", "exponent 2^16 - 1", of(keys.Rsa(PRIMES, 65535)), of(RSA)),
    fips("F01", "salt longer than the hash", pss(salt=33), pss(salt=32), text="33 octets"),
    fips("F01", "the longest salt", of(RSA.with_scheme("pss", salt=222)), of(RSA.with_scheme("pss", salt=0)),
         text="222"),
    fips("F01", "mask of SHA-1", pss(mgf_digest="sha1"), pss(), text="SHA-1"),
    fips("F01", "mask of SHA-512", pss(mgf_digest="sha512"),
         pss(mgf=der.explicit(1, keys.algorithm(SHAKE256))), text="SHA-512"),
    fips("F01", "salt by default longer than MD5", pss(salt=20, hash=der.explicit(
        0, keys.algorithm(keys.HASHES["md5"], der.null()))), pss("sha1", salt=20), text="20 octets"),
]  # fmt: skip

F02 = [
    fips("F02", "P-192", of(keys.curve("p192")), of(keys.curve("p224")), text="not approved"),
    fips(
        "F02",
        "brainpool",
        of(keys.curve("brainpoolP384r1")),
        of(P384),
        text="brainpoolP384r1",
        severity="warning",
    ),
    fips(
        "F02",
        "secp256k1",
        of(keys.curve("secp256k1")),
        of(keys.curve("p521")),
        text="blockchains",
        severity="warning",
    ),
    fips("F02", "binary curve", on_curve(BINARY), text="B-233", severity="warning"),
    fips("F02", "short binary curve", on_curve("1.3.132.0.1"), of(keys.ED25519), text="K-163"),
    fips("F02", "SM2", on_curve(SM2), of(keys.ED448), text="SM2"),
    fips("F02", "a curve of nobody", on_curve("1.2.3.4"), text="1.2.3.4"),
    fips("F02", "DSA", of(DSA), of(keys.ML_DSA_44), text="took out"),
    fips("F02", "X25519", of(keys.X25519), of(keys.ML_KEM_768), text="X25519"),
    fips("F02", "a kind of nobody", of(keys.Mute("1.2.3.5", 32, 64)), of(SLH_DSA_HASHED), text="1.2.3.5"),
]

F03 = [
    fips("F03", "RSA with SHA-1", of(RSA.with_scheme(digest="sha1")), of(RSA), text="SHA-1"),
    fips("F03", "RSA with MD5", of(RSA.with_scheme(digest="md5")), of(RSA), text="MD5"),
    fips("F03", "ECDSA with SHA-1", of(keys.curve("p256", "sha1")), text="SHA-1"),
    fips("F03", "PSS with SHA-1", pss("sha1"), of(PSS), text="SHA-1"),
    fips("F03", "ECDSA with SHA-224", of(keys.curve("p256", "sha224")), text="2030", severity="warning"),
    fips("F03", "RSA of 1024 bits", of(keys.rsa(1024)), of(RSA), text="112 bits"),
    fips("F03", "P-192", of(keys.curve("p192")), of(keys.curve("p224")), text="112 bits"),
]

F04 = [
    fips("F04", "RSA of 2048 bits", of(RSA), of(keys.ML_DSA_44), text="deprecated after 2030"),
    fips("F04", "RSA of 3072 bits", of(RSA3072), of(LMS), text="breaks: disallowed after 2035"),
    fips("F04", "P-224", of(keys.curve("p224")), of(ML_KEM_512), text="2030"),
    fips("F04", "P-256", of(keys.curve("p256")), of(keys.SLH_DSA_SHA2_128S), text="2035"),
    fips("F04", "Ed25519", of(keys.ED25519), of(COMPOSITE), text="2035"),
]

F05 = [
    fips("F05", "Dilithium", of(DILITHIUM), of(keys.ML_DSA_65), text="draft"),
    fips(
        "F05",
        "a number of a project",
        of(keys.Mute("1.3.9999.3.6", 897, 666)),
        of(keys.SLH_DSA_SHA2_128S),
        text="draft",
    ),
    fips("F05", "ML-DSA-44 cut short", cut(keys.ML_DSA_44), of(keys.ML_DSA_44), text="1311"),
    fips("F05", "SLH-DSA cut short", cut(SLH_DSA_192S), of(SLH_DSA_192S), text="47"),
    fips("F05", "composite", of(COMPOSITE), of(ML_DSA_87_PREHASHED), text="composite", severity="warning"),
]

N01 = [
    cnsa("N01", "P-256", of(keys.curve("p256", "sha384")), of(keys.ML_DSA_87), text="P-256"),
    cnsa("N01", "RSA of 2048 bits", of(RSA.with_scheme(digest="sha384")), of(keys.ML_DSA_87), text="2048"),
    cnsa("N01", "P-521", of(keys.curve("p521", "sha512")), of(ML_KEM_1024), text="P-521"),
    cnsa("N01", "ML-DSA-65", of(keys.ML_DSA_65), of(keys.ML_DSA_87), text="ML-DSA-65"),
    cnsa("N01", "ML-KEM-768", of(keys.ML_KEM_768), of(ML_KEM_1024), text="ML-KEM-768"),
    cnsa("N01", "SLH-DSA", of(SLH_DSA_192S), of(keys.ML_DSA_87), text="SLH-DSA-SHA2-192s"),
    cnsa("N01", "Ed448", of(keys.ED448), of(keys.ML_DSA_87), text="Ed448"),
    cnsa("N01", "P-384 of CNSA 1.0", of(P384), of(keys.ML_DSA_87), text="1.0", severity="warning"),
    cnsa(
        "N01",
        "RSA of CNSA 1.0",
        of(RSA3072.with_scheme("pss", "sha512")),
        of(keys.ML_DSA_87),
        text="1.0",
        severity="warning",
    ),
    cnsa("N01", "LMS", of(LMS), of(keys.ML_DSA_87), text="firmware", severity="warning"),
    cnsa("N01", "P-384 with SHA-256", of(keys.curve("p384", "sha256")), of(keys.ML_DSA_87), text="SHA-256"),
    cnsa(
        "N01", "PSS with a mask of SHA-1", pss("sha384", mgf_digest="sha1"), of(keys.ML_DSA_87), text="SHA-1"
    ),
    cnsa(
        "N01",
        "signed by HashML-DSA",
        dataclasses.replace(of(keys.ML_DSA_87), aid=ML_DSA_87_PREHASHED.aid),
        of(keys.ML_DSA_87),
        text="HashML-DSA-87",
    ),
    cnsa(
        "N01",
        "signed for by Ed25519",
        dataclasses.replace(of(ML_KEM_1024), aid=keys.ED25519.aid),
        of(ML_KEM_1024),
        text="signed with Ed25519",
    ),
]

B01 = [
    bsi("B01", "RSA of 2048 bits", of(RSA.with_scheme("pss")), of(PSS), text="3000"),
    bsi("B01", "RSA of 2999 bits", pss(key=keys.rsa(2999)), pss(key=keys.rsa(3000)), text="2999"),
    bsi("B01", "P-224", of(keys.curve("p224")), of(keys.curve("p256")), text="P-224"),
    bsi("B01", "secp256k1", of(keys.curve("secp256k1")), of(keys.curve("brainpoolP256r1")), text="secp256k1"),
    bsi(
        "B01",
        "twisted brainpool",
        on_curve("1.3.36.3.3.2.8.1.1.8"),
        of(keys.curve("brainpoolP384r1")),
        text="brainpoolP256t1",
    ),
    bsi("B01", "Ed25519", of(keys.ED25519), of(keys.curve("p521", "sha512")), text="Ed25519"),
    bsi("B01", "ML-DSA-44", of(keys.ML_DSA_44), of(COMPOSITE), text="ML-DSA-44"),
    bsi("B01", "composite of ML-DSA-44", of(COMPOSITE_44), of(COMPOSITE), text="ML-DSA-44"),
    bsi("B01", "ML-DSA-65 by itself", of(keys.ML_DSA_65), of(COMPOSITE), text="together", severity="warning"),
    bsi("B01", "SLH-DSA of category 1", of(keys.SLH_DSA_SHA2_128S), of(SLH_DSA_192S), text="128s"),
    bsi("B01", "ECDSA with SHA-224", of(keys.curve("p256", "sha224")), text="SHA-224"),
    bsi("B01", "PSS with a mask of SHA-1", pss(mgf_digest="sha1"), of(PSS), text="the mask of its signature"),
    bsi("B01", "PKCS #1 v1.5", of(RSA3072), of(PSS), text="preferred", severity="warning"),
]

CASES = [*F01, *F02, *F03, *F04, *F05, *N01, *B01]
