# SPDX-License-Identifier: Apache-2.0
"""lint: how it is asked and how it answers; what each rule finds is in tests/lint."""

import os
import pathlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import support


def made(*names, challenge=False):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
    if challenge:
        builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"secret")
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def files(box):
    """Three requests: good, one with a warning, one with an error."""
    named = {"good": made("a.example"), "warned": made("b", challenge=True), "bad": made("c") + b"\0"}
    for name, der in named.items():
        (box.work / f"{name}.csr").write_bytes(support.to_pem(der) if name != "bad" else der)
    return {name: str(box.work / f"{name}.csr") for name in named}


def findings(entry, *severities):
    return [row["id"] for row in entry["findings"] if row["severity"] in severities]


def test_answers(box, files):
    good = box.run("lint", files["good"], "--json").ok().json["files"][0]
    assert (good["errors"], good["warnings"], good["sets"], good["ignored"]) == (0, 0, ["structure"], [])
    assert findings(good, "not-judged") == ["S15"]
    warned = box.run("lint", files["warned"], "--json").ok().json["files"][0]
    assert findings(warned, "warning") == ["S14"] and "secret" not in str(warned)
    text = box.run("lint", files["warned"]).ok().out
    assert "warned.csr: warning S14: " in text and "0 errors, 1 warning; not judged: S15\n" in text


def test_errors_and_strict(box, files):
    bad = box.run("lint", files["bad"], "--json")
    assert bad.status == 1 and bad.json["error"]["code"] == "CHECK_FAILED"
    assert findings(bad.json["files"][0], "error") == ["S01"]
    assert bad.json["files"][0]["findings"][0]["byte"] == os.path.getsize(files["bad"]) - 1
    assert box.run("lint", files["warned"], "--strict").status == 1
    assert box.run("lint", files["good"], "--strict").status == 0
    assert box.run("lint", files["warned"], "--strict", "--ignore", "s14").status == 0


def test_ignored_rules_are_told(box, files):
    assert "; left out: S14\n" in box.run("lint", files["warned"], "--ignore", "S14").ok().out
    entry = (
        box.run("lint", files["warned"], "--ignore", "S14", "--ignore", "S15", "--json").ok().json["files"][0]
    )
    assert entry["ignored"] == ["S14", "S15"] and entry["findings"] == []


def test_several_files(box, files):
    (box.work / "none.csr").write_bytes(b"nothing")
    four = [files["good"], str(box.work / "none.csr"), files["bad"], str(box.work / "absent.csr")]
    result = box.run("lint", *four, "--json")
    assert result.status == 9 and [row["file"] for row in result.json["files"]] == four
    assert box.run("lint", four[3], files["good"]).status == 10
    assert ["unreadable" in row for row in result.json["files"]] == [False, True, False, True]
    text = box.run("lint", *four)
    assert text.status == 9 and "none.csr: cannot be read: this is neither PEM nor DER" in text.out
    assert "2 of 4 files cannot be read" in text.err


def test_stdin(box, files):
    data = (box.work / "warned.csr").read_bytes()
    assert "standard input: warning S14" in box.run("lint", stdin=data).ok().out
    assert "standard input: warning S14" in box.run("lint", "-", stdin=data).ok().out


def test_list(box):
    rules = box.run("lint", "--list", "--json").ok().json["rules"]
    ids = [rule["id"] for rule in rules]
    assert len(set(ids)) == len(ids) and {f"S{n:02}" for n in range(1, 21)} <= set(ids)
    text = box.run("lint", "--list").ok().out
    assert all(f"{rule['id']}  " in text and rule["title"] in text for rule in rules)


def test_the_manual_names_every_rule(box):
    """The list in the manual is made from the rows."""
    manual = (pathlib.Path(os.environ["P11CSR_MANUAL"]) / "p11csr.1").read_text().replace("\\-", "-")
    for rule in box.run("lint", "--list", "--json").ok().json["rules"]:
        assert f".It Li {rule['id']} Pq {rule['severity']}\n{rule['title']} (" in manual, rule["id"]


