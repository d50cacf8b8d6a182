# SPDX-License-Identifier: Apache-2.0
"""The TLS Baseline Requirements (T01 to T24)."""

import craft
import encode as der
import keys
import weak_keys
from craft import Case, Request, dn, dns, ip

RSA = keys.rsa(2048)
NAMES = "tlds-alpha-by-domain.txt", b"# Version 2026080700, Last Updated\nCOM\nEXAMPLE\nUK\nXN--P1AI\n"
SUFFIXES = (
    "public_suffix_list.dat",
    b"// ===BEGIN ICANN DOMAINS===\ncom\nuk\nco.uk\n*.ck\n!www.ck\n\xd1\x80\xd1\x84\n"
    b"// ===END ICANN DOMAINS===\nprivate.com\n",
)
DATA = (NAMES, SUFFIXES)
ONION = "a" * 55 + "d"
SERVER, CLIENT, CODE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3"


def tls(*names, subject=dn("C=DE"), **more):
    """A request without a common name, which would be warned of."""
    return Request(subject=subject, san=names or (dns("www.example.com"),), **more)


def key_case(rule, name, bad, good=keys.curve("p256"), **more):
    return Case(rule, name, tls(key=bad), tls(key=good), sets="tls-br", **more)


def name_case(rule, name, bad, good="www.example.com", text=None, **more):
    """`bad` and `good` are one dNSName each."""
    return Case(
        rule,
        name,
        tls(dns(bad)),
        tls(dns(good)),
        sets="tls-br",
        text=text or f"'{bad}'",
        **{"data": DATA, **more},
    )


def subject_case(rule, name, bad, good, validation="tls-br:ov", **more):
    return Case(rule, name, tls(subject=bad), tls(subject=good), sets=validation, **more)


def extension_case(rule, name, bad, good=None, key=None, **more):
    good_request = tls(key=key, more=(good,) if good else ())
    return Case(rule, name, tls(key=key, more=(bad,)), good_request, sets="tls-br", **more)


T01 = [
    key_case("T01", "RSA of 1024 bits", keys.rsa(1024), keys.rsa(2048), text="1024 bits"),
    key_case("T01", "RSA of 2047 bits", keys.rsa(2047), keys.rsa(2056), text="2047 bits, and needs"),
    key_case("T01", "RSA of 2049 bits", keys.rsa(2049), keys.rsa(2056), text="8 does not divide"),
    key_case("T01", "P-224", keys.curve("p224"), text="curve"),
    key_case("T01", "secp256k1", keys.curve("secp256k1"), keys.curve("p521"), text="curve"),
    key_case("T01", "brainpool", keys.curve("brainpoolP384r1"), keys.curve("p384"), text="curve"),
    key_case("T01", "Ed25519", keys.ED25519, text="1.3.101.112"),
    key_case("T01", "ML-DSA", keys.ML_DSA_65, text="kind"),
]

P, Q = keys.prime(1024), keys.prime(1024, 1)
UNLISTED = keys.Rsa([P, keys.prime(1024, 2)])
T02 = [
    key_case("T02", "exponent 1", keys.Rsa([P, Q], 1), RSA, text="exponent"),
    key_case("T02", "even exponent", keys.Rsa([P, Q], 65536), RSA, text="exponent"),
    key_case("T02", "exponent 3", keys.rsa(2048, 3), RSA, severity="warning", text="less than"),
    key_case("T02", "exponent 65535", keys.Rsa([P, Q], 65535), RSA, severity="warning", text="less than"),
    key_case(
        "T02", "long exponent", keys.Rsa([P, Q], 2**256 + 1), RSA, severity="warning", text="more than"
    ),
    key_case("T02", "even modulus", keys.Rsa([2, P, keys.prime(1023)]), RSA, text="divided by 2"),
    key_case(
        "T02",
        "factor 751",
        keys.Rsa([751, P, keys.prime(1014)]),
        keys.Rsa([757, P, keys.prime(1014)]),
        text="divided by 751",
    ),
    key_case("T02", "square of a prime", keys.Rsa([P, P]), RSA, text="a power, with the exponent 2"),
    key_case("T02", "cube of a prime", keys.Rsa([keys.prime(683)] * 3), RSA, text="exponent 3"),
    key_case("T02", "prime modulus", keys.Rsa([2**2203 - 1]), RSA, text="is a prime"),
]

