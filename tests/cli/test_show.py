# SPDX-License-Identifier: Apache-2.0
"""show: any request as a person reads it, and all of it as JSON."""

import base64
import csv
import os
import pathlib
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import support

DER = serialization.Encoding.DER
KEY = ec.generate_private_key(ec.SECP256R1())
UNKNOWN = x509.ObjectIdentifier("1.2.3.4")
UNSTRUCTURED_NAME = x509.ObjectIdentifier("1.2.840.113549.1.9.2")
# ESC, BEL, a new line, and characters that turn text around or hide it
EVIL = "a\x1b[31mred\x07\nLint: 0\u202egnp\u2066\u200b"


def request(subject=(("example", NameOID.COMMON_NAME),), extensions=(), attributes=()):
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(oid, value) for value, oid in subject])
    )
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    for oid, value in attributes:
        builder = builder.add_attribute(oid, value)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(DER)


def names(*dns):
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in dns])


def test_layout(box):
    """Every line of a plain request."""
    der = request(
        extensions=(
            names("a.example", "b.example"),
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, UNKNOWN]),
            x509.BasicConstraints(ca=True, path_length=1),
            x509.UnrecognizedExtension(UNKNOWN, b"\x04\x01x"),
        ),
        attributes=((UNSTRUCTURED_NAME, b"server 7"),),
    )
    shown = box.run("show", "--json", stdin=der).ok().json["csr"]
    digest = shown["key"]["spki-sha256"]
    assert box.run("show", stdin=der).ok().out.splitlines() == [
        "Subject:    CN=example",
        "Public key: p256",
        "  SHA-256 of SubjectPublicKeyInfo:",
        "    " + " ".join(digest[at : at + 8] for at in range(0, 64, 8)),
        "Extensions:",
        "  subjectAltName",
        "    dns:a.example",
        "    dns:b.example",
        "  extKeyUsage",
        "    serverAuth, 1.2.3.4",
        "  basicConstraints",
        "    CA, at most 1 CAs below",
        "  1.2.3.4",
        "    hex:040178",
        "Attribute:  unstructuredName: server 7",
        "Signature:  ecdsa-sha256: good",
        "Lint:       0 errors, 1 warning",
    ]


def test_long_values_are_cut_for_people_only(box):
    blob, text = bytes(range(256)), "long " * 200
    many = [f"{i}.example" for i in range(300)]
    der = request(
        extensions=(names(*many), x509.UnrecognizedExtension(UNKNOWN, blob)),
        attributes=((UNSTRUCTURED_NAME, text.encode()),),
    )
    answer = box.run("show", "--json", stdin=der).ok().json["csr"]
    values = {row["name"] or row["oid"]: row["value"] for row in answer["extensions"]}
    assert [row["value"] for row in values["subjectAltName"]] == many
    assert values["1.2.3.4"] == {"hex": blob.hex()}
    assert text in [row.get("value", [""])[0] for row in answer["attributes"]]
    shown = box.run("show", stdin=der).ok().out
    assert len(shown) < 8000
    assert f"hex:{blob[:64].hex()}... (cut: 256 octets; --json has all of it)" in shown
    assert "    199.example" not in shown and "    dns:199.example\n    ... (cut: 300 values" in shown
    assert "... (cut: 1000 bytes" in shown


def test_text_is_not_cut_within_a_character(box):
    der = request(attributes=((UNSTRUCTURED_NAME, ("x" + "ü" * 300).encode()),))
    shown = box.run("show", stdin=der).ok().out
    assert "ü... (cut: 601 bytes" in shown and "\\x" not in shown


def test_nothing_steers_the_terminal(box):
    """Wherever text of others is shown it is escaped."""
    evil_file = "f\x1b[31m.csr"
    der = request(
        subject=((EVIL, NameOID.COMMON_NAME), (EVIL, NameOID.ORGANIZATION_NAME)),
        extensions=(
            x509.SubjectAlternativeName(
                [
                    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, EVIL)])),
                    x509.UniformResourceIdentifier("http://a/\x1b[2J"),
                    x509.RFC822Name("a\x07@b"),
                    x509.OtherName(UNKNOWN, b"\x0c\x03a\x1bb"),
                ]
            ),
        ),
        attributes=((UNSTRUCTURED_NAME, EVIL.encode()), (UNKNOWN, EVIL.encode())),
    )
    (box.work / evil_file).write_bytes(der)
    for args in (
        ("show", evil_file),
        ("show", "--check", evil_file),
        ("verify", evil_file),
        ("lint", evil_file),
    ):
        result = box.run(*args)
        for output in (result.out, result.err):
            assert not re.search(
                "[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069]", output
            ), result
        assert sum(line.startswith("Lint:") for line in result.out.splitlines()) <= 1


KEY_OID, P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")
ML_DSA_65, ML_KEM_768 = bytes.fromhex("0609608648016503040312"), bytes.fromhex("0609608648016503040402")
ECDSA = bytes.fromhex("06082a8648ce3d040302")
NOBODYS = bytes.fromhex("06092a0304050607080901")


def renamed(old, new):
    """The same with another object identifier; what it stands in is not made longer."""
    der = request()
    assert der.count(old) == 1 and len(new) <= len(old) + 10
    inner = KEY_OID + P256
    whole = {
        KEY_OID: (
            inner,
            new + b"\x04" + bytes([len(inner) - len(new) - 2]) + bytes(len(inner) - len(new) - 2),
        )
    }
    before, after = whole.get(old, (old, new))
    assert len(before) == len(after)
    return der.replace(before, after)


