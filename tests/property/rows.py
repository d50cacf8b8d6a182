# SPDX-License-Identifier: Apache-2.0
"""Random values of the extensions and attributes that have a word: what is said, and the DER meant."""

import ipaddress

import encode as der

HOSTS = ("example.com", "a.example.com", "corp.example")


def private_oid(rng):
    return f"1.3.6.1.4.1.99999.5.{rng.randrange(1000)}"


def policies(rng):
    texts, parts = [], []
    for number in rng.sample(range(9), rng.choice((1, 2))):
        oid, uri = f"2.23.140.1.2.{number + 1}", f"https://example.com/{number}"
        cps = rng.random() < 0.5
        qualifiers = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.2.1"), der.ia5(uri))) if cps else b""
        texts.append(f"{oid}:cps={uri}" if cps else oid)
        parts.append(der.sequence(der.oid(oid), qualifiers))
    return texts, der.sequence(*parts)


def network(rng):
    net = rng.choice(("192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"))
    parsed = ipaddress.ip_network(net)
    return f"ip:{net}", der.tlv(0x87, parsed.network_address.packed + parsed.netmask.packed)


def subtree(rng):
    host = rng.choice(HOSTS)
    return rng.choice(
        (
            lambda: (f"dns:{host}", der.tlv(0x82, host.encode())),
            lambda: (f"email:{host}", der.tlv(0x81, host.encode())),
            lambda: (f"email:a@{host}", der.tlv(0x81, f"a@{host}".encode())),
            lambda: (f"uri:.{host}", der.tlv(0x86, f".{host}".encode())),
            lambda: network(rng),
        )
    )()


def constraints(rng):
    sides = {"permitted": [], "excluded": []}
    texts = []
    for _ in range(rng.choice((1, 2, 4))):
        side = rng.choice(sorted(sides))
        text, name = subtree(rng)
        if der.sequence(name) not in sides[side]:
            sides[side].append(der.sequence(name))
            texts.append(f"{side}:{text}")
    parts = [der.tlv(0xA0 + at, b"".join(sides[side])) for at, side in enumerate(("permitted", "excluded"))]
    return texts, der.sequence(*(part for part in parts if len(part) > 2))


def no_check(_):
    return [""], der.tlv(5, b"")


STATEMENTS = {
    "compliance": (der.oid("0.4.0.1862.1.1"),),
    "sscd": (der.oid("0.4.0.1862.1.4"),),
    "retention:10": (der.oid("0.4.0.1862.1.3"), der.integer(10)),
    "type:esign": (der.oid("0.4.0.1862.1.6"), der.sequence(der.oid("0.4.0.1862.1.6.1"))),
    "type:web": (der.oid("0.4.0.1862.1.6"), der.sequence(der.oid("0.4.0.1862.1.6.3"))),
}


def statements(rng):
    texts = rng.sample(["compliance", "sscd", "retention:10", rng.choice(("type:esign", "type:web"))], 2)
    return texts, der.sequence(*(der.sequence(*STATEMENTS[text]) for text in texts))


def template_name(rng):
    name = rng.choice(("WebServer", "SmartcardLogon", "Benutzer Ö"))
    return [name], der.bmp(name)


def template_id(rng):
    oid, major, minor = private_oid(rng), rng.randrange(300), rng.randrange(300)
    return [f"{oid}:{major}:{minor}"], der.sequence(der.oid(oid), der.integer(major), der.integer(minor))


def application_policies(rng):
    known = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}
    texts = rng.sample([*known, private_oid(rng)], 2)
    return texts, der.sequence(*(der.sequence(der.oid(known.get(text, text))) for text in texts))


def security_id(rng):
    sid = (
        f"S-1-5-21-{rng.randrange(2**32)}-{rng.randrange(2**32)}-{rng.randrange(2**32)}-{rng.randrange(9999)}"
    )
    inner = der.oid("1.3.6.1.4.1.311.25.2.1") + der.tlv(0xA0, der.octet_string(sid.encode()))
    return [sid], der.sequence(der.tlv(0xA0, inner))


# word, OID, usually critical, value
EXTENSIONS = [
    ("policy", "2.5.29.32", False, policies),
    ("name-constraint", "2.5.29.30", True, constraints),
    ("ocsp-no-check", "1.3.6.1.5.5.7.48.1.5", False, no_check),
    ("qc-statement", "1.3.6.1.5.5.7.1.3", False, statements),
    ("ms-template", "1.3.6.1.4.1.311.20.2", False, template_name),
    ("ms-template", "1.3.6.1.4.1.311.21.7", False, template_id),
    ("ms-application-policy", "1.3.6.1.4.1.311.21.10", False, application_policies),
    ("ms-sid", "1.3.6.1.4.1.311.25.2", False, security_id),
]


def unstructured(rng):
    text = rng.choice(("host 7", "x" * 255, "Büro"))
    return text, der.ia5(text) if text.isascii() else der.utf8(text)


def csp(rng):
    kind, name = rng.randrange(3), rng.choice(("Microsoft Software KSP", "Ä"))
    return f"{kind}:{name}", der.sequence(der.integer(kind), der.bmp(name), der.tlv(3, b"\0"))


def client(rng):
    number = rng.randrange(300)
    words = ("host.example", rng.choice(("CORP\\jo", "jö")), "certreq")
    return ":".join((str(number), *words)), der.sequence(der.integer(number), *map(der.utf8, words))


def pair(rng):
    value = rng.choice(("WebServer", "Ö"))
    return f"CertificateTemplate={value}", der.sequence(der.bmp("CertificateTemplate"), der.bmp(value))


ATTRIBUTES = [
    ("unstructured-name", "1.2.840.113549.1.9.2", unstructured),
    ("ms-os-version", "1.3.6.1.4.1.311.13.2.3", lambda rng: ("10.0.17763.2", der.ia5("10.0.17763.2"))),
    ("ms-csp", "1.3.6.1.4.1.311.13.2.2", csp),
    ("ms-client-info", "1.3.6.1.4.1.311.21.20", client),
    ("ms-name-value", "1.3.6.1.4.1.311.13.2.1", pair),
]
