# SPDX-License-Identifier: Apache-2.0
"""Evidence that a key lives in a device: whether it holds, by `attest verify`."""

import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

import support
from vendor import FIRMWARE, HSM, PIV, SUBJECT, Device, der, pem


def test_good_chain(bench):
    path = bench.write("attestation.pem", bench.chain())
    answer = bench.verify(path).ok().json
    found = answer["attestation"]
    assert found["level"] == "vendor-attested" and found["why"] is None and found["lenient"] == []
    assert [one["subject"] for one in found["chain"]] == [
        "CN=YubiKey PIV Attestation 9c",
        "CN=Device 4711",
        "CN=Vendor Intermediate",
    ]
    assert found["root"]["subject"] == "CN=Vendor Root"
    assert found["vendor"] == {
        "device": "YubiKey PIV",
        "firmware": "5.4.3",
        "serial": 12345678,
        "policy": {"pin": "once", "touch": "never"},
        "form-factor": "USB-C keychain",
    }
    token = bench.token
    plain = token.run("attest", "verify", path, "--key-for", bench.csr, "--root", bench.root_file).ok()
    assert plain.out.startswith("vendor-attested\n") and "5.4.3" in plain.out
    # The key by the token itself, and by its certificate.
    token.run(
        "attest", "verify", path, *token.at, "--key-label", "code", "--root", bench.root_file, "--json"
    ).ok()
    certificate = bench.write("code.der", der(support.Authority().issue(support.name("code"), bench.public)))
    bench.verify(path, key=certificate).ok()
    # openssl comes to the same.
    done = token.other("openssl", "verify", "-CAfile", bench.root_file, "-untrusted", path, path, check=False)
    assert done.returncode == 0, done


def test_forms_of_files(bench):
    """PEM, DER one by one, PKCS#7 in both: what vendors' tools write."""
    others = [bench.device.certificate, bench.middle.certificate]
    split = [bench.write(f"{i}.der", der(c)) for i, c in enumerate([bench.leaf, *others])]
    bench.verify(*split).ok()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        message = pkcs7.serialize_certificates([*others, bench.leaf], encoding)
        bench.verify(bench.write("pkc.p7b", message)).ok()
    bench.verify("-", stdin=bench.chain()).ok()
    bench.says_no(split[0], split[1], says="'CN=Device 4711': unable to get")
    for content, says in (
        (b"", "it is empty"),
        (b"text", "neither PEM nor DER"),
        (der(bench.leaf)[:-1], "cannot be read"),
        (
            b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x05\x00",
            "no PKCS#7 message with certificates",
        ),
        (
            b"-----BEGIN PKCS7-----\nMAsGCSqGSIb3DQEHAg==\n-----END PKCS7-----\n",
            "no PKCS#7 message with certificates",
        ),
        (
            b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x00\x00",
            "no PKCS#7 message with certificates",
        ),
        (bench.csr.read_bytes(), "is not a certificate"),
    ):
        bench.token.refused(
            "attest",
            "verify",
            bench.write("bad", content),
            "--key-for",
            bench.csr,
            status=9,
            code="CERTIFICATE",
            says=[says, "bad"],
        )


def test_hsm(bench):
    leaf = bench.device.issue("YubiHSM Attestation id:0x0007", bench.public, None, HSM)
    found = bench.verify(bench.write("a.pem", bench.chain(leaf))).ok().json["attestation"]["vendor"]
    assert found == {
        "device": "YubiHSM 2",
        "firmware": "2.3.1",
        "serial": 7558928,
        "origin": "generated",
        "domains": "0001",
        "object-id": 7,
        "label": "code",
    }


def test_another_key(bench):
    other = bench.device.issue(
        "PIV Attestation 9a", ec.generate_private_key(ec.SECP256R1()).public_key(), False
    )
    bench.says_no(bench.write("a.pem", bench.chain(other)), says="no certificate certifies the public key")
    key = bench.token.make_key("p256", "other", "04")
    bench.token.request("--key-label", "other", *SUBJECT, "-o", "other.csr")
    bench.says_no(
        bench.write("b.pem", bench.chain()),
        key=bench.token.work / "other.csr",
        says="no certificate certifies the public key",
    )
    assert key["spki-sha256"]


def test_another_root(bench):
    path = bench.write("a.pem", bench.chain())
    imposter = bench.write("imposter.pem", pem(Device("Vendor Root").certificate))
    bench.says_no(path, root=imposter, says="'CN=Vendor Intermediate'")
    bench.says_no(path, root="", says="not verified to a root: none was given")
    # The chain's own end is no root, however often it is there.
    whole = bench.write("whole.pem", bench.chain() + pem(bench.root.certificate))
    bench.says_no(whole, root="", says="not verified to a root")
    bench.says_no(whole, root=imposter, says="CN=Vendor")
    # What is trusted may be in the middle, but not the attestation itself.
    bench.verify(path, root=bench.write("m.pem", pem(bench.middle.certificate))).ok()
    bench.says_no(path, root=bench.write("l.pem", pem(bench.leaf)), says="the attestation certificate itself")


