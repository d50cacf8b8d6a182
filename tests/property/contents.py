# SPDX-License-Identifier: Apache-2.0
"""
Random contents of requests: the words for p11csr, and beside them what a request has to hold then, worked out
here from the RFCs. A spoiled one has a single fault.
"""

import string

import encode as der
import rows

SERVER_NAMES = ("www", "api", "mail", "a", "x-1", "xn--mnchen-3ya", "0", "long" * 15)
TOP = ("example.com", "example.org", "corp.example", "test")
LETTERS = string.ascii_letters + string.digits
PRINTABLE = LETTERS + " '()+,-./:=?"
TEXT = PRINTABLE + '"#;<>\\@&_*!' + "äßéøЖ中文字🔑"
# name, OID, encoder, characters it may have, upper bound
ATTRIBUTES = [
    ("CN", "2.5.4.3", der.utf8, TEXT, 64),
    ("O", "2.5.4.10", der.utf8, TEXT, 64),
    ("OU", "2.5.4.11", der.utf8, TEXT, 64),
    ("L", "2.5.4.7", der.utf8, TEXT, 128),
    ("ST", "2.5.4.8", der.utf8, TEXT, 128),
    ("STREET", "2.5.4.9", der.utf8, TEXT, 128),
    ("postalCode", "2.5.4.17", der.utf8, TEXT, 40),
    ("serialNumber", "2.5.4.5", der.printable, PRINTABLE, 64),
    ("DC", "0.9.2342.19200300.100.1.25", der.ia5, string.ascii_lowercase, 63),
    ("UID", "0.9.2342.19200300.100.1.1", der.utf8, TEXT, 256),
    ("givenName", "2.5.4.42", der.utf8, TEXT, 64),
    ("surname", "2.5.4.4", der.utf8, TEXT, 64),
    ("title", "2.5.4.12", der.utf8, TEXT, 64),
    ("pseudonym", "2.5.4.65", der.utf8, TEXT, 128),
    ("dnQualifier", "2.5.4.46", der.printable, PRINTABLE, 64),
    ("organizationIdentifier", "2.5.4.97", der.utf8, TEXT, 64),
]
KEY_USAGES = (
    "digitalSignature nonRepudiation keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign"
    " encipherOnly decipherOnly"
).split()
EXT_KEY_USAGES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "1.3.6.1.4.1.99999.1": "1.3.6.1.4.1.99999.1",
    "2.999.16777216": "2.999.16777216",
}
OIDS = {
    "san": "2.5.29.17",
    "key-usage": "2.5.29.15",
    "ext-key-usage": "2.5.29.37",
    "basic": "2.5.29.19",
    "must-staple": "1.3.6.1.5.5.7.1.24",
}


class Content:
    """`spec`: the words. `subject`: a Name in DER. `names`: what judges list. `extensions`: OID -> (critical,
    DER). `attributes`: OID -> set of DER values."""

    def __init__(self):
        self.spec = {}
        self.rdns = []
        self.names = []
        self.san = []
        self.extensions = {}
        self.attributes = {}

    @property
    def subject(self):
        return der.name(self.rdns)

    @property
    def parts(self):
        """(OID, DER of the value) of every attribute of the subject, in DER order."""
        parts = []
        for rdn in self.rdns:
            ordered = sorted(rdn, key=lambda part: der.sequence(der.oid(part[0]), part[1]).ljust(4096, b"\0"))
            parts += ordered
        return parts


def text_of(rng, alphabet, bound):
    """Neither empty nor with spaces at its ends; most are short."""
    size = rng.choice((1, 2, 5, 12, bound))
    size = min(size, bound)
    value = "".join(rng.choice(alphabet) for _ in range(size))
    return value if value == value.strip() else "x" * size


def escaped(rng, text, special):
    """As RFC 4514 has it; some characters as hex pairs."""
    out = ""
    for at, char in enumerate(text):
        if char in special or (char == "#" and at == 0):
            out += "\\" + char
        elif rng.random() < 0.02:
            out += "".join(f"\\{octet:02x}" for octet in char.encode())
        else:
            out += char
    return out


def add_subject(rng, content):
    rdns, texts = [], []
    slash = rng.random() < 0.3
    special = ',+"\\<>;=' if not slash else "/+\\"
    for _ in range(rng.choice((0, 1, 1, 3, 6))):
        rdn, text = [], []
        for kind in rng.sample(ATTRIBUTES, rng.choice((1, 1, 1, 2))):
            name, oid, encoder, alphabet, bound = kind
            value = text_of(rng, alphabet, bound)
            rdn.append((oid, encoder(value)))
            text.append(f"{rng.choice((name, oid))}={escaped(rng, value, special)}")
        rdns.append(rdn)
        texts.append("+".join(text))
    if rng.random() < 0.4:
        rdns.append([("2.5.4.6", der.printable("DE"))])
        texts.append("C=DE")
    content.rdns = rdns
    content.spec["subject"] = "".join(f"/{one}" for one in texts) if slash else ",".join(reversed(texts))


def host(rng):
    return ".".join([*rng.sample(SERVER_NAMES, rng.choice((0, 1, 2))), rng.choice(TOP)])


