# SPDX-License-Identifier: Apache-2.0
"""The structure set: subject, names, extensions and attributes (S10 to S17, S19)."""

import craft
import encode as der
import keys
from craft import Case, Request, dn, dns

NAME = dns("www.example.com")
PASSWORD = der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("secret"))
SERVER = "1.3.6.1.5.5.7.3.1"


def subject(kind, value):
    return Request(subject=dn((kind, value)))


def one_extension(oid, value, critical=False):
    return Request(more=(der.extension(oid, value, critical),))


def usage(value, critical=True):
    return one_extension(craft.KEY_USAGE, value, critical)


S10 = [
    Case("S10", "country in UTF8String", subject("C", der.utf8("DE")), subject("C", der.printable("DE"))),
    Case(
        "S10",
        "country of three letters",
        subject("C", der.printable("DEU")),
        subject("C", der.printable("DE")),
    ),
    Case(
        "S10",
        "country of small letters",
        subject("C", der.printable("de")),
        subject("C", der.printable("DE")),
    ),
    Case("S10", "empty country", subject("C", der.printable("")), subject("C", der.printable("DE"))),
    Case("S10", "CN of 65 characters", subject("CN", der.utf8("x" * 65)), subject("CN", der.utf8("x" * 64))),
    Case(
        "S10",
        "CN of 65 two-octet characters",
        subject("CN", der.utf8("ä" * 65)),
        subject("CN", der.utf8("ä" * 64)),
    ),
    Case("S10", "empty CN", subject("CN", der.utf8("")), subject("CN", der.utf8("x"))),
    Case("S10", "O of 65 characters", subject("O", der.utf8("x" * 65)), subject("O", der.utf8("x" * 64))),
    Case("S10", "OU of 65 characters", subject("OU", der.utf8("x" * 65)), subject("OU", der.utf8("x" * 64))),
    Case("S10", "L of 129 characters", subject("L", der.utf8("x" * 129)), subject("L", der.utf8("x" * 128))),
    Case(
        "S10", "ST of 129 characters", subject("ST", der.utf8("x" * 129)), subject("ST", der.utf8("x" * 128))
    ),
    Case(
        "S10",
        "serialNumber in UTF8String",
        subject("serialNumber", der.utf8("1")),
        subject("serialNumber", der.printable("1")),
    ),
    Case(
        "S10",
        "serialNumber of 65 characters",
        subject("serialNumber", der.printable("1" * 65)),
        subject("serialNumber", der.printable("1" * 64)),
    ),
    Case(
        "S10",
        "'@' in PrintableString",
        subject("CN", der.printable("a@example")),
        subject("CN", der.utf8("a@example")),
    ),
    Case(
        "S10",
        "'*' in PrintableString",
        subject("CN", der.printable("*.example")),
        subject("CN", der.utf8("*.example")),
    ),
    Case(
        "S10",
        "'_' in PrintableString",
        subject("O", der.printable("a_b")),
        subject("O", der.printable("a-b")),
    ),
    Case(
        "S10",
        "TeletexString",
        subject("CN", der.teletex(b"Gr\xfcn")),
        subject("CN", der.utf8("Grün")),
        severity="warning",
    ),
    Case(
        "S10",
        "BMPString",
        subject("CN", der.bmp("Grün")),
        subject("CN", der.utf8("Grün")),
        severity="warning",
    ),
    Case(
        "S10",
        "UniversalString",
        subject("CN", der.tlv(0x1C, "x".encode("utf-32-be"))),
        subject("CN", der.utf8("x")),
        severity="warning",
    ),
    Case(
        "S10",
        "IA5String for CN",
        subject("CN", der.ia5("www.example.com")),
        subject("CN", der.printable("www.example.com")),
    ),
    Case("S10", "OCTET STRING for CN", subject("CN", der.octet_string(b"x")), subject("CN", der.utf8("x"))),
    Case(
        "S10",
        "zero octet in CN",
        subject("CN", der.utf8("good.example\0.bad.example")),
        subject("CN", der.utf8("good.example")),
    ),
    Case("S10", "line feed in O", subject("O", der.utf8("a\nb")), subject("O", der.utf8("a b"))),
    Case(
        "S10", "CN that is not UTF-8", subject("CN", der.tlv(0x0C, b"a\xff")), subject("CN", der.utf8("aÿ"))
    ),
    Case("S10", "overlong UTF-8", subject("CN", der.tlv(0x0C, b"a\xc0\xaf")), subject("CN", der.utf8("a/"))),
    Case(
        "S10",
        "surrogate in UTF-8",
        subject("CN", der.tlv(0x0C, b"\xed\xa0\x80")),
        subject("CN", der.utf8("x")),
    ),
    Case("S10", "DC in UTF8String", subject("DC", der.utf8("example")), subject("DC", der.ia5("example"))),
    Case(
        "S10",
        "email address in UTF8String",
        subject("email", der.utf8("a@example.com")),
        subject("email", der.ia5("a@example.com")),
    ),
    Case(
        "S10",
        "email address of 256 characters",
        subject("email", der.ia5("a" * 243 + "@" + "b.example.co")),
        subject("email", der.ia5("a" * 242 + "@" + "b.example.co")),
    ),
    Case(
        "S10",
        "BMPString of an odd length",
        subject("CN", der.tlv(0x1E, b"\0a\0")),
        subject("CN", der.utf8("a")),
        text="no text",
    ),
    Case(
        "S10",
        "text of unknown type that is none",
        subject("1.3.6.1.4.1.99999.3", der.tlv(0x0C, b"\xff")),
        subject("1.3.6.1.4.1.99999.3", der.utf8("ÿ")),
    ),
    Case("S10", "empty RDN", Request(subject=der.sequence(der.set_of()))),
    Case(
        "S10", "empty RDN among others", Request(subject=der.sequence(der.content(dn("CN=a")), der.set_of()))
    ),
]


