# SPDX-License-Identifier: Apache-2.0
"""Renewing certificates and requests."""

import os
import pathlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import support

DER = serialization.Encoding.DER
SAN = "www.example.com"


@pytest.fixture
def web(token):
    token.make_key()
    return token


@pytest.fixture
def authority():
    return support.Authority()


def load(answer):
    return x509.load_pem_x509_csr(answer["pem"].encode())


def spki(made):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return made.public_key().public_bytes(DER, form)


def issue(token, authority, label="web", **more):
    return authority.issue(support.name(f"{label}.example.com"), support.public_key(token, label), **more)


def install(token, made, *more):
    (token.work / "new.der").write_bytes(made.public_bytes(DER))
    token.run("certs", "install", "new.der", *token.at, *more).ok()
    (token.work / "new.der").unlink()


def states(answer):
    return {one["name"] or one["kind"]: one["state"] for one in answer["changes"]}


def test_certificate_in_a_file(web, authority, verify_everywhere):
    old = issue(web, authority)
    (web.work / "old.crt").write_bytes(old.public_bytes(serialization.Encoding.PEM))
    done = web.run("renew", "old.crt", *web.at, "--dns", SAN, "--key-usage", "digitalSignature").ok()
    csr = verify_everywhere(done.out)
    assert csr.subject.public_bytes() == old.subject.public_bytes() and spki(csr) == spki(old)
    shown = [line.split() for line in done.err.splitlines() if line.startswith("  ")]
    assert ["kept", "subject:", "CN=web.example.com"] in shown
    assert ["kept", "basicConstraints:", "not", "a", "CA", "(critical)"] in shown
    assert ["added", "subjectAltName:", f"dns:{SAN}"] in shown
    assert ["added", "keyUsage:", "digitalSignature", "(critical)"] in shown
    answer = web.run("renew", "old.crt", *web.at, "--json").ok().json
    assert answer["from"] == "old.crt" and answer["dropped"] == [] and answer["file"] is None
    assert states(answer) == {"subject": "kept", "key": "kept", "basicConstraints": "kept"}


def test_request_in_a_file(web, verify_everywhere):
    options = ("--subject", "CN=a,C=DE", "--dns", SAN, "--must-staple", "--subject-key-id", "sha1")
    web.request(*options, "--ext-key-usage", "serverAuth", "-o", "old.csr")
    done = web.run("renew", "old.csr", *web.at, "--dns", "two.example.com", "-o", "new.csr")
    csr = verify_everywhere((web.work / "new.csr").read_text())
    old = x509.load_pem_x509_csr((web.work / "old.csr").read_bytes())
    assert csr.subject == old.subject and spki(csr) == spki(old)
    assert f"changed  subjectAltName: dns:{SAN} -> dns:{SAN}, dns:two.example.com" in done.err
    assert done.err.count("subjectKeyIdentifier") == 1
    answer = web.run("renew", "old.csr", *web.at, "--subject", "CN=b", "--json").ok().json
    assert states(answer) == {
        "subject": "changed",
        "key": "kept",
        "subjectAltName": "kept",
        "tlsFeature": "kept",
        "extKeyUsage": "kept",
        "subjectKeyIdentifier": "dropped",
    }
    subject = answer["changes"][0]
    assert (subject["old"], subject["new"]) == ("CN=a,C=DE", "CN=b")


def test_new_key(web, authority):
    old = issue(web, authority)
    (web.work / "old.der").write_bytes(old.public_bytes(DER))
    answer = web.run(
        *("renew", "old.der", *web.at, "--new-key", "p384", "--key-label", "web-2", "--json")
    ).ok()
    csr = load(answer.json)
    assert isinstance(csr.public_key().curve, ec.SECP384R1) and csr.subject == old.subject
    assert answer.json["key"]["generated"] is True
    assert states(answer.json)["key"] == "changed"
    assert {key["label"] for key in web.keys()} == {"web", "web-2"}


def test_certificate_on_the_token(web, authority):
    old = issue(web, authority)
    install(web, old)
    uri = web.run("certs", "list", *web.at, "--json").ok().json["certificates"][0]["uri"]
    named = (("--key-label", "web"), ("--serial", f"{old.serial_number:x}".rjust(42, "0")), ())
    for words in [(*web.at, *more) for more in named] + [(uri, *web.login)]:
        answer = web.run("renew", *words, "--json").ok().json
        csr = load(answer)
        assert csr.subject == old.subject and spki(csr) == spki(old)
        assert answer["from"] == uri
    answer = web.run("renew", uri, *web.login, "--new-key", "p256", "--key-label", "b", "--json").ok().json
    assert load(answer).subject == old.subject and answer["key"]["generated"] is True


