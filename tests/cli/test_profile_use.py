# SPDX-License-Identifier: Apache-2.0
"""Requests of a profile: what they contain, as others read it, and what is refused."""

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import support
from shim import Shim

FOLDER = support.TESTS.parent / "src/profiles"
# What the command line has to say for each of the shipped ones, and the kind of key that is made.
GIVEN = {
    "plain": ("p256", "--subject", "CN=x"),
    "tls-server": ("p256", "--dns", "www.example.com"),
    "tls-server-public": ("p256", "--dns", "www.example.com", "--subject", "C=DE,CN=www.example.com"),
    "tls-server-letsencrypt": ("p256", "--dns", "www.example.com"),
    "tls-client": ("p256", "--subject", "CN=client"),
    "smime": ("p256", "--email", "jo@example.com"),
    "code-signing": ("p384", "--subject", "O=Example GmbH,CN=Example,C=DE,L=Bonn"),
    "document-signing": ("p256", "--subject", "CN=Jo Doe"),
    "ocsp": ("p256", "--subject", "CN=OCSP"),
    "timestamping": ("p384", "--subject", "CN=TSA,O=Example GmbH,C=DE"),
    "sub-ca": ("p384", "--subject", "CN=CA 2,O=Example GmbH,C=DE"),
    "smartcard-logon": ("rsa-2048", "--upn", "jo@example.com", "--subject", "CN=Jo"),
    "domain-controller": ("rsa-2048", "--dns", "dc1.example.com"),
    "device": ("p256", "--subject", "CN=sensor+serialNumber=17"),
}
USAGES = {
    "digital-signature": "digital_signature",
    "non-repudiation": "content_commitment",
    "key-cert-sign": "key_cert_sign",
    "crl-sign": "crl_sign",
}
EXTENDED = {
    "server-auth": ExtendedKeyUsageOID.SERVER_AUTH.dotted_string,
    "client-auth": ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
    "email-protection": ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
    "code-signing": ExtendedKeyUsageOID.CODE_SIGNING.dotted_string,
    "time-stamping": ExtendedKeyUsageOID.TIME_STAMPING.dotted_string,
    "ocsp-signing": ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string,
    "document-signing": "1.3.6.1.5.5.7.3.36",
    "smartcard-logon": "1.3.6.1.4.1.311.20.2.2",
    "pkinit-kdc": "1.3.6.1.5.2.3.5",
}
IN_TEXT = {
    "digital-signature": "Digital Signature",
    "non-repudiation": "Non Repudiation",
    "key-cert-sign": "Certificate Sign",
    "crl-sign": "CRL Sign",
}


def says(name):
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def critical(extension, usual):
    return extension.get("critical", usual)


def expected_extensions(profile, given):
    """{OID: critical} of what the profile asks for, and the names."""
    usual = {"key-usage": True, "basic-constraints": True}
    oids = {
        "key-usage": "2.5.29.15",
        "ext-key-usage": "2.5.29.37",
        "basic-constraints": "2.5.29.19",
        "subject-key-id": "2.5.29.14",
        "ocsp-no-check": "1.3.6.1.5.5.7.48.1.5",
    }
    wanted = {
        oids.get(word, word): critical(extension, usual.get(word, False))
        for word, extension in profile.get("extensions", {}).items()
        if extension.get("values")
    }
    if any(option in given for option in ("--dns", "--email", "--upn")):
        wanted["2.5.29.17"] = "--subject" not in given
    return wanted


@pytest.fixture
def hardware(token):
    """The token, in a slot that says that it is hardware."""
    Shim(token, "slot hardware yes")
    return token


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_shipped(hardware, judges, verify_everywhere, name):
    spec, *given = GIVEN[name]
    profile = says(name)
    answer = hardware.request(
        "--profile", name, "--generate", "profile", "--key-label", "new", *given, "--json"
    ).json
    assert answer["key"]["type"] == spec == profile["key"]["default"]
    csr = verify_everywhere(answer["pem"])
    found = {extension.oid.dotted_string: extension.critical for extension in csr.extensions}
    assert found == expected_extensions(profile, given)
    text = judges.text(answer["pem"])
    extensions = profile.get("extensions", {})
    if "key-usage" in extensions:
        usage = csr.extensions.get_extension_for_class(x509.KeyUsage).value
        values = extensions["key-usage"]["values"]
        assert {word for word, name in USAGES.items() if getattr(usage, name)} == set(values)
        assert (
            "X509v3 Key Usage: critical "
            + ", ".join(IN_TEXT[value] for value in sorted(values, key=list(IN_TEXT).index))
            in text
        )
    if "ext-key-usage" in extensions:
        usage = csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [oid.dotted_string for oid in usage] == [
            EXTENDED[value] for value in extensions["ext-key-usage"]["values"]
        ]