def names(*encoded):
    return Request(san=encoded)


S11 = [
    Case("S11", "no names", Request(extensions=(craft.san(),)), names(NAME)),
    Case("S11", "address of 5 octets", names(craft.ip(b"\1\2\3\4\5")), names(craft.ip(b"\1\2\3\4"))),
    Case("S11", "address with its mask", names(craft.ip(bytes(8))), names(craft.ip("192.0.2.1"))),
    Case("S11", "address of no octets", names(craft.ip(b"")), names(craft.ip("2001:db8::1"))),
    Case("S11", "dNSName in UTF-8", names(dns("bücher.example")), names(dns("xn--bcher-kva.example"))),
    Case("S11", "empty dNSName", names(dns(""))),
    Case("S11", "dNSName of a space", names(dns(" "))),
    Case("S11", "dNSName with a dot at its end", names(dns("www.example.com.")), text="www.example.com."),
    Case("S11", "directoryName that is no text", names(der.tlv(0xA4, dn(("CN", der.tlv(12, b"\xff")))))),
    Case("S11", "zero octet in a dNSName", names(dns("a.example\0.b.example")), names(dns("a.example"))),
    Case(
        "S11",
        "rfc822Name in UTF-8",
        names(craft.email("jürgen@example.com")),
        names(craft.email("j@example.com")),
    ),
    Case(
        "S11",
        "rfc822Name without a domain",
        names(craft.email("somebody")),
        names(craft.email("a@example.com"), craft.email('"a b"@example.com'), craft.email("a@[192.0.2.1]")),
    ),
    Case(
        "S11",
        "URI without a scheme",
        names(craft.uri("//www.example.com/")),
        names(craft.uri("https://www.example.com/")),
    ),
    Case(
        "S11",
        "URI in UTF-8",
        names(craft.uri("https://bücher.example/")),
        names(craft.uri("https://xn--bcher-kva.example/")),
    ),
    Case("S11", "name of an unknown kind", names(der.tlv(0x89, b"x"))),
    Case(
        "S11",
        "otherName without a value",
        names(der.tlv(0xA0, der.oid("1.3.6.1.4.1.311.20.2.3"))),
        names(der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8("a@b.example"))),
    ),
    Case(
        "S11",
        "directoryName with an implicit tag",
        names(der.tlv(0xA4, der.content(dn("CN=a")))),
        names(der.tlv(0xA4, dn("CN=a"))),
    ),
    Case(
        "S11",
        "registeredID of no octets",
        names(der.tlv(0x88, b"")),
        names(der.tlv(0x88, der.content(der.oid("1.2.3.4")))),
    ),
    Case(
        "S11",
        "a SET of names",
        Request(extensions=(der.extension(craft.SAN, der.set_of(NAME)),)),
    ),
]