OTHER = keys.rsa(3072)
LISTS = (
    ("blacklist.RSA-2048", b"# weak\n" + weak_keys.listed_by_debian(RSA) + b"ffffffffffffffffffff\n"),
    ("blocked-keys.txt", weak_keys.blocked(OTHER) + weak_keys.blocked(keys.curve("p384"))),
)
T03 = [
    key_case(
        "T03",
        "RSA in Debian's list",
        RSA,
        UNLISTED,
        data=LISTS,
        text="blacklist.RSA-2048",
    ),
    key_case("T03", "RSA that is blocked", OTHER, keys.curve("p256"), data=LISTS, text="blocked-keys.txt"),
    key_case(
        "T03",
        "EC that is blocked",
        keys.curve("p384"),
        keys.curve("p256"),
        data=LISTS,
        text="blocked-keys.txt",
    ),
    key_case(
        "T03",
        "no list for RSA",
        keys.rsa(4096),
        UNLISTED,
        data=LISTS,
        severity="not-judged",
        text="blacklist.RSA-4096'",
    ),
    key_case(
        "T03",
        "no list for the size",
        keys.rsa(2056),
        UNLISTED,
        data=LISTS,
        severity="not-judged",
        text="2056 bits",
    ),
    key_case(
        "T03",
        "no list for EC",
        keys.curve("p384"),
        keys.rsa(8200),
        data=DATA,
        severity="not-judged",
        text="blocked-keys.txt'",
    ),
]

T04 = [key_case("T04", "ROCA", weak_keys.roca(), RSA, text="CVE-2017-15361")]
T05 = [
    key_case("T05", "neighbours", weak_keys.close(), RSA, text="in round 1 of 100"),
    key_case(
        "T05",
        "round 100",
        weak_keys.found_in_round(100),
        weak_keys.found_in_round(101),
        text="in round 100 of 100",
    ),
]
T06 = [Case("T06", "always told", tls(), None, sets="tls-br", severity="info")]


def spki(oid, parameters, key):
    return keys.spki(keys.algorithm(oid, parameters), key)


POINT = b"\x04" + keys.curve("p256").x + keys.curve("p256").y
T07 = [
    Case(
        "T07",
        "RSA without NULL",
        tls(key=RSA, spki=spki(keys.RSA_ENCRYPTION, b"", RSA.public)),
        tls(key=RSA),
        sets="tls-br",
        text="octet for octet",
    ),
    Case(
        "T07",
        "key for PSS",
        tls(key=RSA, spki=spki("1.2.840.113549.1.1.10", b"", RSA.public)),
        tls(key=RSA),
        sets="tls-br",
        text="id-RSASSA-PSS",
    ),
    Case(
        "T07",
        "curve with a NULL behind it",
        tls(
            spki=keys.spki(
                der.sequence(der.oid(keys.EC_PUBLIC_KEY), der.oid("1.2.840.10045.3.1.7"), der.null()), POINT
            )
        ),
        tls(),
        sets="tls-br",
        text="octet for octet",
    ),
]

