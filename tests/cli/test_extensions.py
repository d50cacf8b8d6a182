# SPDX-License-Identifier: Apache-2.0
"""Extensions and attributes of every row, as pyca/cryptography and openssl read them."""

import datetime
import ipaddress
import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import support
from terminal import Terminal

OID = x509.ObjectIdentifier
PASSWORD = "open-sesame/93"

# Each row: what is asked for, and what pyca reads (or the DER, where it knows no class).
ROWS = [
    (
        ("--policy", "1.2.3", "--policy", "2.23.140.1.2.1:cps=https://a.example/cps"),
        x509.CertificatePolicies(
            [
                x509.PolicyInformation(OID("1.2.3"), None),
                x509.PolicyInformation(OID("2.23.140.1.2.1"), ["https://a.example/cps"]),
            ]
        ),
        False,
    ),
    (
        ("--name-constraint", "permitted:dns:example.com", "--name-constraint", "excluded:ip:10.0.0.0/8")
        + ("--name-constraint", "permitted:email:.example.com", "--name-constraint", "excluded:dirname:O=E"),
        x509.NameConstraints(
            [x509.DNSName("example.com"), x509.RFC822Name(".example.com")],
            [
                x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
                x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "E")])),
            ],
        ),
        True,
    ),
    (
        ("--tls-feature", "status_request", "--tls-feature", "status_request_v2"),
        x509.TLSFeature([x509.TLSFeatureType.status_request, x509.TLSFeatureType.status_request_v2]),
        False,
    ),
    (("--must-staple",), x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
    (("--ocsp-no-check",), x509.OCSPNoCheck(), False),
    (("--ca", "--path-length", "2"), x509.BasicConstraints(True, 2), True),
    (
        ("--ext-key-usage", "CLIENT_AUTH,kerberos-pkinit-kdc,ikeIntermediate:critical"),
        x509.ExtendedKeyUsage([OID("1.3.6.1.5.5.7.3.2"), OID("1.3.6.1.5.2.3.5"), OID("1.3.6.1.5.5.8.2.2")]),
        True,
    ),
]
UNKNOWN = [
    (
        ("--qc-statement", "compliance", "--qc-statement", "type:esign", "--qc-statement", "retention:15"),
        "1.3.6.1.5.5.7.1.3",
        "302c3008060604008e4601013013060604008e4601063009060704008e46010601300b060604008e46010302010f",
    ),
    (("--ms-template", "User"), "1.3.6.1.4.1.311.20.2", "1e080055007300650072"),
    (
        ("--ms-template", "1.3.6.1.4.1.311.21.8.1:100:4"),
        "1.3.6.1.4.1.311.21.7",
        "3012060a2b060104018237150801020164020104",
    ),
    (
        ("--ms-application-policy", "smartcardLogon", "--ms-application-policy", "1.2.3"),
        "1.3.6.1.4.1.311.21.10",
        "3014300c060a2b060104018237140202300406022a03",
    ),
    (
        ("--ms-sid", "S-1-5-21-1-2-3-500"),
        "1.3.6.1.4.1.311.25.2",
        "3024a022060a2b060104018237190201a0140412532d312d352d32312d312d322d332d353030",
    ),
    (("--extension", "1.2.3.4:asn1:UTF8:x"), "1.2.3.4", "0c0178"),
]
ATTRIBUTES = [
    (("--unstructured-name", "a_b"), "1.2.840.113549.1.9.2", "1603615f62"),
    (("--unstructured-address", "a b"), "1.2.840.113549.1.9.8", "1303612062"),
    (("--ms-os-version", "10.0.17763.2"), "1.3.6.1.4.1.311.13.2.3", "160c31302e302e31373736332e32"),
    (
        ("--ms-csp", "1:Provider"),
        "1.3.6.1.4.1.311.13.2.2",
        "30180201011e1000500072006f00760069006400650072030100",
    ),
    (
        ("--ms-client-info", "5:pc.example:EXAMPLE\\jo:a:b.exe"),
        "1.3.6.1.4.1.311.21.20",
        "30240201050c0a70632e6578616d706c650c0a4558414d504c455c6a6f0c07613a622e657865",
    ),
    (
        ("--ms-name-value", "a=b", "--ms-name-value", "c=d"),
        "1.3.6.1.4.1.311.13.2.1",
        "30081e0200611e02006230081e0200631e020064",
    ),
    (("--attribute", "1.2.3.4:hex:0500", "--attribute", "1.2.3.4:asn1:INT:1"), "1.2.3.4", "0201010500"),
]