def test_order_of_the_subject(hardware):
    answer = hardware.request(
        "--profile",
        "code-signing",
        "--generate",
        "profile",
        "--key-label",
        "new",
        "--subject",
        "O=Example GmbH,CN=Example,C=DE,L=Bonn",
        "--json",
    ).json
    csr = x509.load_pem_x509_csr(answer["pem"].encode())
    assert [attribute.oid for attribute in csr.subject] == [
        NameOID.COUNTRY_NAME,
        NameOID.LOCALITY_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.COMMON_NAME,
    ]


def test_sub_ca(token):
    token.make_key("p384")
    csr = x509.load_pem_x509_csr(
        token.request("--profile", "sub-ca", "--subject", "CN=CA,O=E,C=DE").out.encode()
    )
    value = csr.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (value.ca, value.path_length) == (True, 0)
    csr = x509.load_pem_x509_csr(
        token.request(
            "--profile", "sub-ca", "--subject", "CN=CA,O=E,C=DE", "--ca", "--path-length", "2"
        ).out.encode()
    )
    assert csr.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 2


def own(token, text):
    path = token.dir / "own.yaml"
    path.write_text("name: own\n" + text)
    return path


def test_defaults_of_the_subject(token):
    """What is not there is added; what the command line says stays."""
    token.make_key()
    profile = own(token, 'subject: { order: [C, O, CN], defaults: { O: "A, B", C: DE } }\n')
    csr = x509.load_pem_x509_csr(token.request("--profile", profile, "--subject", "CN=x").out.encode())
    assert csr.subject.rfc4514_string() == "CN=x,O=A\\, B,C=DE"
    csr = x509.load_pem_x509_csr(token.request("--profile", profile, "--subject", "CN=x,O=C").out.encode())
    assert csr.subject.rfc4514_string() == "CN=x,O=C,C=DE"
    csr = x509.load_pem_x509_csr(token.request("--profile", profile).out.encode())
    assert csr.subject.rfc4514_string() == "O=A\\, B,C=DE"


REFUSED = [
    ("code-signing", ["--subject", "CN=x,C=DE"], "the subject has no O"),
    ("code-signing", ["--subject", "CN=x,O=E,C=DE", "--dns", "a.example"], "of the kind dns are not allowed"),
    (
        "code-signing",
        ["--subject", "CN=x,O=E,C=DE", "--ext-key-usage", "serverAuth"],
        "has to have code-sign",
    ),
    (
        "code-signing",
        ["--subject", "CN=x,O=E,C=DE", "--key-usage", "keyAgreement"],
        "nothing but digital-sign",
    ),
    ("tls-server", ["--subject", "CN=x"], "0 alternative names (dns, ip, uri), and at least 1 wanted"),
    ("tls-server", ["--dns", "a.example", "--ca"], "basic-constraints may have nothing but end-entity"),
    ("tls-server-public", ["--dns", "a.example", "--subject", "OU=x"], "the subject may not have OU"),
    ("tls-server-letsencrypt", ["--dns", "a.example", "--must-staple"], "must-staple may not be asked for"),
    ("tls-server-letsencrypt", ["--email", "a@b.example"], "of the kind email are not allowed"),
    (
        "timestamping",
        ["--subject", "CN=x,O=E,C=DE", "--ext-key-usage", "timeStamping,clientAuth"],
        "nothing but",
    ),
    ("sub-ca", ["--subject", "CN=x,O=E,C=DE", "--key-usage", "cRLSign"], "has to have key-cert-sign"),
]


@pytest.mark.parametrize("name, args, text", REFUSED)
def test_content_refused(token, name, args, text):
    """Before a key is made."""
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p384" if "sign" in name or "time" in name or "ca" in name else "p256",
        "--key-label",
        "new",
        "--profile",
        name,
        *args,
        status=8,
        code="PROFILE",
        says=[text, f"p11csr profile show {name}"],
    )
    assert token.keys() == []


def test_everything_that_is_missing(token):
    machine = token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "new",
        "--profile",
        "code-signing",
        "--subject",
        "CN=x",
        "--dns",
        "a.example",
        status=8,
        code="PROFILE",
        says="the subject has no O",
    )
    assert machine.json["error"]["notes"] == [
        "the subject has no C",
        "alternative names of the kind dns are not allowed",
    ]


def test_kind_of_key(token):
    args = ("--profile", "code-signing", "--subject", "CN=x,O=E,C=DE")
    token.refused(
        "request",
        *token.at,
        "--generate",
        "rsa-2048",
        "--key-label",
        "new",
        *args,
        status=8,
        code="PROFILE",
        says="the key may not be rsa-2048, but rsa-3072, rsa-4096, p256, p384, p521",
    )
    assert token.keys() == []
    token.make_key("secp256k1")
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        *args,
        status=8,
        code="PROFILE",
        says="the key may not be secp256k1",
    )