T08 = [
    Case(
        "T08",
        "not an alternative name",
        tls(subject=dn("CN=other.example.com")),
        tls(),
        sets="tls-br",
        text="'other.example.com'",
    ),
    Case(
        "T08",
        "other case",
        tls(subject=dn("CN=WWW.example.com")),
        tls(),
        sets="tls-br",
        text="'WWW.example.com'",
    ),
    Case(
        "T08",
        "two of them",
        tls(subject=dn("CN=www.example.com", "CN=www.example.com")),
        tls(),
        sets="tls-br",
        text="2 common names",
    ),
    Case("T08", "one at all", Request(), tls(), sets="tls-br", severity="warning", text="not recommended"),
    Case(
        "T08",
        "address in long form",
        tls(ip("2606:2800::1"), subject=dn("CN=2606:2800:0:0:0:0:0:1")),
        tls(ip("2606:2800::1")),
        sets="tls-br",
        text="'2606:2800:0:0:0:0:0:1'",
    ),
    Case(
        "T08",
        "as BMPString",
        tls(dns(der.content(der.bmp("a.com"))), subject=dn(("CN", der.bmp("a.com")))),
        tls(),
        sets="tls-br",
        text="is not one of the alternative names",
    ),
]

OTHER_NAME = der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8("user@example.com"))
T09 = [
    Case("T09", kind, tls(dns("www.example.com"), name), tls(ip("8.8.8.8")), sets="tls-br", text=text)
    for kind, name, text in (
        ("otherName", OTHER_NAME, "upn"),
        ("email", craft.email("a@example.com"), "email"),
        ("URI", craft.uri("https://example.com/"), "uri"),
        ("directory name", der.tlv(0xA4, dn("CN=x")), "dirname"),
        ("registered ID", der.tlv(0x88, der.content(der.oid("1.2.3"))), "rid"),
    )
] + [
    Case("T09", "none", tls(extensions=()), tls(), sets="tls-br", text="no alternative name"),
    Case(
        "T09",
        "email only",
        tls(craft.email("a@example.com")),
        tls(),
        sets="tls-br",
        text="no alternative name",
    ),
]

T10 = [
    name_case("T10", "underscore", "a_b.example.com"),
    name_case("T10", "trailing dot", "example.com.", "example.com"),
    name_case("T10", "empty label", "a..example.com"),
    name_case("T10", "hyphen first", "-a.example.com", "a-b.example.com"),
    name_case("T10", "hyphen last", "a-.example.com", "a--b.example.com"),
    name_case("T10", "label of 64", "a" * 64 + ".com", "a" * 63 + ".com", text="63 octets"),
    name_case(
        "T10",
        "name of 254",
        ".".join(["a" * 49] * 4 + ["a" * 50, "com"]),
        ".".join(["a" * 49] * 5 + ["com"]),
        text="253 octets",
    ),
    name_case("T10", "reserved label", "ab--c.example.com", "ab-c.example.com"),
    name_case("T10", "no Punycode", "xn--zzzzzzzz99.com", "xn--bcher-kva.com", text="Punycode"),
    name_case("T10", "no Punycode behind a wildcard", "*.xn--.com", "*.XN--BCHER-KVA.com"),
    name_case("T10", "UTF-8", "b\u00fccher.com", text="not ASCII"),
    name_case("T10", "empty", "", text="''"),
    name_case("T10", "blank", "a b.com"),
]

T11 = [
    name_case("T11", "in the middle", "www.*.example.com", "*.www.example.com"),
    name_case("T11", "part of a label", "w*.example.com", "*.example.com"),
    name_case("T11", "two of them", "*.*.example.com"),
    name_case("T11", "alone", "*", "*.com.com"),
    name_case("T11", "before nothing", "*.", "*.example.com"),
    name_case("T11", "before a top-level domain", "*.com", "*.private.com", text="public suffix"),
    name_case("T11", "before a suffix of two labels", "*.CO.uk", "*.example.co.uk", text="public suffix"),
    name_case("T11", "before a suffix by wildcard", "*.any.ck", "*.www.ck", text="public suffix"),
    name_case("T11", "before an international suffix", "*.xn--p1ai", "*.a.xn--p1ai", text="public suffix"),
]