@pytest.fixture
def web(token):
    token.make_key()
    return token


def load(pem):
    return x509.load_pem_x509_csr(pem.encode())


def values(der, dotted):
    """The content of the SET of one attribute, found by openssl's ASN.1 parser."""
    parse = ["openssl", "asn1parse", "-inform", "DER"]
    lines = subprocess.run(parse, input=der, capture_output=True, check=True).stdout.decode().splitlines()
    oid = subprocess.run(
        ["openssl", "asn1parse", "-genstr", f"OID:{dotted}", "-noout", "-out", "/dev/stdout"],
        capture_output=True,
        check=True,
    ).stdout
    for i, line in enumerate(lines):
        at, head, length = (
            int(n) for n in re.match(r"\s*(\d+):d=\d+\s+hl=(\d+)\s+l=\s*(\d+)", line).groups()
        )
        if der[at : at + head + length] == oid and "SET" in lines[i + 1]:
            at, head, length = (
                int(n) for n in re.match(r"\s*(\d+):d=\d+\s+hl=(\d+)\s+l=\s*(\d+)", lines[i + 1]).groups()
            )
            return der[at + head : at + head + length].hex()
    return None


@pytest.mark.parametrize(
    "options, wanted, critical", ROWS, ids=lambda v: v[0] if isinstance(v, tuple) else ""
)
def test_what_pyca_knows(web, verify_everywhere, options, wanted, critical):
    csr = verify_everywhere(web.request("--subject", "CN=x", *options).out)
    assert [(e.value, e.critical) for e in csr.extensions] == [(wanted, critical)]


@pytest.mark.parametrize("options, oid, der", UNKNOWN, ids=lambda v: v[0] if isinstance(v, tuple) else "")
def test_what_pyca_does_not_know(web, verify_everywhere, options, oid, der):
    csr = verify_everywhere(web.request("--subject", "CN=x", *options).out)
    found = csr.extensions.get_extension_for_oid(OID(oid))
    assert not found.critical and found.value.value.hex() == der
    assert len(csr.extensions) == 1


@pytest.mark.parametrize("options, oid, der", ATTRIBUTES, ids=lambda v: v[0] if isinstance(v, tuple) else "")
def test_attributes(web, verify_everywhere, options, oid, der):
    csr = verify_everywhere(web.request("--subject", "CN=x", *options).out)
    assert values(csr.tbs_certrequest_bytes, oid) == der
    assert len(csr.extensions) == 0


def every_option():
    taken = [row[0] for row in ROWS + UNKNOWN + ATTRIBUTES]
    taken = [
        options for options in taken if options[0] not in ("--must-staple",) and options[1:] != ("User",)
    ]
    return [word for options in taken for word in options]


def test_all_at_once(web, verify_everywhere, judges):
    """One request with every row: what others read, twice the same bytes, and what `show` says of it."""
    done = web.request("--subject", "CN=x", "--dns", "a.example", *every_option())
    csr = verify_everywhere(done.out)
    again = load(web.request("--subject", "CN=x", "--dns", "a.example", *every_option()).out)
    assert csr.tbs_certrequest_bytes == again.tbs_certrequest_bytes
    for options, wanted, critical in ROWS:
        if options != ("--must-staple",):
            found = csr.extensions.get_extension_for_class(type(wanted))
            assert (found.value, found.critical) == (wanted, critical)
    text = judges.text(done.out)
    assert text.count("Requested Extensions") == 1 and "CA:TRUE, pathlen:2" in text
    (web.work / "all.csr").write_text(done.out)
    shown = web.run("show", "all.csr", "--json").ok().json["csr"]
    by_name = {e["name"]: e["value"] for e in shown["extensions"] + shown["attributes"] if "value" in e}
    wanted = every_option()
    for name, option in {
        "certificatePolicies": "--policy",
        "tlsFeature": "--tls-feature",
        "qcStatements": "--qc-statement",
        "msTemplate": "--ms-template",
        "msApplicationPolicies": "--ms-application-policy",
        "msNtdsCaSecurity": "--ms-sid",
        "unstructuredName": "--unstructured-name",
        "unstructuredAddress": "--unstructured-address",
        "msOsVersion": "--ms-os-version",
        "msEnrollmentCspProvider": "--ms-csp",
        "msRequestClientInfo": "--ms-client-info",
        "msEnrollmentNameValuePair": "--ms-name-value",
    }.items():
        assert by_name[name] == [wanted[i + 1] for i, word in enumerate(wanted) if word == option]
    assert sorted(by_name["nameConstraints"]) == sorted(
        wanted[i + 1] for i, word in enumerate(wanted) if word == "--name-constraint"
    )
    people = web.run("show", "all.csr").ok().out
    for text in ("permitted:dns:example.com", "type:esign", "S-1-5-21-1-2-3-500", "unstructuredName: a_b"):
        assert text in people


