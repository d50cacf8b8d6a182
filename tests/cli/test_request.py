# SPDX-License-Identifier: Apache-2.0
"""The main job: a request for a key on the token, found or made in every way there is."""

import hashlib
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SUBJECT = ("--subject", "CN=www.example.com")


def key_sha256(csr):
    return hashlib.sha256(
        csr.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).hexdigest()


@pytest.mark.parametrize("spec", ["p256", "rsa-2048", "ed25519"])
def test_generated_then_found(token, verify_everywhere, spec):
    first = token.run("request", *token.at, "--generate", spec, "--key-label", "web", *SUBJECT).ok()
    found = verify_everywhere(first.out)
    assert found.subject.rfc4514_string() == "CN=www.example.com"
    assert "made key pkcs11:token=test%20token;" in first.err and "signature verified" in first.err
    key = token.keys()[0]
    assert (key["type"], key["label"], key["private"], key["public"]) == (spec, "web", True, True)
    assert key["spki-sha256"] == key_sha256(found)
    ways = [
        (key["uri"], *token.login),
        ("pkcs11:token=test%20token;object=web", *token.login),
        (*token.at, "--key-label", "web"),
        (*token.at, "--key-id", key["id"]),
        (*token.at, "--key-label", "web", "--key-id", key["id"]),
        ("--token", "pkcs11:token=test%20token", *token.login, "--key-id", key["id"].upper()),
    ]
    for way in ways:
        again = token.run("request", *way, *SUBJECT).ok()
        assert key_sha256(verify_everywhere(again.out)) == key["spki-sha256"]
        assert "used key " in again.err
    assert len(token.keys()) == 1


def test_nothing_matches(token):
    token.make_key("p256", "web", "01")
    for way, says in [
        (("--key-label", "wep"), "cannot use key 'wep' on token 'test token'"),
        (("--key-id", "02"), "CKA_ID 02"),
        (("--key-label", "web", "--key-id", "02"), "cannot use key 'web' with CKA_ID 02"),
    ]:
        token.refused(
            "request",
            *token.at,
            *way,
            *SUBJECT,
            status=3,
            code="KEY_NOT_FOUND",
            says=[says, "no private key matches", "p11csr keys list"],
        )
    token.refused(
        "request",
        "pkcs11:token=test%20token;object=wep",
        *token.login,
        *SUBJECT,
        status=3,
        code="KEY_NOT_FOUND",
        says="no private key matches",
    )
    token.refused(
        "request",
        "--token",
        "tset",
        *token.login,
        "--key-label",
        "web",
        *SUBJECT,
        status=3,
        code="TOKEN_NOT_FOUND",
        says=["pkcs11:token=tset", "p11csr tokens list"],
    )
    assert len(token.keys()) == 1


def test_key_id_is_hex(token):
    token.make_key("p256", "web", "0a0b")
    for good in ("0A0b", "0x0a0b", "0a:0b"):
        token.request("--key-id", good, *SUBJECT)
    for bad in ("0g", "abc", "", "0x", "0a 0b", "0a:", ":0a"):
        token.refused(
            "request", *token.at, "--key-id", bad, *SUBJECT, status=9, code="VALUE", says=["--key-id", "hex"]
        )


def test_uri_and_options_must_agree(token):
    token.make_key("p256", "web", "01")
    uri = "pkcs11:token=test%20token;object=web;id=%01"
    token.run("request", uri, *token.login, "--key-label", "web", "--key-id", "01", *SUBJECT).ok()
    token.refused(
        "request",
        uri,
        *token.login,
        "--key-label",
        "other",
        *SUBJECT,
        status=64,
        code="USAGE",
        says=["'web'", "'other'"],
    )
    token.refused(
        "request", uri, *token.login, "--key-id", "02", *SUBJECT, status=64, code="USAGE", says="id"
    )
    token.refused("request", uri, *token.at, *SUBJECT, status=64, code="USAGE", says="--token")


def test_generate_refuses_a_taken_label(token):
    key = token.make_key("p256", "web", "01")
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "web",
        *SUBJECT,
        status=11,
        code="KEY_EXISTS",
        says=[key["uri"], "--ensure"],
    )
    token.refused(
        "keys",
        "generate",
        "p256",
        *token.at,
        "--key-label",
        "web",
        status=11,
        code="KEY_EXISTS",
        says=key["uri"],
    )
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "new",
        "--key-id",
        "01",
        *SUBJECT,
        status=11,
        code="KEY_EXISTS",
        says=key["uri"],
    )
    assert [row["uri"] for row in token.keys()] == [key["uri"]]
    token.run(
        "request", *token.at, "--generate", "p256", "--key-label", "new", "--key-id", "02", *SUBJECT
    ).ok()
    assert sorted(row["id"] for row in token.keys()) == ["01", "02"]


