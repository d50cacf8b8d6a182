# SPDX-License-Identifier: Apache-2.0
"""What a request says: subject, alternative names, extensions, as other programs read it."""

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UTF8, PRINTABLE, IA5 = (
    x509.name._ASN1Type.UTF8String,
    x509.name._ASN1Type.PrintableString,
    x509.name._ASN1Type.IA5String,
)


@pytest.fixture
def keyed(token):
    token.make_able_key()
    return token


@pytest.fixture
def make(keyed, verify_everywhere):
    """Makes a request and has it verified; returns it as pyca reads it."""
    return lambda *args: verify_everywhere(keyed.request(*args).out)


@pytest.fixture
def refuse(keyed):
    def check(*args, code, says, status=9):
        keyed.refused("request", *keyed.at, "--key-label", "web", *args, status=status, code=code, says=says)

    return check


def rdns(csr):
    """The subject in the order of its DER, with string types."""
    return [[(a.oid, a.value, a._type) for a in rdn] for rdn in csr.subject.rdns]


def extension(csr, kind):
    found = csr.extensions.get_extension_for_class(kind)
    return found.value, found.critical


# Subject


def test_subject_rfc4514(make):
    csr = make("--subject", "CN=www.example.com,OU=Web,O=Example GmbH,L=München,ST=Bayern,C=DE")
    assert rdns(csr) == [
        [(NameOID.COUNTRY_NAME, "DE", PRINTABLE)],
        [(NameOID.STATE_OR_PROVINCE_NAME, "Bayern", UTF8)],
        [(NameOID.LOCALITY_NAME, "München", UTF8)],
        [(NameOID.ORGANIZATION_NAME, "Example GmbH", UTF8)],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, "Web", UTF8)],
        [(NameOID.COMMON_NAME, "www.example.com", UTF8)],
    ]


def test_subject_slash_form_is_in_der_order(make):
    csr = make("--subject", "/C=DE/O=Example GmbH/CN=a\\/b, c")
    assert [rdn[0][:2] for rdn in rdns(csr)] == [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Example GmbH"),
        (NameOID.COMMON_NAME, "a/b, c"),
    ]


def test_subject_forms_agree(keyed):
    forms = [
        "CN=x,O=Example,C=DE",
        "/C=DE/O=Example/CN=x",
        "cn=x, o=Example, c=DE",
        "commonName=x,organizationName=Example,countryName=DE",
        "2.5.4.3=x,2.5.4.10=Example,2.5.4.6=DE",
        "CN=\\78,O=Ex\\61mple,C=DE",
        "CN=#0c0178,O=Example,C=DE",
    ]
    answers = {form: keyed.request("--subject", form, "--json").json["tbs-sha256"] for form in forms}
    assert len(set(answers.values())) == 1, answers
    assert (
        keyed.request("--subject", "CN=y,O=Example,C=DE", "--json").json["tbs-sha256"] not in answers.values()
    )


def test_subject_escapes(make):
    csr = make("--subject", 'CN=Doe\\, John \\+ \\"Jo\\" \\\\ \\#1,O=\\C3\\A4\\3D')
    assert rdns(csr) == [
        [(NameOID.ORGANIZATION_NAME, "ä=", UTF8)],
        [(NameOID.COMMON_NAME, 'Doe, John + "Jo" \\ #1', UTF8)],
    ]


def test_subject_multi_valued(make):
    csr = make("--subject", "CN=device+serialNumber=42,O=Example")
    assert [set(a[:2] for a in rdn) for rdn in rdns(csr)] == [
        {(NameOID.ORGANIZATION_NAME, "Example")},
        {(NameOID.COMMON_NAME, "device"), (NameOID.SERIAL_NUMBER, "42")},
    ]
    assert {a[2] for a in rdns(csr)[1] if a[0] == NameOID.SERIAL_NUMBER} == {PRINTABLE}


def test_subject_string_types(make):
    csr = make("--subject", "emailAddress=a@b.example,DC=example,dnQualifier=q,CN=x")
    types = {a[0]: a[2] for rdn in rdns(csr) for a in rdn}
    assert types == {
        NameOID.EMAIL_ADDRESS: IA5,
        NameOID.DOMAIN_COMPONENT: IA5,
        NameOID.DN_QUALIFIER: PRINTABLE,
        NameOID.COMMON_NAME: UTF8,
    }


