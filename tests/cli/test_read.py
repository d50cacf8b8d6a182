# SPDX-License-Identifier: Apache-2.0
"""show and verify: any request, good or bad, from a file or stdin."""

import datetime
import hashlib
import os
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import NameOID

import support


@pytest.fixture(scope="module")
def foreign():
    """A request that p11csr did not make, as DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, "genuine"),
        ]
    )
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.example.com")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier(b"\1\2\3"), critical=False)
        .add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"very secret")
        .sign(key, hashes.SHA256())
    )
    return csr.public_bytes(serialization.Encoding.DER)


def flipped(der, at):
    changed = bytearray(der)
    changed[at] ^= 1
    return bytes(changed)


def content_flipped(der):
    return flipped(der, der.index(b"genuine") + 2)


def signature_flipped(der):
    """The last byte belongs to the s of an ECDSA signature: the encoding stays right."""
    return flipped(der, len(der) - 1)


def forms(der):
    """The same request in the forms in which people have it."""
    pem = support.to_pem(der)
    return {
        "der": der,
        "pem": pem,
        "crlf": pem.replace(b"\n", b"\r\n"),
        "no newline": pem.rstrip(),
        "text around": b"Subject: genuine\n\nHello,\nhere it is:\n" + pem + b"-- \nsincerely\n",
        "new": pem.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
        "openssl": pem + b"\n\n",
        "blanks": b"\n\n" + pem,
    }


@pytest.mark.parametrize(
    "form", ["der", "pem", "crlf", "no newline", "text around", "new", "openssl", "blanks"]
)
def test_good_in_every_form(box, foreign, form):
    data = forms(foreign)[form]
    (box.work / "a.csr").write_bytes(data)
    for way, stdin in ((("a.csr",), None), (("-",), data), ((), data)):
        result = box.run("verify", *way, stdin=stdin).ok()
        assert result.out == f"{'a.csr' if stdin is None else 'standard input'}: the signature is good\n"
        assert box.run("verify", *way, "--json", stdin=stdin).ok().json["verdict"] == "good"
        shown = box.run("show", *way, "--json", stdin=stdin).ok().json["csr"]
        assert shown["sha256"] == hashlib.sha256(foreign).hexdigest()
        assert "CN=genuine,O=Example" in box.run("show", *way, "--check", stdin=stdin).ok().out


def test_show(box, foreign):
    csr = x509.load_der_x509_csr(foreign)
    shown = box.run("show", "--json", stdin=foreign).ok().json["csr"]
    spki = csr.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert shown == {
        "version": 0,
        "subject": "CN=genuine,O=Example",
        "key": {"type": "p256", "bits": 256, "spki-sha256": hashlib.sha256(spki).hexdigest()},
        "signature": {"scheme": "ecdsa-sha256", "verdict": "good"},
        "extensions": [
            {
                "name": "subjectAltName",
                "oid": "2.5.29.17",
                "critical": False,
                "value": [{"type": "dns", "value": "www.example.com"}],
            },
            {"name": "subjectKeyIdentifier", "oid": "2.5.29.14", "critical": False, "value": "010203"},
        ],
        "attributes": shown["attributes"],
        "sha256": hashlib.sha256(foreign).hexdigest(),
        "tbs-sha256": hashlib.sha256(csr.tbs_certrequest_bytes).hexdigest(),
    }
    assert {row["name"]: row.get("value") for row in shown["attributes"]} == {
        "extensionRequest": None,
        "challengePassword": "present, not shown",
    }
    text = box.run("show", stdin=foreign).ok().out
    for line in (
        "Subject:    CN=genuine,O=Example",
        "Public key: p256",
        "dns:www.example.com",
        "010203",
        "Signature:  ecdsa-sha256: good",
        "challengePassword: present, not shown",
    ):
        assert line in text
    assert "very secret" not in text


@pytest.mark.parametrize("change", [content_flipped, signature_flipped])
def test_wrong_signature(box, foreign, judges, change):
    bad = change(foreign)
    assert not any(judges.verdicts(support.to_pem(bad)).values())
    (box.work / "bad.csr").write_bytes(support.to_pem(bad))
    refused = box.refused(
        "verify", "bad.csr", status=1, code="CHECK_FAILED", says=["the signature of 'bad.csr' is wrong"]
    )
    assert refused.json["verdict"] == "bad"
    box.refused(
        "verify", stdin=bad, status=1, code="CHECK_FAILED", says="the signature of 'standard input' is wrong"
    )
    shown = box.run("show", "bad.csr", "--json").ok().json["csr"]["signature"]
    assert shown["verdict"] == "bad" and shown["why"]
    assert "ecdsa-sha256: bad" in box.run("show", "bad.csr").ok().out
    checked = box.run("show", "bad.csr", "--check")
    assert checked.status == 1 and "ecdsa-sha256: bad" in checked.out and "is wrong" in checked.err
    machine = box.run("show", "bad.csr", "--check", "--json")
    assert machine.status == 1 and machine.json["error"]["code"] == "CHECK_FAILED"
    assert machine.json["csr"]["signature"]["verdict"] == "bad"


def test_every_byte_counts(box, foreign):
    """A flipped bit anywhere is never a good request; whatever it is, it is an answer and no crash."""
    seen = set()
    for at in range(0, len(foreign), 7):
        result = box.run("verify", stdin=flipped(foreign, at))
        assert result.status in (1, 7, 9), (at, result)
        seen.add(result.status)
    assert {1, 9} <= seen


def test_unknown_algorithm_is_neither_good_nor_bad(box):
    """A signature that nobody here can judge: the curve is one that there is not."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    p256 = bytes.fromhex("2a8648ce3d030107")
    der = csr.public_bytes(serialization.Encoding.DER).replace(p256, p256[:-1] + b"\x7f")
    refused = box.refused(
        "verify", stdin=der, status=7, code="NOT_VERIFIABLE", says="cannot be verified here"
    )
    assert refused.json["verdict"] == "not verifiable here"
    assert box.run("show", "--json", stdin=der).ok().json["csr"]["key"]["type"] == "unknown"
    assert box.run("show", "--check", stdin=der).status == 7


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = datetime.datetime(2026, 1, 1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2027))
        .sign(key, hashes.SHA256())
    ), key


