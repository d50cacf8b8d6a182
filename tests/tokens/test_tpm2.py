# SPDX-License-Identifier: Apache-2.0
"""What a TPM is known for: little room, an empty token beside the real one, a P-521 that goes wrong."""


def request(token, label, *more):
    return ("request", *token.at, "--key-label", label, "--subject", "CN=x", *more)


def test_empty_token_is_not_seen(token):
    """The module always shows one token more, which nobody has initialised: no list has it."""
    assert b"uninitialized" in token.tool("-L").stdout
    listed = token.run("tokens", "list", "--json").ok().json["tokens"]
    assert [row["label"] for row in listed] == [token.label]
    token.run("keys", "list", "--pin-source", f"file:{token.pin_file}").ok()


def test_many_keys(token, proven):
    """More keys than the TPM has room for at a time, used in turn by one process and by others."""
    labels = [token.key_of("p256")[1] for _ in range(6)]
    for label in labels:
        proven(token.run(*request(token, label, "--json")).ok().json["pem"])
    with token.library() as library:
        for label in labels:
            assert library.ask("open", token.label, label) == "OK open"
            assert library.ask("sign", f"{label}.csr").startswith("OK ")


def test_p521_is_refused(token):
    """The module makes the key and shows a point that is none: a clear refusal, and the key is gone again."""
    before = token.keys()
    args = (
        "request",
        *token.at,
        "--generate",
        "p521",
        "--key-label",
        "p521",
        "--subject",
        "CN=x",
        "-o",
        "x.csr",
    )
    says = ["CKA_EC_POINT", "p521", "destroyed again"]
    token.refused(*args, status=12, code="PROOF_PUBLIC_KEY", says=says)
    assert token.keys() == before
    assert token.run("keys", "list", "--incomplete", *token.at, "--json").ok().json["incomplete"] == []


def test_always_authenticate(token, proven):
    """A login for each signature; a second request logs in again."""
    label = token.new_name()
    login = ("--token-label", token.label, "--login", "--pin", token.PIN)
    token.tool(
        *login, "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", "a1", "--always-auth"
    )
    for name in ("1.csr", "2.csr"):
        _, sent = token.logins(*request(token, label, "-o", name), status=0)
        assert sent == [("user=1", "CKR_OK"), ("user=2", "CKR_OK")]
        proven((token.work / name).read_bytes())


def test_no_tpm(token):
    """Where no TPM answers there is no token: said so, and nothing hangs."""
    env = {"TPM2_PKCS11_TCTI": f"swtpm:path={token.dir / 'no such socket'}"}
    result = token.run(*request(token, "web", "-o", "x.csr", "--json"), env=env)
    assert result.status in (3, 6) and not (token.work / "x.csr").exists(), result