T12 = [
    name_case("T12", "no top-level domain", "server.internal", text="internal name"),
    name_case("T12", "by a list of a date", "server.internal", text="(list of 2026080700, Last Updated)"),
    name_case(
        "T12",
        "by a list without a date",
        "server.internal",
        data=(("tlds-alpha-by-domain.txt", b"COM"),),
        text="tlds-alpha-by-domain.txt)",
    ),
    name_case("T12", "one label", "localhost", "host.example"),
    name_case("T12", "an address", "192.0.2.1"),
    name_case("T12", "long label", "a." + "com" * 5000, text="internal name"),
    name_case("T12", "reverse zone", "1.2.0.192.in-addr.arpa", text="addresses back"),
    name_case(
        "T12", "reverse zone of IPv6", "0.8.b.d.0.1.0.0.2.IP6.ARPA", ONION + ".onion", text="addresses back"
    ),
    name_case("T12", "one label without a list", "printer", "a.com", data=(SUFFIXES,), text="nobody owns"),
    name_case("T12", "mDNS without a list", "nas.local", "a.com", data=(SUFFIXES,), text="nobody owns"),
    name_case(
        "T12", "no list", "a.com", ONION + ".onion", data=(SUFFIXES,), severity="not-judged", text=NAMES[0]
    ),
]

T13 = [
    Case(
        "T13",
        f"{text} {bad}",
        tls(ip(bad)),
        tls(ip(good)),
        sets="tls-br",
        text=f"iPAddress {bad} is for a special purpose: {text}",
    )
    for bad, good, text in (
        ("10.1.2.3", "11.1.2.3", "Private-Use"),
        ("127.0.0.1", "128.0.0.1", "Loopback"),
        ("169.254.1.1", "169.253.1.1", "Link Local"),
        ("203.0.113.9", "203.0.114.9", "Documentation"),
        ("fe80::1", "2606:2800::1", "Link-Local"),
        ("2001:db8::1", "2001:db9::1", "Documentation"),
        ("fd00::1", "2a00::1", "Unique-Local"),
    )
] + [
    Case(
        "T13",
        "by a file",
        tls(ip("198.41.0.4")),
        tls(ip("10.1.2.3")),
        sets="tls-br",
        data=(("special-addresses.txt", b"# Date: 2031-02-03\n198.41.0.0/24 Somebody\n"),),
        text="198.41.0.4 is for a special purpose: Somebody (list of 2031-02-03)",
    )
]

T14 = [
    name_case("T14", "version 2", "expyuzz4wqqyqhjn.onion", ONION + ".onion", text="56 characters"),
    name_case(
        "T14", "of 55 characters", ONION[1:] + ".onion", "www." + ONION + ".onion", text="56 characters"
    ),
    name_case(
        "T14", "of wrong characters", "1" + ONION[1:] + ".onion", "*." + ONION + ".onion", text="2 to 7"
    ),
    name_case("T14", "of another version", ONION[:-1] + "a.ONION", ONION.upper() + ".ONION", text="d.onion"),
    name_case("T14", "nothing in front", "onion", "onion.com", text="version 3"),
]

T15 = [
    subject_case("T15", "OU", dn("C=DE", "OU=IT"), dn("C=DE"), "tls-br", text="attribute OU"),
    subject_case("T15", "O with DV", dn("C=DE", "O=Example"), dn("C=DE"), "tls-br:dv", text="attribute O,"),
    subject_case(
        "T15",
        "unknown type with DV",
        dn("C=DE", ("1.2.3.4", der.utf8("x"))),
        dn("CN=www.example.com"),
        "tls-br:dv",
        text="1.2.3.4",
    ),
    subject_case(
        "T15", "OU with OV", dn("C=DE", "ST=BY", "O=E", "OU=IT"), dn("C=DE", "ST=BY", "O=E"), text="OU"
    ),
    subject_case(
        "T15",
        "validation unsaid",
        dn("C=DE", "O=E"),
        dn("C=DE"),
        "tls-br",
        severity="not-judged",
        text="tls-br:dv",
    ),
]