def test_generate_needs_a_default(token):
    for args in ([], ["--profile", own(token, "key: { allow: [p256] }\n")]):
        token.refused(
            "request",
            *token.at,
            "--generate",
            "profile",
            "--key-label",
            "new",
            "--subject",
            "CN=x",
            *args,
            status=64,
            code="USAGE",
            says="no profile says what kind of key",
        )


def test_protection(token):
    """A key that may leave the token, or came from elsewhere, signs no code."""
    profile = own(token, "key: { require: [local, never-extractable] }\n")
    args = ("--profile", profile, "--subject", "CN=x")
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--backup",
        "wrapped",
        "--key-label",
        "new",
        *args,
        status=8,
        code="PROFILE",
        says="never be extractable",
    )
    assert token.keys() == []
    token.run("keys", "generate", "p256", *token.at, "--key-label", "open", "--backup", "wrapped").ok()
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "open",
        *args,
        status=8,
        code="PROFILE",
        says=["CKA_NEVER_EXTRACTABLE", "the module reports no"],
    )
    token.other(
        "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "k.pem"
    )
    token.other("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "k.pem", "-out", "k.p8")
    token.other(
        "softhsm2-util",
        "--import",
        "k.p8",
        "--token",
        token.label,
        "--pin",
        token.pin,
        "--label",
        "foreign",
        "--id",
        "77",
    )
    machine = token.refused(
        "request",
        *token.at,
        "--key-label",
        "foreign",
        *args,
        status=8,
        code="PROFILE",
        says="the key was not generated on the token (CKA_LOCAL): the module reports no",
    )
    assert "CKA_NEVER_EXTRACTABLE" in machine.json["error"]["notes"][0]
    token.make_key()
    token.request("--key-label", "web", *args)


def test_hardware(token):
    """SoftHSM2 does not claim to be hardware: no key is made for code-signing."""
    token.refused(
        "request",
        *token.at,
        "--generate",
        "profile",
        "--key-label",
        "new",
        "--profile",
        "code-signing",
        "--subject",
        "CN=x,O=E,C=DE",
        status=8,
        code="PROFILE",
        says="CKF_HW_SLOT",
    )
    assert token.keys() == []


def protection(token, label):
    return (
        token.run("keys", "show", *token.at, "--key-label", label, "--protection", "--json")
        .ok()
        .json["protection"]
    )


def test_uses_of_a_new_key(token):
    """A key may do what its profile and its key usage say, and nothing else."""
    profile = own(token, "key: { usage: [sign, decrypt, derive] }\n")
    token.request("--key-label", "r", "--generate", "rsa-2048", "--profile", profile, "--subject", "CN=x")
    is_ = protection(token, "r")
    assert (is_["sign"], is_["decrypt"], is_["unwrap"], is_["derive"]) == (True, True, False, False)
    token.request("--key-label", "e", "--generate", "p256", "--profile", profile, "--subject", "CN=x")
    is_ = protection(token, "e")
    assert (is_["sign"], is_["decrypt"], is_["derive"]) == (True, False, True)
    token.request(
        "--key-label",
        "u",
        "--generate",
        "rsa-2048",
        "--subject",
        "CN=x",
        "--key-usage",
        "digitalSignature,keyEncipherment",
    )
    assert protection(token, "u")["decrypt"] is True


@pytest.mark.parametrize(
    "spec, usage, text",
    [
        (
            "rsa-2048",
            "keyEncipherment",
            "keyEncipherment is asked for, and the key may neither decrypt nor unwrap",
        ),
        ("rsa-2048", "dataEncipherment", "dataEncipherment is asked for, and the key may not decrypt"),
        ("p256", "keyAgreement", "keyAgreement is asked for, and the key may not derive"),
    ],
)
def test_key_usage_must_fit_the_key(token, spec, usage, text):
    """Without any profile: the certificate would say what the key cannot do."""
    token.make_key(spec)
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        "--subject",
        "CN=x",
        "--key-usage",
        f"digitalSignature,{usage}",
        status=6,
        code="KEY_USE",
        says=text,
    )
    token.request("--subject", "CN=x", "--key-usage", "digitalSignature,nonRepudiation,keyCertSign,cRLSign")


@pytest.mark.parametrize(
    "spec, usage", [("p256", "keyEncipherment"), ("rsa-2048", "keyAgreement"), ("ed25519", "keyAgreement")]
)
def test_no_key_is_made_that_cannot(token, spec, usage):
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "new",
        "--generate",
        spec,
        "--subject",
        "CN=x",
        "--key-usage",
        f"digitalSignature,{usage}",
        status=6,
        code="KEY_USE",
        says=f"a {spec} key is not",
    )
    assert token.keys() == []


