# SPDX-License-Identifier: Apache-2.0
"""Weak keys and schemes only where asked for; what a token offers; subject key identifiers."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

SUBJECT = ("--subject", "CN=www.example.com")


def test_sha1_only_when_asked_for(token):
    token.make_key("rsa-2048", "web", "01")
    for way in (("--hash", "sha1"), ("--scheme", "rsa-pkcs1-sha1")):
        token.refused(
            "request",
            *token.at,
            "--key-label",
            "web",
            *SUBJECT,
            *way,
            status=8,
            code="WEAK",
            says=["SHA-1", "--allow-weak"]
        )
        made = token.request(*SUBJECT, *way, "--allow-weak")
        csr = x509.load_pem_x509_csr(made.out.encode())
        assert isinstance(csr.signature_hash_algorithm, hashes.SHA1)
        assert token.run("verify", stdin=made.out).ok()
        done = token.other("openssl", "req", "-verify", "-noout", stdin=made.bytes)
        assert b"verify OK" in done.stdout + done.stderr


def test_sha1_is_refused_before_a_key_is_made(token):
    token.refused(
        "request",
        *token.at,
        "--generate",
        "rsa-2048",
        "--key-label",
        "web",
        *SUBJECT,
        "--hash",
        "sha1",
        status=8,
        code="WEAK",
        says="SHA-1"
    )
    assert token.keys() == []


def test_small_rsa_key_only_when_asked_for(token):
    token.tool("--keypairgen", "--key-type", "rsa:1024", "--label", "web", "--id", "01")
    token.refused(
        "request", *token.at, "--key-label", "web", *SUBJECT, status=8, code="WEAK", says="1024 bits"
    )
    csr = x509.load_pem_x509_csr(token.request(*SUBJECT, "--allow-weak").out.encode())
    assert csr.public_key().key_size == 1024 and csr.is_signature_valid


def test_what_the_token_offers(token):
    answer = token.run("algorithms", "--token", token.label, "--json").ok().json
    offered = {row["name"]: row["offered"] for row in answer["keys"] + answer["schemes"]}
    assert offered["p256"] and offered["rsa-4096"] and offered["ed25519"] and offered["ecdsa-sha384"]
    plain = token.run("algorithms", "--json").ok().json
    assert all("offered" not in row for row in plain["keys"] + plain["schemes"])
    assert "yes" in token.run("algorithms", "--token", token.label).ok().out
    token.refused("algorithms", "--token", "none", status=3, code="TOKEN_NOT_FOUND", says="none")


@pytest.mark.parametrize("spec", ["p256", "rsa-2048", "ed25519"])
def test_subject_key_id(token, spec):
    token.make_key(spec, "web", "01")
    for method, expected in [
        ("sha1", lambda spki, key: hashlib.sha1(key).digest()),
        ("sha256", lambda spki, key: hashlib.sha256(key).digest()[:20]),
        ("sha384", lambda spki, key: hashlib.sha384(key).digest()[:20]),
        ("sha512", lambda spki, key: hashlib.sha512(key).digest()[:20]),
        ("spki-sha256", lambda spki, key: hashlib.sha256(spki).digest()),
    ]:
        csr = x509.load_pem_x509_csr(token.request(*SUBJECT, "--subject-key-id", method).out.encode())
        extension = csr.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        public = csr.public_key()
        spki = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        sha1 = x509.SubjectKeyIdentifier.from_public_key(public).digest
        bits = spki[{"p256": 26, "ed25519": 12, "rsa-2048": 24}[spec] :]
        assert hashlib.sha1(bits).digest() == sha1, spec
        assert extension.value.digest == expected(spki, bits) and not extension.critical
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        *SUBJECT,
        "--subject-key-id",
        "sha265",
        status=9,
        code="EXTENSION",
        says="the nearest is 'sha256'"
    )


def protection(token, label):
    answer = token.run("keys", "show", *token.at, "--key-label", label, "--protection", "--json")
    return answer.ok().json["protection"]


def test_backup(token):
    """A key never leaves its token unless a backup is asked for, and then by wrapping only."""
    for label, more in (("plain", ()), ("none", ("--backup", "none"))):
        token.run("keys", "generate", "p256", *token.at, "--key-label", label, *more).ok()
        is_now = protection(token, label)
        assert (is_now["extractable"], is_now["never-extractable"]) == (False, True)
    token.run(
        "request", *token.at, "--generate", "p256", "--key-label", "b", "--backup", "wrapped", *SUBJECT
    ).ok()
    is_now = protection(token, "b")
    assert is_now["extractable"] and is_now["sensitive"] and not is_now["value-readable"]
    # Whoever asks for a key without a backup does not get one that can be wrapped.
    token.refused(
        "request",
        *token.at,
        "--ensure",
        "p256",
        "--key-label",
        "b",
        *SUBJECT,
        status=8,
        code="KEY_SPEC",
        says="extractable"
    )
    token.run(
        "request", *token.at, "--ensure", "p256", "--key-label", "b", "--backup", "wrapped", *SUBJECT
    ).ok()
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "c",
        "--backup",
        "all",
        *SUBJECT,
        status=64,
        code="USAGE",
        says="none or wrapped"
    )
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "b",
        "--backup",
        "wrapped",
        *SUBJECT,
        status=64,
        code="USAGE",
        says="--generate or --ensure"
    )
