# SPDX-License-Identifier: Apache-2.0
"""
Evidence that a key lives in a device: certificates like those that devices make, from a vendor of the test's
own. No device takes part.
"""

import datetime
import json
import re
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

import support

sys.path.append(str(support.TESTS / "lib"))
import encode  # noqa: E402

YUBICO = "1.3.6.1.4.1.41482."
PIV = {"3.3": b"\x05\x04\x03", "3.7": b"\x02\x04\x00\xbc\x61\x4e", "3.8": b"\x02\x01", "3.9": b"\x03"}
HSM = {
    "4.1": b"\x04\x03\x02\x03\x01",
    "4.2": b"\x02\x03\x73\x57\x10",
    "4.3": b"\x03\x02\x00\x01",
    "4.4": b"\x03\x03\x00\x00\x01",
    "4.6": b"\x02\x01\x07",
    "4.9": b"\x0c\x04code",
}
DAY = datetime.timedelta(days=1)
SUBJECT = ("--subject", "CN=code")


class Device:
    """One that issues: a vendor's root, an intermediate, or the device itself."""

    def __init__(self, name, issuer=None, ca=True, extensions=None, key=None, days=(-10, 3000)):
        self.name = support.name(name)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer or self
        self.certificate = self.issuer.issue(name, self.key.public_key(), ca, extensions, days)

    def issue(self, name, public_key, ca=None, extensions=None, days=(-10, 3000), key=None):
        """`ca`: None for no basic constraints at all."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(support.name(name))
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        for oid, value in (extensions or {}).items():
            unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(YUBICO + oid), value)
            builder = builder.add_extension(unknown, critical=False)
        return builder.sign(key or self.key, hashes.SHA256())


def pem(*certificates):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def certificates(text):
    """Those in a PEM file, in its order."""
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    assert b"".join(blocks) == text
    return [x509.load_pem_x509_certificate(block) for block in blocks]


class Bench:
    """A key 'code' on a token, and what a vendor would say about it."""

    def __init__(self, token):
        self.token = token
        token.make_key("p256", "code", "03")
        self.csr = token.work / "code.csr"
        token.request("--key-label", "code", *SUBJECT, "-o", self.csr)
        self.public = x509.load_pem_x509_csr(self.csr.read_bytes()).public_key()
        self.root = Device("Vendor Root")
        self.middle = Device("Vendor Intermediate", self.root)
        self.device = Device("Device 4711", self.middle)
        self.leaf = self.device.issue("YubiKey PIV Attestation 9c", self.public, False, PIV)
        self.root_file = self.write("root.pem", pem(self.root.certificate))

    def write(self, name, content):
        path = self.token.work / name
        path.write_bytes(content)
        return path

    def chain(self, leaf=None):
        return pem(leaf or self.leaf, self.device.certificate, self.middle.certificate)

    def verify(self, *files, root=None, key=None, **more):
        roots = ("--root", root or self.root_file) if root != "" else ()
        return self.token.run(
            "attest", "verify", *files, "--key-for", key or self.csr, *roots, "--json", **more
        )

    def says_no(self, *files, says, root=None, key=None):
        self.token.refused(
            "attest",
            "verify",
            *files,
            "--key-for",
            key or self.csr,
            *(("--root", root or self.root_file) if root != "" else ()),
            status=1,
            code="CHECK_FAILED",
            says=says,
        )


@pytest.fixture(name="bench")
def fixture_bench(token):
    return Bench(token)


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


def test_device_that_is_no_ca(bench):
    """Some devices' own certificate has no basic constraints: let pass below the root, and said."""
    device = Device("Device 5", bench.root, ca=None)
    leaf = device.issue("Attestation 9c", bench.public, None, PIV)
    path = bench.write("a.pem", pem(leaf, device.certificate))
    answer = bench.verify(path).ok().json
    assert "'CN=Device 5' does not say that it may issue certificates" in answer["attestation"]["lenient"][0]
    assert answer["warnings"] == answer["attestation"]["lenient"]
    # Not deeper, not when it says that it is none, and never an attested key.
    deeper = Device("Device 6", bench.middle, ca=None)
    leaf = deeper.issue("A", bench.public, None, PIV)
    path = bench.write("b.pem", pem(leaf, deeper.certificate, bench.middle.certificate))
    bench.says_no(path, says="'CN=Device 6': invalid CA certificate")
    denied = Device("Device 7", bench.root, ca=False)
    leaf = denied.issue("A", bench.public, None, PIV)
    bench.says_no(bench.write("c.pem", pem(leaf, denied.certificate)), says="invalid CA certificate")


