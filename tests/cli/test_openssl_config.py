# SPDX-License-Identifier: Apache-2.0
"""--openssl-config: the same request as `openssl req -new -batch -config` makes, judged by another parser."""

import os

import pytest
from cryptography import x509

import openssl_configs

ENV = {"P11CSR_TEST_ORG": "From the environment", "OPENSSL_CONF": "/nonexistent"}


@pytest.fixture
def web(token):
    token.make_key()
    return token


def subject_bytes(csr):
    """The Name as it stands: behind the version, which takes three octets."""
    info = csr.tbs_certrequest_bytes
    at = 2 + (info[1] & 0x7F if info[1] & 0x80 else 0) + 3
    more = info[at + 1] & 0x7F if info[at + 1] & 0x80 else 0
    size = int.from_bytes(info[at + 2 : at + 2 + more], "big") if more else info[at + 1]
    return info[at : at + 2 + more + size]


def content(pem, readable=True):
    """Subject with types, extensions and attributes; of the key only that its identifier is its own."""
    csr = x509.load_pem_x509_csr(pem)
    own = x509.SubjectKeyIdentifier.from_public_key(csr.public_key())
    extensions = {
        ext.oid.dotted_string: (ext.critical, "own" if ext.value == own else ext.value.public_bytes())
        for ext in csr.extensions
    }
    attributes = sorted(
        (a.oid.dotted_string, a.value, a._type)
        for a in csr.attributes
        if a.oid != x509.oid.AttributeOID.CHALLENGE_PASSWORD or a.value
    )
    attributes = [one for one in attributes if one[0] != "1.2.840.113549.1.9.14"]
    rdns = None
    if readable:
        rdns = [sorted((a.oid.dotted_string, a.value, a._type) for a in rdn) for rdn in csr.subject.rdns]
    return {
        "subject": subject_bytes(csr),
        "rdns": rdns,
        "extensions": extensions,
        "attributes": attributes,
        "hash": csr.signature_hash_algorithm.name,
    }


def by_openssl(web, name):
    key = web.dir / "key.pem"
    if not key.exists():
        web.other(
            "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key
        )
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "P11CSR_TEST_ORG": ENV["P11CSR_TEST_ORG"]}
    web.env, saved = env, web.env
    done = web.other("openssl", "req", "-new", "-batch", "-config", name, "-key", key)
    web.env = saved
    return done.stdout


def write(web, text, name="a.cnf"):
    (web.work / name).write_text(text)
    return name


@pytest.mark.parametrize("kind", openssl_configs.SAME)
def test_same_as_openssl(web, kind):
    name = write(web, openssl_configs.SAME[kind])
    done = web.request("--openssl-config", name, env=ENV)
    readable = kind != "mask default"  # pyca reads no TeletexString that is not ASCII: its bytes are compared
    assert content(done.out.encode(), readable) == content(by_openssl(web, name), readable)


def test_what_is_left_out_is_named(web):
    name = write(web, openssl_configs.SAME["req documentation, prompts"])
    answer = web.request("--openssl-config", name, "--json").json
    assert [(d["kind"], d["name"]) for d in answer["dropped"]] == [
        ("setting", "default_bits"),
        ("setting", "default_keyfile"),
        ("setting", "dirstring_type"),
        ("prompt", "localityName"),
        ("prompt", "organizationalUnitName"),
        ("prompt", "emailAddress"),
        ("prompt", "challengePassword"),
    ]
    told = web.request("--openssl-config", name).err
    assert "not taken over from 'a.cnf': default_keyfile: the key stays on the token" in told
    assert "localityName: a prompt without a default; give it by --subject" in told


def test_section_and_command_line(web):
    text = (
        "[other]\ndistinguished_name=dn\nreq_extensions=e\n[dn]\nCN=Name\n[e]\nsubjectAltName=DNS:a.example\n"
    )
    name = write(web, text)
    csr = x509.load_pem_x509_csr(
        web.request(
            "--openssl-config", f"{name}:other", "--subject", "CN=given", "--dns", "b.example"
        ).out.encode()
    )
    assert csr.subject.rfc4514_string() == "CN=given"
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]


def test_digest_that_does_not_fit_is_no_obstacle(web):
    web.make_key("ed25519", "ed", "02")
    name = write(web, openssl_configs.SAME["default digest"])
    answer = web.request("--key-label", "ed", "--openssl-config", name, "--json").json
    assert answer["scheme"] == "ed25519"
    answer = web.request("--openssl-config", name, "--hash", "sha512", "--json").json
    assert answer["scheme"] == "ecdsa-sha512"


