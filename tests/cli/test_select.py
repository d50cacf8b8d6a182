# SPDX-License-Identifier: Apache-2.0
"""Keys named by a file, and public keys that the token does not show."""

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

SUBJECT = ("--subject", "CN=www.example.com")


@pytest.fixture
def pair(token):
    """Two keys; the public half of 'web' as PEM, and a request for it, in files."""
    token.make_key("p256", "web", "01")
    token.make_key("p256", "other", "02")
    token.run("request", *token.at, "--key-label", "web", *SUBJECT, "-o", "web.csr").ok()
    done = token.other("openssl", "req", "-in", "web.csr", "-noout", "-pubkey")
    (token.work / "web.pub").write_bytes(done.stdout)
    return token


def certify(token):
    """A certificate for web.csr by a CA of the moment, with a serial number and extensions of its own."""
    token.other(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "ca.key",
        "-subj",
        "/CN=CA",
        "-out",
        "ca.crt",
    )
    token.other(
        "openssl", "x509", "-req", "-in", "web.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-out", "web.crt"
    )


def der(token, kind, name, out):
    token.other(
        "openssl", kind, "-in", name, "-outform", "DER", "-out", out, *(["-pubin"] if kind == "pkey" else [])
    )
    return out


def test_key_for_every_kind_of_file(pair):
    certify(pair)
    for name in (
        "web.csr",
        "web.pub",
        "web.crt",
        der(pair, "req", "web.csr", "web.csr.der"),
        der(pair, "pkey", "web.pub", "web.pub.der"),
        der(pair, "x509", "web.crt", "web.crt.der"),
    ):
        key = pair.run("keys", "show", *pair.at, "--key-for", name, "--json").ok().json["key"]
        assert (key["label"], key["id"]) == ("web", "01"), name
    made = pair.run("request", *pair.at, "--key-for", "web.crt", *SUBJECT, "--json").ok().json
    spki = (pair.work / "web.pub.der").read_bytes()
    assert made["key"]["spki-sha256"] == hashlib.sha256(spki).hexdigest()


def test_key_for_what_is_not_there(pair):
    stranger = ec.generate_private_key(ec.SECP256R1())
    (pair.work / "stranger.pub").write_bytes(
        stranger.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    pair.refused(
        "request",
        *pair.at,
        "--key-for",
        "stranger.pub",
        *SUBJECT,
        status=3,
        code="KEY_NOT_FOUND",
        says="no private key belongs to this public key",
    )
    pair.refused(
        "request",
        *pair.at,
        "--key-for",
        "web.pub",
        "--key-label",
        "other",
        *SUBJECT,
        status=3,
        code="KEY_NOT_FOUND",
        says="other",
    )
    (pair.work / "secret.key").write_bytes(
        stranger.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for name, content, says in [
        ("secret.key", None, "PRIVATE KEY"),
        ("empty", b"", "empty"),
        ("text", b"hello\n", "neither PEM nor DER"),
        ("der", b"\x30\x03\x02\x01\x05", "neither a certificate"),
    ]:
        if content is not None:
            (pair.work / name).write_bytes(content)
        pair.refused(
            "request",
            *pair.at,
            "--key-for",
            name,
            *SUBJECT,
            status=9,
            code="REQUEST",
            says=[says, "give a certificate, a certificate request or a public key"],
        )
    pair.refused(
        "request", *pair.at, "--key-for", "missing", *SUBJECT, status=10, code="READ", says="missing"
    )


def test_pubkey_when_the_token_shows_none(pair, verify_everywhere):
    pair.tool("--delete-object", "--type", "pubkey", "--id", "01")
    pair.refused(
        "request",
        *pair.at,
        "--key-label",
        "web",
        *SUBJECT,
        status=3,
        code="PUBLIC_KEY_NOT_FOUND",
        says="CKA_ID",
    )
    made = (
        pair.run("request", *pair.at, "--key-label", "web", "--pubkey", "web.pub", *SUBJECT, "--json")
        .ok()
        .json
    )
    assert made["key"]["public-key-source"] == "file" and made["proof"] == "software"
    verify_everywhere(made["pem"])
    # Another key's public half: only the proof can tell, and nothing is written.
    pair.run("request", *pair.at, "--key-label", "other", *SUBJECT, "-o", "other.csr").ok()
    pair.refused(
        "request",
        *pair.at,
        "--key-label",
        "web",
        "--pubkey",
        "other.csr",
        *SUBJECT,
        "-o",
        "wrong.csr",
        status=12,
        code="PROOF_SIGNATURE",
        says="web",
    )


def test_pubkey_of_another_kind(pair):
    pair.tool("--delete-object", "--type", "pubkey", "--id", "01")
    pair.make_key(spec="ed25519", label="edwards", key_id="05")
    pair.run("request", *pair.at, "--key-label", "edwards", *SUBJECT, "-o", "edwards.csr").ok()
    pair.refused(
        "request",
        *pair.at,
        "--key-label",
        "web",
        "--pubkey",
        "edwards.csr",
        *SUBJECT,
        status=12,
        code="PROOF_PUBLIC_KEY",
        says="the given public key is of the kind ed25519, the private key is not",
    )


def test_pubkey_must_agree(pair):
    pair.run("request", *pair.at, "--key-label", "web", "--pubkey", "web.pub", *SUBJECT).ok()
    pair.run("request", *pair.at, "--key-label", "other", *SUBJECT, "-o", "other.csr").ok()
    pair.refused(
        "request",
        *pair.at,
        "--key-label",
        "web",
        "--pubkey",
        "other.csr",
        *SUBJECT,
        status=12,
        code="PROOF_PUBLIC_KEY",
        says="public-key-object and file show different public keys",
    )


@pytest.mark.parametrize(
    "slot, key_id", [("9a", "01"), ("9C", "02"), ("9e", "04"), ("82", "05"), ("95", "18")]
)
def test_piv_slot(token, slot, key_id):
    """A slot stands for the CKA_ID that modules for PIV cards give to its objects."""
    for made in ("01", "02", "04", "05", "18"):
        token.make_key("p256", f"key {made}", made)
    answer = token.run("request", *token.at, "--piv-slot", slot, *SUBJECT, "--json").ok().json
    assert answer["key"]["id"] == key_id
    assert [
        row["id"] for row in token.run("keys", "list", *token.at, "--piv-slot", slot, "--json").json["keys"]
    ] == [key_id]


def test_no_such_piv_slot(token):
    token.make_key("p256", "web", "01")
    for slot in ("9b", "f9", "96", "81", "", "9a9a", "0x9a"):
        token.refused(
            "request",
            *token.at,
            "--piv-slot",
            slot,
            *SUBJECT,
            status=9,
            code="VALUE",
            says=f"there is no PIV slot '{slot}' for keys",
        )
    where = (*token.at, "--piv-slot", "9c")
    token.refused("request", *where, *SUBJECT, status=3, code="KEY_NOT_FOUND", says="CKA_ID 02")
    token.refused("request", *where, "--key-id", "01", *SUBJECT, status=64, code="USAGE", says="differ")
