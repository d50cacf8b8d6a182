# SPDX-License-Identifier: Apache-2.0
"""match: which keys, requests, certificates and public keys belong together."""

import datetime
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "match")])
NULL = bytes.fromhex("300d06092a864886f70d0101010500")


def spki_of(key):
    return key.public_key().public_bytes(DER, SPKI)


def request_of(key):
    return x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, hashes.SHA256())


def certificate_of(public, signer):
    start = datetime.datetime(2026, 1, 1)
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(public)
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2027))
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def keys():
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "other": ec.generate_private_key(ec.SECP256R1()),
    }


def without_null(spki):
    """RSA as some write it: the parameters are absent."""
    assert spki.count(NULL) == 1
    inner = NULL[:1] + b"\x0b" + NULL[2:-2] + spki[4 + len(NULL) :]
    return b"\x30\x82" + len(inner).to_bytes(2, "big") + inner


def compressed(key):
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    head = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107") + b"\x03\x22\x00"
    return b"\x30\x39" + head + point


def put(box, **files):
    for name, data in files.items():
        (box.work / name).write_bytes(data)


def test_one_key_in_every_form(token):
    made = token.make_key("p256")
    uri = made["uri"]
    token.request("--subject", "CN=match", "-o", "a.csr")
    public = x509.load_pem_x509_csr((token.work / "a.csr").read_bytes()).public_key()
    signer = ec.generate_private_key(ec.SECP256R1())
    certificate = certificate_of(public, signer)
    put(
        token,
        crt=certificate.public_bytes(PEM) + certificate_of(signer.public_key(), signer).public_bytes(PEM),
        der=certificate.public_bytes(DER),
        pub=public.public_bytes(PEM, SPKI),
    )
    answer = token.run("match", "a.csr", "crt", "der", "pub", uri, *token.login, "--json").ok().json
    (group,) = answer["groups"]
    assert (group["type"], group["spki-sha256"]) == ("p256", made["spki-sha256"])
    assert [(member["name"], member["kind"]) for member in group["members"]] == [
        ("a.csr", "request"),
        ("crt", "certificate"),
        ("der", "certificate"),
        ("pub", "public-key"),
        (uri, "key"),
    ]
    text = token.run("match", "crt", *token.at, "--key-label", "web").ok().out.splitlines()
    assert text[0] == f"p256, SHA-256 of SubjectPublicKeyInfo {made['spki-sha256']}"
    assert text[1].split() == ["certificate", "crt"] and text[2].split() == ["key", uri]


def test_no_login_where_the_public_half_shows(token):
    """Who only compares sends no PIN."""
    made = token.make_key("p256")
    put(token, pub=token.run("keys", "public", *token.at, "--key-label", "web").ok().bytes)
    watched = token.run("match", "pub", made["uri"], "-v").ok()
    assert "C_Login" not in watched.err, watched


def test_different_keys(box, keys):
    put(box, a=request_of(keys["ec"]).public_bytes(PEM), b=spki_of(keys["other"]), c=spki_of(keys["ec"]))
    refused = box.run("match", "a", "b", "c", "--json")
    assert refused.status == 1 and refused.json["error"]["code"] == "CHECK_FAILED"
    names = [[member["name"] for member in group["members"]] for group in refused.json["groups"]]
    assert names == [["a", "c"], ["b"]]
    shown = box.run("match", "a", "b", "c")
    assert shown.status == 1 and "these are 2 different keys" in shown.err
    assert [line.split()[0] for line in shown.out.splitlines()] == [
        "p256,",
        "request",
        "public-key",
        "p256,",
        "public-key",
    ]


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_same_key_encoded_differently(box, keys, kind):
    """Only the key counts, not how it is written."""
    key = keys[kind]
    usual = spki_of(key)
    other = without_null(usual) if kind == "rsa" else compressed(key)
    put(box, usual=usual, other=other, csr=request_of(key).public_bytes(PEM))
    (group,) = box.run("match", "other", "csr", "usual", "--json").ok().json["groups"]
    digests = {member["name"]: member["spki-sha256"] for member in group["members"]}
    assert group["spki-sha256"] == hashlib.sha256(usual).hexdigest() == digests["usual"] == digests["csr"]
    assert digests["other"] == hashlib.sha256(other).hexdigest()
    assert "other (encoded differently)\n" in box.run("match", "usual", "other").ok().out


def test_unknown_kind_of_key(box):
    """Nobody knows it, but the same octets are the same key."""
    spki = bytes.fromhex("300e3004 06022a03 030600 0102030405".replace(" ", ""))
    put(box, a=spki, b=spki, c=spki[:-1] + b"\x06")
    (group,) = box.run("match", "a", "b", "--json").ok().json["groups"]
    assert group["type"] == "unknown"
    assert box.run("match", "a", "c").status == 1


def test_standard_input_and_hostile_names(box, keys):
    evil = "a\x1b[31m.csr"
    put(box, **{evil: request_of(keys["ec"]).public_bytes(PEM)})
    result = box.run("match", "-", evil, stdin=spki_of(keys["ec"])).ok()
    assert "standard input" in result.out and "\x1b" not in result.out and "\\x1b[31m" in result.out


def test_one_of_several_requests_is_not_picked(box, keys):
    """Which one is meant nobody says; of certificates the first counts."""
    pem = serialization.Encoding.PEM
    one, other = (request_of(keys[name]).public_bytes(pem) for name in ("rsa", "ec"))
    (box.work / "two.csr").write_bytes(one + other)
    (box.work / "one.csr").write_bytes(one)
    box.refused(
        "match", "two.csr", "one.csr", status=9, code="REQUEST", says=["more than one request", "two.csr"]
    )


def test_refusals(box, keys):
    private = keys["ec"].private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    put(box, a=spki_of(keys["ec"]), private=private, empty=b"", text=b"hello\n")
    for name, says in (
        ("private", "the PEM block 'PRIVATE KEY'"),
        ("empty", "it is empty"),
        ("text", "neither PEM nor DER"),
    ):
        box.refused(
            "match",
            "a",
            name,
            status=9,
            code="REQUEST",
            says=[f"cannot take a public key from '{name}'", says],
        )
    box.refused("match", "a", "none", status=10, code="READ", says="No such file")
    box.refused("match", "a", status=64, code="USAGE", says="nothing to be matched with")
    box.refused("match", "-", "-", status=64, code="USAGE", says="once only", stdin=b"")
    box.refused(
        "match", "a", "pkcs11:object=x", "--key-label", "y", status=64, code="USAGE", says="not by both"
    )