def test_included_files(web):
    (web.work / "names").mkdir()
    write(web, "CN = included\n.include names/more.cnf\n", "names/dn.cnf")
    write(web, "O = deeper\n", "names/more.cnf")
    name = write(
        web,
        "# .include nothing\n[req]\ndistinguished_name = dn\nprompt = no\n"
        "[dn]\n  .include = names/dn.cnf\nOU = after\n",
    )
    done = web.request("--openssl-config", name)
    assert content(done.out.encode()) == content(by_openssl(web, name))


def test_nothing_of_the_file_is_loaded(web):
    """A configuration that would start a program's engine and provider, were it used as one."""
    text = (
        "openssl_conf = init\n[init]\nengines = e\nproviders = p\n[e]\nx = ex\n[ex]\n"
        "dynamic_path = /nonexistent/engine.so\ninit = 1\n[p]\ny = py\n[py]\n"
        "module = /nonexistent/provider.so\nactivate = 1\n[req]\ndistinguished_name = dn\nprompt = no\n"
        "[dn]\nCN = x\n"
    )
    done = web.request("--openssl-config", write(web, text), "--json").json
    assert done["dropped"] == []


BASE = "[req]\ndistinguished_name = dn\nprompt = no\nreq_extensions = e\n[dn]\nCN = x\n[e]\n"


@pytest.mark.parametrize(
    "text,says",
    [
        ("[req\n", "line 1"),
        ("[other]\n", "no section [req]"),
        ("[req]\ndistinguished_name = none\n", "no section [none], which 'distinguished_name' names"),
        ("[req]\ndistinguished_name = d\nprompt=no\n[d]\nnoSuch = 1\n", "'noSuch' of section [d]"),
        ("[req]\ndistinguished_name = d\nprompt=no\n[d]\nC = DEU\n", "'C' of section [d]"),
        ("[req]\ndistinguished_name = d\n[d]\nCN=n\nCN_default = ab\nCN_min = 3\n", "too short"),
        ("[req]\nstring_mask = what\ndistinguished_name = d\n[d]\n", "string_mask 'what'"),
        (BASE + "subjectAltName = DNX:a\n", "'subjectAltName' of section [e]"),
        (BASE + "subjectAltName = @none\n", "'subjectAltName' of section [e]"),
        (BASE + "noSuchExtension = a\n", "'noSuchExtension' of section [e]"),
        (
            BASE + "proxyCertInfo = critical,language:id-ppl-anyLanguage,policy:file:/etc/passwd\n",
            "other files",
        ),
        (BASE + "1.2.3 = ASN1:FORMAT:BITLIST,BITSTRING:1000000000\n", "the number of a bit is too large"),
        (BASE + "a\\\n.include x\n", "'.include' stands where it cannot be followed"),
        (BASE + ".incl\\\nude = x\n", "'.include' goes over two lines"),
        ("CN = $none\n", "line 1"),
    ],
)
def test_refused(web, text, says):
    name = write(web, text)
    web.refused(
        *("request", *web.at, "--key-label", "web", "--openssl-config", name),
        status=9 if "bit is" in says else 78,
        code="LIMIT" if "bit is" in says else "CONFIG",
        says=["a.cnf", says],
    )


@pytest.mark.parametrize(
    "text",
    [
        BASE + "1.2.3 = ASN1:SEQUENCE:s\n[s]\na = SEQUENCE:s\nb = SEQUENCE:s\n",
        BASE
        + "1.2.3 = ASN1:SEQUENCE:s0\n"
        + "".join(f"[s{i}]\n" + f"a=SEQUENCE:s{i + 1}\nb=SEQUENCE:s{i + 1}\n" for i in range(14)),
        BASE
        + "1.2.3 = ASN1:SET:SEQUENCE\\:s0\n"
        + "".join(
            f"[SEQUENCE\\:s{i}]\n" + f"a=SET:SEQUENCE\\:s{i + 1}\nb=SET:SEQUENCE\\:s{i + 1}\n"
            for i in range(14)
        ),
        "a = " + "$x" * 1100 + "\n",
        "# " + "x" * 300_000 + "\n",
        ".include a.cnf\n",
    ],
)
def test_without_bounds(web, text):
    name = write(web, text)
    web.refused(
        *("request", *web.at, "--key-label", "web", "--openssl-config", name),
        status=9,
        code="LIMIT",
        says="a.cnf",
    )


def test_files_that_are_not_there(web):
    for name in ("none.cnf", "none.cnf:req"):
        web.refused(
            *("request", *web.at, "--key-label", "web", "--openssl-config", name),
            status=10,
            code="READ",
            says="none.cnf",
        )
    write(web, ".include /nonexistent/x\n")
    web.refused(
        *("request", *web.at, "--key-label", "web", "--openssl-config", "a.cnf"),
        status=10,
        code="READ",
        says=os.path.join("/nonexistent", "x"),
    )
