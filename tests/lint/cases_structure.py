# SPDX-License-Identifier: Apache-2.0
"""The structure set: encoding, keys and signatures (S01 to S09, S18, S20)."""

import craft
import encode as der
import keys
from craft import Case, Request, dn, dns, extension_request

P256 = keys.curve("p256")
RSA = keys.rsa(2048)
NAME = dns("www.example.com")
SAN = craft.san(NAME)
CN, COUNTRY = craft.TYPES["CN"], craft.TYPES["C"]
PKCS1 = "1.2.840.113549.1.1.11"
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
PASSWORD = der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("secret"))
UNSTRUCTURED = "1.2.840.113549.1.9.2"
TWO = (extension_request(SAN), der.attribute(UNSTRUCTURED, der.utf8("x")))


def one_extension(oid, value, critical=False):
    return Request(more=(der.extension(oid, value, critical),))


def swapped(*parts):
    """A set in the order that DER does not allow."""
    ordered = der.in_order(parts)
    wrong = b"".join(reversed(sorted(parts, key=ordered.index)))
    assert wrong != ordered
    return wrong


KU_SIGN = craft.key_usage("digitalSignature")

S01 = [
    Case("S01", "octet behind the request", Request(tail=b"\0"), text="more data"),
    Case("S01", "request behind the request", Request(tail=Request().der()), text="more data"),
    Case(
        "S01",
        "long length of the whole",
        Request(wrap=lambda *parts: der.long_form(der.sequence(*parts))),
        text="shortest",
    ),
    Case(
        "S01",
        "long length of the subject",
        Request(subject=der.long_form(dn("CN=a.example"))),
        text="shortest",
    ),
    Case("S01", "long length of the version", Request(version=b"\x02\x81\x01\x00"), text="shortest"),
    Case(
        "S01",
        "long length of an attribute",
        Request(attributes=(der.long_form(extension_request(SAN), 2),)),
        text="shortest",
    ),
    Case("S01", "long length of an extension", Request(extensions=(der.long_form(SAN),)), text="shortest"),
    Case(
        "S01",
        "long length in an extension",
        one_extension(craft.EKU, der.sequence(der.long_form(der.oid(SERVER)))),
        one_extension(craft.EKU, der.sequence(der.oid(SERVER))),
        text="shortest",
    ),
    Case(
        "S01",
        "long length in a directoryName",
        Request(san=(der.tlv(0xA4, der.long_form(dn("CN=a"))),)),
        Request(san=(der.tlv(0xA4, dn("CN=a")),)),
        text="shortest",
    ),
    Case(
        "S01",
        "octet behind the value of an extension",
        one_extension(craft.EKU, der.sequence(der.oid(SERVER)) + b"\5\0"),
        one_extension(craft.EKU, der.sequence(der.oid(SERVER))),
        text="more data",
    ),
    Case(
        "S01",
        "octet behind the key",
        Request(spki=der.sequence(der.content(P256.spki), der.null())),
        text="more data",
    ),
    Case("S01", "octet behind the signature", Request(wrap=lambda *parts: der.sequence(*parts, b"\5\0"))),
    Case("S01", "INTEGER with a leading zero", Request(version=b"\x02\x02\x00\x00"), text="shortest"),
    Case(
        "S01",
        "critical is 01",
        Request(more=(der.extension(craft.EKU, der.sequence(der.oid(SERVER)), der.tlv(1, b"\1")),)),
        Request(more=(craft.eku(SERVER, critical=True),)),
        text="BOOLEAN",
    ),
    Case(
        "S01",
        "cA is 01",
        one_extension(craft.BASIC, der.sequence(der.tlv(1, b"\1")), True),
        Request(more=(craft.basic(),)),
        text="BOOLEAN",
    ),
    Case(
        "S01",
        "arc of an OID with a leading 80",
        one_extension(craft.EKU, der.sequence(der.tlv(6, b"\x2b\x80\x06\x01\x05"))),
        one_extension(craft.EKU, der.sequence(der.oid("1.3.6.1.5"))),
    ),
    Case(
        "S01",
        "modulus with a leading zero",
        Request(
            key=RSA,
            spki=keys.spki(
                keys.algorithm(keys.RSA_ENCRYPTION, der.null()),
                der.sequence(
                    der.tlv(2, b"\0" + der.content(der.integer(RSA.modulus))), der.integer(RSA.exponent)
                ),
            ),
        ),
        Request(key=RSA),
        text="shortest",
    ),
    Case(
        "S01",
        "signature of unused bits",
        Request(signature=der.bit_string(b"\x30\x06\x02\x01\x01\x02\x01\x00", 4)),
        text="BIT STRING",
    ),
    Case(
        "S01",
        "rest of an RDN",
        Request(subject=der.sequence(der.tlv(0x31, der.sequence(der.oid(CN), der.utf8("a"), der.null())))),
        text="more data",
    ),
]