S12 = [
    Case("S12", "key usage not trimmed", usage(b"\x03\x02\x00\x80"), usage(b"\x03\x02\x07\x80")),
    Case(
        "S12", "key usage with an octet of zeros", usage(b"\x03\x03\x07\x80\x00"), usage(b"\x03\x02\x07\x80")
    ),
    Case("S12", "key usage of no bits", usage(b"\x03\x01\x00"), usage(b"\x03\x02\x07\x80")),
    Case(
        "S12",
        "cA that is the default",
        one_extension(craft.BASIC, der.sequence(der.boolean(False)), True),
        one_extension(craft.BASIC, der.sequence(), True),
    ),
    Case(
        "S12",
        "critical that is the default",
        Request(more=(der.extension(craft.EKU, der.sequence(der.oid(SERVER)), der.boolean(False)),)),
        Request(more=(craft.eku(SERVER),)),
    ),
    Case(
        "S12",
        "basic constraints of a CA that are not critical",
        one_extension(craft.BASIC, der.sequence(der.boolean(True))),
        one_extension(craft.BASIC, der.sequence(der.boolean(True)), True),
        severity="warning",
        text="not critical",
    ),
    Case(
        "S12",
        "signs certificates and is no CA",
        Request(
            more=(
                der.extension(craft.BASIC, der.sequence(), True),
                der.extension(craft.KEY_USAGE, b"\x03\x02\x02\x04", True),
            )
        ),
        Request(
            more=(
                der.extension(craft.BASIC, der.sequence(der.boolean(True)), True),
                der.extension(craft.KEY_USAGE, b"\x03\x02\x02\x04", True),
            )
        ),
        severity="warning",
        text="keyCertSign",
    ),
    Case(
        "S12",
        "subject key identifier that is critical",
        one_extension("2.5.29.14", der.octet_string(b"identifier"), True),
        one_extension("2.5.29.14", der.octet_string(b"identifier")),
        severity="warning",
        text="never",
    ),
]

EMPTY = der.sequence()
S13 = [
    Case("S13", "critical names beside a subject", Request(extensions=(craft.san(NAME, critical=True),))),
    Case(
        "S13",
        "names of an empty subject are not critical",
        Request(subject=EMPTY),
        Request(subject=EMPTY, extensions=(craft.san(NAME, critical=True),)),
    ),
    Case("S13", "neither subject nor names", Request(subject=EMPTY, san=()), Request(san=())),
]

S14 = [
    Case("S14", "password", Request(other=(PASSWORD,))),
    Case(
        "S14", "empty password", Request(other=(der.attribute(craft.CHALLENGE_PASSWORD, der.printable("")),))
    ),
]

S15 = [Case("S15", "the token is not asked", Request(), None, severity="not-judged")]

POSSESSION = der.attribute(
    "1.3.6.1.4.1.22112.2.1", der.sequence(der.sequence(dn("CN=Test CA"), der.integer(1)))
)
AGREEMENT = craft.key_usage("keyAgreement")
S16 = [
    Case(
        "S16",
        "statement of an ML-DSA key",
        Request(key=keys.ML_DSA_44, other=(POSSESSION,)),
        Request(key=keys.X25519, more=(AGREEMENT,), other=(POSSESSION,)),
    ),
    Case(
        "S16",
        "statement of an Ed25519 key",
        Request(key=keys.ED25519, other=(POSSESSION,)),
        Request(key=keys.ML_KEM_768, more=(craft.key_usage("keyEncipherment"),), other=(POSSESSION,)),
    ),
    Case(
        "S16",
        "statement of a key for signatures",
        Request(key=keys.X25519, more=(craft.key_usage("digitalSignature"),), other=(POSSESSION,)),
        Request(key=keys.X25519, more=(AGREEMENT,), other=(POSSESSION,)),
    ),
]


def mute(key, *bits):
    return Request(key=key, more=(craft.key_usage(*bits),))