def test_attested_key_attests_nothing(bench):
    """Whoever holds an attested key could otherwise attest keys in software with it."""
    software = ec.generate_private_key(ec.SECP256R1())
    for issuer in (bench.root, bench.device):
        for ca in (None, False):
            attested = Device("YubiKey PIV Attestation 9a", issuer, ca=ca, extensions=PIV, key=software)
            leaf = attested.issue("YubiKey PIV Attestation 9c", bench.public, False, PIV)
            chain = pem(leaf, attested.certificate, bench.device.certificate, bench.middle.certificate)
            bench.says_no(bench.write(f"{ca}.pem", chain), says="invalid CA certificate")


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


def store(bench, certificate, label, key_id):
    path = bench.write(f"{key_id}.store", der(certificate))
    bench.token.tool("--write-object", path, "--type", "cert", "--label", label, "--id", key_id)


def test_collect_from_token(bench):
    """As Yubico's module shows them: the attestation of each slot, and the device's own certificate."""
    token = bench.token
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    store(bench, bench.leaf, "X.509 Certificate for PIV Attestation 9c", "1b")
    store(
        bench, bench.device.issue("A 9a", other, False, PIV), "X.509 Certificate for PIV Attestation 9a", "19"
    )
    store(bench, bench.device.certificate, "X.509 Certificate for PIV Attestation", "f9")
    store(
        bench, support.Authority().issue(support.name("code"), bench.public), "X.509 Certificate for 9c", "03"
    )
    middle = bench.write("middle.pem", pem(bench.middle.certificate))
    found = token.run(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", "--files", middle, "--root",
        bench.root_file, "--json",
    ).ok()  # fmt: skip
    assert found.json["attestation"]["level"] == "vendor-attested" and found.json["folder"] == "e"
    folder = token.work / "e"
    assert sorted(path.name for path in folder.iterdir()) == [
        "attestation.pem",
        "evidence.json",
        "report.json",
        "report.txt",
    ]
    bundle = certificates((folder / "attestation.pem").read_bytes())
    assert bundle == [bench.leaf, bench.device.certificate, bench.middle.certificate]
    evidence = json.loads((folder / "evidence.json").read_text())
    support.validate(evidence, "evidence-file")
    assert evidence["attestation"] == found.json["attestation"]
    assert any("object=X.509%20Certificate" in one["name"] for one in evidence["attestation"]["files"])
    support.validate(json.loads((folder / "report.json").read_text()), "report-file")
    assert "this is no evidence" in (folder / "report.txt").read_text()
    bench.verify(folder).ok()
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", status=11, code="FILE_EXISTS",
        says="e/attestation.pem",
    )  # fmt: skip
    again = token.run(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", "--force", "--json"
    ).ok()
    assert again.json["attestation"]["level"] == "not-verified"
    assert "not verified to a root" in again.json["attestation"]["why"]


def test_nothing_to_collect(bench):
    token = bench.token
    store(bench, support.Authority().issue(support.name("code"), bench.public), "code", "03")
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", status=3, code="CERT_NOT_FOUND",
        says=["no certificate certifies the public key", "--files FILE"],
    )  # fmt: skip
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", status=64, code="USAGE", says="-o names"
    )
    path = bench.write("a.pem", bench.chain())
    token.refused("attest", "verify", path, status=64, code="USAGE", says="say which key: --key-for FILE")


def test_request_with_evidence(bench):
    token = bench.token
    path = bench.write("a.pem", bench.chain())
    made = token.request(
        "--key-label",
        "code",
        *SUBJECT,
        "--evidence",
        "e",
        "--files",
        path,
        "--root",
        bench.root_file,
        "--json",
    ).json
    assert made["key"]["evidence"] == "vendor-attested"
    assert made["key"]["attestation"]["vendor"]["device"] == "YubiKey PIV"
    assert made["key"]["protection"]["evidence"] == "module-reported"
    bench.verify(token.work / "e").ok()
    # Without an attestation there is the report, and a warning.
    plain = token.request("--key-label", "code", *SUBJECT, "--evidence", "p", "--json").json
    assert plain["key"]["evidence"] == "module-reported"
    assert "not attested by its vendor: no certificate certifies" in plain["warnings"][0]
    assert sorted(p.name for p in (token.work / "p").iterdir()) == [
        "evidence.json",
        "report.json",
        "report.txt",
    ]
    token.refused(
        "request", *token.at, "--key-label", "code", *SUBJECT, "--root", path, status=64, code="USAGE",
        says="--root goes with --evidence DIR",
    )  # fmt: skip
    token.refused(
        "request", *token.at, "--key-label", "code", *SUBJECT, "--evidence", "p", status=11,
        code="FILE_EXISTS", says="p/evidence.json",
    )  # fmt: skip


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
    assert done.err.count(DRAFT) == 1
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