S02 = [
    Case("S02", f"version {number}", Request(version=der.integer(number)), text="version")
    for number in (1, 2, 127)
]

S03 = [
    Case(
        "S03",
        "attributes are missing",
        Request(attribute_set=b""),
        Request(attribute_set=b"\xa0\x00"),
        text="missing",
    ),
    Case(
        "S03",
        "attributes are not in order",
        Request(attribute_set=der.tlv(0xA0, swapped(*TWO))),
        Request(attributes=TWO),
        text="order",
    ),
    Case(
        "S03",
        "values of an attribute are not in order",
        Request(other=(der.sequence(der.oid(UNSTRUCTURED), der.tlv(0x31, der.utf8("b") + der.utf8("a"))),)),
        Request(other=(der.attribute(UNSTRUCTURED, der.utf8("b"), der.utf8("a")),)),
        text="order",
    ),
    Case(
        "S03",
        "parts of an RDN are not in order",
        Request(
            subject=der.sequence(
                der.tlv(
                    0x31,
                    swapped(
                        der.sequence(der.oid(CN), der.utf8("a")),
                        der.sequence(der.oid(COUNTRY), der.printable("DE")),
                    ),
                )
            )
        ),
        Request(subject=der.name([[(CN, der.utf8("a")), (COUNTRY, der.printable("DE"))]])),
        text="order",
    ),
    Case(
        "S03",
        "the same value twice, the longer first",
        Request(other=(der.sequence(der.oid(UNSTRUCTURED), der.tlv(0x31, der.utf8("bb") + der.utf8("b"))),)),
        Request(other=(der.attribute(UNSTRUCTURED, der.utf8("b"), der.utf8("bb")),)),
        text="order",
    ),
]

S04 = [
    Case(
        "S04",
        "attribute without a value",
        Request(other=(der.attribute(UNSTRUCTURED),)),
        Request(other=(der.attribute("1.3.6.1.4.1.99999.1", b"\x1f\x81\x00\x00"),)),  # tag number 128
        text="no value",
    ),
    Case(
        "S04",
        "extensionRequest without a value",
        Request(attributes=(der.attribute(craft.EXTENSION_REQUEST),)),
    ),
    Case(
        "S04",
        "two passwords",
        Request(other=(PASSWORD, der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("x")))),
    ),
    Case(
        "S04",
        "password of two values",
        Request(other=(der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("a"), der.utf8("b")),)),
        Request(other=(PASSWORD,)),
    ),
    Case(
        "S04",
        "extensionRequest of two values",
        Request(
            attributes=(der.attribute(craft.EXTENSION_REQUEST, der.sequence(SAN), der.sequence(KU_SIGN)),)
        ),
        Request(extensions=(SAN, KU_SIGN)),
    ),
    Case(
        "S04",
        "password that is no text",
        Request(other=(der.attribute(craft.CHALLENGE_PASSWORD, der.integer(3)),)),
        Request(other=(PASSWORD,)),
        text="no text",
    ),
    Case(
        "S04",
        "password of 256 characters",
        Request(other=(der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("ä" * 256)),)),
        Request(other=(der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("ä" * 255)),)),
        text="no text",
    ),
    Case(
        "S04",
        "unknown attribute twice",
        Request(
            other=(
                der.attribute("1.3.6.1.4.1.99999.1", der.utf8("a")),
                der.attribute("1.3.6.1.4.1.99999.1", der.null()),
            )
        ),
        Request(other=(der.attribute("1.3.6.1.4.1.99999.1", der.utf8("a"), der.null()),)),
    ),
]