def test_critical_or_not(web):
    options = ("--policy", "1.2.3:critical", "--name-constraint", "excluded:dns:a.de:noncritical")
    csr = load(web.request("--subject", "CN=x", *options, "--ocsp-no-check").out)
    assert [(e.oid.dotted_string, e.critical) for e in csr.extensions] == [
        ("2.5.29.32", True),
        ("2.5.29.30", False),
        ("1.3.6.1.5.5.7.48.1.5", False),
    ]


def make_ca(web, extensions=()):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(0xC1).not_valid_before(web_time(0)).not_valid_after(web_time(1))
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    certificate = builder.sign(key, hashes.SHA256())
    (web.work / "ca.crt").write_bytes(certificate.public_bytes(x509.base.serialization.Encoding.PEM))
    return certificate


def web_time(years):
    return datetime.datetime(2026 + years, 1, 1)


def test_authority_key_id(web):
    authority = x509.AuthorityKeyIdentifier
    certificate = make_ca(web)
    csr = load(web.request("--subject", "CN=x", "--authority-key-id", "ca.crt").out)
    computed = authority.from_issuer_public_key(certificate.public_key())
    assert csr.extensions.get_extension_for_class(authority).value == computed
    csr = load(web.request("--subject", "CN=x", "--authority-key-id", "ca.crt:issuer").out)
    names = [x509.DirectoryName(certificate.issuer)]
    assert csr.extensions.get_extension_for_class(authority).value == authority(
        computed.key_identifier, names, 0xC1
    )
    make_ca(web, [x509.SubjectKeyIdentifier(b"\1\2\3\4")])
    done = web.request("--subject", "CN=x", "--authority-key-id", "ca.crt")
    assert load(done.out).extensions.get_extension_for_class(authority).value == authority(
        b"\1\2\3\4", None, None
    )
    (web.work / "no.crt").write_text("nothing")
    at = ("request", *web.at, "--key-label", "web", "--subject", "CN=x", "--authority-key-id")
    web.refused(*at, "no.crt", status=9, code="CERTIFICATE", says="'no.crt' cannot be used")
    web.refused(*at, "none.crt", status=10, code="READ", says="none.crt")


def test_layers_replace_and_clear(web):
    """What is taken over is replaced by its like, or cleared; options of one kind add to each other."""
    first = web.request(
        "--subject", "CN=x", "--policy", "1.2.3", "--dns", "a.example", "--ms-os-version", "1"
    )
    (web.work / "old.csr").write_text(first.out)
    csr = load(web.request("--from-csr", "old.csr").out)
    policies = x509.CertificatePolicies
    assert [p.policy_identifier.dotted_string for p in csr.extensions[1].value] == ["1.2.3"]
    csr = load(web.request("--from-csr", "old.csr", "--policy", "1.2.4", "--policy", "1.2.5").out)
    found = csr.extensions.get_extension_for_class(policies).value
    assert [p.policy_identifier.dotted_string for p in found] == ["1.2.4", "1.2.5"]
    csr = load(web.request("--from-csr", "old.csr", "--clear", "extensions").out)
    assert [e.oid.dotted_string for e in csr.extensions] == ["2.5.29.17"]
    party = "2.5.29.17:hex:300ba509a1070c056578616d70"  # ediPartyName, which has no row
    (web.work / "party.csr").write_text(web.request("--subject", "CN=x", "--extension", party).out)
    csr = load(web.request("--from-csr", "party.csr", "--clear", "san").out)
    assert len(csr.extensions) == 0
    csr = load(web.request("--from-csr", "old.csr", "--dns", "b.example", "--clear", "san").out)
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["b.example"]


