# SPDX-License-Identifier: Apache-2.0
"""Every kind of key with every signature scheme that fits it, as `p11csr algorithms` lists them."""

import json
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import support

LISTED = json.loads(
    subprocess.run(
        [support.PROGRAM, "algorithms", "--json"], stdout=subprocess.PIPE, check=True, timeout=support.TIMEOUT
    ).stdout
)
# SoftHSM2 2.6 makes no ML-DSA keys: what is said of them there is a test of its own.
LATTICES = {"ml-dsa-44", "ml-dsa-65", "ml-dsa-87"}
KEYS = {row["name"]: row for row in LISTED["keys"] if row["name"] not in LATTICES}
SCHEMES = {row["name"]: row for row in LISTED["schemes"] if row["name"] not in LATTICES}
CURVES = {
    "p256": "secp256r1",
    "p384": "secp384r1",
    "p521": "secp521r1",
    "secp256k1": "secp256k1",
    "brainpoolP256r1": "brainpoolP256r1",
    "brainpoolP384r1": "brainpoolP384r1",
    "brainpoolP512r1": "brainpoolP512r1",
}
EDWARDS = {"ed25519", "ed448"}
RSA = {"rsa-2048", "rsa-3072", "rsa-4096"}
# What SoftHSM2 has: no mechanism that hashes for ECDSA, all of them for RSA.
MECHANISMS = {
    "rsa-pkcs1": "CKM_SHA{}_RSA_PKCS",
    "rsa-pss": "CKM_SHA{}_RSA_PKCS_PSS",
    "ecdsa": "CKM_ECDSA",
    "ed25519": "CKM_EDDSA",
    "ed448": "CKM_EDDSA",
}


# Only for who says --allow-weak.
WEAK = {"rsa-pkcs1-sha1"}


def fitting(spec):
    """The schemes for this kind of key that need no permission: an Edwards curve has one of its own name."""
    family = KEYS[spec]["family"]
    names = [name for name, row in SCHEMES.items() if row["family"] == family and name not in WEAK]
    return [name for name in names if name == spec] if spec in EDWARDS else names


def digest_of(scheme):
    return scheme.rsplit("-", 1)[1] if "-" in scheme else None


def mechanism_of(scheme):
    return MECHANISMS[scheme.rsplit("-", 1)[0]].format((digest_of(scheme) or "")[3:])


def other_way(scheme):
    """The options that ask for the same scheme by its parts."""
    digest = digest_of(scheme)
    if digest is None:
        return ()
    return ("--hash", digest, "--pss") if "-pss-" in scheme else ("--hash", digest)


def check_key(csr, spec):
    key = csr.public_key()
    if spec in CURVES:
        assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == CURVES[spec]
    elif spec in RSA:
        assert isinstance(key, rsa.RSAPublicKey) and key.key_size == int(spec[4:])
        assert key.public_numbers().e == 65537
    else:
        assert type(key).__name__.lower().startswith(f"_{spec}") or spec in type(key).__name__.lower()


def check_signature_algorithm(csr, text, scheme):
    """pyca tells the digest, but not of RSASSA-PSS: there OpenSSL's text does."""
    digest = digest_of(scheme)
    if "-pss-" in scheme:
        size = int(digest[3:]) // 8
        wanted = f"Hash Algorithm: {digest} Mask Algorithm: mgf1 with {digest} Salt Length: 0x{size:02X}"
        assert wanted in text, text
    else:
        found = csr.signature_hash_algorithm
        assert (found.name if found is not None else None) == digest
        assert "Mask Algorithm" not in text


def test_the_lists_are_what_this_test_knows(box):
    assert box.run("algorithms", "--json").ok().json == LISTED
    assert {row["name"] for row in LISTED["keys"]} == set(CURVES) | EDWARDS | RSA | LATTICES
    assert {row["name"] for row in LISTED["schemes"]} == set(SCHEMES) | LATTICES
    assert set(SCHEMES) == WEAK | {
        "rsa-pkcs1-sha224",
        "rsa-pkcs1-sha256",
        "rsa-pkcs1-sha384",
        "rsa-pkcs1-sha512",
        "rsa-pss-sha256",
        "rsa-pss-sha384",
        "rsa-pss-sha512",
        "ecdsa-sha224",
        "ecdsa-sha256",
        "ecdsa-sha384",
        "ecdsa-sha512",
        "ed25519",
        "ed448",
    }
    text = box.run("algorithms").ok().out
    for name in [*KEYS, *SCHEMES]:
        assert name in text
    for row in KEYS.values():
        assert row["default-scheme"] in fitting(row["name"])


@pytest.mark.parametrize("spec", sorted(LATTICES))
def test_a_token_without_the_mechanism_says_so(token, spec):
    words = ("--generate", spec, "--key-label", "web", "--subject", "CN=x")
    token.refused("request", *token.at, *words, status=7, code="MECHANISM", says=[spec, "CKM_ML_DSA"])
    token.refused(
        "keys", "generate", spec, *token.at, "--key-label", "web", status=7, code="MECHANISM", says=["ML-DSA"]
    )
    assert token.run("keys", "list", *token.at, "--json").ok().json["keys"] == []


