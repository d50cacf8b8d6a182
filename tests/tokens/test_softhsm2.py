# SPDX-License-Identifier: Apache-2.0
"""What SoftHSM2 is known for: raw ECDSA only, always-authenticate enforced, Ed25519 beside others."""

import sys

import support


def test_only_raw_ecdsa(token, proven):
    select = token.key_of("p384")
    for scheme in ("ecdsa-sha256", "ecdsa-sha512"):
        answer = token.run(
            "request", *token.at, *select, "--subject", "CN=x", "--scheme", scheme, "--json"
        ).ok()
        assert answer.json["mechanism"] == "CKM_ECDSA"
        proven(answer.json["pem"])


def test_edwards_key_harms_nothing(token, proven):
    """Some programs cannot use any key of a token that holds one on an Edwards curve."""
    edwards = token.key_of("ed25519")
    other = token.key_of("p256")
    types = {row["label"]: row["type"] for row in token.keys()}
    assert types[edwards[1]] == "ed25519" and types[other[1]] == "p256"
    for select in (edwards, other):
        proven(token.run("request", *token.at, *select, "--subject", "CN=x", "--json").ok().json["pem"])


def test_always_authenticate(token, proven):
    """A login for each signature, by the context of that signature; a second request logs in again."""
    label = token.new_name()
    token.other(
        sys.executable,
        *(support.RAW, token.MODULE, token.label, token.PIN, "p256", label, "a1", "always-authenticate=1"),
    )
    for name in ("1.csr", "2.csr"):
        args = ("request", *token.at, "--key-label", label, "--subject", "CN=x", "-o", name)
        _, sent = token.logins(*args, status=0)
        assert sent == [("user=1", "CKR_OK"), ("user=2", "CKR_OK")]
        proven((token.work / name).read_bytes())
