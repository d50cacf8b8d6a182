# SPDX-License-Identifier: Apache-2.0
"""The main job on every real token, and what has to be refused there, by its row in capabilities.py."""

import re

import real

# Users who log in.
USER, CONTEXT = "user=1", "user=2"


def uri_of(token):
    listed = token.run("tokens", "list", "--json").ok().json["tokens"]
    found = [row for row in listed if row["label"] == token.label]
    assert len(found) == 1, found
    return found[0]["uri"]


def test_locate_the_token(token):
    """By its label and by its URI; a token of another name is not there."""
    uri = uri_of(token)
    for name in (token.name, uri):
        shown = token.run("tokens", "show", "--token", name, "--json").ok().json["token"]
        assert shown["uri"] == uri and shown["label"] == token.label
    token.refused("tokens", "show", "--token", "no such", status=3, code="TOKEN_NOT_FOUND", says="no such")


def test_list_the_keys(token):
    """Keys that lie on it are listed with their URIs, by which they are found again."""
    held = {spec: token.held(spec) for spec in token.row.holds}
    if not held:
        label = token.new_name()
        token.run("keys", "generate", token.row.generates[0], *token.at, "--key-label", label).ok()
        held = {token.row.generates[0]: ("--key-label", label)}
    listed = {row["uri"]: row for row in token.keys()}
    for spec, options in held.items():
        shown = token.run("keys", "show", *token.at, *options, "--json").ok().json["key"]
        assert shown["type"] == spec and listed[shown["uri"]]["type"] == spec
        pin = token.at[2:]
        again = token.run("keys", "show", shown["uri"], *pin, "--json").ok().json["key"]
        assert again["uri"] == shown["uri"]


def test_every_scheme_of_a_key(token, proven, judges, spec):
    """A request by every scheme that fits, each judged by others; one that the token lacks is refused."""
    select = token.key_of(spec)
    made = 0
    for scheme in real.schemes_for(spec):
        names = ("--subject", "CN=x", "--dns", "x.example.com")
        args = ("request", *token.at, *select, *names, "--scheme", scheme)
        if scheme in token.row.lacks:
            token.refused(*args, "-o", "x.csr", status=7, code="MECHANISM", says=["CKM_", scheme])
            continue
        if scheme in token.row.fails:
            token.refused(*args, "-o", "x.csr", status=6, code="TOKEN", says=["CKM_", "C_Sign: CKR_"])
            continue
        answer = token.run(*args, "--json").ok().json
        assert answer["scheme"] == scheme and answer["key"]["type"] == spec
        proven(answer["pem"])
        text = judges.text(answer["pem"])
        assert "Subject: CN=x" in text and "DNS:x.example.com" in text
        made += 1
    assert made > 0


def test_generate_what_the_token_cannot(token):
    """Kinds of keys that the token does not make are refused, and nothing is left behind."""
    before = token.keys()
    for spec in real.KEYS:
        if spec in token.row.generates:
            continue
        args = (
            "request",
            *token.at,
            "--generate",
            spec,
            "--key-label",
            token.new_name(),
            "--subject",
            "CN=x",
        )
        result = token.run(*args, "-o", "x.csr", "--json")
        assert (result.status, result.json["error"]["code"]) in token.refusals, result
        assert not (token.work / "x.csr").exists()
    assert token.keys() == before


def test_generate_twice(token):
    """A second key of one name is refused; the first one stays as it is."""
    for spec in token.row.generates[:1]:
        label = token.new_name()
        args = ("keys", "generate", spec, *token.at, "--key-label", label)
        first = token.run(*args, "--json").ok().json["key"]
        token.refused(*args, status=11, code="KEY_EXISTS", says=label)
        shown = token.run("keys", "show", *token.at, "--key-label", label, "--json").ok().json["key"]
        assert (shown["uri"], shown["spki-sha256"]) == (first["uri"], first["spki-sha256"])


