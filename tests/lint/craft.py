# SPDX-License-Identifier: Apache-2.0
"""
Requests that are wrong in one way, made with an encoder and keys of the tests' own, so that each lint rule is
seen to fire.

A case is a row in cases_SET.py: a bad request, for which the rule fires, and its good neighbour, for which it
does not:

    Case("S02", "version 1", bad=Request(version=der.integer(1)), text="version"),
    Case(
        "T11",
        "wildcard in the middle",
        sets="tls-br:dv",
        bad=Request(san=[der.dns("www.*.example.com")]),
        good=Request(san=[der.dns("*.example.com")]),
        text="www.*.example.com",
    ),

`Request()` alone has no fault under the structure set: a P-256 key, the subject CN=www.example.com and that
name as a subjectAltName. Every field can be replaced by other octets (see there), and the key that signs by
any of keys.py: Request(key=keys.rsa(3072)), Request(key=keys.Rsa([p, q], exponent=3)). `good` is Request()
unless it is said. `severity` is for a rule that is an error only in part. A rule that can never be judged,
or that fires for every request, has severity="not-judged" or "info" and good=None. `data` holds the files of
--lint-data.

Every rule of `p11csr lint --list` needs a case: test_cases.py.
"""

import base64
import dataclasses
import typing

import encode as der
import keys

EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MS_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14"
CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
SAN, KEY_USAGE, BASIC, EKU = "2.5.29.17", "2.5.29.15", "2.5.29.19", "2.5.29.37"
# Types of a subject's attributes.
TYPES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "street": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "title": "2.5.4.12",
    "postalCode": "2.5.4.17",
    "GN": "2.5.4.42",
    "dnQualifier": "2.5.4.46",
    "pseudonym": "2.5.4.65",
    "organizationIdentifier": "2.5.4.97",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "email": "1.2.840.113549.1.9.1",
}
PRINTABLE = ("C", "serialNumber", "dnQualifier")
BITS = (
    "digitalSignature nonRepudiation keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign"
    " encipherOnly decipherOnly"
).split()


def dn(*pairs):
    """A Name of one attribute per RDN: dn("C=DE", "CN=www.example.com"); a value in octets is (type, DER)."""
    rdns = []
    for pair in pairs:
        kind, value = pair.split("=", 1) if isinstance(pair, str) else pair
        if isinstance(value, str):
            ia5 = kind in ("DC", "email")
            value = (der.ia5 if ia5 else der.printable if kind in PRINTABLE else der.utf8)(value)
        rdns.append([(TYPES.get(kind, kind), value)])
    return der.name(rdns)


def dns(text):
    return der.tlv(0x82, text.encode() if isinstance(text, str) else text)


def email(text):
    return der.tlv(0x81, text.encode() if isinstance(text, str) else text)


def uri(text):
    return der.tlv(0x86, text.encode() if isinstance(text, str) else text)


def ip(text):
    return der.address(text) if isinstance(text, str) else der.tlv(0x87, text)


def san(*names, critical=False):
    return der.extension(SAN, der.sequence(*names), critical)


def key_usage(*names, critical=True):
    return der.extension(KEY_USAGE, der.named_bits([BITS.index(name) for name in names]), critical)


def eku(*oids, critical=False):
    return der.extension(EKU, der.sequence(*map(der.oid, oids)), critical)


def basic(ca=True, path=None, critical=True):
    parts = (der.boolean(True) if ca else b"", der.integer(path) if path is not None else b"")
    return der.extension(BASIC, der.sequence(*parts), critical)


def extension_request(*extensions, kind=EXTENSION_REQUEST):
    return der.attribute(kind, der.sequence(*extensions))


def pem(octets, label="CERTIFICATE REQUEST", width=64, end="\n", before=""):
    text = base64.b64encode(octets).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    whole = [f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]
    return (before + end.join(whole)).encode()


@dataclasses.dataclass(frozen=True)
class Request:
    """
    A CertificationRequest (RFC 2986 section 4.2). Each field is what is encoded there, whole; None: what
    follows from the fields above it.
    """

    key: typing.Any = None  # of keys.py; None: P-256
    version: bytes = der.integer(0)
    subject: bytes = dn("CN=www.example.com")
    spki: bytes = None  # of the key
    san: tuple = (dns("www.example.com"),)  # names; none of them: no such extension
    more: tuple = ()  # extensions beside the subjectAltName
    extensions: tuple = None  # all extensions, in their order
    other: tuple = ()  # attributes beside the extensionRequest
    attributes: tuple = None  # all attributes; they are put in order
    attribute_set: bytes = None  # [0] as a whole; b"": left out
    info: bytes = None  # content of the CertificationRequestInfo
    aid: bytes = None  # signatureAlgorithm
    signature: bytes = None  # BIT STRING
    spoil: bool = False  # the signature is by the key, and wrong
    wrap: typing.Callable = der.sequence  # makes the whole of its three parts
    tail: bytes = b""
    file: typing.Callable = None  # makes the file of the DER

    def extension_list(self):
        if self.extensions is not None:
            return self.extensions
        return ((san(*self.san),) if self.san else ()) + tuple(self.more)

    def attribute_list(self):
        if self.attributes is not None:
            return self.attributes
        extensions = self.extension_list()
        return ((extension_request(*extensions),) if extensions else ()) + tuple(self.other)

    def signed(self):
        """CertificationRequestInfo."""
        if self.info is not None:
            return der.sequence(self.info)
        attributes = self.attribute_set
        if attributes is None:
            attributes = der.tlv(0xA0, der.in_order(self.attribute_list()))
        return der.sequence(self.version, self.subject, self.spki or self.signer().spki, attributes)

    def signer(self):
        return self.key or keys.curve("p256")

    def der(self):
        info, key = self.signed(), self.signer()
        signature = self.signature
        if signature is None:
            signature = der.bit_string(key.sign(info + b"x" if self.spoil else info))
        return self.wrap(info, self.aid or key.aid, signature) + self.tail

    def octets(self):
        """What is in the file."""
        return self.file(self.der()) if self.file else self.der()


@dataclasses.dataclass(frozen=True)
class Case:
    """See above. `text`: a part of what the finding says."""

    rule: str
    name: str
    bad: Request
    good: typing.Optional[Request] = Request()
    text: str = ""
    sets: str = "structure"
    severity: str = None
    data: tuple = ()  # (file name, octets)
    args: tuple = ()  # more of the command line

    @property
    def title(self):
        return f"{self.rule} {self.name}"

    @property
    def run(self):
        """Cases with the same can be judged by one command."""
        return self.sets, self.data, self.args