def dns(rng):
    value = rng.choice(("", "", "*.")) + host(rng)
    return value, ("dns", value), der.tlv(0x82, value.encode())


def email(rng):
    value = f"{rng.choice(('a', 'first.last', 'x+y', 'a_b-c'))}@{host(rng)}"
    return value, ("email", value), der.tlv(0x81, value.encode())


def uri(rng):
    value = rng.choice(("https://{}/p?q=1", "spiffe://{}/svc", "ldap://{}")).format(host(rng))
    return value, ("uri", value), der.tlv(0x86, value.encode())


def ip(rng):
    if rng.random() < 0.5:
        value = ".".join(str(rng.randrange(256)) for _ in range(4))
    else:
        value = ":".join(f"{rng.choice((0, 0, rng.randrange(1, 65536))):x}" for _ in range(7)) + ":1"
    encoded = der.address(value)
    mapped = len(encoded) == 18 and encoded[2:14] == bytes(10) + b"\xff\xff"
    return ip(rng) if mapped else (value, ("ip", encoded[2:].hex()), encoded)


def upn(rng):
    value = f"{rng.choice(('user', 'ümlaut', 'x.y'))}@{host(rng)}"
    return value, None, der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8(value))


def rid(rng):
    value = f"{rng.choice(('1.2', '2.999', '1.3.6.1.4.1'))}.{rng.randrange(2**32)}"
    return value, None, der.tlv(0x88, der.oid(value)[2:])


NAMES = {"dns": dns, "email": email, "uri": uri, "ip": ip, "upn": upn, "rid": rid}


def add_names(rng, content):
    seen = []
    words = []
    for kind in rng.choices(sorted(NAMES), k=rng.choice((0, 1, 2, 5))):
        value, listed, encoded = NAMES[kind](rng)
        if encoded in seen:
            continue
        seen.append(encoded)
        words.append([kind, value])
        if listed is not None:
            content.names.append(list(listed))
    if words:
        content.spec["names"] = words
        content.extensions[OIDS["san"]] = (not content.rdns, der.sequence(*seen))


def criticality(rng, default):
    """What is appended, and what holds then."""
    return rng.choice((("", default), (":critical", True), (":noncritical", False)))


def add_usages(rng, content):
    if rng.random() < 0.5:
        words = rng.sample(KEY_USAGES[:7], rng.choice((1, 2, 4)))
        if "keyAgreement" in words and rng.random() < 0.5:
            words.append(rng.choice(KEY_USAGES[7:]))
        suffix, critical = criticality(rng, True)
        content.spec["key-usage"] = ",".join(words) + suffix
        content.extensions[OIDS["key-usage"]] = (
            critical,
            der.named_bits([KEY_USAGES.index(word) for word in words]),
        )
    if rng.random() < 0.5:
        words = rng.sample(sorted(EXT_KEY_USAGES), rng.choice((1, 2, 3)))
        suffix, critical = criticality(rng, False)
        content.spec["ext-key-usage"] = ",".join(words) + suffix
        content.extensions[OIDS["ext-key-usage"]] = (
            critical,
            der.sequence(*(der.oid(EXT_KEY_USAGES[word]) for word in words)),
        )


def add_basic(rng, content):
    if rng.random() < 0.3:
        ca = rng.random() < 0.7
        length = rng.choice((-1, 0, 1, 300)) if ca else -1
        content.spec["basic"] = [ca, length]
        inner = (der.tlv(1, b"\xff") if ca else b"") + (der.integer(length) if length >= 0 else b"")
        content.extensions[OIDS["basic"]] = (ca, der.sequence(inner))
    if rng.random() < 0.2:
        content.spec["must-staple"] = True
        content.extensions[OIDS["must-staple"]] = (False, der.sequence(der.integer(5)))


def any_der(rng):
    """Something that is DER."""
    return rng.choice(
        (
            lambda: der.utf8(text_of(rng, TEXT, 300)),
            lambda: der.integer(rng.randrange(2**64)),
            lambda: der.sequence(),
            lambda: der.sequence(der.oid("2.5.4.3"), der.octet_string(rng.randbytes(rng.randrange(200)))),
            lambda: der.tlv(5, b""),
        )
    )()


def add_others(rng, content):
    for number in rng.sample(range(9), rng.choice((0, 0, 1, 3))):
        oid = f"1.3.6.1.4.1.99999.3.{number}"
        suffix, critical = criticality(rng, False)
        value = any_der(rng)
        content.spec.setdefault("extensions", []).append([oid + suffix, f"hex:{value.hex()}"])
        content.extensions[oid] = (critical, value)
    for number in rng.sample(range(200), rng.choice((0, 0, 1, 4))):
        oid = f"1.3.6.1.4.1.99999.4.{number}"
        values = {any_der(rng) for _ in range(rng.choice((1, 1, 3)))}
        for value in sorted(values, key=lambda _: rng.random()):
            content.spec.setdefault("attributes", []).append([oid, f"hex:{value.hex()}"])
        content.attributes[oid] = values