def test_ensure(token):
    """A key that is made the first time is good enough the second time, by what the module says of it."""
    for spec in token.row.generates[:1]:
        args = ("request", *token.at, "--ensure", spec, "--key-label", token.new_name(), "--subject", "CN=x")
        answers = [token.run(*args, "--json").ok().json for _ in range(2)]
        assert [answer["key"]["generated"] for answer in answers] == [True, False]
        assert answers[0]["key"]["spki-sha256"] == answers[1]["key"]["spki-sha256"]


def test_key_absent(token):
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "no such key",
        "--subject",
        "CN=x",
        "-o",
        "x.csr",
        status=3,
        code="KEY_NOT_FOUND",
        says="no such key",
    )


def test_wrong_pin_is_sent_once(token):
    """Then the good one works, and is sent once too."""
    select = token.key_of(token.row.specs()[0])
    args = (*select, "--subject", "CN=x", "-o", "x.csr")
    result, sent = token.logins("request", *token.at_wrongly, *args, "--json", status=4)
    assert sent == [(USER, "CKR_PIN_INCORRECT")] and result.json["error"]["code"] == "PIN_INCORRECT"
    assert not (token.work / "x.csr").exists()
    _, sent = token.logins("request", *token.at, *args, status=0)
    assert sent[0] == (USER, "CKR_OK") and all(login == (CONTEXT, "CKR_OK") for login in sent[1:])


def test_later_runs_do_not_send_it_again(token):
    """From the same file, until it changes or somebody says so: the card counts one."""
    wrongly = ("keys", "list", *token.at_wrongly, "--json")
    _, sent = token.logins(*wrongly, status=4)
    assert sent == [(USER, "CKR_PIN_INCORRECT")]
    for _ in range(4):
        result, sent = token.logins(*wrongly, status=4)
        assert sent == [] and result.json["error"]["code"] == "PIN_LATCHED"
    token.run("keys", "list", *token.at).ok()
    cleared = token.run("tokens", "clear-latch", "--token", token.name, "--json").ok().json["cleared"]
    assert [row["role"] for row in cleared] == ["user"]
    _, sent = token.logins(*wrongly, status=4)
    assert sent == [(USER, "CKR_PIN_INCORRECT")]
    token.run("keys", "list", *token.at).ok()


def test_pin_locks(token):
    """The state is shown before each try, a last try is not made unasked, a locked PIN is not sent."""
    if not token.row.pin_locks:
        for _ in range(5):
            _, sent = token.logins("keys", "list", *token.at_wrongly, status=4)
            assert sent == [(USER, "CKR_PIN_INCORRECT")]
        token.run("keys", "list", *token.at).ok()
        return
    try:
        for _ in range(1, token.row.pin_locks):
            _, sent = token.logins("keys", "list", *token.at_wrongly, status=4)
            assert sent == [(USER, "CKR_PIN_INCORRECT")]
        if token.row.pin_warns:
            assert token.pin_state() == "final-try"
            result, sent = token.logins("keys", "list", *token.at, "--json", status=4)
            assert sent == [] and result.json["error"]["code"] == "PIN_FINAL_TRY"
        token.logins("keys", "list", *token.at_wrongly, "--accept-final-try", status=4)
        result, sent = token.logins("keys", "list", *token.at, "--json", status=4)
        assert result.json["error"]["code"] == "PIN_LOCKED"
        # A token that does not tell has to be asked.
        assert sent == ([] if token.row.pin_warns else [(USER, "CKR_PIN_LOCKED")])
    finally:
        token.unlock()
    token.run("keys", "list", *token.at).ok()


def test_quirks_are_its_own(token):
    """The row that is known for it is the one that matches what it says about itself."""
    shown = token.run("doctor", "--quirks", token.name).ok().out
    rows = set(re.findall(r"row (\S+)$", shown, re.M))
    assert rows == {token.row.quirks}, shown