HASH_ML_DSA = keys.Mute("2.16.840.1.101.3.4.3.32", 1312, 2420)
COMPOSITE = keys.Mute("1.3.6.1.5.5.7.6.40", 1377, 2492)
S17 = [
    Case(
        "S17",
        "ML-DSA-65 key of a wrong length",
        mute(keys.Mute("2.16.840.1.101.3.4.3.18", 1951, 3309), "digitalSignature"),
        mute(keys.Mute("2.16.840.1.101.3.4.3.18", 1952, 3309), "digitalSignature"),
        text="1951 octets where its parameter set has 1952",
    ),
    Case(
        "S17",
        "SLH-DSA-SHA2-192f key of a wrong length",
        mute(keys.Mute("2.16.840.1.101.3.4.3.23", 32, 35664), "digitalSignature"),
        mute(keys.Mute("2.16.840.1.101.3.4.3.23", 48, 35664), "digitalSignature"),
        text="32 octets where its parameter set has 48",
    ),
    Case(
        "S17",
        "SLH-DSA-SHAKE-256s key of a wrong length",
        mute(keys.Mute("2.16.840.1.101.3.4.3.30", 63, 29792), "digitalSignature"),
        mute(keys.Mute("2.16.840.1.101.3.4.3.30", 64, 29792), "digitalSignature"),
        text="63 octets where its parameter set has 64",
    ),
    Case(
        "S17",
        "ML-KEM-1024 key of a wrong length",
        mute(keys.Mute("2.16.840.1.101.3.4.4.3", 1184, 70, keys.ML_KEM_768.aid), "keyEncipherment"),
        mute(keys.Mute("2.16.840.1.101.3.4.4.3", 1568, 70, keys.ML_KEM_768.aid), "keyEncipherment"),
        text="1184 octets where its parameter set has 1568",
    ),
    Case(
        "S17",
        "ML-DSA for encryption",
        mute(keys.ML_DSA_44, "keyEncipherment"),
        mute(keys.ML_DSA_44, "digitalSignature"),
    ),
    Case(
        "S17",
        "ML-DSA for agreement too",
        mute(keys.ML_DSA_87, "digitalSignature", "keyAgreement"),
        mute(keys.ML_DSA_87, "digitalSignature", "keyCertSign", "cRLSign"),
    ),
    Case(
        "S17",
        "SLH-DSA for encryption",
        mute(keys.SLH_DSA_SHA2_128S, "dataEncipherment"),
        mute(keys.SLH_DSA_SHA2_128S, "nonRepudiation"),
    ),
    Case(
        "S17",
        "composite for encryption",
        mute(COMPOSITE, "keyEncipherment"),
        mute(COMPOSITE, "digitalSignature"),
    ),
    Case(
        "S17",
        "ML-KEM for signatures",
        mute(keys.ML_KEM_768, "digitalSignature"),
        mute(keys.ML_KEM_768, "keyEncipherment"),
    ),
    Case(
        "S17",
        "ML-KEM for more",
        mute(keys.ML_KEM_768, "keyEncipherment", "keyAgreement"),
        mute(keys.ML_KEM_768, "keyEncipherment"),
    ),
    Case("S17", "HashML-DSA", Request(key=HASH_ML_DSA), Request(key=keys.ML_DSA_44)),
]

HTTP = craft.uri("http://ca.example/a")
ACCESS = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), HTTP))
POINTS = der.sequence(der.sequence(der.explicit(0, der.explicit(0, HTTP))))
S19 = [
    Case("S19", "poison", one_extension("1.3.6.1.4.1.11129.2.4.3", der.null(), True)),
    Case("S19", "poison that is no NULL", one_extension("1.3.6.1.4.1.11129.2.4.3", b"", True)),
    Case("S19", "list of timestamps", one_extension("1.3.6.1.4.1.11129.2.4.2", der.octet_string(b"\0\0"))),
    Case(
        "S19",
        "authority key identifier",
        one_extension("2.5.29.35", der.sequence(der.tlv(0x80, b"x" * 20))),
        severity="warning",
    ),
    Case(
        "S19", "authority information access", one_extension("1.3.6.1.5.5.7.1.1", ACCESS), severity="warning"
    ),
    Case("S19", "CRL points", one_extension("2.5.29.31", POINTS), severity="warning"),
]


CASES = [*S10, *S11, *S12, *S13, *S14, *S15, *S16, *S17, *S19]