def test_other_things(box, foreign):
    cert, key = certificate()
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    request = support.to_pem(foreign)
    spki, none = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.NoEncryption()
    pkcs1, sec1 = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP521R1())
    p12 = pkcs12.serialize_key_and_certificates(b"x", key, cert, None, none)
    encrypted = key.private_bytes(
        der, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    for data, says in [
        (sec1.private_bytes(der, serialization.PrivateFormat.TraditionalOpenSSL, none), "a private key"),
        (pkcs1.private_bytes(der, serialization.PrivateFormat.TraditionalOpenSSL, none), "a private key"),
        (key.private_bytes(der, serialization.PrivateFormat.PKCS8, none), "a private key"),
        (p12, "PKCS#12"),
        (pkcs7.serialize_certificates([cert], der), "PKCS#7"),
        (pkcs7.serialize_certificates([cert], pem), "PKCS#7"),
        (pkcs1.public_key().public_bytes(der, spki), "a public key"),
        (encrypted, "an encrypted private key"),
        (cert.public_bytes(pem), "certificate, not a request"),
        (cert.public_bytes(der), "certificate"),
        (private, "private key"),
        (public, "public key"),
        (b"garbage", "neither PEM nor DER"),
        (b"", "the input is empty"),
        (b"\0" * 1000, ""),
        (bytes(range(256)), ""),
        (foreign[:-1], ""),
        (foreign[:20], ""),
        (request[:200], ""),
        (request.replace(b"M", b"!", 1), "PEM"),
        (request.replace(b"-----END", b"-----EMD"), ""),
        (request + request, "more than one request"),
        (b"\x30\x84\xff\xff\xff\xff" + b"x" * 100, ""),
    ]:
        for command in ("show", "verify"):
            box.refused(
                command,
                "-",
                stdin=data,
                status=9,
                code="REQUEST",
                says=["cannot read 'standard input'", says, "CERTIFICATE REQUEST"],
            )
    assert private.split(b"\n")[1].decode() not in "".join(result.err + result.out for result in box.results)


def test_files_that_cannot_be_read(box):
    for name, says in (("none.csr", "No such file"), (".", "Is a directory"), ("", "No such file")):
        for command in ("show", "verify"):
            box.refused(command, name, status=10, code="READ", says=says)
    box.refused("show", "/dev/zero", status=9, code="LIMIT", says="/dev/zero")


def test_closed_stdin(box):
    result = box.run("show", preexec_fn=lambda: os.close(0))
    assert result.status == 10 and "Bad file descriptor" in result.err


def test_needs_no_token_and_no_configuration(box, foreign):
    """Reading a request loads no module and needs no home."""
    env = {
        "HOME": None,
        "XDG_CONFIG_HOME": None,
        "XDG_STATE_HOME": None,
        "P11CSR_MODULE": "/no/such/module.so",
        "P11CSR_TOKEN": "none",
        "P11CSR_PIN_SOURCE": "file:/none",
    }
    box.run("verify", stdin=foreign, env=env).ok()
    box.run("show", stdin=foreign, env=env).ok()


def test_control_characters_are_not_sent_to_the_terminal(box):
    key = ec.generate_private_key(ec.SECP256R1())
    evil = "a\x1b[31mred\x07\nSignature:  good"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, evil)])
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a\x1b[2Jb\n")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    result = box.run("show", stdin=csr.public_bytes(serialization.Encoding.DER)).ok()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.out), result
    assert sum(line.startswith("Signature:") for line in result.out.splitlines()) == 1
    box.run("show", "--json", stdin=csr.public_bytes(serialization.Encoding.DER)).ok()


def test_own_requests(token):
    token.make_key("rsa-2048")
    made = token.request(
        "--subject", "CN=x,O=Ünï", "--dns", "a.example", "--scheme", "rsa-pss-sha384", "--ca", "--json"
    )
    shown = token.run("show", "--json", stdin=made.json["pem"]).ok().json["csr"]
    assert (shown["subject"], shown["signature"]) == (
        "CN=x,O=Ünï",
        {"scheme": "rsa-pss-sha384", "verdict": "good"},
    )
    assert (shown["sha256"], shown["tbs-sha256"]) == (made.json["sha256"], made.json["tbs-sha256"])
    assert shown["key"] == {"type": "rsa-2048", "bits": 2048, "spki-sha256": made.json["key"]["spki-sha256"]}