WHOLE = dn(
    "DC=com",
    "DC=example",
    "C=DE",
    "ST=BY",
    "L=M",
    "postalCode=1",
    "street=a",
    "street=b",
    "O=E",
    "CN=www.example.com",
)
TWO = der.name([[(craft.TYPES["C"], der.printable("DE")), (craft.TYPES["ST"], der.utf8("BY"))]])
T16 = [
    subject_case("T16", "order", dn("O=Example", "C=DE"), WHOLE, text="attribute C, which belongs before"),
    subject_case(
        "T16",
        "CN first",
        dn("CN=www.example.com", "C=DE"),
        dn("C=DE", "CN=www.example.com"),
        text="belongs before",
    ),
    subject_case("T16", "two in an RDN", TWO, dn("C=DE", "ST=BY"), text="shares its RDN"),
    subject_case(
        "T16",
        "twice",
        dn("C=DE", "O=A", "O=B"),
        dn("C=DE", ("serialNumber", der.printable("1")), "O=A"),
        text="attribute O, which was there before",
    ),
    subject_case(
        "T16",
        "unknown type twice",
        dn(("1.2.3", der.utf8("x")), ("1.2.3", der.utf8("y"))),
        dn(("1.2.3", der.utf8("x")), ("1.2.4", der.utf8("y"))),
        text="was there before",
    ),
    subject_case(
        "T16", "hyphen", dn("C=DE", "ST=-", "O=A"), dn("C=DE", "ST=a-b", "O=A"), text="'-' says only"
    ),
    subject_case(
        "T16", "dots and blanks", dn("C=DE", "O=. . ."), dn("C=DE", "O=. . a"), text="'. . .' says only"
    ),
    subject_case(
        "T16",
        "Teletex",
        dn("C=DE", ("O", der.teletex(b"A"))),
        dn("C=DE", ("O", der.printable("A"))),
        text="neither UTF8String nor",
    ),
    subject_case("T16", "DC in UTF-8", dn(("DC", der.utf8("com"))), dn("DC=com"), text="no IA5String"),
]

OV = dn("C=DE", "ST=BY", "O=Example")
IV = dn("C=DE", "L=Munich", "SN=Doe", "GN=Jo")
T17 = [
    subject_case("T17", "OV without C", dn("ST=BY", "O=Example"), OV, text="no attribute C,"),
    subject_case("T17", "OV without O", dn("C=DE", "ST=BY"), OV, text="no attribute O,"),
    subject_case("T17", "OV without place", dn("C=DE", "O=Example"), OV, text="neither ST nor L"),
    subject_case(
        "T17", "OV with a person", dn("C=DE", "L=M", "O=E", "SN=Doe"), OV, text="the attribute surname"
    ),
    subject_case(
        "T17", "OV with a given name", dn("C=DE", "L=M", "O=E", "GN=Jo"), OV, text="the attribute givenName"
    ),
    subject_case(
        "T17", "IV without C", dn("L=Munich", "SN=Doe", "GN=Jo"), IV, "tls-br:iv", text="no attribute C,"
    ),
    subject_case(
        "T17", "IV without surname", dn("C=DE", "L=M", "GN=Jo"), IV, "tls-br:iv", text="no attribute surname"
    ),
    subject_case(
        "T17",
        "IV without given name",
        dn("C=DE", "L=M", "SN=Doe"),
        IV,
        "tls-br:iv",
        text="no attribute givenName",
    ),
    subject_case(
        "T17", "IV without place", dn("C=DE", "SN=Doe", "GN=Jo"), IV, "tls-br:iv", text="neither ST nor L"
    ),
    Case("T17", "validation unsaid", tls(), None, sets="tls-br", severity="not-judged", text="tls-br:ov"),
]