def test_damaged_and_expired(bench):
    damaged = bytearray(der(bench.leaf))
    damaged[-1] ^= 1
    rest = bench.write("rest.pem", pem(bench.device.certificate, bench.middle.certificate))
    bench.says_no(bench.write("d.der", bytes(damaged)), rest, says="certificate signature failure")
    expired = bench.device.issue("A", bench.public, False, PIV, days=(-10, -1))
    bench.says_no(bench.write("e.pem", bench.chain(expired)), says="certificate has expired")
    early = bench.device.issue("A", bench.public, False, PIV, days=(1, 10))
    bench.says_no(bench.write("f.pem", bench.chain(early)), says="certificate is not yet valid")
    forged = bench.device.issue("A", bench.public, False, PIV, key=ec.generate_private_key(ec.SECP256R1()))
    bench.says_no(bench.write("g.pem", bench.chain(forged)), says="certificate signature failure")


NO_CA = "without basic constraints only a root, or a known vendor's device right below one, may issue"


def test_device_that_is_no_ca(bench):
    """Some YubiKeys' own certificate has the firmware's version and nothing else: let pass, and said."""
    device = Device("Yubico PIV Attestation", bench.root, ca=None, extensions=FIRMWARE)
    leaf = device.issue("YubiKey PIV Attestation 9c", bench.public, None, PIV)
    path = bench.write("a.pem", pem(leaf, device.certificate))
    lenient = bench.verify(path).ok().json
    said = "'CN=Yubico PIV Attestation' does not say that it may issue certificates"
    assert said in lenient["attestation"]["lenient"][0]
    assert lenient["warnings"] == lenient["attestation"]["lenient"]
    # Not deeper, not when it says that it is none, and never an attested key.
    deeper = Device("Device 6", bench.middle, ca=None, extensions=FIRMWARE)
    leaf = deeper.issue("A", bench.public, None, PIV)
    path = bench.write("b.pem", pem(leaf, deeper.certificate, bench.middle.certificate))
    bench.says_no(path, says="'CN=Device 6': " + NO_CA)
    denied = Device("Device 7", bench.root, ca=False, extensions=FIRMWARE)
    leaf = denied.issue("A", bench.public, None, PIV)
    bench.says_no(bench.write("c.pem", pem(leaf, denied.certificate)), says="'CN=Device 7': invalid CA")


@pytest.mark.parametrize("extensions", [{}, {"3.1": b"\5\4\3"}])
def test_other_certificates_of_the_vendor(bench, extensions):
    """A vendor's root certifies more than devices: what is no CA and no known device attests nothing."""
    other = Device("Web Server", bench.root, ca=None, extensions=extensions)
    leaf = other.issue("YubiKey PIV Attestation 9c", bench.public, None, PIV)
    path = bench.write("a.pem", pem(leaf, other.certificate))
    bench.says_no(path, says="'CN=Web Server': " + NO_CA)
    # Who trusts it says so.
    lenient = bench.verify(path, root=bench.write("other.pem", pem(other.certificate))).ok().json["warnings"]
    assert "'CN=Web Server' does not say that it may issue certificates" in lenient[0]


def test_attested_key_attests_nothing(bench):
    """Whoever holds an attested key could otherwise attest keys in software with it."""
    software = ec.generate_private_key(ec.SECP256R1())
    for issuer in (bench.root, bench.device):
        for ca, says in ((None, "an attested key attests no others"), (False, "invalid CA certificate")):
            attested = Device("YubiKey PIV Attestation 9a", issuer, ca=ca, extensions=PIV, key=software)
            leaf = attested.issue("YubiKey PIV Attestation 9c", bench.public, False, PIV)
            chain = pem(leaf, attested.certificate, bench.device.certificate, bench.middle.certificate)
            path = bench.write(f"{ca}.pem", chain)
            bench.says_no(path, says=says)
            bench.says_no(path, root=bench.write("attested.pem", pem(attested.certificate)), says=says)


def test_weak_keys(bench):
    weak = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=Weak Root", "-keyout",
         bench.token.work / "weak.key", "-days", "9"],
        capture_output=True,
        check=True,
    ).stdout  # fmt: skip
    key = serialization.load_pem_private_key((bench.token.work / "weak.key").read_bytes(), None)
    root = Device("Weak Root", key=key)
    leaf = root.issue("A", bench.public, False, PIV)
    path = bench.write("a.pem", pem(leaf))
    bench.says_no(path, root=bench.write("weak.pem", weak), says="too weak")