def add_rows(rng, content):
    for word, oid, usual, value in rng.sample(rows.EXTENSIONS, rng.choice((0, 0, 1, 3))):
        if word == "ms-template" and any(
            words[0].startswith(word) for words in content.spec.get("extensions", [])
        ):
            continue  # version 1 and 2 exclude each other
        texts, encoded = value(rng)
        suffix, critical = criticality(rng, usual)
        content.spec.setdefault("extensions", []).extend([word + suffix, text] for text in texts)
        content.extensions[oid] = (critical, encoded)
    for word, oid, value in rng.sample(rows.ATTRIBUTES, rng.choice((0, 0, 1, 2))):
        text, encoded = value(rng)
        content.spec.setdefault("attributes", []).append([word, text])
        content.attributes[oid] = {encoded}


def make(rng):
    while True:
        content = Content()
        for add in (add_subject, add_names, add_usages, add_basic, add_others, add_rows):
            add(rng, content)
        if content.rdns or content.spec.get("names"):
            return content


# Faults: what is wrong, the place it goes to, and a word of the answer that says so.
FAULTS = [
    ("names", ["dns", "a..example"], "dns"),
    ("names", ["dns", "-a.example"], "dns"),
    ("names", ["dns", "a.*.example"], "dns"),
    ("names", ["dns", "a b.example"], "dns"),
    ("names", ["dns", "x" * 64 + ".example"], "dns"),
    ("names", ["dns", "example.com."], "dns"),
    ("names", ["dns", "https://example.com"], "dns"),
    ("names", ["ip", "256.1.1.1"], "ip"),
    ("names", ["ip", "1.2.3"], "ip"),
    ("names", ["ip", "::ffff:1.2.3.4"], "ip"),
    ("names", ["ip", "1::2::3"], "ip"),
    ("names", ["email", "nobody"], "email"),
    ("names", ["email", "a@b@c.example"], "email"),
    ("names", ["uri", "no-scheme"], "uri"),
    ("names", ["uri", "https://a b/"], "uri"),
    ("names", ["upn", ""], "upn"),
    ("names", ["rid", "1"], "rid"),
    ("names", ["rid", "3.1.2"], "rid"),
    ("names", ["fax", "1"], "fax"),
    ("subject", "CN=" + "x" * 65, "64"),
    ("subject", "C=DEU", "C"),
    ("subject", "C=de", "C"),
    ("subject", "CM=x", "CM"),
    ("subject", "CN=a,O", "O"),
    ("subject", "CN=a\\", "byte"),
    ("subject", "CN=a\x01", "byte"),
    ("subject", "serialNumber=a@b", "serialNumber"),
    ("subject", "SN=x", "SN"),
    ("key-usage", "signing", "signing"),
    ("key-usage", "", "missing"),
    ("key-usage", "encipherOnly", "keyAgreement"),
    ("ext-key-usage", "serverAuth,serverAuth", "serverAuth"),
    ("ext-key-usage", "1.2.x", "1.2.x"),
    ("basic", [False, 3], "path"),
    ("basic", [True, -7], "path"),
    ("subject-key-id", "md5", "md5"),
    ("extensions", ["1.2.3", "hex:3001"], "byte"),
    ("extensions", ["1.2.3", "hex:050000"], "byte"),
    ("extensions", ["1.2.3", "hex:5"], "hex"),
    ("extensions", ["1.2.3", "asn1:NOTHING:1"], "NOTHING"),
    ("extensions", ["1.40.3", "hex:0500"], "1.40.3"),
    ("extensions", ["1.2.3:crucial", "hex:0500"], "crucial"),
    ("extensions", ["policy", "1.2.x"], "1.2.x"),
    ("extensions", ["name-constraint", "allowed:dns:a.example"], "allowed"),
    ("extensions", ["name-constraint", "permitted:ip:10.0.0.1/8"], "10.0.0.1/8"),
    ("extensions", ["name-constraint", "permitted:ip:10.0.0.0/40"], "40"),
    ("extensions", ["ms-sid", "S-1-5-x"], "S-1-5-x"),
    ("extensions", ["ms-template", "1.2.3:x"], "x"),
    ("extensions", ["qc-statement", "nothing"], "nothing"),
    ("extensions", ["qc-statement", "1.2.3.4:/etc/hostname"], "neither hex: nor asn1:"),
    ("extensions", ["polcy", "1.2.3"], "polcy"),
    ("attributes", ["ms-csp", "9:x"], "9"),
    ("attributes", ["unstructured-name", "x" * 256], "long"),
    ("attributes", ["1.2.3", "hex:0502"], "byte"),
    ("attributes", ["1.2.840.113549.1.9.14", "hex:3000"], "extension"),
    ("attributes", ["1.3.6.1.4.1.311.2.1.14", "hex:3000"], "extension"),
]


def spoil(rng, content):
    """Puts one fault into the words; returns what the answer has to speak of."""
    place, fault, word = rng.choice(FAULTS)
    if isinstance(fault, list) and place != "basic":
        words = content.spec.setdefault(place, [])
        words.insert(rng.randint(0, len(words)), fault)
    else:
        content.spec[place] = fault
    return word