def test_empty_subject_needs_a_name(make, refuse):
    csr = make("--subject", "", "--dns", "www.example.com")
    assert rdns(csr) == []
    # RFC 5280 section 4.2.1.6: with an empty subject the alternative names are critical.
    names, critical = extension(csr, x509.SubjectAlternativeName)
    assert list(names) == [x509.DNSName("www.example.com")] and critical
    assert rdns(make("--dns", "www.example.com")) == []
    refuse("--subject", "", code="SUBJECT", says=["neither a subject nor an alternative name", "--dns"])
    refuse(code="SUBJECT", says="neither a subject nor an alternative name")


def test_alternative_names_beside_a_subject_are_not_critical(make):
    assert not extension(make("--subject", "CN=x", "--dns", "www.example.com"), x509.SubjectAlternativeName)[
        1
    ]


@pytest.mark.parametrize(
    "subject, says",
    [
        ("CN", "byte"),
        ("CN=", "byte"),
        ("CN=a,,O=b", "byte 6"),
        ("CN=a,", "byte"),
        ("XY=a", "unknown attribute type 'XY'"),
        ("CM=a", "the nearest is 'CN'"),
        ("CN=a,SN=b", "'SN' is ambiguous: write surname or serialNumber"),
        ("C=Germany", "byte 3"),
        ("C=de", "two upper-case letters"),
        ("C=DEU", "byte"),
        ("CN=a\\", "byte 5"),
        ("CN=a\\zz", "byte"),
        ("CN= a\\20", "space"),
        ("CN=a\nb", "control character"),
        ("serialNumber=a_b", "byte 15"),
        ("emailAddress=ä@b.example", "not ASCII"),
        ("CN=a+CN=b", "twice"),
        ("CN=a\\00b", "control character"),
        ("CN=\\ff", "UTF-8"),
        ("9.9.9=x", "object identifier"),
        ("CN=#0c02", "hex"),
        ("/CN", "byte"),
        ("CN=" + "x" * 65, "more than 64 characters"),
    ],
)
def test_subject_refused(refuse, subject, says):
    refuse("--subject", subject, code="SUBJECT", says=[says, "CN=www.example.com,O=Example,C=DE"])


def test_subject_length_is_counted_in_characters(make):
    assert rdns(make("--subject", "CN=" + "ä" * 64))[0][0][1] == "ä" * 64


# Alternative names


