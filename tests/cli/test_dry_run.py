# SPDX-License-Identifier: Apache-2.0
"""request --dry-run: what would be requested, from where, and nothing done."""

import pytest

from shim import Shim

CONTENT = ("--profile", "tls-server", "--dns", "www.example.com", "--subject", "CN=www.example.com,C=DE")


@pytest.fixture
def web(token):
    token.make_key()
    return token


def dry(token, *args):
    return token.run("request", *token.at, "--dry-run", *args, "--json").ok().json["dry-run"]


def test_it_is_what_will_be_signed(web):
    """The same bytes, by the same scheme and mechanism, with the same key."""
    for more in ((), ("--subject-key-id", "sha256"), ("--hash", "sha384"), ("--must-staple",)):
        foreseen = dry(web, "--key-label", "web", *CONTENT, *more)
        made = web.request(*CONTENT, *more, "--json").json
        assert foreseen["tbs-sha256"] == made["tbs-sha256"]
        assert (foreseen["scheme"], foreseen["mechanism"]) == (made["scheme"], made["mechanism"])
        key = foreseen["key"]
        assert (
            key["is-there"]
            and key["type"] == "p256"
            and key["uri"].split(";type=")[0] == made["key"]["uri"].split(";type=")[0]
        )
        assert key["spki-sha256"] == made["key"]["spki-sha256"] and foreseen["profile"] == "tls-server"


def test_where_each_value_comes_from(web):
    content = dry(web, "--key-label", "web", *CONTENT, "--ip", "192.0.2.1")["content"]
    assert content["subject"] == {"value": "CN=www.example.com,C=DE", "origin": "--subject"}
    found = {extension["name"]: extension for extension in content["extensions"]}
    assert found["keyUsage"]["origin"] == found["extKeyUsage"]["origin"] == "profile tls-server"
    names = [(name["value"], name["origin"]) for name in found["subjectAltName"]["value"]]
    assert names == [("www.example.com", "--dns"), ("192.0.2.1", "--ip")]


def test_for_people(web):
    result = web.run("request", *web.at, "--dry-run", "--key-label", "web", *CONTENT, "-o", "web.csr").ok()
    lines = [line.split() for line in result.out.splitlines()]
    assert ["subject", "CN=www.example.com,C=DE", "--subject"] in lines
    assert ["keyUsage", "critical,", "digitalSignature", "profile", "tls-server"] in lines
    assert ["subjectAltName", "dns:www.example.com", "--dns"] in lines
    assert ["file", "web.csr"] in lines and ["profile", "tls-server"] in lines
    assert any(line[:4] == ["key", "p256,", "is", "there:"] for line in lines)
    assert any(line[0] == "signature" and line[1] == "ecdsa-sha256" for line in lines)
    assert result.out.splitlines()[-1].startswith("SHA-256 of the CertificationRequestInfo: ")
    assert web.snapshot() == {}


def test_nothing_is_made_signed_or_sent(token):
    """The public half of a key is enough, and a key that is not there is not made."""
    token.make_key()
    shim = Shim(token)
    assert dry(token, "--key-label", "web", *CONTENT, "-o", "x.csr")["tbs-sha256"]
    assert shim.count("C_Login") == 0 and shim.count("C_SignInit") == 0
    foreseen = dry(token, "--key-label", "new", "--generate", "profile", *CONTENT)
    assert foreseen["key"] == {"type": "p256", "is-there": False, "uri": None, "spki-sha256": None}
    assert foreseen["tbs-sha256"] is None and foreseen["mechanism"].startswith("CKM_ECDSA")
    assert shim.count("C_GenerateKeyPair") == 0 and shim.count("C_SignInit") == 0
    assert [key["label"] for key in token.keys()] == ["web"] and token.snapshot() == {}


def test_a_profile_that_wants_to_know_the_key(web):
    """What the module says of a private key is seen with a login only."""
    path = web.dir / "own.yaml"
    path.write_text("name: own\nkey: { require: [local, never-extractable] }\n")
    args = ("--key-label", "web", "--profile", path, "--subject", "CN=x")
    assert dry(web, *args)["tbs-sha256"] == web.request(*args, "--json").json["tbs-sha256"]


def test_what_would_be_refused(web):
    """With the errors of the real run."""
    for more, status, code, says in (
        (("--generate", "p256", "--key-label", "web"), 11, "KEY_EXISTS", "there already"),
        (("--ensure", "p384", "--key-label", "web"), 8, "KEY_SPEC", "is p256, not p384"),
        (("--key-label", "none"), 3, "KEY_NOT_FOUND", "none"),
        (("--key-label", "web", "--email", "a@b.example"), 8, "PROFILE", "kind email"),
        (("--key-label", "web", "--scheme", "ed25519"), 9, "ALGORITHM", "does not fit"),
    ):
        web.refused("request", *web.at, *CONTENT, *more, "--dry-run", status=status, code=code, says=says)
    assert dry(web, "--ensure", "p256", "--key-label", "web", *CONTENT)["key"]["is-there"]