def test_list_of_some_sets(box):
    some = box.run("lint", "--list", "--rules", "fips,tls-br:dv", "--json").ok().json["rules"]
    assert {rule["set"] for rule in some} == {"fips", "tls-br"}
    box.refused("lint", "--list", "--rules", "foo", status=64, code="USAGE", says="no set of lint rules")


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda pem: b"\xef\xbb\xbf" + pem, "byte order mark"),
        (lambda pem: b"text\n" + pem, "text stands before"),
        (
            lambda pem: pem.replace(b"BEGIN CERT", b"BEGIN NEW CERT").replace(b"END CERT", b"END NEW CERT"),
            "label",
        ),
        (
            lambda pem: pem + pem.replace(b"CERTIFICATE REQUEST", b"CERTIFICATE"),
            "something else than a request",
        ),
        (lambda pem: pem + pem.replace(b"CERTIFICATE REQUEST", b"PRIVATE KEY"), "a private key"),
        (lambda pem: pem.replace(b"\n", b"  \r\n"), None),
    ],
)
def test_form_of_the_pem(box, change, says):
    (box.work / "a.csr").write_bytes(change(support.to_pem(made("a.example"))))
    entry = box.run("lint", "a.csr", "--json").ok().json["files"][0]
    texts = [row["text"] for row in entry["findings"] if row["id"] == "S20"]
    assert (texts == []) if says is None else any(says in text for text in texts), texts
    assert says == "a private key" or len(texts) <= 1


def test_wrong_words(box, files):
    good = files["good"]
    box.refused("lint", good, "--rules", "structurf", status=64, code="USAGE", says="'structure'")
    box.refused("lint", good, "--rules", "fips:dv", status=64, code="USAGE", says="only tls-br takes")
    box.refused("lint", good, "--rules", "tls-br:ev", status=64, code="USAGE", says="dv, ov and iv")
    both = "tls-br:dv,tls-br:ov"
    box.refused("lint", good, "--rules", both, status=64, code="USAGE", says="as dv and as ov")
    box.refused("lint", good, "--rules", "", status=64, code="USAGE", says="no set of lint rules")
    box.refused(
        "lint", good, "--ignore", "Z99", status=64, code="USAGE", says=["no lint rule", "lint --list"]
    )
    box.refused("lint", good, "--list", status=64, code="USAGE", says="takes no file")


def test_text_from_a_request_does_not_reach_the_terminal(box):
    """What a stranger wrote is quoted and cleaned."""
    (box.work / "evil.csr").write_bytes(made("a\x1b[31m" + "x" * 70))
    text = box.run("lint", str(box.work / "evil.csr"))
    assert text.status == 1 and "\x1b" not in text.out and "S10" in text.out


def test_data_directory(box, files):
    """A list that is not there leaves its rule open, one that is wrong is an error."""
    words = ("lint", files["good"], "--rules", "tls-br:dv")
    folder = box.work / "lists"
    folder.mkdir()
    entry = box.run(*words, "--json", "--lint-data", folder).ok().json["files"][0]
    (missing,) = [row for row in entry["findings"] if row["id"] == "T12"]
    assert missing["severity"] == "not-judged" and f"'{folder}/tlds-alpha-by-domain.txt'" in missing["text"]
    (folder / "tlds-alpha-by-domain.txt").write_text("# Version 1\nCOM\n")
    bad = box.run(*words, "--json", "--lint-data", folder)
    (internal,) = [row for row in bad.json["files"][0]["findings"] if row["id"] == "T12"]
    assert bad.status == 1 and "'a.example' is an internal name" in internal["text"]
    (folder / "tlds-alpha-by-domain.txt").write_text("# Version 1\n<html>\n")
    box.refused(*words, "--lint-data", folder, status=78, code="CONFIG", says="line 2 of")
    box.refused(*words, "--lint-data", folder / "none", status=10, code="READ", says="none")


# request: the rules are kept before anything is signed

POISON = ("--extension", "1.3.6.1.4.1.11129.2.4.3:critical:hex:0500")
CONTENT = ("--subject", "CN=a.example", "--dns", "a.example")