@pytest.mark.parametrize("source", ["file", "fd", "env"])
def test_challenge_password(web, source, verify_everywhere):
    """It stands in the request and nowhere else."""
    web.secrets.append(PASSWORD)
    path = web.work / "password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    more = {}
    if source == "fd":
        fd = os.open(path, os.O_RDONLY)
        more = {"pass_fds": [fd]}
    elif source == "env":
        more = {"env": {"CHALLENGE": PASSWORD}}
    name = {"file": "file:password", "fd": f"fd:{more.get('pass_fds', [0])[0]}", "env": "env:CHALLENGE"}[
        source
    ]
    options = ("--subject", "CN=x", "--challenge-password", name, "-o", "out.csr", "--text", "-v")
    done = web.run("request", *web.at, "--key-label", "web", *options, **more).ok()
    if source == "fd":
        os.close(fd)
    assert "S14: a challenge password stands in it in clear" in done.err
    assert "challengePassword: present, not shown" in done.err and PASSWORD not in done.err + done.out
    csr = verify_everywhere((web.work / "out.csr").read_text())
    challenge = x509.oid.AttributeOID.CHALLENGE_PASSWORD
    assert csr.get_attribute_for_oid(challenge) == PASSWORD.encode()
    assert values(csr.tbs_certrequest_bytes, challenge.dotted_string)[:4] == f"13{len(PASSWORD):02x}"


def test_challenge_password_from_the_terminal(web):
    web.secrets.append(PASSWORD)
    options = ("--key-label", "web", "--subject", "CN=x", "--challenge-password", "prompt")
    with Terminal(web, "request", *web.at, *options) as tty:
        tty.expect("Challenge password: ")
        assert not tty.echoes()
        tty.line(PASSWORD)
        done = tty.end().ok()
    challenge = x509.oid.AttributeOID.CHALLENGE_PASSWORD
    assert load(done.out).get_attribute_for_oid(challenge) == PASSWORD.encode()
    with Terminal(web, "request", *web.at, *options) as tty:
        tty.expect("Challenge password: ")
        tty.line("")
        done = tty.end()
    assert done.status == 9 and "no challenge password was given" in done.err
    nobody = web.run("request", *web.at, *options)
    assert nobody.status == 9 and "no challenge password was given" in nobody.err


def test_challenge_password_refused(web):
    at = ("request", *web.at, "--key-label", "web", "--subject", "CN=x")
    web.refused(
        *at, "--challenge-password", PASSWORD, status=64, code="USAGE", says=["not what it is", "file:PATH"]
    )
    web.refused(
        *at,
        "--attribute",
        "1.2.840.113549.1.9.7:asn1:UTF8:x",
        status=64,
        code="USAGE",
        says=["on the command line", "--challenge-password file:PATH"],
    )
    path = web.work / "password"
    for content, says in [
        (b"", "byte 1: the challenge password is empty"),
        (b"a\tb", "byte 2: the challenge password has a control character"),
        (b"a\xff", "byte 2: the challenge password is not UTF-8"),
        (b"a" * 256, "byte 256: the challenge password has more than 255 characters"),
    ]:
        path.write_bytes(content)
        path.chmod(0o600)
        web.refused(*at, "--challenge-password", "file:password", status=9, code="ATTRIBUTE", says=says)
    path.write_bytes("ä".encode() * 255)
    csr = load(web.request("--subject", "CN=x", "--challenge-password", "file:password").out)
    assert csr.get_attribute_for_oid(x509.oid.AttributeOID.CHALLENGE_PASSWORD) == "ä".encode() * 255
    path.chmod(0o666)
    web.refused(
        *at, "--challenge-password", "file:password", status=10, code="READ", says="everybody can write"
    )


@pytest.mark.parametrize(
    "options, status, code, says",
    [
        (("--extension", "1.2.3"), 64, "USAGE", "is not OID:FILE"),
        (("--extension", "1.2.x:hex:0500"), 9, "EXTENSION", "'1.2.x' is not an object identifier"),
        (("--extension", "polic:1.2.3"), 9, "EXTENSION", "the nearest word is 'policy'"),
        (("--extension", "1.2.3:hex:050"), 9, "EXTENSION", "half an octet at its end"),
        (("--extension", "1.2.3:asn1:UTF9:x"), 9, "EXTENSION", "unknown tag"),
        (("--extension", "1.2.3:none.der"), 10, "READ", "none.der"),
        (("--extension", "2.5.29.15:hex:03020680"), 9, "EXTENSION", "trailing zero bits"),
        (("--attribute", "1.2.840.113549.1.9.14:hex:3000"), 9, "ATTRIBUTE", "holds the extensions"),
        (("--attribute", "1.3.6.1.4.1.311.2.1.14:hex:3000"), 9, "ATTRIBUTE", "holds the extensions"),
        (("--attribute", "1.2.3:hex:"), 9, "ATTRIBUTE", "a value is missing"),
        (("--clear", "names"), 9, "VALUE", "'names' where san, extensions or attributes is expected"),
        (("--ms-os-version", "ä"), 9, "ATTRIBUTE", "is not ASCII"),
        (("--policy", "1.2.3", "--policy", "1.2.3"), 9, "EXTENSION", "is there already"),
        (("--ms-sid", "S-1-5"), 9, "EXTENSION", "byte 5"),
    ],
)
def test_refused(web, options, status, code, says):
    at = ("request", *web.at, "--key-label", "web", "--subject", "CN=x")
    web.refused(*at, *options, status=status, code=code, says=says)