S05 = [
    Case(
        "S05",
        "two extensionRequests",
        Request(attributes=(extension_request(SAN), extension_request(KU_SIGN))),
        Request(extensions=(SAN, KU_SIGN)),
    ),
    Case(
        "S05",
        "extensionRequest and Microsoft's",
        Request(attributes=(extension_request(SAN), extension_request(KU_SIGN, kind=craft.MS_EXTENSIONS))),
        Request(attributes=(extension_request(SAN, kind=craft.MS_EXTENSIONS),)),
    ),
    Case(
        "S05",
        "no extensions in the extensionRequest",
        Request(attributes=(extension_request(),)),
        Request(san=()),
    ),
    Case("S05", "extension twice", Request(extensions=(SAN, SAN))),
    Case(
        "S05",
        "unknown extension twice",
        Request(
            more=(
                der.extension("1.3.6.1.4.1.99999.2", der.null()),
                der.extension("1.3.6.1.4.1.99999.2", der.utf8("x")),
            )
        ),
        Request(more=(der.extension("1.3.6.1.4.1.99999.2", der.null()),)),
    ),
]

S06 = [
    Case("S06", "signature of other content", Request(spoil=True), text="verify"),
    Case(
        "S06", "RSA signature of other content", Request(key=RSA, spoil=True), Request(key=RSA), text="verify"
    ),
    Case(
        "S06",
        "Ed25519 signature of other content",
        Request(key=keys.ED25519, spoil=True),
        Request(key=keys.ED25519),
    ),
    Case(
        "S06",
        "signature of another key",
        Request(spki=keys.curve("p384").spki),
        Request(key=keys.curve("p384")),
    ),
    Case("S06", "RSA algorithm for an EC key", Request(aid=RSA.aid)),
    Case("S06", "EC algorithm for an RSA key", Request(key=RSA, aid=P256.aid), Request(key=RSA)),
    Case("S06", "r and s without their SEQUENCE", Request(signature=der.bit_string(bytes(range(1, 65))))),
    Case("S06", "empty signature", Request(signature=der.bit_string(b""))),
    Case(
        "S06",
        "another hash than the one named",
        Request(key=keys.curve("p256", "sha384"), aid=P256.aid),
        Request(key=keys.curve("p256", "sha384")),
    ),
    Case(
        "S06",
        "another salt than the one named",
        Request(key=RSA.with_scheme("pss", salt=20), aid=RSA.with_scheme("pss").aid),
        Request(key=RSA.with_scheme("pss")),
    ),
    Case(
        "S06",
        "key for PSS alone, signature of PKCS #1",
        Request(key=RSA, spki=keys.spki(keys.algorithm("1.2.840.113549.1.1.10"), RSA.public)),
        Request(
            key=RSA.with_scheme("pss"), spki=keys.spki(keys.algorithm("1.2.840.113549.1.1.10"), RSA.public)
        ),
    ),
    Case(
        "S06",
        "ECDSA algorithm for an ML-DSA key",
        Request(key=keys.ML_DSA_44, aid=P256.aid),
        Request(key=keys.ML_DSA_44),
        text="fit",
    ),
    Case("S06", "signature of a key that cannot sign", Request(key=keys.ML_KEM_768), text="fit"),
    Case("S06", "ML-DSA is not verifiable here", Request(key=keys.ML_DSA_44), severity="not-judged"),
]