@pytest.mark.parametrize("spec", KEYS)
def test_key_with_every_scheme(token, verify_everywhere, judges, spec):
    first = (
        token.run(
            "request",
            *token.at,
            "--generate",
            spec,
            "--key-label",
            "web",
            "--subject",
            "CN=x",
            "--dns",
            "www.example.com",
            "--json",
        )
        .ok()
        .json
    )
    check_key(verify_everywhere(first["pem"]), spec)
    assert first["scheme"] == KEYS[spec]["default-scheme"] and first["key"]["type"] == spec
    names = fitting(spec)
    assert names
    for name in names:
        answer = token.request("--subject", "CN=x", "--scheme", name, "--json").json
        csr = verify_everywhere(answer["pem"])
        assert (answer["scheme"], answer["mechanism"]) == (name, mechanism_of(name))
        check_signature_algorithm(csr, judges.text(answer["pem"]), name)
        same = token.request("--subject", "CN=x", *other_way(name), "--json").json
        assert same["scheme"] == name and same["tbs-sha256"] == answer["tbs-sha256"]


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519", "ed448"])
def test_key_with_schemes_of_others(token, spec):
    token.make_key(spec)
    wanted = ("request", *token.at, "--key-label", "web", "--subject", "CN=x")
    others = [name for name in SCHEMES if name not in fitting(spec) and name not in WEAK]
    assert others
    for name in others[::2]:
        token.refused(
            *wanted,
            "--scheme",
            name,
            status=9,
            code="ALGORITHM",
            says=[f"the scheme {name} does not fit", *(f"fits: {fits}" for fits in fitting(spec))],
        )


def test_digests_that_do_not_fit(token):
    token.make_key("rsa-2048", "web", "01")
    token.make_key("ed25519", "ed", "02")
    start = ("request", *token.at, "--subject", "CN=x", "--key-label")
    token.run(*start, "web", "--pss").ok()
    token.refused(
        *start,
        "web",
        "--hash",
        "sha224",
        "--pss",
        status=9,
        code="ALGORITHM",
        says=["sha224 with PSS does not fit", "fits: rsa-pss-sha256"],
    )
    token.refused(*start, "ed", "--hash", "sha256", status=9, code="ALGORITHM", says="fits: ed25519")
    token.refused(*start, "ed", "--pss", status=9, code="ALGORITHM", says="fits: ed25519")


@pytest.mark.parametrize(
    "option, word, near",
    [
        ("--scheme", "rsa-pkcs1-sha265", "rsa-pkcs1-sha256"),
        ("--scheme", "ecdsa-sha1", "ecdsa-sha"),
        ("--scheme", "ed25518", "ed25519"),
        ("--hash", "sha265", "sha256"),
        ("--hash", "md5", "sha"),
    ],
)
def test_unknown_scheme_or_digest(token, option, word, near):
    token.make_key()
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        "--subject",
        "CN=x",
        option,
        word,
        status=9,
        code="ALGORITHM",
        says=[f"'{word}'", near],
    )


def test_scheme_excludes_its_parts(token):
    token.make_key("rsa-2048")
    for part in (("--hash", "sha256"), ("--pss",)):
        token.refused(
            "request",
            *token.at,
            "--key-label",
            "web",
            "--subject",
            "CN=x",
            "--scheme",
            "rsa-pss-sha256",
            *part,
            status=64,
            code="USAGE",
            says=["--scheme", "--hash", "--pss"],
        )


# For every kind of key, who has to judge besides OpenSSL; all schemes have the same.
INDEPENDENT = {
    "p256": {"gnutls", "botan", "mbedtls"},
    "p384": {"gnutls", "botan", "mbedtls"},
    "p521": {"gnutls", "botan", "mbedtls"},
    "secp256k1": {"botan", "mbedtls"},
    "brainpoolP256r1": {"botan", "mbedtls"},
    "brainpoolP384r1": {"botan", "mbedtls"},
    "brainpoolP512r1": {"botan", "mbedtls"},
    "ed25519": {"gnutls", "botan"},
    "ed448": {"gnutls", "keytool"},
    "rsa-2048": {"gnutls", "botan", "mbedtls"},
    "rsa-3072": {"gnutls", "botan", "mbedtls"},
    "rsa-4096": {"gnutls", "botan", "mbedtls"},
}


def test_no_kind_of_key_has_fewer_than_two_independent_judges():
    assert set(INDEPENDENT) == set(KEYS)
    assert all(len(names) >= 2 for names in INDEPENDENT.values())


@pytest.mark.parametrize(
    "spec, scheme", [*((spec, KEYS[spec]["default-scheme"]) for spec in KEYS), ("rsa-2048", "rsa-pss-sha256")]
)
def test_the_judges_refuse_a_wrong_signature(token, judges, spec, scheme):
    """A judge that says yes to everything would prove nothing."""
    token.make_key(spec)
    der = bytearray(token.request("--subject", "CN=genuine", "--scheme", scheme, "--form", "der").bytes)
    verdicts = judges.verdicts(support.to_pem(bytes(der)))
    assert set(verdicts) == {"openssl", "pyca"} | INDEPENDENT[spec] and all(verdicts.values()), verdicts
    at = der.index(b"genuine")
    der[at] ^= 2
    wrong = judges.verdicts(support.to_pem(bytes(der)))
    assert set(wrong) == set(verdicts) and not any(wrong.values()), wrong
    assert x509.load_der_x509_csr(bytes(der)).subject.rfc4514_string() == "CN=eenuine"