def test_subject_key_id_methods(web):
    digest = {"sha1": 20, "sha1-60": 8, "sha256": 20, "spki-sha384": 48, "spki-sha512": 64}
    for method, length in digest.items():
        csr = load(web.request("--subject", "CN=x", "--subject-key-id", method).out)
        found = csr.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert len(found.value.digest) == length and not found.critical


PROFILE = """\
name: logon
extensions:
  policy: { values: ["1.2.3", "1.2.4:cps=https://a.example/"], critical: true }
  name-constraint: { values: ["permitted:dns:example.com"] }
  ocsp-no-check: { values: [present] }
  tls-feature: { values: [status_request_v2] }
  qc-statement: { values: [compliance, "type:esign"] }
  ms-template: { values: ["1.2.3:4"] }
  ms-application-policy: { values: [clientAuth, smartcardLogon] }
  ms-sid: { values: ["S-1-5-21-1"] }
"""


def test_profile_says_them(web):
    """The words are those of profiles too; an option replaces what the profile says."""
    (web.work / "logon.yaml").write_text(PROFILE)
    web.run("profile", "check", "logon.yaml").ok()
    schema = json.loads((support.TESTS.parent / "src/profiles/profile.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(PROFILE))
    done = web.request("--profile", "logon.yaml", "--subject", "CN=x", "--policy", "1.2.5").out
    (web.work / "made.csr").write_text(done)
    extensions = web.run("show", "made.csr", "--json").ok().json["csr"]["extensions"]
    assert {e["name"]: (e["critical"], e["value"]) for e in extensions} == {
        "certificatePolicies": (False, ["1.2.5"]),
        "nameConstraints": (True, ["permitted:dns:example.com"]),
        "ocspNoCheck": (False, ["present"]),
        "tlsFeature": (False, ["status_request_v2"]),
        "qcStatements": (False, ["compliance", "type:esign"]),
        "msTemplate": (False, ["1.2.3:4"]),
        "msApplicationPolicies": (False, ["clientAuth", "smartcardLogon"]),
        "msNtdsCaSecurity": (False, ["S-1-5-21-1"]),
    }
    (web.work / "bad.yaml").write_text(PROFILE.replace("S-1-5-21-1", "S-2"))
    bad = web.run("profile", "check", "bad.yaml")
    assert bad.status != 0 and "does not begin with S-1-" in bad.err
    (web.work / "file.yaml").write_text("name: x\nextensions:\n  authority-key-id: { values: [ca.crt] }\n")
    bad = web.run("profile", "check", "file.yaml")
    assert bad.status != 0 and "unknown extension 'authority-key-id'" in bad.err


def test_tags_with_large_numbers(token, verify_everywhere):
    """X.690 section 8.1.2.4, in values that are given as DER; the proof and show read them back."""
    token.make_key()
    values = ("--extension", "1.2.3:hex:bf2803020105", "--attribute", "1.2.4:asn1:IMP:1000A,NULL")
    made = token.request("--subject", "CN=x", *values, "-o", "x.csr", "--json").json
    verify_everywhere(made["pem"])
    shown = token.run("show", "x.csr", "--json").ok().json["csr"]
    assert [e["value"] for e in shown["extensions"]] == [{"hex": "bf2803020105"}]
    assert [a["value"] for a in shown["attributes"] if a["oid"] == "1.2.4"] == [{"hex": "5f876800"}]
    token.run("verify", "x.csr").ok()
    again = token.request("--from-csr", "x.csr", "--json").json
    assert again["tbs-sha256"] == made["tbs-sha256"]
    refused = ("request", *token.at, "--key-label", "web", "--subject", "CN=x", "--extension")
    token.refused(
        *refused, "1.2.3:hex:bf1e03020105", status=9, code="EXTENSION", says="byte 0: the number of the tag"
    )