def test_completion(box):
    found = box.run("complete", "--", "request", "--profile", "tls-s").ok().out.split()
    assert found == ["tls-server", "tls-server-public", "tls-server-letsencrypt"]


def test_extensions_with_words(token):
    """Policies and their like, by the words of the command line."""
    token.make_key()
    profile = own(
        token,
        "extensions:\n  policy: { values: [1.2.3, 1.2.4] }\n  ms-template: { values: [WebServer] }\n"
        "  1.2.5: { values: ['hex:0500'], critical: true }\n",
    )
    csr = x509.load_pem_x509_csr(token.request("--profile", profile, "--subject", "CN=x").out.encode())
    policies = csr.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in policies] == ["1.2.3", "1.2.4"]
    found = {extension.oid.dotted_string: extension.critical for extension in csr.extensions}
    assert found == {"2.5.29.32": False, "1.3.6.1.4.1.311.20.2": False, "1.2.5": True}
    # The command line replaces what the profile asks for.
    csr = x509.load_pem_x509_csr(
        token.request("--profile", profile, "--subject", "CN=x", "--policy", "1.2.9").out.encode()
    )
    policies = csr.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in policies] == ["1.2.9"]
    forbids = own(token, "extensions: { policy: { allow: [] }, ms-template: { allow: [] } }\n")
    for option in (("--policy", "1.2.3"), ("--ms-template", "WebServer"), ("--ms-template", "1.2.3:1")):
        token.refused(
            "request",
            *token.at,
            "--key-label",
            "web",
            "--profile",
            forbids,
            "--subject",
            "CN=x",
            *option,
            status=8,
            code="PROFILE",
            says="may not be asked for",
        )


def test_attributes(token):
    """Asked with, beside what the command line says; forbidden; shown as they are in the file."""
    token.make_key()
    profile = own(
        token,
        "attributes:\n  unstructured-name: { values: [rack 7] }\n  1.2.5: { values: ['hex:0500'] }\n"
        "  ms-csp: { values: ['1:A provider'] }\n",
    )
    at = ("--profile", profile, "--subject", "CN=x", "--json")
    dry = token.request(*at, "--unstructured-name", "rack 8", "--dry-run").json["dry-run"]
    found = {row["name"] or row["oid"]: row for row in dry["content"]["attributes"]}
    assert found["unstructuredName"]["value"] == ["rack 7", "rack 8"]
    assert found["1.2.5"]["origin"] == "profile own" == found["msEnrollmentCspProvider"]["origin"]
    made = token.request(*at).json["pem"]
    name = x509.load_pem_x509_csr(made.encode()).get_attribute_for_oid(
        x509.oid.AttributeOID.UNSTRUCTURED_NAME
    )
    assert name == b"rack 7"
    read = token.run("show", "-", "--json", stdin=made).ok().json["csr"]["attributes"]
    assert [row["value"] for row in read if row["oid"] == "1.2.5"] == [{"hex": "0500"}]
    shown = token.run("profile", "show", profile, "--json").ok().json["profile"]["attributes"]
    assert shown["unstructured-name"] == {"values": ["rack 7"], "allow": None}
    password = token.write_pin(token.dir / "password", "open sesame")
    forbids = own(token, "attributes: { challenge-password: { allow: [] }, 1.2.5: { allow: [] } }\n")
    for option, word in (
        (("--challenge-password", password), "challenge-password"),
        (("--attribute", "1.2.5:hex:0500"), "1.2.5"),
    ):
        token.refused(
            "request", *token.at, "--key-label", "web", "--profile", forbids, "--subject", "CN=x", *option,
            status=8, code="PROFILE", says=f"the attribute {word} may not be asked with",
        )  # fmt: skip
    token.request("--profile", forbids, "--subject", "CN=x", "--attribute", "1.2.6:hex:0500")


@pytest.mark.parametrize(
    "asked, allowed",
    [
        (("--ca", "--path-length", "0"), True),
        (("--ca", "--path-length", "1"), True),
        (("--ca", "--path-length", "2"), False),
        (("--ca",), False),
    ],
)
def test_longest_path(token, asked, allowed):
    """A CA without a path length has more than one with any."""
    token.make_key()
    name = own(token, "extensions:\n  basic-constraints: { allow: [ca, path-length=1] }\n")
    ask = ("request", *token.at, "--key-label", "web", "--subject", "CN=x", "--profile", name)
    result = token.run(*ask, *asked)
    assert result.status == (0 if allowed else 8), result
    assert allowed or "basic-constraints may have nothing but ca" in result.err