def test_key_is_not_there(web, authority):
    other = authority.issue(
        support.name("other"), ec.generate_private_key(ec.SECP256R1()).public_key(), serial=77
    )
    (web.work / "other.crt").write_bytes(other.public_bytes(serialization.Encoding.PEM))
    web.refused(
        *("renew", "other.crt", *web.at, "-o", "new.csr"),
        status=3,
        code="KEY_NOT_FOUND",
        says="renew 'other.crt' with a new key: add --new-key p256 --key-label NAME",
    )


def test_refused_before_the_token_is_asked(web, authority):
    old = issue(web, authority)
    (web.work / "old.crt").write_bytes(old.public_bytes(serialization.Encoding.PEM))
    keys = web.keys()
    (web.work / "there.csr").write_text("x")
    new = ("--new-key", "p256", "--key-label", "b")
    web.refused(
        *("renew", "old.crt", *web.at, *new, "-o", "there.csr"),
        status=11,
        code="FILE_EXISTS",
        says="there.csr",
    )
    web.refused(*("renew", "old.crt", *web.at, *new, "--dns", "a b"), status=9, code="SAN", says="a b")
    web.refused(
        *("renew", "there.csr", *web.at, *new),
        status=9,
        code="REQUEST",
        says=["cannot renew 'there.csr'", "neither PEM nor DER"],
    )
    web.refused(
        *("renew", "old.crt", *web.at, "--backup", "none"), status=64, code="USAGE", says="with --new-key"
    )
    web.refused("renew", "none.crt", *web.at, status=10, code="READ", says="none.crt")
    assert web.keys() == keys


# All that end soon


@pytest.fixture
def several(web, authority):
    """Two that end soon, one that does not, one of a CA, and an old one with a newer one beside it."""
    made = {}
    days = {"one": (-80, 10), "two": (-80, 20), "three": (-2, 90)}
    for number, (label, span) in enumerate(days.items(), 2):
        web.make_key("p256", label, f"{number:02d}")
        made[label] = issue(web, authority, label, days=span, serial=0x1000 + number)
        install(web, made[label])
    install(web, issue(web, authority, days=(-80, 5), serial=0x2000))
    fresh = issue(web, authority, days=(-1, 80), serial=0x2001)
    (web.work / "fresh.der").write_bytes(fresh.public_bytes(DER))
    web.tool("--write-object", "fresh.der", "--type", "cert", "--id", "01", "--label", "web")
    root = support.Authority("Old root").certificate
    soon = authority.issue(root.subject, root.public_key(), days=(-80, 3), serial=0x3000)
    (web.work / "ca.der").write_bytes(soon.public_bytes(DER))
    web.tool("--write-object", "ca.der", "--type", "cert", "--id", "99", "--label", "ca")
    for name in ("fresh.der", "ca.der"):
        (web.work / name).unlink()
    return web, made


def test_dry_run(web, authority):
    """The bytes that renewing then signs; nothing is written, no key is made, and no PIN is sent."""
    (web.work / "old.der").write_bytes(issue(web, authority).public_bytes(DER))
    before = web.snapshot()
    asked = ("old.der", "--dns", SAN, "-o", "new.csr", "--json")
    foreseen = web.run("renew", "--dry-run", "--token", web.label, *asked).ok().json
    assert foreseen["from"] == "old.der" and foreseen["dry-run"]["file"] == "new.csr"
    found = {one["name"]: one for one in foreseen["dry-run"]["content"]["extensions"]}
    assert found["subjectAltName"]["value"][0]["origin"] == "--dns"
    new = web.run("renew", "old.der", "--dry-run", *web.at, "--new-key", "p384", "--key-label", "b").ok()
    assert ["key", "p384,", "would", "be", "made"] in [line.split() for line in new.out.splitlines()]
    assert web.snapshot() == before and [key["label"] for key in web.keys()] == ["web"]
    made = web.run("renew", *web.at, *asked).ok().json
    assert made["tbs-sha256"] == foreseen["dry-run"]["tbs-sha256"]
    other = authority.issue(support.name("x"), authority.key.public_key())
    (web.work / "other.der").write_bytes(other.public_bytes(DER))
    web.refused(
        "renew", "other.der", "--dry-run", *web.at, status=3, code="KEY_NOT_FOUND", says="add --new-key p256"
    )


def test_expiring_dry_run(several):
    web, _ = several
    asked = ("renew", "--expiring", "30d", *web.at, "-o", "out")
    done = web.run(*asked, "--dry-run").ok()
    assert "2 certificates would be renewed, 2 left out" in done.err and web.snapshot() == {}
    assert [line.split()[0] for line in done.out.splitlines()].count("certificate") == 2
    foreseen = web.run(*asked, "--dry-run", "--json").ok().json["renewed"]
    made = web.run(*asked, "--json").ok().json["renewed"]
    assert [(one["dry-run"]["tbs-sha256"], one["dry-run"]["file"]) for one in foreseen] == [
        (one["tbs-sha256"], one["file"]) for one in made
    ]
    # What is in the way is said before.
    assert web.run(*asked, "--dry-run").status == 13


