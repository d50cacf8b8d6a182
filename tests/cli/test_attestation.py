# SPDX-License-Identifier: Apache-2.0
"""The attribute with what a vendor states about the key."""

import sys

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

import support
from vendor import HSM, PIV, SUBJECT, der, pem

sys.path.append(str(support.TESTS / "lib"))
import encode  # noqa: E402

ATTRIBUTE = "1.2.840.113549.1.9.16.2.59"
DRAFT = "the attestation attribute is an Internet-Draft: CAs may not know it"
FIRST = ("1.2.4", encode.tlv(4, b"what a device signed"))
SECOND = ("1.2.3.4711", encode.sequence(encode.integer(1), encode.utf8("x")))


def attestation(*statements, certificates=()):
    """The attributes of a request that has this one, as the draft has it."""
    bundle = [encode.sequence(*(encode.sequence(encode.oid(t), value) for t, value in statements))]
    if certificates:
        bundle.append(encode.sequence(*(der(c) for c in certificates)))
    return encode.tlv(0xA0, encode.sequence(encode.oid(ATTRIBUTE), encode.set_of(encode.sequence(*bundle))))


def test_attestation_in_a_request(bench, verify_everywhere):
    token = bench.token
    files = [f"{t}:{bench.write(t, value)}" for t, value in (FIRST, SECOND)]
    chain = [bench.leaf, bench.device.certificate, bench.middle.certificate]
    certs = (
        *("--attestation-cert", bench.write("chain.pem", pem(*chain[:2]))),
        *("--attestation-cert", bench.write("middle.der", der(chain[2]))),
    )
    at = ("--key-label", "code", *SUBJECT)
    done = token.request(*at, "--attestation", files[0])
    assert done.err.count(DRAFT) == 1 and UNREAD in done.err
    assert verify_everywhere(done.out).tbs_certrequest_bytes.endswith(attestation(FIRST))
    # The certificates come last wherever they stand on the command line; each list is in its order.
    statements = ("--attestation", files[0], "--attestation", files[1])
    answer = token.request(*at, *certs, *statements, "--json", "-o", "a.csr").json
    assert answer["warnings"] == [DRAFT]
    csr = verify_everywhere(answer["pem"])
    assert csr.tbs_certrequest_bytes.endswith(attestation(FIRST, SECOND, certificates=chain))
    token.run("verify", "a.csr").ok()
    value = [{"type": t, "hex": content.hex()} for t, content in (FIRST, SECOND)]
    value += [{"type": "certificate", "value": c.subject.rfc4514_string()} for c in chain]
    shown = token.run("show", "a.csr", "--json").ok().json["csr"]
    assert shown["attributes"] == [{"name": "attestation", "oid": ATTRIBUTE, "value": value}]
    assert "Attribute:  attestation: 1.2.4:hex:0414" in token.run("show", "a.csr").ok().out
    # It is about the old key: a request that starts from this one has none of it.
    again = verify_everywhere(token.request(*at, "--from-csr", "a.csr").out)
    assert encode.oid(ATTRIBUTE) not in again.tbs_certrequest_bytes
    token.run("plan", *token.at, *at, *statements, "-o", "plan.json").ok()
    planned = verify_everywhere(token.request("--key-label", "code", "--plan", "plan.json").out)
    assert planned.tbs_certrequest_bytes.endswith(attestation(FIRST, SECOND))
    dry = token.request(*at, *statements, "--dry-run", "--json").json["dry-run"]["content"]
    assert dry["attributes"][0]["origin"] == "--attestation"


UNREAD = "whether the attestation is about this key was not checked: p11csr cannot read it"


@pytest.mark.parametrize("form", ["DER", "PEM in an OCTET STRING", "certificate", "PKCS#7"])
def test_attestation_of_the_key(bench, form):
    """What a vendor that is known states about another key is refused; what cannot be read is said."""
    token = bench.token
    other = bench.device.issue("YubiKey PIV Attestation 9a", support.Authority().key.public_key(), False, PIV)
    hsm = bench.device.issue("YubiHSM Attestation id:0x0007", support.Authority().key.public_key(), None, HSM)

    def options(certificate):
        message = pkcs7.serialize_certificates([certificate], Encoding.DER)
        value = {
            "DER": der(certificate),
            "PEM in an OCTET STRING": encode.tlv(4, pem(certificate)),
            "certificate": encode.tlv(4, b"what a device signed"),
            "PKCS#7": message,
        }[form]
        said = ("--attestation", f"1.2.4:{bench.write('statement', value)}")
        path = bench.write("c.pem", pem(certificate))
        return (*said, "--attestation-cert", path) if form == "certificate" else said

    at = ("--key-label", "code", *SUBJECT)
    assert token.request(*at, *options(bench.leaf), "--json").json["warnings"] == [DRAFT]
    for wrong in (other, hsm):
        for command in (("request",), ("plan",), ("request", "--dry-run")):
            token.refused(
                *command, *token.at, *at, *options(wrong), status=9, code="ATTRIBUTE",
                says=["attests another key than that of the request", wrong.subject.rfc4514_string()],
            )  # fmt: skip
    # A device's certificate is about no key.
    warnings = token.request(*at, *options(bench.device.certificate), "--json").json["warnings"]
    assert warnings == [DRAFT, UNREAD]
    planned = token.run("plan", *token.at, *at, *options(bench.device.certificate), "-o", "p.json").ok()
    assert UNREAD in planned.err


@pytest.mark.parametrize(
    "content, options, status, code, says",
    [
        (b"", ("--attestation", "1.2.3:f"), 9, "ATTRIBUTE", ["'f'", "a value is missing"]),
        (b"{}", ("--attestation", "1.2.3:f"), 9, "ATTRIBUTE", ["not one DER value", "OCTET STRING"]),
        (b"\5\0\5\0", ("--attestation", "1.2.3:f"), 9, "ATTRIBUTE", ["byte 2: more data"]),
        (b"\5\0", ("--attestation", "tpm:f"), 9, "ATTRIBUTE", ["'tpm' is not an object identifier"]),
        (b"\5\0", ("--attestation", "f"), 64, "USAGE", ["--attestation 'f' is not TYPE:FILE"]),
        (b"\5\0", ("--attestation", "1.2.3:none"), 10, "READ", ["none"]),
        (
            encode.tlv(4, bytes(256 * 1024)),
            ("--attestation", "1.2.3:f"),
            9,
            "LIMIT",
            ["more than 262144 octets"],
        ),
        (bytes(1024 * 1024 + 1), ("--attestation", "1.2.3:f"), 9, "LIMIT", ["'f'"]),
        (
            b"\5\0",
            ("--attestation", "1.2.3:f", "--attestation-cert", "f"),
            9,
            "CERTIFICATE",
            ["'f'", "neither PEM nor DER"],
        ),
        (
            b"\5\0",
            ("--attestation-cert", "f"),
            9,
            "ATTRIBUTE",
            ["no attestation that they belong to", "--attestation TYPE:FILE"],
        ),
    ],
)
def test_attestation_refused(token, content, options, status, code, says):
    (token.work / "f").write_bytes(content)
    token.refused("request", *token.at, *SUBJECT, *options, status=status, code=code, says=says)
