# SPDX-License-Identifier: Apache-2.0
"""What a request starts from: an earlier request, or a certificate, judged by another parser."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AttributeOID, AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

import support

TYPE = x509.name._ASN1Type
OID = x509.ObjectIdentifier
CRL_POINT = x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example/x")], None, None, None)
AIA = x509.AccessDescription(
    AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example")
)


def rdn(*parts):
    return x509.RelativeDistinguishedName(
        [x509.NameAttribute(oid, text, kind, _validate=False) for oid, text, kind in parts]
    )


# Names as they occur, of which several are no longer made: bytes are to stay as they are.
NAMES = {
    "modern": x509.Name(
        [
            rdn((NameOID.COUNTRY_NAME, "DE", TYPE.PrintableString)),
            rdn((NameOID.ORGANIZATION_NAME, "Example GmbH", TYPE.UTF8String)),
            rdn((NameOID.COMMON_NAME, "www.example.com", TYPE.UTF8String)),
        ]
    ),
    "teletex": x509.Name(
        [
            rdn((NameOID.COUNTRY_NAME, "de", TYPE.UTF8String)),
            rdn((NameOID.ORGANIZATION_NAME, "Bei Example", TYPE.T61String)),
            rdn((NameOID.COMMON_NAME, "x" * 70, TYPE.BMPString)),
        ]
    ),
    "most specific first": x509.Name(
        [
            rdn((NameOID.COMMON_NAME, "a b", TYPE.PrintableString)),
            rdn((NameOID.EMAIL_ADDRESS, "a@b.example", TYPE.IA5String)),
            rdn((OID("1.2.3.4.5"), "what", TYPE.PrintableString)),
            rdn((NameOID.COUNTRY_NAME, "DE", TYPE.PrintableString)),
        ]
    ),
    "multi-valued": x509.Name(
        [
            rdn((NameOID.COUNTRY_NAME, "DE", TYPE.PrintableString)),
            rdn(
                (NameOID.COMMON_NAME, "Alice", TYPE.UTF8String),
                (NameOID.SERIAL_NUMBER, "17", TYPE.PrintableString),
                (NameOID.ORGANIZATIONAL_UNIT_NAME, "Web", TYPE.UniversalString),
            ),
        ]
    ),
    "domain components": x509.Name(
        [
            rdn((NameOID.DOMAIN_COMPONENT, "example", TYPE.IA5String)),
            rdn((NameOID.DOMAIN_COMPONENT, "corp", TYPE.IA5String)),
            rdn((NameOID.COMMON_NAME, "DC01", TYPE.UTF8String)),
        ]
    ),
}

KEY_USAGE = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
SAN = x509.SubjectAlternativeName([x509.DNSName("www.example.com"), x509.RFC822Name("a@example.com")])
OF_THE_REQUESTER = [
    (x509.BasicConstraints(False, None), True),
    (KEY_USAGE, False),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, OID("1.2.3.4")]), True),
    (SAN, False),
    (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
]
OF_THE_CA = {
    "authorityKeyIdentifier": x509.AuthorityKeyIdentifier(b"\1" * 20, None, None),
    "authorityInfoAccess": x509.AuthorityInformationAccess([AIA]),
    "cRLDistributionPoints": x509.CRLDistributionPoints([CRL_POINT]),
    "freshestCRL": x509.FreshestCRL([CRL_POINT]),
    "issuerAltName": x509.IssuerAlternativeName([x509.DNSName("ca.example")]),
    "sctList": x509.UnrecognizedExtension(OID("1.3.6.1.4.1.11129.2.4.2"), b"\4\2\0\0"),
    "ctPoison": x509.PrecertPoison(),
    "msCaVersion": x509.UnrecognizedExtension(OID("1.3.6.1.4.1.311.21.1"), b"\2\1\0"),
    "subjectKeyIdentifier": x509.SubjectKeyIdentifier(b"\2" * 20),
}


def make_certificate(subject=NAMES["modern"], extensions=(), key=None):
    now = datetime.datetime(2025, 1, 1)
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=support.name("Some CA"),
        public_key=(key or ec.generate_private_key(ec.SECP256R1()).public_key()),
        serial_number=4711,
        not_valid_before=now,
        not_valid_after=now + datetime.timedelta(days=90),
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())


def make_request(subject=NAMES["modern"], extensions=(), attributes=()):
    builder = x509.CertificateSigningRequestBuilder(subject_name=subject)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for oid, value in attributes:
        builder = builder.add_attribute(oid, value)
    return builder.sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())


def write(token, name, made, form=serialization.Encoding.PEM):
    (token.work / name).write_bytes(made.public_bytes(form))
    return name


def found(made):
    return {ext.oid.dotted_string: (ext.critical, ext.value) for ext in made.extensions}


def load(answer):
    return x509.load_pem_x509_csr(answer["pem"].encode())


@pytest.fixture
def web(token):
    token.make_able_key()
    return token


# The subject, byte for byte


@pytest.mark.parametrize("kind", NAMES)
def test_subject_of_a_certificate(web, kind, verify_everywhere):
    name = write(web, "old.crt", make_certificate(NAMES[kind]), serialization.Encoding.DER)
    csr = verify_everywhere(web.request("--from-cert", name).out)
    assert csr.subject.public_bytes() == NAMES[kind].public_bytes()


@pytest.mark.parametrize("kind", NAMES)
def test_subject_of_a_request(web, kind):
    name = write(web, "old.csr", make_request(NAMES[kind]))
    csr = load(web.request("--from-csr", name, "--json").json)
    assert csr.subject.public_bytes() == NAMES[kind].public_bytes()
    assert found(csr) == {}


def test_empty_subject_makes_its_names_critical(web):
    name = write(web, "old.crt", make_certificate(x509.Name([]), [(SAN, True)]))
    csr = load(web.request("--from-cert", name, "--json").json)
    assert csr.subject == x509.Name([])
    assert found(csr)["2.5.29.17"] == (True, SAN)


# Extensions


@pytest.mark.parametrize("make,option", [(make_certificate, "--from-cert"), (make_request, "--from-csr")])
def test_extensions_of_a_requester(web, make, option, verify_everywhere):
    name = write(web, "old", make(extensions=OF_THE_REQUESTER))
    done = web.request(option, name)
    csr = verify_everywhere(done.out)
    wanted = {value.oid.dotted_string: (critical, value) for value, critical in OF_THE_REQUESTER}
    assert found(csr) == wanted
    assert "not taken over" not in done.err


@pytest.mark.parametrize("make,option", [(make_certificate, "--from-cert"), (make_request, "--from-csr")])
def test_extensions_of_the_ca_are_named(web, make, option):
    name = write(
        web, "old", make(extensions=[(KEY_USAGE, True), *[(value, False) for value in OF_THE_CA.values()]])
    )
    told = web.request(option, name)
    answer = web.request(option, name, "--json").json
    assert found(load(answer)) == {"2.5.29.15": (True, KEY_USAGE)}
    assert [(d["kind"], d["name"], d["oid"]) for d in answer["dropped"]] == [
        ("extension", said, value.oid.dotted_string) for said, value in OF_THE_CA.items()
    ]
    assert {d["from"] for d in answer["dropped"]} == {"old"}
    for one in answer["dropped"]:
        assert f"not taken over from 'old': {one['name']} ({one['oid']}): {one['why']}" in told.err


def test_key_identifier_is_made_anew_when_asked(web):
    name = write(web, "old.crt", make_certificate(extensions=[(OF_THE_CA["subjectKeyIdentifier"], False)]))
    answer = web.request("--from-cert", name, "--subject-key-id", "sha1", "--json").json
    csr = load(answer)
    assert answer["dropped"] == []
    assert found(csr) == {"2.5.29.14": (False, x509.SubjectKeyIdentifier.from_public_key(csr.public_key()))}


def test_unknown_extension_of_a_certificate_is_the_cas(web):
    unknown = x509.UnrecognizedExtension(OID("1.2.3.4.5.6"), b"\5\0")
    name = write(web, "old.crt", make_certificate(extensions=[(unknown, False)]))
    answer = web.request("--from-cert", name, "--json").json
    assert found(load(answer)) == {}
    assert [(d["name"], d["oid"]) for d in answer["dropped"]] == [(None, "1.2.3.4.5.6")]


def test_challenge_password_stays_where_it_was(web):
    secret = (AttributeOID.CHALLENGE_PASSWORD, b"opensesame")
    name = write(web, "old.csr", make_request(extensions=[(SAN, False)], attributes=[secret]))
    done = web.request("--from-csr", name, "--json")
    answer = done.json
    assert [d["name"] for d in answer["dropped"]] == ["challengePassword"]
    assert "opensesame" not in done.out + done.err and b"opensesame" not in load(answer).tbs_certrequest_bytes
    assert found(load(answer)) == {"2.5.29.17": (False, SAN)}


def test_what_has_no_name_is_kept_from_a_request(web, verify_everywhere):
    unknown = x509.UnrecognizedExtension(OID("1.2.3.4.5.6"), b"\5\0")
    policies = x509.CertificatePolicies([x509.PolicyInformation(OID("1.2.3"), None)])
    named = (AttributeOID.UNSTRUCTURED_NAME, b"somebody")
    name = write(
        web, "old.csr", make_request(extensions=[(unknown, True), (policies, False)], attributes=[named])
    )
    csr = verify_everywhere(web.request("--from-csr", name).out)
    assert found(csr) == {"1.2.3.4.5.6": (True, unknown), "2.5.29.32": (False, policies)}
    assert csr.attributes.get_attribute_for_oid(AttributeOID.UNSTRUCTURED_NAME).value == b"somebody"
    bare = load(web.request("--from-csr", name, "--clear", "extensions", "--json").json)
    assert found(bare) == {} and bare.subject == csr.subject


# What the command line adds


def test_command_line_lies_over_it(web):
    name = write(web, "old.crt", make_certificate(extensions=OF_THE_REQUESTER))
    answer = web.request(
        *("--dns", "two.example.com", "--subject", "CN=new", "--key-usage", "keyAgreement:noncritical"),
        *("--dns", "www.example.com", "--from-cert", name, "--json"),
    ).json
    csr = load(answer)
    assert csr.subject == x509.Name([rdn((NameOID.COMMON_NAME, "new", TYPE.UTF8String))])
    names = [*SAN, x509.DNSName("two.example.com")]
    assert found(csr)["2.5.29.17"] == (False, x509.SubjectAlternativeName(names))
    usage = x509.KeyUsage(False, False, False, False, True, False, False, False, False)
    assert found(csr)["2.5.29.15"] == (False, usage)
    assert set(found(csr)) == {value.oid.dotted_string for value, _ in OF_THE_REQUESTER}


def test_a_second_file_lies_over_the_first(web):
    first = write(web, "old.crt", make_certificate(NAMES["teletex"], OF_THE_REQUESTER))
    other = x509.SubjectAlternativeName([x509.DNSName("other.example")])
    second = write(web, "old.csr", make_request(NAMES["modern"], [(other, False)]))
    csr = load(web.request("--from-cert", first, "--from-csr", second, "--json").json)
    assert csr.subject.public_bytes() == NAMES["modern"].public_bytes()
    assert list(found(csr)["2.5.29.17"][1]) == [*SAN, *other]
    csr = load(web.request("--from-csr", second, "--from-cert", first, "--json").json)
    assert csr.subject.public_bytes() == NAMES["teletex"].public_bytes()
    assert list(found(csr)["2.5.29.17"][1]) == [*other, *SAN]


def test_first_certificate_of_a_chain(web):
    mine, issuer = make_certificate(), make_certificate(NAMES["multi-valued"])
    text = b"Bag Attributes: none\n" + b"".join(
        c.public_bytes(serialization.Encoding.PEM) for c in (mine, issuer)
    )
    csr = load(web.request("--from-cert", "-", "--json", stdin=text).json)
    assert csr.subject == mine.subject


# Refused


def test_wrong_kind_of_file(web):
    certificate = write(web, "old.crt", make_certificate())
    request = write(web, "old.csr", make_request(), serialization.Encoding.DER)
    start = ("request", *web.at, "--key-label", "web")
    web.refused(
        *(*start, "--from-csr", certificate),
        status=9,
        code="REQUEST",
        says=["cannot start from 'old.crt'", "this is a certificate, not a request", "--from-cert"],
    )
    web.refused(
        *(*start, "--from-cert", request),
        status=9,
        code="REQUEST",
        says=["cannot start from 'old.csr'", "this is a request, not a certificate", "--from-csr"],
    )
    (web.work / "key.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for option in ("--from-csr", "--from-cert"):
        web.refused(*start, option, "key.pem", status=9, code="REQUEST", says="this is a private key")
        web.refused(*start, option, "none", status=10, code="READ", says="none")
        web.refused(*start, option, "-", status=9, code="REQUEST", says="empty", stdin="")


def test_damaged_certificate(web):
    der = make_certificate(extensions=OF_THE_REQUESTER).public_bytes(serialization.Encoding.DER)
    usage = der.index(bytes.fromhex("0603551d0f"))
    for wrong, says in (
        (der[:-1], "byte"),
        (der + b"\0", "byte"),
        (der[: usage + 11] + b"\0" + der[usage + 12 :], "byte"),
    ):
        (web.work / "old.der").write_bytes(wrong)
        web.refused(
            *("request", *web.at, "--key-label", "web", "--from-cert", "old.der"),
            status=9,
            code="REQUEST",
            says=["cannot start from 'old.der'", says],
        )