def rsa_key(aid):
    return Request(key=RSA, spki=keys.spki(aid, RSA.public))


def pss(digest="sha256", salt=None, **fields):
    key = RSA.with_scheme("pss", digest, salt)
    return Request(
        key=key, aid=keys.algorithm("1.2.840.113549.1.1.10", keys.pss_parameters(digest, salt, **fields))
    )


S07 = [
    Case("S07", "ECDSA with NULL", Request(aid=keys.algorithm(keys.ECDSA_SCHEMES["sha256"], der.null()))),
    Case("S07", "RSA signature without NULL", Request(key=RSA, aid=keys.algorithm(PKCS1)), Request(key=RSA)),
    Case(
        "S07",
        "Ed25519 with NULL",
        Request(key=keys.ED25519, aid=keys.algorithm("1.3.101.112", der.null())),
        Request(key=keys.ED25519),
    ),
    Case(
        "S07",
        "Ed448 with NULL",
        Request(key=keys.ED448, aid=keys.algorithm("1.3.101.113", der.null())),
        Request(key=keys.ED448),
    ),
    Case("S07", "RSA key without NULL", rsa_key(keys.algorithm(keys.RSA_ENCRYPTION)), Request(key=RSA)),
    Case(
        "S07",
        "RSA key with an OID for parameters",
        rsa_key(keys.algorithm(keys.RSA_ENCRYPTION, der.oid("1.2.3"))),
        Request(key=RSA),
    ),
    Case(
        "S07",
        "Ed25519 key with NULL",
        Request(
            key=keys.ED25519, spki=keys.spki(keys.algorithm("1.3.101.112", der.null()), keys.ED25519.octets)
        ),
        Request(key=keys.ED25519),
    ),
    Case(
        "S07",
        "ML-DSA key with NULL",
        Request(
            key=keys.ML_DSA_44,
            spki=keys.spki(keys.algorithm("2.16.840.1.101.3.4.3.17", der.null()), keys.ML_DSA_44.octets),
        ),
        Request(key=keys.ML_DSA_44),
    ),
    Case(
        "S07",
        "ML-DSA signature with NULL",
        Request(key=keys.ML_DSA_65, aid=keys.algorithm("2.16.840.1.101.3.4.3.18", der.null())),
        Request(key=keys.ML_DSA_65),
    ),
    Case(
        "S07",
        "PSS without parameters",
        Request(key=RSA.with_scheme("pss"), aid=keys.algorithm("1.2.840.113549.1.1.10")),
        pss(),
    ),
    Case("S07", "trailerField that is the default", pss(trailer=der.explicit(3, der.integer(1))), pss()),
    Case(
        "S07",
        "salt length that is the default",
        pss(salt=20, salt_length=der.explicit(2, der.integer(20))),
        pss(salt=20),
    ),
    Case(
        "S07",
        "hash that is the default",
        pss("sha1", hash=der.explicit(0, keys.algorithm(keys.HASHES["sha1"], der.null()))),
        pss("sha1"),
    ),
]

POINT = b"\x04" + P256.x + P256.y
ODD = bytes([2 + P256.y[-1] % 2]) + P256.x
EXPLICIT = der.sequence(
    der.integer(1),
    der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(2**256 - 2**224 + 2**192 + 2**96 - 1)),
    der.sequence(
        der.octet_string((2**256 - 2**224 + 2**192 + 2**96 - 4).to_bytes(32, "big")),
        der.octet_string(bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")),
    ),
    der.octet_string(
        bytes.fromhex(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        )
    ),
    der.integer(P256.order),
    der.integer(1),
)


def point(octets):
    return Request(spki=P256.spki_of(octets))


