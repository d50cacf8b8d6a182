# SPDX-License-Identifier: Apache-2.0
"""Every kind of alternative name, made from the command line and read back by pyca, OpenSSL and p11csr."""

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


def test_names_alone_are_critical(keyed, verify_everywhere):
    for option, value, *_ in NAMES:
        csr = verify_everywhere(keyed.request(f"--{option}", value).out)
        assert csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
