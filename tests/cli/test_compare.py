# SPDX-License-Identifier: Apache-2.0
"""compare: what differs between two requests, field by field."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID

from test_match import certificate_of

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
KEY = ec.generate_private_key(ec.SECP256R1())
DNS = ("a.example", "b.example")


def names(*dns):
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in dns])


def usage(critical=True, agree=False):
    flags = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=True, key_agreement=agree, **flags), critical


def request(
    key=KEY, subject="x", extensions=((names(*DNS), False), usage()), password=None, digest=hashes.SHA256()
):
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    if password is not None:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, password)
    return builder.sign(key, digest).public_bytes(DER)


def differing(box, first, second):
    """What compare says of two requests: kind and name, state, old and new values, why."""
    (box.work / "a").write_bytes(first)
    (box.work / "b").write_bytes(second)
    answer = box.run("compare", "a", "b", "--json")
    found = [one for one in answer.json["changes"] if one["state"] != "kept"]
    shown = box.run("compare", "a", "b")
    assert answer.status == shown.status == (1 if found else 0), answer
    if found:
        assert answer.json["error"]["code"] == "CHECK_FAILED"
        assert "'a' and 'b' differ" in shown.err
    else:
        assert shown.out == "they say the same\n"
    return found, shown.out.splitlines()


def test_same(box):
    """Signed twice, and in another form: the signature is no part of what a request says."""
    first, second = request(), x509.load_der_x509_csr(request()).public_bytes(PEM)
    assert x509.load_der_x509_csr(first).signature != x509.load_pem_x509_csr(second).signature
    assert differing(box, first, second) == ([], ["they say the same"])


@pytest.mark.parametrize(
    "change, kind, lines",
    [
        ({"subject": "y"}, "subject", ["subject", "  - CN=x", "  + CN=y"]),
        (
            {"extensions": ((names("b.example", "c.example"), False), usage())},
            "subjectAltName",
            ["extension subjectAltName", "  - dns:a.example", "  + dns:c.example"],
        ),
        (
            {"extensions": ((names(*reversed(DNS)), False), usage())},
            "subjectAltName",
            [
                "extension subjectAltName",
                *(f"  - dns:{name}" for name in DNS),
                *(f"  + dns:{name}" for name in reversed(DNS)),
            ],
        ),
        (
            {"extensions": ((names(*DNS), False), usage(critical=False))},
            "keyUsage",
            ["extension keyUsage", "  - critical", "  + not critical"],
        ),
        (
            {"extensions": ((names(*DNS), False), usage(agree=True))},
            "keyUsage",
            ["extension keyUsage", "  + keyAgreement"],
        ),
        (
            {"extensions": ((names(*DNS), False),)},
            "keyUsage",
            ["extension keyUsage (only in the first)", "  - digitalSignature"],
        ),
        (
            {"extensions": (usage(), (names(*DNS), False))},
            "extensions",
            [
                "order extensions",
                *(
                    f"  {sign} {oid}"
                    for sign, oids in (("-", (17, 15)), ("+", (15, 17)))
                    for oid in (f"2.5.29.{oid}" for oid in oids)
                ),
            ],
        ),
        ({"digest": hashes.SHA384()}, "signature", ["signature", "  - ecdsa-sha256", "  + ecdsa-sha384"]),
    ],
)
def test_one_difference(box, change, kind, lines):
    found, shown = differing(box, request(), request(**change))
    assert [one["name"] or one["kind"] for one in found] == [kind]
    assert shown == lines


def test_another_key(box):
    found, shown = differing(box, request(), request(ec.generate_private_key(ec.SECP256R1())))
    assert [one["kind"] for one in found] == ["key"]
    assert [line[:4] for line in shown] == ["key", "  - ", "  + "]


def test_passwords_are_compared_and_not_shown(box):
    first, second = request(password=b"hidden-one"), request(password=b"hidden-two")
    found, shown = differing(box, first, second)
    assert [one["name"] for one in found] == ["challengePassword"]
    assert "what is shown is the same, the values are not" in shown[0]
    assert not any("hidden" in result.out + result.err for result in box.results)
    found, _ = differing(box, request(), first)
    assert [(one["name"], one["state"]) for one in found] == [("challengePassword", "added")]


def test_same_text_in_another_encoding(box):
    first = request()
    assert first.count(b"\x0c\x01x") == 1
    found, shown = differing(box, first, first.replace(b"\x0c\x01x", b"\x13\x01x"))
    assert [one["kind"] for one in found] == ["subject"] and found[0]["old"] == found[0]["new"]
    assert shown == ["subject: the same text, encoded differently"]


def test_version(box):
    first = request()
    at = first.index(b"\x02\x01\x00")
    found, shown = differing(box, first, first[: at + 2] + b"\x02" + first[at + 3 :])
    assert [(one["kind"], one["old"], one["new"]) for one in found] == [("version", 0, 2)]
    assert shown == ["version", "  - 0", "  + 2"]


def test_with_a_certificate(box):
    """What a CA made of a request: order and signature are its own."""
    found, _ = differing(box, request(extensions=()), certificate_of(KEY.public_key(), KEY).public_bytes(PEM))
    assert {one["kind"] for one in found} == {"subject"}


def test_hostile_text_is_escaped(box):
    _, shown = differing(box, request(), request(subject="a\x1b[31m\u202eb"))
    assert "\x1b" not in "".join(shown) and "\u202e" not in "".join(shown)


def test_refusals(box):
    (box.work / "a").write_bytes(request())
    (box.work / "text").write_bytes(b"hello\n")
    box.refused(
        "compare",
        "a",
        "text",
        status=9,
        code="REQUEST",
        says=["cannot compare 'a' and 'text'", "second", "neither PEM"],
    )
    box.refused("compare", "-", "a", status=9, code="REQUEST", says=["first", "empty"], stdin=b"")
    box.refused("compare", "a", "none", status=10, code="READ", says="No such file")
    box.refused("compare", "-", "-", status=64, code="USAGE", says="once only", stdin=b"")
    box.refused("compare", "a", status=64, code="USAGE", says="FILE FILE")