def test_names_of_every_kind_keep_their_order(make, judges, token):
    args = (
        "--subject",
        "CN=x",
        "--uri",
        "https://a.example/p?q=1",
        "--dns",
        "b.example",
        "--ip",
        "192.0.2.7",
        "--email",
        "c@d.example",
        "--dns",
        "*.a.example",
        "--ip",
        "2001:db8::7",
        "--uri",
        "urn:uuid:1",
    )
    csr = make(*args)
    names, critical = extension(csr, x509.SubjectAlternativeName)
    assert not critical
    assert list(names) == [
        x509.UniformResourceIdentifier("https://a.example/p?q=1"),
        x509.DNSName("b.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.RFC822Name("c@d.example"),
        x509.DNSName("*.a.example"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
        x509.UniformResourceIdentifier("urn:uuid:1"),
    ]
    text = judges.text(token.request(*args).out)
    assert (
        "X509v3 Subject Alternative Name: URI:https://a.example/p?q=1, DNS:b.example, IP Address:"
        "192.0.2.7, email:c@d.example, DNS:*.a.example, IP Address:2001:DB8:0:0:0:0:0:7, "
        "URI:urn:uuid:1"
    ) in text


@pytest.mark.parametrize(
    "option, good, bad, says",
    [
        ("--dns", "a-1.example", "a_1.example", "byte 2: dns 'a_1.example' has an underscore"),
        ("--dns", "xn--mnchen-3ya.example", "münchen..example", "münchen"),
        ("--dns", "*.example.com", "a*.example.com", "'*'"),
        ("--dns", "example.com", "example.com.", "ends with a dot"),
        ("--dns", "a.example", "a..example", "empty label"),
        ("--dns", "a.example", "-a.example", "hyphen"),
        ("--dns", "1.2.3.4.example", "1.2.3.4", "is an IP address"),
        ("--dns", "a.example", "", "is empty"),
        ("--dns", "a.example", "a example", "byte 2"),
        ("--dns", "a.example", "https://a.example", "byte 6"),
        ("--dns", "a" * 63 + ".example", "a" * 64 + ".example", "more than 63"),
        ("--ip", "10.0.0.1", "10.0.0.256", "is not an IPv4 or IPv6 address"),
        ("--ip", "::1", "[::1]", "brackets"),
        ("--ip", "10.0.0.1", "10.0.0.0/8", "is a network"),
        ("--ip", "fe80::1", "fe80::1%eth0", "zone"),
        ("--ip", "10.0.0.1", "010.0.0.1", "is not an IPv4"),
        ("--ip", "10.0.0.1", "", "is not an IPv4"),
        ("--email", "a.b@example.com", "a..b@example.com", "dot in the wrong place"),
        ("--email", "a@example.com", "example.com", "has no '@'"),
        ("--email", "a@example.com", "a@", "has no host name"),
        ("--email", "a+b@example.com", "a b@example.com", "byte 2"),
        ("--email", "a@example.com", "ä.@example.com", "dot in the wrong place"),
        ("--rid", "1.2.840.113549", "1.2.840.", "is not an object identifier"),
        ("--uri", "https://example.com/", "example.com", "has no scheme"),
        ("--uri", "https://example.com/%20", "https://example.com/%2", "'%'"),
        ("--uri", "https://example.com/a", "https://example.com/a b", "byte 22"),
        ("--uri", "urn:a:b", "urn:", "nothing behind its scheme"),
    ],
)
def test_alternative_name_and_its_twin(make, token, option, good, bad, says):
    names, _ = extension(make("--subject", "CN=x", option, good), x509.SubjectAlternativeName)
    assert [getattr(name.value, "dotted_string", str(name.value)) for name in names] == [good]
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        "--subject",
        "CN=x",
        "--dns",
        "first.example",
        option,
        bad,
        status=9,
        code="SAN",
        says=says,
    )


def test_the_same_name_twice(keyed):
    """A name given twice stands there once, or is refused; it is never doubled."""
    result = keyed.run(
        "request",
        *keyed.at,
        "--key-label",
        "web",
        "--subject",
        "CN=x",
        "--dns",
        "a.example",
        "--dns",
        "a.example",
    )
    if result.status == 0:
        names, _ = extension(x509.load_pem_x509_csr(result.out.encode()), x509.SubjectAlternativeName)
        assert list(names) == [x509.DNSName("a.example")]
    else:
        assert result.status == 9 and "a.example" in result.err


def test_many_names(make):
    wanted = [f"host{i}.example" for i in range(300)]
    args = [arg for name in wanted for arg in ("--dns", name)]
    names, _ = extension(make("--subject", "CN=x", *args), x509.SubjectAlternativeName)
    assert [name.value for name in names] == wanted


# Key usage

KEY_USAGE = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


def usages(value):
    return {name for name, attribute in KEY_USAGE.items() if getattr(value, attribute)}


def test_key_usage(make, judges, token):
    value, critical = extension(
        make("--subject", "CN=x", "--key-usage", "digitalSignature,keyEncipherment"), x509.KeyUsage
    )
    assert usages(value) == {"digitalSignature", "keyEncipherment"} and critical
    text = judges.text(
        token.request("--subject", "CN=x", "--key-usage", "digitalSignature,keyEncipherment").out
    )
    assert "X509v3 Key Usage: critical Digital Signature, Key Encipherment" in text


def test_every_key_usage(make):
    for name in KEY_USAGE:
        value, critical = extension(make("--subject", "CN=x", "--key-usage", name), x509.KeyUsage)
        assert usages(value) == {name} and critical
    value, _ = extension(make("--subject", "CN=x", "--key-usage", ",".join(KEY_USAGE)), x509.KeyUsage)
    assert usages(value) == set(KEY_USAGE)
    value, _ = extension(
        make("--subject", "CN=x", "--key-usage", "keyAgreement, decipherOnly"), x509.KeyUsage
    )
    assert usages(value) == {"keyAgreement"} and value.decipher_only and not value.encipher_only


def test_key_usage_criticality_and_spelling(make):
    for word in ("digitalSignature:noncritical", "digital-signature:noncritical"):
        value, critical = extension(make("--subject", "CN=x", "--key-usage", word), x509.KeyUsage)
        assert usages(value) == {"digitalSignature"} and not critical
    assert extension(make("--subject", "CN=x", "--key-usage", "digitalSignature:critical"), x509.KeyUsage)[1]


@pytest.mark.parametrize(
    "text, says",
    [
        ("digitalSignatur", "the nearest is 'digitalSignature'"),
        ("serverAuth", "unknown key usage"),
        ("", "a name is missing"),
        ("digitalSignature,", "a name is missing"),
        ("digitalSignature:crit", ":critical or :noncritical"),
        ("digitalSignature,digitalSignature", "twice"),
        ("encipherOnly", "keyAgreement"),
    ],
)
def test_key_usage_refused(refuse, text, says):
    refuse("--subject", "CN=x", "--key-usage", text, code="EXTENSION", says=says)


# Extended key usage

EKU = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timeStamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
    "anyExtendedKeyUsage": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}