def ec_parameters(parameters):
    return Request(spki=keys.spki(keys.algorithm(keys.EC_PUBLIC_KEY, parameters), POINT))


S08 = [
    Case("S08", "point not on the curve", point(POINT[:-1] + bytes([POINT[-1] ^ 1])), text="curve"),
    Case("S08", "point beyond the field", point(b"\x04" + b"\xff" * 64)),
    Case("S08", "point at infinity", point(b"\0"), text="infinity"),
    Case("S08", "point cut short", point(POINT[:-1])),
    Case("S08", "point too long", point(POINT + b"\0")),
    Case("S08", "no point", point(b"")),
    Case("S08", "point of unknown form", point(b"\x05" + POINT[1:])),
    Case("S08", "hybrid point", point(bytes([6 + P256.y[-1] % 2]) + POINT[1:])),
    Case("S08", "compressed point", point(ODD), text="compressed", severity="warning"),
    Case("S08", "curve by its parameters", ec_parameters(EXPLICIT)),
    Case("S08", "curve of the CA", ec_parameters(der.null())),
    Case("S08", "no curve", ec_parameters(b"")),
    Case(
        "S08",
        "point of another curve",
        ec_parameters(der.oid("1.3.132.0.34")),
        Request(key=keys.curve("p384")),
    ),
]


def rsa_values(modulus, exponent):
    public = der.sequence(modulus, exponent)
    return Request(key=RSA, spki=keys.spki(keys.algorithm(keys.RSA_ENCRYPTION, der.null()), public))


MODULUS, EXPONENT = der.integer(RSA.modulus), der.integer(65537)
S09 = [
    Case(
        "S09",
        "even modulus",
        rsa_values(der.integer(RSA.modulus - 1), EXPONENT),
        Request(key=RSA),
        text="even",
    ),
    Case("S09", "even exponent", rsa_values(MODULUS, der.integer(65536)), Request(key=RSA), text="even"),
    Case("S09", "exponent 1", rsa_values(MODULUS, der.integer(1)), Request(key=keys.rsa(1024, 3))),
    Case("S09", "exponent 0", rsa_values(MODULUS, der.integer(0)), Request(key=RSA)),
    Case(
        "S09",
        "negative modulus",
        rsa_values(der.integer(-RSA.modulus), EXPONENT),
        Request(key=RSA),
        text="negative",
    ),
    Case("S09", "negative exponent", rsa_values(MODULUS, der.integer(-3)), Request(key=RSA), text="negative"),
    Case(
        "S09",
        "modulus without its sign octet",
        rsa_values(der.tlv(2, der.content(MODULUS)[1:]), EXPONENT),
        Request(key=RSA),
        text="negative",
    ),
    Case("S09", "modulus 0", rsa_values(der.integer(0), EXPONENT), Request(key=RSA)),
]

S18 = [
    Case(
        "S18",
        "RSA with SHA-1",
        Request(key=RSA.with_scheme(digest="sha1")),
        Request(key=RSA.with_scheme(digest="sha224")),
    ),
    Case("S18", "RSA with MD5", Request(key=RSA.with_scheme(digest="md5")), Request(key=RSA)),
    Case("S18", "ECDSA with SHA-1", Request(key=keys.curve("p256", "sha1"))),
    Case(
        "S18",
        "PSS with SHA-1",
        Request(key=RSA.with_scheme("pss", "sha1")),
        Request(key=RSA.with_scheme("pss")),
    ),
]


def written(**form):
    return Request(file=lambda octets: craft.pem(octets, **form))


S20 = [
    Case("S20", "label NEW CERTIFICATE REQUEST", written(label="NEW CERTIFICATE REQUEST"), written()),
    Case("S20", "text before the request", written(before="for you:\n"), written()),
    Case("S20", "lines of 76", written(width=76), written(end="\r\n")),
]

CASES = [*S01, *S02, *S03, *S04, *S05, *S06, *S07, *S08, *S09, *S18, *S20]
