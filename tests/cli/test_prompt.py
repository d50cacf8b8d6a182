# SPDX-License-Identifier: Apache-2.0
"""Asking a person for the PIN, at a terminal."""

import os
import signal

import pytest

import support
from terminal import Terminal

SUBJECT = support.SUBJECT


@pytest.fixture
def terminal(ready):
    opened = []

    def start(*args):
        opened.append(Terminal(ready, *ready.ask, *args))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_prompt(terminal):
    for args in ((), ("--pin-source", "prompt")):
        tty = terminal(*args)
        tty.expect("PIN of token 'test token': ")
        assert not tty.echoes()
        tty.line(support.PIN)
        result = tty.end().ok()
        assert "BEGIN CERTIFICATE REQUEST" in result.out and "PIN of token" not in result.out


def test_prompt_is_not_needed_with_a_source(ready, terminal):
    tty = terminal(*ready.login)
    tty.end().ok()
    assert tty.screen == b""


def test_prompt_wrong_pin(ready, terminal):
    ready.secrets.append("nope-nope")
    for hint in (b"", b"A wrong PIN was sent to this token before."):
        tty = terminal()
        tty.expect("PIN of token 'test token': ")
        assert hint in tty.screen
        tty.line("nope-nope")
        result = tty.end()
        assert result.status == 4 and "CKR_PIN_INCORRECT" in result.err
        assert result.err.count("PIN of token") == 1


@pytest.mark.parametrize("typed", ["\n", "\x04"])
def test_prompt_without_an_answer(ready, terminal, typed):
    tty = terminal("-o", "a.csr")
    tty.expect("PIN of token 'test token': ")
    tty.type(typed)
    result = tty.end()
    assert result.status == 4 and "no PIN was given" in result.err
    assert list(ready.work.iterdir()) == [] and ready.pin_state() == "unknown"


def test_prompt_interrupted(ready, terminal):
    tty = terminal("-o", "a.csr")
    tty.expect("PIN of token 'test token': ")
    assert not tty.echoes()
    tty.type("half")
    tty.control("C")
    result = tty.end()
    assert result.status == 130, result
    assert "half" not in result.err and list(ready.work.iterdir()) == [] and ready.pin_state() == "unknown"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_prompt_ended_by_a_signal(ready, terminal, number):
    tty = terminal("-o", "a.csr")
    tty.expect("PIN of token 'test token': ")
    os.kill(tty.child.pid, number)
    assert tty.end().status in (130, -number) and list(ready.work.iterdir()) == []


def test_prompt_too_long(ready, terminal):
    tty = terminal()
    tty.expect("PIN of token 'test token': ")
    tty.line("x" * 300)
    result = tty.end()
    assert result.status == 4 and ready.pin_state() == "unknown"
    assert "PIN" in result.err and "no PIN was given" not in result.err, result


def test_prompt_only_when_needed(ready, terminal):
    """Nobody is asked for a PIN before it is known that the request can be made."""
    for args, status in ((("--dns", "a b"), 9), (("-o", "no/a.csr"), 10), (("--scheme", "x"), 9)):
        tty = terminal(*args)
        assert tty.end().status == status and tty.screen == b""


def test_prompt_for_each_use(ready, terminal):
    """A key that wants its PIN for every signature: asked twice, and the second time says why."""
    ready.raw("p256", "strict", "02", "always-authenticate=1")
    ready.ask = ("request", "--token", ready.label, "--key-label", "strict", *SUBJECT)
    tty = terminal()
    tty.expect("PIN of token 'test token': ")
    tty.line(support.PIN)
    tty.expect("PIN of token 'test token' for one use of key 'strict': ")
    assert not tty.echoes()
    tty.line(support.PIN)
    tty.end().ok()


def test_prompt_says_which_and_why(ready, terminal):
    """The role, what the PIN consists of, and that a key wants it again."""
    form = ("--quirk", "pin-form=user:password", "--quirk", "so-pin-form=48 hex digits")
    ready.ask = ("keys", "generate", "p256", "--token", ready.label, "--key-label", "new")
    tty = terminal(*form)
    tty.expect("PIN of token 'test token' (user:password): ")
    tty.line(support.PIN)
    tty.end().ok()
    tty = terminal(*form, "--login-as", "so")
    tty.expect("SO PIN of token 'test token' (48 hex digits): ")
    assert not tty.echoes()
    tty.line()
    result = tty.end()
    assert result.status == 4 and "no SO PIN was given for token 'test token'" in result.err
    ready.raw("p256", "strict", "02", "always-authenticate=1")
    ready.ask = ("request", "--token", ready.label, "--key-label", "strict", *SUBJECT)
    tty = terminal(*form)
    tty.expect("PIN of token 'test token' (user:password): ")
    tty.line(support.PIN)
    tty.expect("PIN of token 'test token' (user:password) for one use of key 'strict': ")
    assert b"This key wants the PIN again for each signature." in tty.screen
    tty.line()
    assert "no PIN was given" in tty.end().err


def test_prompt_always(ready, terminal):
    """Before anything else, even for what could be seen without."""
    ready.ask = ("keys", "list", "--token", ready.label)
    terminal().end().ok()
    tty = terminal("--login", "always")
    tty.expect("PIN of token 'test token': ")
    tty.line(support.PIN)
    tty.end().ok()


def test_prompt_of_lists(ready, terminal):
    """Whoever names the prompt is asked when keys may be hidden; nobody else is."""
    for what in ("keys", "certs"):
        ready.ask = (what, "list", "--token", ready.label)
        tty = terminal()
        assert tty.end().ok() and tty.screen == b""
        tty = terminal("--pin-source", "prompt")
        tty.expect("PIN of token 'test token': ")
        tty.line(support.PIN)
        result = tty.end().ok()
    assert "without a login" not in result.err
    ready.ask = ("keys", "list", f"pkcs11:token=test%20token?pin-source=prompt")
    tty = terminal("--json")
    tty.expect("PIN of token 'test token': ")
    tty.line(support.PIN)
    answer = tty.end().ok().json
    assert answer["partial"] is False and answer["keys"][0]["private"] is True
    ready.ask = ("keys", "public", *ready.ask[2:])  # that can do without
    tty = terminal()
    assert tty.end().ok() and tty.screen == b""


def test_named_prompt_without_a_terminal(ready):
    ready.run("keys", "list", "--token", ready.label).ok()
    ask = ("keys", "list", "--token", ready.label, "--pin-source", "prompt")
    ready.refused(*ask, status=4, code="PIN_NEEDED", says="'test token'")


def test_quiet_and_json_still_ask(terminal):
    tty = terminal("--quiet", "--json")
    tty.expect("PIN of token 'test token': ")
    tty.line(support.PIN)
    assert tty.end().ok().json["ok"] is True


def test_prompt_shows_no_escapes_of_a_label(token):
    """What a token calls itself goes to a terminal: no colours, no moves of the cursor, no titles."""
    token.add_token("\x1b[31mred")
    generate = ("keys", "generate", "p256", "--token", "\x1b[31mred", "--key-label", "web")
    with Terminal(token, *generate) as tty:
        tty.expect("PIN of token '\\x1b[31mred': ")
        assert b"\x1b" not in tty.screen
    token.run("tokens", "list").ok()