def test_expiring(several, verify_everywhere):
    web, made = several
    done = web.run("renew", "--expiring", "30d", *web.at, "-o", "out").ok()
    assert done.out == ""
    files = sorted(path.name for path in (web.work / "out").iterdir())
    assert files == ["one-1002.csr", "two-1003.csr"]
    for name, label in zip(files, ("one", "two")):
        csr = verify_everywhere((web.work / "out" / name).read_text())
        assert spki(csr) == spki(made[label]) and csr.subject == made[label].subject
    assert "2 certificates renewed, 2 left out" in done.err
    assert "there is a newer one of the same key and subject" in done.err
    assert "its key is not on this token" in done.err
    again = web.run("renew", "--expiring", "30", *web.at, "-o", "out", "--force", "--json").ok().json
    assert [one["file"] for one in again["renewed"]] == [f"out/{name}" for name in files]
    assert [one["certificate"]["serial"] for one in again["skipped"]] == ["3000", "2000"]
    assert all(states(one)["subject"] == "kept" for one in again["renewed"])


def test_expiring_one_fails(several):
    web, _ = several
    (web.work / "one-1002.csr").write_text("mine")
    done = web.run("renew", "--expiring", "30d", *web.at)
    assert done.status == 13 and done.out == "", done
    assert "1 of 2 certificates could not be renewed" in done.err
    assert "not renewed: " in done.err and "one-1002.csr" in done.err
    assert (web.work / "one-1002.csr").read_text() == "mine"
    assert (web.work / "two-1003.csr").exists()
    (web.work / "two-1003.csr").unlink()
    answer = web.run("renew", "--expiring", "30d", *web.at, "--form", "der", "--json")
    assert answer.status == 13 and answer.json["error"]["code"] == "PARTLY_DONE", answer
    assert [one["ok"] for one in answer.json["renewed"]] == [False, True]
    assert answer.json["renewed"][0]["error"]["code"] == "FILE_EXISTS"
    assert x509.load_der_x509_csr((web.work / "two-1003.csr").read_bytes()).is_signature_valid


def test_expiring_with_nothing_due(several):
    web, _ = several
    answer = web.run("renew", "--expiring", "1d", *web.at, "--json").ok().json
    assert answer["renewed"] == [] and answer["skipped"] == []
    assert web.snapshot() == {}


def test_expiring_file_names(web, authority):
    """A label is no path."""
    web.make_key("p256", "../.a/b c", "07")
    (web.work / "x.der").write_bytes(
        issue(web, authority, "../.a/b c", days=(-80, 3), serial=0x77).public_bytes(DER)
    )
    web.run("certs", "install", "x.der", *web.at).ok()
    (web.work / "x.der").unlink()
    web.run("renew", "--expiring", "30d", *web.at, "-o", "out").ok()
    assert list(web.snapshot()) == ["out", "out/_._.a_b_c-77.csr"]


def test_expiring_stops_at_a_wrong_pin(several):
    web, _ = several
    wrong = web.write_pin(web.dir / "wrong", "nonsense")
    done = web.run("renew", "--expiring", "30d", "--token", web.label, "--pin-source", wrong, "--json")
    assert done.status == 4 and web.snapshot() == {}, done


def test_expiring_usage(web):
    for more, says in (
        (("--new-key", "p256"), "--new-key"),
        (("--attestation", "1.2.3:a.der"), "--attestation is about one key"),
        (("old.crt",), "old.crt"),
    ):
        web.refused("renew", "--expiring", "30d", *more, *web.at, status=64, code="USAGE", says=says)
    for days in ("", "d", "-1", "30x", "99999999"):
        web.refused(
            *("renew", "--expiring", days, *web.at), status=9, code="VALUE", says=f"--expiring '{days}'"
        )
    assert not pathlib.Path(web.work, "out").exists() and os.listdir(web.work) == []


@pytest.mark.parametrize("more", [(), ("--expiring", "30d")])
def test_no_pin_in_a_uri(web, more):
    """It would be copied into memory that is not locked."""
    uri = f"pkcs11:token=test%20token;object=web?pin-value={support.PIN}"
    result = web.run("renew", uri, *more)
    assert result.status == 64 and "--pin-source" in result.err, result


def test_no_password_for_many(web):
    """Most sources can be read once."""
    asked = ("renew", "--expiring", "30d", *web.at, "--challenge-password", "env:SECRET")
    result = web.run(*asked, env={"SECRET": "swordfish-12"})
    assert result.status == 64 and "--challenge-password" in result.err, result
