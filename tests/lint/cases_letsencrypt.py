# SPDX-License-Identifier: Apache-2.0
"""What Let's Encrypt takes (L01 to L11)."""

import craft
import encode as der
import keys
import weak_keys
from cases_tls import DATA, LISTS, ONION, P, Q, RSA, UNLISTED
from craft import Case, Request, dn, dns, ip


def request(*names, subject=dn(), **more):
    return Request(subject=subject, san=names or (dns("www.example.com"),), **more)


def case(rule, name, bad, good=request(), **more):
    return Case(rule, name, bad, good, **{"sets": "letsencrypt", "data": DATA, **more})


def key_case(rule, name, bad, good=keys.curve("p256"), **more):
    return case(rule, name, request(key=bad), request(key=good), **more)


def name_case(name, bad, good="www.example.com", text=None, **more):
    """`bad` and `good` are one dNSName each."""
    return case("L10", name, request(dns(bad)), request(dns(good)), text=text or f"'{bad}'", **more)


def common_name(text, *names):
    return request(*names, subject=dn(f"CN={text}"))


L01 = [
    key_case("L01", "RSA of 2056 bits", keys.rsa(2056), RSA, text="2056 bits"),
    key_case("L01", "RSA of 1024 bits", keys.rsa(1024), keys.rsa(3072), text="1024 bits"),
    key_case("L01", "exponent 3", keys.rsa(2048, 3), keys.rsa(4096), text="not 65537"),
    key_case("L01", "exponent 65539", keys.Rsa([P, Q], 65539), RSA, text="not 65537"),
    key_case("L01", "P-521", keys.curve("p521"), keys.curve("p384"), text="none of RSA"),
    key_case("L01", "Ed25519", keys.ED25519, text="none of RSA"),
    case(
        "L01",
        "key for PSS",
        request(key=RSA, spki=keys.spki(keys.algorithm("1.2.840.113549.1.1.10"), RSA.public)),
        request(key=RSA),
        text="none of RSA",
    ),
]
L02 = [
    key_case("L02", "RSA-PSS", RSA.with_scheme("pss"), RSA.with_scheme(digest="sha384"), text="pss"),
    key_case(
        "L02", "RSA with SHA-1", RSA.with_scheme(digest="sha1"), RSA.with_scheme(digest="sha512"), text="sha1"
    ),
    key_case("L02", "ECDSA with SHA-1", keys.curve("p256", "sha1"), text="1.2.840.10045.4.1"),
    key_case(
        "L02", "ECDSA with SHA-224", keys.curve("p256", "sha224"), keys.curve("p256", "sha512"), text="sha224"
    ),
    key_case("L02", "Ed25519", keys.ED25519, text="ed25519"),
]
WWW = dns("www.example.com")
L03 = [
    case("L03", "email", request(WWW, craft.email("a@example.com")), text="'a@example.com'"),
    case("L03", "URI", request(WWW, craft.uri("https://example.com/")), text="'https://example.com/'"),
]
L04 = [
    case("L04", "IPv4", common_name("192.0.2.1"), common_name("www.example.com"), text="'192.0.2.1'"),
    case("L04", "IPv6", common_name("2001:db8::1"), common_name("2001.db8"), text="'2001:db8::1'"),
]
L05 = [
    case(
        "L05", "65 octets", common_name("a" * 61 + ".com"), common_name("a" * 60 + ".com"), text="64 octets"
    ),
    case("L05", "33 characters of 66 octets", common_name("ü" * 33), common_name("ü" * 32), text="64 octets"),
]
HUNDRED = [dns(f"n{number}.example.com") for number in range(100)]
AGAIN = [dns(f"N{number}.EXAMPLE.com") for number in range(100)]
L06 = [
    case("L06", "101 names", request(*HUNDRED, WWW), request(*HUNDRED, *AGAIN), text="101 different names"),
    case(
        "L06",
        "an address as the 101st",
        request(*HUNDRED, ip("8.8.8.8")),
        common_name("n1.example.COM", *HUNDRED),
        text="101 different names",
    ),
    case("L06", "the common name as the 101st", common_name("a.com", *HUNDRED), text="101 different names"),
    case("L06", "none", request(extensions=()), common_name("www.example.com"), text="there is no name"),
    case(
        "L06",
        "an address as common name only",
        Request(subject=dn("CN=8.8.8.8"), extensions=()),
        text="no name",
    ),
    case("L06", "the order", request(), None, severity="not-judged", text="the 1 name must"),
    case(
        "L06", "the order of two", request(*HUNDRED[:2]), None, severity="not-judged", text="the 2 names must"
    ),
]
FEATURE = "1.3.6.1.5.5.7.1.24"
L07 = [
    case(
        "L07",
        "status_request",
        request(more=(der.extension(FEATURE, der.sequence(der.integer(5))),)),
        request(more=(der.extension(FEATURE, der.sequence(der.integer(17))),)),
        text="must-staple",
    )
]
L08 = [case("L08", "never judged", request(), None, severity="not-judged", text="account")]
L09 = [
    key_case("L09", "factor 3", keys.Rsa([3, P, keys.prime(1022)]), UNLISTED, text="divided by 3"),
    key_case("L09", "ROCA", weak_keys.roca(), UNLISTED, text="ROCA"),
    key_case("L09", "round 101", weak_keys.found_in_round(101), UNLISTED, text="in round 101 of 110"),
    key_case("L09", "in Debian's list", RSA, UNLISTED, data=LISTS, text="blacklist.RSA-2048"),
    key_case("L09", "blocked", keys.curve("p384"), data=LISTS, text="blocked-keys.txt"),
    key_case("L09", "no list", keys.rsa(4096), UNLISTED, data=LISTS, severity="not-judged", text="RSA-4096"),
]
L10 = [
    name_case("one label", "localhost", "localhost.com", text="has no dot"),
    name_case("11 labels", "a." * 10 + "com", "a." * 9 + "com", text="10 labels"),
    name_case(
        "11 labels with a wildcard", "*." + "a." * 10 + "com", "*." + "a." * 9 + "com", text="10 labels"
    ),
    name_case("address", "192.0.2.1", text="is an IP address"),
    name_case("underscore", "a_b.example.com"),
    name_case("trailing dot", "example.com.", "example.com"),
    name_case("wildcard in the middle", "a.*.example.com", "*.a.example.com"),
    name_case("wildcard before a suffix", "*.co.uk", "*.example.co.uk", text="right before a public suffix"),
    name_case("a suffix itself", "co.uk", "example.co.uk", text="is a public suffix"),
    name_case("no suffix", "server.internal", text="does not end with a public suffix"),
    name_case("no normal form", "xn--cafe-yvc.com", "xn--caf-dma.com", text="normal form C"),
    name_case("an emoji is one", "xn--zzzzzzzz99.com", "xn--ls8h.com", text="Punycode"),
    name_case("reserved label", "ab--c.com", "a--c.com", text="third and fourth"),
    name_case("onion", ONION + ".onion", text="does not end with a public suffix"),
    case("L10", "private address", request(WWW, ip("10.0.0.1")), request(ip("8.8.8.8")), text="10.0.0.1"),
    case("L10", "no common name is looked at", request(dns("a")), common_name("a", WWW), text="'a'"),
]
L11 = [
    case(
        "L11",
        "client authentication",
        request(more=(craft.eku("1.3.6.1.5.5.7.3.2"),)),
        text="the certificate has serverAuth",
    ),
    case(
        "L11",
        "key usage",
        request(more=(craft.key_usage("digitalSignature"),)),
        text="extension keyUsage is ignored",
    ),
]

CASES = [*L01, *L02, *L03, *L04, *L05, *L06, *L07, *L08, *L09, *L10, *L11]