def test_no_key_is_made_for_a_request_that_breaks_a_rule(token):
    made = ("--generate", "p256", "--key-label", "new")
    token.refused(
        "request", *token.at, *made, *CONTENT, *POISON, status=8, code="LINT", says=["S19", "--ignore"]
    )
    assert token.keys() == []
    done = token.run("request", *token.at, *made, *CONTENT, *POISON, "--ignore", "S19", "--json").ok().json
    assert done["lint"]["ignored"] == ["S19"] and done["lint"]["errors"] == 0


def test_nothing_is_signed_that_breaks_a_rule(token):
    token.make_key()
    at = (*token.at, "--key-label", "web")
    token.refused("request", *at, *CONTENT, *POISON, status=8, code="LINT", says="S19")
    token.refused("plan", *at, *CONTENT, *POISON, status=8, code="LINT", says="S19")
    trace = token.run("request", *at, *CONTENT, *POISON, "-v")
    assert trace.status == 8 and "C_Sign" not in trace.err
    assert "lint" not in token.run("request", *at, *CONTENT, *POISON, "--no-lint", "--json").ok().json


def test_warnings_of_the_structure(token):
    token.make_key()
    at = (*token.at, "--key-label", "web")
    (token.work / "pw").write_text("secret\n")
    (token.work / "pw").chmod(0o600)
    said = (*CONTENT, "--challenge-password", f"file:{token.work / 'pw'}")
    assert "warning S14: " in token.run("request", *at, *said).ok().err
    assert "S14" not in token.run("request", *at, *said, "--quiet").ok().err
    lint = token.run("request", *at, *said, "--json").ok().json["lint"]
    assert findings(lint, "warning") == ["S14"] and lint["sets"] == ["structure"]


def test_rules_that_are_said_add_to_the_others(token):
    """The structure and the profile hold all the same."""
    token.make_key()
    at = (*token.at, "--key-label", "web")
    token.refused("request", *at, *CONTENT, *POISON, "--rules", "fips", status=8, code="LINT", says="S19")
    public = (
        "--profile",
        "tls-server-public",
        "--rules",
        "fips",
        "--subject",
        "CN=b.example",
        "--dns",
        "a.example",
    )
    token.refused("request", *at, *public, status=8, code="LINT", says="T08")
    done = token.run("request", *at, *CONTENT, "--rules", "fips", "--ignore", "S14").ok()
    assert "lint rules left out: S14\n" in done.err


def test_what_is_foreseen_is_warned_about(token):
    """A dry run and a plan say what the request would be warned about."""
    token.make_key()
    at = (*token.at, "--key-label", "web", *CONTENT, "--rules", "tls-br:dv", "--ignore", "T12")
    for more in (("request", "--dry-run"), ("plan", "-o", token.work / "plan.json", "--force")):
        assert "warning T08" in token.run(*more, *at).ok().err
        assert "T08" in findings(token.run(*more, *at, "--json").ok().json["lint"], "warning")


def test_options_that_exclude_each_other(token):
    token.make_key()
    at = (*token.at, "--key-label", "web", *CONTENT, "--no-lint")
    token.refused("request", *at, "--rules", "structure", status=64, code="USAGE", says="--no-lint")
    token.refused("request", *at, "--ignore", "S14", status=64, code="USAGE", says="--no-lint")


def test_a_subject_that_is_taken_over_is_warned_about_only(token):
    """A CA issued it: what is wrong with it is told, and it is renewed all the same."""
    key = ec.generate_private_key(ec.SECP256R1())
    long = x509.NameAttribute(NameOID.COMMON_NAME, "x" * 65, _validate=False)
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([long])).sign(key, hashes.SHA256())
    old = token.work / "old.csr"
    old.write_bytes(csr.public_bytes(serialization.Encoding.PEM))
    token.make_key()
    done = token.run("request", *token.at, "--key-label", "web", "--from-csr", old, "--json").ok().json
    assert findings(done["lint"], "warning") == ["S10"] and done["lint"]["errors"] == 0
    assert box_errors(token, old) == ["S10"]


def box_errors(box, path):
    return findings(box.run("lint", path, "--json").json["files"][0], "error")
