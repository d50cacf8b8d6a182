# SPDX-License-Identifier: Apache-2.0
"""
Certificates like those that devices make for keys in them, from a vendor of the test's own. No device takes
part.
"""

import datetime
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import support

YUBICO = "1.3.6.1.4.1.41482."
PIV = {"3.3": b"\x05\x04\x03", "3.7": b"\x02\x04\x00\xbc\x61\x4e", "3.8": b"\x02\x01", "3.9": b"\x03"}
# All that the certificate of some devices says of itself.
FIRMWARE = {"3.3": b"\x05\x02\x04"}
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