@pytest.mark.parametrize(
    "old, new, kind, algorithm",
    [
        (KEY_OID, ML_DSA_65, "ml-dsa-65", "2.16.840.1.101.3.4.3.18"),
        (KEY_OID, ML_KEM_768, "ml-kem-768", "2.16.840.1.101.3.4.4.2"),
        (KEY_OID, NOBODYS, "unknown", "1.2.3.4.5.6.7.8.9.1"),
        (P256, b"\x06\x08\x2a\x03\x04\x05\x06\x07\x08\x09", "unknown", "1.2.840.10045.2.1"),
    ],
)
def test_unknown_keys_are_shown(box, old, new, kind, algorithm):
    der = renamed(old, new)
    key = box.run("show", "--json", stdin=der).ok().json["csr"]["key"]
    assert key["type"] == kind and key.get("algorithm", algorithm) == algorithm, key
    first = box.run("show", stdin=der).ok().out.splitlines()[1]
    assert first.startswith(f"Public key: {kind} ")
    assert box.run("show", "--check", stdin=der).status in (1, 7)


@pytest.mark.parametrize(
    "new, scheme, name",
    [
        ("2a864886f70d0103", "1.2.840.113549.1.3", "pkcs3"),
        ("2a03040506070809", "1.2.3.4.5.6.7.8.9", None),
    ],
)
def test_unknown_schemes_are_shown(box, new, scheme, name):
    der = request().replace(ECDSA, bytes.fromhex("0608" + new))
    signature = box.run("show", "--json", stdin=der).ok().json["csr"]["signature"]
    assert (signature["scheme"], signature.get("name")) == (scheme, name)
    assert signature["algorithm"] == "300a0608" + new and signature["verdict"] != "good"
    shown = f"{scheme} ({name})" if name else scheme
    assert f"Signature:  {shown}: not verifiable here" in box.run("show", stdin=der).ok().out


def test_base64_alone(box):
    """Without the lines around it, in both alphabets, with and without padding and lines."""
    der = request()
    usual, url = base64.b64encode(der), base64.urlsafe_b64encode(der)
    forms = [usual, url, url.rstrip(b"="), base64.encodebytes(der), usual + b"\r\n", b"\n " + usual]
    for form in forms:
        answer = box.run("show", "--json", stdin=form).ok().json
        assert answer["csr"] == box.run("show", "--json", stdin=der).ok().json["csr"]
        assert [
            finding["id"] for finding in answer["lint"]["findings"] if finding["severity"] == "warning"
        ] == ["S20"]
    for bad in (usual[:-5], usual.replace(b"M", b"!", 1), base64.b64encode(b"hello" * 20)):
        box.refused("show", stdin=bad, status=9, code="REQUEST", says="")


def test_text_in_utf16_is_named(box):
    pem = support.to_pem(request()).decode()
    for encoding in ("utf-16", "utf-16-le"):
        box.refused(
            "show", stdin=pem.encode(encoding), status=9, code="REQUEST", says=["neither PEM", "iconv"]
        )
    assert box.run("show", stdin=b"\xef\xbb\xbf" + pem.encode()).ok().out


def test_what_can_be_read_is_shown(box):
    """Faults of the encoding do not hide the rest; the lint counts them."""
    der = request(extensions=(names("a.example"),))
    shown = box.run("show", stdin=der + b"\0").ok().out.splitlines()
    assert shown[0] == "Subject:    CN=example" and "    dns:a.example" in shown
    assert shown[-1] == "Lint:       1 error, 0 warnings"
    (box.work / "it's.csr").write_bytes(der + b"\0")
    assert (
        box.run("show", "it's.csr").ok().out.splitlines()[-1]
        == "Lint:       1 error, 0 warnings (p11csr lint 'it'\\''s.csr')"
    )


CORPUS = os.environ.get("P11CSR_CORPUS")
# Files on which we differ from OpenSSL, and why.
EXPLAINED = {
    "x509__requests__rsa_md4.pem": "MD4 is in a provider of OpenSSL that p11csr does not load",
    "x509__requests__rsa_md4.der": "MD4 is in a provider of OpenSSL that p11csr does not load",
}


@pytest.mark.skipif(CORPUS is None, reason="not run: P11CSR_CORPUS names no folder with requests of others")
def test_requests_of_others(box):
    """show fails on nothing that OpenSSL can parse, and verify agrees with it."""
    folder = pathlib.Path(CORPUS)
    with open(folder / "RESULTS.tsv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert len(rows) > 100
    verdicts = {"OK": "good", "SIGFAIL": "bad"}
    for row in rows:
        (path,) = (folder / row["source"]).rglob(row["file"])
        shown = box.run("show", path, "--json")
        verified = box.run("verify", path, "--json")
        assert box.run("show", "--check", path).status == verified.status, row
        expected = verdicts.get(row["openssl-3.0.19"])
        if row["file"] in EXPLAINED:
            assert verified.status in (7, 9), row
        elif expected is None:
            assert (shown.status, verified.status) == (9, 9), row
        else:
            assert shown.status == 0 and shown.json["csr"]["signature"]["verdict"] == expected, row
            assert verified.json["verdict"] == expected, row
            assert expected == "good" or verified.status == 1, row


def test_a_usage_that_stands_there_twice_is_shown_twice(box):
    """What is wrong is shown as it is."""
    server = bytes.fromhex("06082b06010505070301")
    twice = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x14" + server + server)
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = csr.add_extension(twice, critical=False).sign(
        ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )
    (box.work / "a.csr").write_bytes(csr.public_bytes(serialization.Encoding.DER))
    shown = box.run("show", "a.csr", "--json").ok().json["csr"]["extensions"]
    assert shown[0]["value"] == ["serverAuth", "serverAuth"]