T18 = [
    extension_case("T18", "no serverAuth", craft.eku(CLIENT), craft.eku(SERVER), text="lacks serverAuth"),
    extension_case("T18", "codeSigning", craft.eku(SERVER, CODE), craft.eku(SERVER), text="codeSigning"),
    extension_case("T18", "any", craft.eku(SERVER, "2.5.29.37.0"), text="any"),
    extension_case("T18", "emailProtection", craft.eku(SERVER, "1.3.6.1.5.5.7.3.4"), text="emailProtection"),
    extension_case("T18", "timeStamping", craft.eku(SERVER, "1.3.6.1.5.5.7.3.8"), text="timeStamping"),
    extension_case("T18", "OCSPSigning", craft.eku(SERVER, "1.3.6.1.5.5.7.3.9"), text="OCSPSigning"),
    extension_case(
        "T18", "precertificates", craft.eku(SERVER, "1.3.6.1.4.1.11129.2.4.4"), text="may not have"
    ),
    extension_case(
        "T18",
        "clientAuth",
        craft.eku(SERVER, CLIENT),
        craft.eku(SERVER),
        severity="warning",
        text="clientAuth",
    ),
    extension_case("T18", "unknown", craft.eku(SERVER, "1.2.3.4"), severity="warning", text="1.2.3.4"),
]

T19 = [
    extension_case(
        "T19",
        "EC without signature",
        craft.key_usage("keyAgreement"),
        craft.key_usage("digitalSignature"),
        text="lacks digitalSignature",
    ),
    extension_case(
        "T19",
        "EC with keyEncipherment",
        craft.key_usage("digitalSignature", "keyEncipherment"),
        text="keyEncipherment",
    ),
    extension_case(
        "T19",
        "EC with keyAgreement",
        craft.key_usage("digitalSignature", "keyAgreement"),
        severity="warning",
        text="keyAgreement",
    ),
    extension_case(
        "T19",
        "RSA with nonRepudiation",
        craft.key_usage("nonRepudiation"),
        craft.key_usage("keyEncipherment"),
        RSA,
        text="nonRepudiation",
    ),
    extension_case(
        "T19",
        "RSA with keyCertSign",
        craft.key_usage("digitalSignature", "keyCertSign"),
        craft.key_usage("digitalSignature", "keyEncipherment"),
        RSA,
        text="keyCertSign",
    ),
    extension_case(
        "T19",
        "RSA with dataEncipherment",
        craft.key_usage("dataEncipherment"),
        key=RSA,
        severity="warning",
        text="dataEncipherment",
    ),
]

END = der.extension(craft.BASIC, der.sequence(), True)
T20 = [
    extension_case("T20", "a CA", craft.basic(), END, text="cA TRUE"),
    extension_case("T20", "path length", craft.basic(path=0), END, text="path length"),
]
SUBTREES = der.sequence(der.tlv(0xA0, der.sequence(dns("example.com"))))
T21 = [
    extension_case(
        "T21", "name constraints", der.extension("2.5.29.30", SUBTREES, True), text="nameConstraints"
    )
]
T22 = [
    extension_case(
        "T22",
        "key identifier",
        der.extension("2.5.29.14", der.octet_string(bytes(20))),
        text="subjectKeyIdentifier",
    )
]
T23 = [
    extension_case(
        "T23", "template", der.extension("1.3.6.1.4.1.311.20.2", der.bmp("WebServer")), text="public Internet"
    ),
    extension_case(
        "T23",
        "own arc",
        der.extension("1.3.6.1.4.1.99999.1", der.null()),
        der.extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5))),
        text="1.3.6.1.4.1.99999.1",
    ),
    extension_case(
        "T23", "Netscape", der.extension("2.16.840.1.113730.1.1", der.null()), text="public Internet"
    ),
]
T24 = [Case("T24", "always told", tls(), None, sets="tls-br", severity="info", text="200 days")]

CASES = [
    *(T01 + T02 + T03 + T04 + T05 + T06 + T07 + T08 + T09 + T10 + T11 + T12),
    *(T13 + T14 + T15 + T16 + T17 + T18 + T19 + T20 + T21 + T22 + T23 + T24),
]