def test_ext_key_usage(make, judges, token):
    wanted = "clientAuth,1.3.6.1.4.1.99999.1,serverAuth"
    value, critical = extension(make("--subject", "CN=x", "--ext-key-usage", wanted), x509.ExtendedKeyUsage)
    assert [oid.dotted_string for oid in value] == [
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.4.1.99999.1",
        "1.3.6.1.5.5.7.3.1",
    ]
    assert not critical
    text = judges.text(token.request("--subject", "CN=x", "--ext-key-usage", wanted).out)
    assert (
        "X509v3 Extended Key Usage: TLS Web Client Authentication, 1.3.6.1.4.1.99999.1, "
        "TLS Web Server Authentication"
    ) in text
    assert extension(
        make("--subject", "CN=x", "--ext-key-usage", "timeStamping:critical"), x509.ExtendedKeyUsage
    )[1]


def test_every_ext_key_usage(make):
    value, _ = extension(make("--subject", "CN=x", "--ext-key-usage", ",".join(EKU)), x509.ExtendedKeyUsage)
    assert list(value) == list(EKU.values())


@pytest.mark.parametrize(
    "text, says",
    [
        ("serverauht", "the nearest is 'serverAuth'"),
        ("1.2.", "is not an object identifier"),
        ("3.1.2", "is not an object identifier"),
        ("1.2.03", "is not an object identifier"),
        ("serverAuth,serverAuth", "twice"),
        ("serverAuth,1.3.6.1.5.5.7.3.1", "twice"),
        ("", "a name is missing"),
    ],
)
def test_ext_key_usage_refused(refuse, text, says):
    refuse("--subject", "CN=x", "--ext-key-usage", text, code="EXTENSION", says=says)


# Basic constraints, TLS feature


def test_ca(make, judges, token):
    value, critical = extension(make("--subject", "CN=CA", "--ca"), x509.BasicConstraints)
    assert (value.ca, value.path_length, critical) == (True, None, True)
    value, critical = extension(
        make("--subject", "CN=CA", "--ca", "--path-length", "0"), x509.BasicConstraints
    )
    assert (value.ca, value.path_length, critical) == (True, 0, True)
    value, _ = extension(make("--subject", "CN=CA", "--path-length", "3", "--ca"), x509.BasicConstraints)
    assert value.path_length == 3
    text = judges.text(token.request("--subject", "CN=CA", "--ca", "--path-length", "3").out)
    assert "X509v3 Basic Constraints: critical CA:TRUE, pathlen:3" in text


def test_path_length_refused(refuse):
    refuse("--subject", "CN=x", "--path-length", "0", code="EXTENSION", says="certificate authorities only")
    for bad in ("-1", "x", "", "1001", "1.5", "99999999999999999999", "0x1", " 1"):
        refuse("--subject", "CN=x", "--ca", "--path-length", bad, code="VALUE", says=f"--path-length '{bad}'")


def test_must_staple(make, judges, token):
    value, critical = extension(make("--subject", "CN=x", "--must-staple"), x509.TLSFeature)
    assert list(value) == [x509.TLSFeatureType.status_request] and not critical
    text = judges.text(token.request("--subject", "CN=x", "--must-staple").out)
    assert "TLS Feature: status_request" in text


def test_no_extensions_unless_asked(make, judges, token):
    assert len(make("--subject", "CN=x").extensions) == 0
    text = judges.text(token.request("--subject", "CN=x").out)
    assert "Version: 1 (0x0)" in text
    assert "Attributes: (none) Requested Extensions: Signature Algorithm:" in text


def test_everything_together(make):
    csr = make(
        "--subject",
        "CN=x",
        "--dns",
        "a.example",
        "--ca",
        "--path-length",
        "1",
        "--key-usage",
        "keyCertSign,cRLSign",
        "--ext-key-usage",
        "OCSPSigning",
        "--must-staple",
    )
    found = {type(extension.value).__name__: extension.critical for extension in csr.extensions}
    assert found == {
        "BasicConstraints": True,
        "KeyUsage": True,
        "ExtendedKeyUsage": False,
        "SubjectAlternativeName": False,
        "TLSFeature": False,
    }