def test_ensure(token, verify_everywhere):
    ensure = ("request", *token.at, "--ensure", "p256", "--key-label", "ci", *SUBJECT)
    made = token.run(*ensure, "--json").ok().json
    kept = token.run(*ensure, "--json").ok().json
    assert (made["key"]["generated"], kept["key"]["generated"]) == (True, False)
    assert made["key"]["uri"] == kept["key"]["uri"]
    assert key_sha256(verify_everywhere(kept["pem"])) == made["key"]["spki-sha256"]
    token.refused(
        "request",
        *token.at,
        "--ensure",
        "p384",
        "--key-label",
        "ci",
        *SUBJECT,
        status=8,
        code="KEY_SPEC",
        says=["'ci' is p256, not p384"],
    )
    token.refused(*ensure, "--generate", "p256", status=64, code="USAGE", says=["--generate", "--ensure"])
    assert len(token.keys()) == 1


def test_ensure_refuses_a_less_protected_key(token):
    token.raw("p256", "open", "01", "extractable=1")
    token.request("--key-label", "open", *SUBJECT)
    token.refused(
        "request",
        *token.at,
        "--ensure",
        "p256",
        "--key-label",
        "open",
        *SUBJECT,
        status=8,
        code="KEY_SPEC",
        says=["less protected", "extractable"],
    )


@pytest.mark.parametrize("then, now", [("extractable=1", "extractable=0"), ("sensitive=0", "sensitive=1")])
def test_ensure_refuses_a_key_that_was_exposed(token, then, now):
    """Its flags are as good as a new key's today; the token remembers that somebody may have a copy."""
    token.raw("p256", "once", "01", then)
    token.raw("set", "01", now)
    ensure = ("request", *token.at, "--ensure", "p256", "--key-label", "once", *SUBJECT)
    token.refused(*ensure, status=8, code="KEY_SPEC", says="was once extractable or not sensitive")
    token.raw("p256", "never", "02")
    token.run(*ensure[:-3], "never", *SUBJECT).ok()


@pytest.mark.parametrize(
    "spec, near",
    [
        ("p257", "p256"),
        ("rsa-2408", "rsa-2048"),
        ("ed25519x", "ed25519"),
        ("brainpoolP384", "brainpoolP384r1"),
        ("rsa-1024", "rsa-"),
    ],
)
def test_unknown_key_spec(token, spec, near):
    for command in (
        ("request", "--generate", spec, *SUBJECT),
        ("request", "--ensure", spec, *SUBJECT),
        ("keys", "generate", spec),
    ):
        token.refused(
            *command,
            *token.at,
            "--key-label",
            "web",
            status=9,
            code="ALGORITHM",
            says=[f"'{spec}'", near, "p11csr algorithms"],
        )
    assert token.keys() == []


def test_a_new_key_needs_a_label(token):
    token.refused("request", *token.at, "--generate", "p256", *SUBJECT, status=64, code="USAGE", says="label")
    token.refused("keys", "generate", "p256", *token.at, status=64, code="USAGE", says="label")
    assert token.keys() == []
    uri = "pkcs11:token=test%20token;object=from%20uri"
    token.run("request", uri, *token.login, "--generate", "p256", *SUBJECT).ok()
    assert token.keys()[0]["label"] == "from uri"


def test_content_is_checked_before_a_key_is_made(token):
    """Every mistake that shows without the token leaves the token alone."""
    make = ("request", *token.at, "--generate", "p256", "--key-label", "web")
    (token.work / "there.csr").write_text("mine")
    for wrong, status, code in [
        ((), 9, "SUBJECT"),
        (("--subject", "CN="), 9, "SUBJECT"),
        ((*SUBJECT, "--dns", "a b"), 9, "SAN"),
        ((*SUBJECT, "--key-usage", "sign"), 9, "EXTENSION"),
        ((*SUBJECT, "--path-length", "1"), 9, "EXTENSION"),
        ((*SUBJECT, "--scheme", "ed25519"), 9, "ALGORITHM"),
        ((*SUBJECT, "--hash", "sha1"), 9, "ALGORITHM"),
        ((*SUBJECT, "--pss"), 9, "ALGORITHM"),
        ((*SUBJECT, "--form", "txt"), 64, "USAGE"),
        ((*SUBJECT, "-o", "there.csr"), 11, "FILE_EXISTS"),
        ((*SUBJECT, "-o", "no/such/folder.csr"), 10, "WRITE"),
        ((*SUBJECT, "--key-id", "zz"), 9, "VALUE"),
    ]:
        token.refused(*make, *wrong, status=status, code=code, says="")
    assert token.keys() == []
    token.run(*make, *SUBJECT).ok()
    assert len(token.keys()) == 1


