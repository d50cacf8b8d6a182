# SPDX-License-Identifier: Apache-2.0
"""Every kind of alternative name, made from the command line and read back by pyca, OpenSSL and p11csr."""

import uuid

import pytest
from cryptography import x509


def tlv(tag, *contents):
    """DER, by an encoder that shares nothing with p11csr."""
    content = b"".join(contents)
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([0x80 | len(size)]) + size) + content


def utf8(text):
    return tlv(0x0C, text.encode())


def other(oid, value):
    return x509.OtherName(x509.ObjectIdentifier(oid), value)


def name(*attributes):
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])


def krb5(realm, kind, *parts):
    """KRB5PrincipalName (RFC 4556 section 3.2.2)."""
    strings = tlv(0x30, *(tlv(0x1B, part.encode()) for part in parts))
    principal = tlv(0x30, tlv(0xA0, tlv(0x02, bytes([kind]))), tlv(0xA1, strings))
    return tlv(0x30, tlv(0xA0, tlv(0x1B, realm.encode())), tlv(0xA1, principal))


OID_TYPE = bytes.fromhex("06092b06010401868d1f02")  # 1.3.6.1.4.1.99999.2

# Option, its value, the name as pyca has it, what OpenSSL prints, what p11csr shows (None: the value itself).
NAMES = [
    ("dns", "münchen.example", x509.DNSName("xn--mnchen-3ya.example"), "DNS:xn--mnchen-3ya.example",
     "dns:xn--mnchen-3ya.example"),
    ("dns", "*.faß.example", x509.DNSName("*.xn--fa-hia.example"), "DNS:*.xn--fa-hia.example",
     "dns:*.xn--fa-hia.example"),
    ("email", "a@münchen.example", x509.RFC822Name("a@xn--mnchen-3ya.example"),
     "email:a@xn--mnchen-3ya.example", "email:a@xn--mnchen-3ya.example"),
    ("email", "jörg@münchen.example",
     other("1.3.6.1.5.5.7.8.9", utf8("jörg@xn--mnchen-3ya.example")),
     "othername: SmtpUTF8Mailbox::jörg@xn--mnchen-3ya.example",
     "smtp-utf8-mailbox:jörg@xn--mnchen-3ya.example"),
    ("uri", "https://münchen.example:8443/a?b",
     x509.UniformResourceIdentifier("https://xn--mnchen-3ya.example:8443/a?b"),
     "URI:https://xn--mnchen-3ya.example:8443/a?b", "uri:https://xn--mnchen-3ya.example:8443/a?b"),
    ("rid", "1.3.6.1.4.1.99999.1", x509.RegisteredID(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")),
     "Registered ID:1.3.6.1.4.1.99999.1", None),
    ("dirname", "CN=München,C=DE",
     x509.DirectoryName(name((x509.NameOID.COUNTRY_NAME, "DE"), (x509.NameOID.COMMON_NAME, "München"))),
     "DirName:/C=DE/CN=M\\xC3\\xBCnchen", None),
    ("upn", "jörg@ad.example", other("1.3.6.1.4.1.311.20.2.3", utf8("jörg@ad.example")),
     "othername: UPN::jörg@ad.example", None),
    ("krb5", "HTTP/host.example@EXAMPLE.COM",
     other("1.3.6.1.5.2.2", krb5("EXAMPLE.COM", 3, "HTTP", "host.example")),
     "othername: 1.3.6.1.5.2.2::<unsupported>", None),
    ("krb5", "user@EXAMPLE.COM", other("1.3.6.1.5.2.2", krb5("EXAMPLE.COM", 1, "user")),
     "othername: 1.3.6.1.5.2.2::<unsupported>", None),
    ("krb5", "krbtgt/A@A:1", other("1.3.6.1.5.2.2", krb5("A", 1, "krbtgt", "A")),
     "othername: 1.3.6.1.5.2.2::<unsupported>", None),
    ("srv", "_imap.münchen.example",
     other("1.3.6.1.5.5.7.8.7", tlv(0x16, b"_imap.xn--mnchen-3ya.example")),
     "othername: SRVName::_imap.xn--mnchen-3ya.example", "srv:_imap.xn--mnchen-3ya.example"),
    ("xmpp", "juliet@im.example", other("1.3.6.1.5.5.7.8.5", utf8("juliet@im.example")),
     "othername: XmppAddr::juliet@im.example", None),
    ("bundle-eid", "dtn://node.example/",
     other("1.3.6.1.5.5.7.8.11", tlv(0x16, b"dtn://node.example/")),
     "othername: 1.3.6.1.5.5.7.8.11::dtn://node.example/", None),
    ("hardware-module", "1.3.6.1.4.1.99999.2:00a1",
     other("1.3.6.1.5.5.7.8.4", tlv(0x30, OID_TYPE, tlv(0x04, b"\x00\xa1"))),
     "othername: 1.3.6.1.5.5.7.8.4::<unsupported>", None),
    ("permanent-id", "AA\\:BB:1.3.6.1.4.1.99999.2",
     other("1.3.6.1.5.5.7.8.3", tlv(0x30, utf8("AA:BB"), OID_TYPE)),
     "othername: Permanent Identifier::<unsupported>", None),
    ("permanent-id", "AA", other("1.3.6.1.5.5.7.8.3", tlv(0x30, utf8("AA"))),
     "othername: Permanent Identifier::<unsupported>", None),
    ("ntds-guid", "00112233-4455-6677-8899-aabbccddeeff",
     other("1.3.6.1.4.1.311.25.1",
           tlv(0x04, uuid.UUID("00112233-4455-6677-8899-aabbccddeeff").bytes_le)),
     "othername: 1.3.6.1.4.1.311.25.1::<unsupported>", None),
    ("other-name", "1.3.6.1.4.1.99999.3:asn1:IA5:abc",
     other("1.3.6.1.4.1.99999.3", tlv(0x16, b"abc")), "othername: 1.3.6.1.4.1.99999.3::abc",
     "other-name:1.3.6.1.4.1.99999.3:hex:1603616263"),
    ("other-name", "1.3.6.1.4.1.99999.3:hex:0500", other("1.3.6.1.4.1.99999.3", tlv(0x05)),
     "othername: 1.3.6.1.4.1.99999.3::<unsupported>", None),
]  # fmt: skip
ALL = [arg for option, value, *_ in NAMES for arg in (f"--{option}", value)]


@pytest.fixture
def keyed(token):
    token.make_key()
    return token


def test_every_kind_as_pyca_reads_it(keyed, verify_everywhere):
    csr = verify_everywhere(keyed.request("--subject", "CN=x", *ALL).out)
    found = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not found.critical
    assert list(found.value) == [row[2] for row in NAMES]


def test_every_kind_as_openssl_prints_it(keyed, judges):
    text = judges.text(keyed.request("--subject", "CN=x", *ALL).out)
    assert "X509v3 Subject Alternative Name: " + ", ".join(row[3] for row in NAMES) in text


def test_every_kind_as_it_is_shown(keyed):
    pem = keyed.request("--subject", "CN=x", *ALL).out
    wanted = [row[4] or f"{row[0]}:{row[1]}" for row in NAMES]
    lines = [line.strip() for line in keyed.run("show", "-", stdin=pem).ok().out.splitlines()]
    assert [line for line in lines if line in wanted] == wanted
    (names,) = (
        extension["value"]
        for extension in keyed.run("show", "-", "--json", stdin=pem).ok().json["csr"]["extensions"]
        if extension["name"] == "subjectAltName"
    )
    assert [f"{found['type']}:{found['value']}" for found in names] == wanted


def test_what_is_shown_makes_the_same_names(keyed):
    first = keyed.request("--subject", "CN=x", *ALL, "--json").json["tbs-sha256"]
    shown = [(row[4] or f"{row[0]}:{row[1]}").split(":", 1) for row in NAMES]
    option = {"smtp-utf8-mailbox": "email"}
    again = [arg for kind, value in shown for arg in (f"--{option.get(kind, kind)}", value)]
    assert keyed.request("--subject", "CN=x", *again, "--json").json["tbs-sha256"] == first


@pytest.mark.parametrize(
    "option, bad, says",
    [
        ("--upn", "user", "byte 1: upn 'user' is not of the form user@realm"),
        ("--krb5", "HTTP/host", "byte 10: krb5 'HTTP/host' has no '@'"),
        ("--rid", "1.2.x", "rid '1.2.x' is not an object identifier"),
        ("--srv", "_imap._tcp.example", "byte 7: srv '_imap._tcp.example' names a protocol"),
        ("--xmpp", "a@", "byte 1: xmpp 'a@' is not of the form"),
        ("--bundle-eid", "dtn://a/~all", "byte 9: bundle-eid 'dtn://a/~all' is of a group of nodes"),
        ("--hardware-module", "1.2.3:x", "byte 7: hardware-module '1.2.3:x' has no serial number in hex"),
        ("--permanent-id", "AA:BB", "byte 3: permanent-id 'AA:BB' has no object identifier"),
        ("--ntds-guid", "0011", "byte 1: ntds-guid '0011' is neither a GUID"),
        ("--other-name", "1.2.3:UTF8:a", "byte 6: other-name '1.2.3:UTF8:a' has neither hex: nor asn1:"),
        ("--other-name", "1.2.3:asn1:NOT:a", "other-name '1.2.3:asn1:NOT:a' cannot be used"),
        ("--email", "ä@München.example", "byte 4: email 'ä@München.example' has a label with a character"),
    ],
)
def test_refused(token, option, bad, says):
    token.refused(
        "request", *token.at, "--key-label", "web", option, bad, status=9, code="SAN", says=says
    )  # fmt: skip


def test_directory_name_refused(token):
    token.refused(
        "request", *token.at, "--key-label", "web", "--dirname", "CN=a,C=de", status=9, code="SUBJECT",
        says=["dirname 'CN=a,C=de' cannot be used", "byte 8: the value of C is not a country code"],
    )  # fmt: skip


def test_names_alone_are_critical(keyed, verify_everywhere):
    for option, value in (("dns", "a.example"), ("krb5", "a@A"), ("dirname", "CN=a")):
        csr = verify_everywhere(keyed.request(f"--{option}", value).out)
        assert csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
