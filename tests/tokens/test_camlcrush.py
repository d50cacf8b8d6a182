# SPDX-License-Identifier: Apache-2.0
"""What a token behind a filter is known for: it lacks what is forbidden, and everything else goes on."""

import camlcrush


def request(token, label, *more):
    return ("request", *token.at, "--key-label", label, "--subject", "CN=x", *more)


def test_forbidden_mechanism_is_not_offered(token):
    offered = token.run("algorithms", "--token", token.label, "--json").ok().json
    schemes = {row["name"]: row["offered"] for row in offered["schemes"]}
    keys = {row["name"]: row["offered"] for row in offered["keys"]}
    assert not schemes["ecdsa-sha256"] and schemes["rsa-pkcs1-sha256"] and schemes["ed25519"]
    assert keys["rsa-2048"] and keys["ed25519"]


def test_other_mechanisms_go_on(token, proven):
    """PKCS#1 v1.5 with SHA-256 by the raw mechanism, the rest by those that hash."""
    label = token.key_of("rsa-2048")[1]
    seen = {}
    for scheme in ("rsa-pkcs1-sha256", "rsa-pkcs1-sha384", "rsa-pss-sha256"):
        answer = token.run(*request(token, label, "--scheme", scheme, "--json")).ok().json
        proven(answer["pem"])
        seen[scheme] = answer["mechanism"]
    assert seen == {
        "rsa-pkcs1-sha256": "CKM_RSA_PKCS",
        "rsa-pkcs1-sha384": "CKM_SHA384_RSA_PKCS",
        "rsa-pss-sha256": "CKM_SHA256_RSA_PKCS_PSS",
    }


def test_forbidden_mechanism_is_named(token):
    """A key that is there and whose mechanism is forbidden: refused by name, before the PIN is sent."""
    label = token.new_name()
    args = ("--token-label", token.label, "--login", "--pin", token.PIN, "--keypairgen")
    token.tool(*args, "--key-type", "EC:prime256v1", "--label", label, "--id", "77")
    says = ["CKM_ECDSA", "ecdsa-sha256"]
    token.refused(*request(token, label, "-o", "x.csr"), status=7, code="MECHANISM", says=says)
    assert "CKM_ECDSA" in camlcrush.FORBIDDEN


def test_proxy_ends_between_two_commands(token, proven):
    label = token.key_of("ed25519")[1]
    token.end(token.proxy)
    token.daemons.remove(token.proxy)
    result = token.run(*request(token, label, "-o", "x.csr", "--json"))
    assert result.status in (3, 6) and not (token.work / "x.csr").exists(), result
    token.start_proxy()
    proven(token.run(*request(token, label, "--json")).ok().json["pem"])