def test_json_answer(token, verify_everywhere):
    key = token.make_key("p256", "web", "01")
    for args, name in [((), None), (("-o", "web.csr"), "web.csr")]:
        answer = token.request(*SUBJECT, "--json", *args)
        assert answer.err == ""
        pem = answer.json["pem"]
        csr = verify_everywhere(pem)
        known = {name: answer.json["key"].pop(name) for name in ("evidence", "protection", "attestation")}
        assert known["evidence"] == known["protection"]["evidence"] == "module-reported"
        assert known["attestation"] is None
        assert answer.json["key"] == {
            "uri": key["uri"],
            "id": "01",
            "type": "p256",
            "generated": False,
            "spki-sha256": key_sha256(csr),
            "public-key-source": "public-key-object",
        }
        assert (answer.json["scheme"], answer.json["mechanism"]) == ("ecdsa-sha256", "CKM_ECDSA")
        assert answer.json["proof"] == "software" and answer.json["file"] == name
        der = csr.public_bytes(serialization.Encoding.DER)
        assert answer.json["sha256"] == hashlib.sha256(der).hexdigest()
        assert answer.json["tbs-sha256"] == hashlib.sha256(csr.tbs_certrequest_bytes).hexdigest()
    assert (token.work / "web.csr").read_text() == pem


def test_same_content_same_tbs(token):
    """What is signed depends on nothing but the key and what was asked."""
    token.make_key()
    content = (*SUBJECT, "--dns", "a.example", "--key-usage", "digitalSignature", "--json")
    answers = [token.request(*content).json for _ in range(2)]
    assert answers[0]["tbs-sha256"] == answers[1]["tbs-sha256"]
    other = token.request(*content, "--dns", "b.example").json
    assert other["tbs-sha256"] != answers[0]["tbs-sha256"]


def test_text(token):
    token.make_key()
    shown = token.request(*SUBJECT, "--dns", "a.example", "--text")
    assert x509.load_pem_x509_csr(shown.out.encode()).is_signature_valid
    assert re.search(r"Subject: +CN=www\.example\.com\n", shown.err) and "dns:a.example" in shown.err
    assert "ecdsa-sha256: good" in shown.err
    assert "Subject:" not in token.request(*SUBJECT).err


def test_quiet(token):
    token.make_key()
    loud = token.request(*SUBJECT)
    assert loud.err.count("\n") == 2 and all(line.startswith("p11csr: ") for line in loud.err.splitlines())
    assert token.request(*SUBJECT, "--quiet").err == ""
    assert token.request(*SUBJECT, "-q").err == ""
    failed = token.run("request", *token.at, "--key-label", "none", *SUBJECT, "-q")
    assert failed.status == 3 and "p11csr: error:" in failed.err


def test_a_failure_after_generation_keeps_the_key(token):
    """The key stays, and the error says how to go on; that way works."""
    failed = token.run(
        "request", *token.at, "--generate", "p256", "--key-label", "web", *SUBJECT, "-o", "/dev/full"
    )
    assert failed.status == 10 and failed.out == "" and "No space left on device" in failed.err
    uri = token.keys()[0]["uri"]
    assert f"stays on the token: {uri}" in failed.err
    on = token.shell_words(failed.err.split("go on with: p11csr ", 1)[1].split(" and the options")[0])
    assert on == ["request", *token.login, uri]
    token.run(*on, *SUBJECT).ok()
    assert len(token.keys()) == 1


def test_no_key_without_a_mechanism(token):
    """A token that cannot sign with a kind of key is not left with a useless one."""
    config = token.dir / "softhsm2.conf"
    # Without these; SoftHSM2 2.6 does not see the first one behind the minus.
    config.write_text(config.read_text() + "slots.mechanisms = -CKM_DES_ECB,CKM_ECDSA\n")
    for option in ("--generate", "--ensure"):
        args = (
            "request",
            *token.at,
            option,
            "p256",
            "--key-label",
            "web",
            "--subject",
            "CN=x",
            "-o",
            "web.csr",
        )
        token.refused(*args, status=7, code="MECHANISM", says=["CKM_ECDSA", "p256"])
    assert token.keys() == []
    token.run("request", *token.at, "--generate", "ed25519", "--key-label", "web", "--subject", "CN=x").ok()
