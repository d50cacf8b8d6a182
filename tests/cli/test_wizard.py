# SPDX-License-Identifier: Apache-2.0
"""request --interactive, driven through a terminal as a person would."""

import re
import shlex

import pytest

import support
from terminal import Terminal


@pytest.fixture
def wizard(token):
    opened = []

    def start(*args):
        opened.append(Terminal(token, "request", "--interactive", *args))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def answer(tty, *pairs):
    """Waits for each question, and types what follows it."""
    for question, typed in pairs:
        tty.expect(question)
        tty.line(typed)


def log_in(tty):
    tty.expect("PIN of token 'test token': ")
    tty.line(support.PIN)


def repeat(token, result, **changes):
    """Runs the command line that the wizard ends with, into another file; returns its JSON answer."""
    (line,) = re.findall(r"the same without questions: (p11csr .*)", result.err)
    words = shlex.split(line)[1:]
    words[words.index("-o") + 1 if "-o" in words else words.index("--out") + 1] = "again.csr"
    for old, new in changes.values():
        words[words.index(old)] = new
    return token.run(*words, *token.login, "--json").ok().json


def tbs_of(token, name):
    shown = token.run("show", name, "--json").ok().json
    return shown["csr"]["tbs-sha256"] if "csr" in shown else shown["tbs-sha256"]


SUBJECT = (
    ("CN: ", "www.example.com"),
    ("OU: ", ""),
    ("O: ", 'Example, "Inc."'),
    ("L: ", ""),
    ("ST: ", "Bayern"),
    ("C: ", "DE"),
)
NAMES = (("Name: ", "www.example.com"), ("Name: ", "192.0.2.7"), ("Name: ", ""))


def test_whole_run_with_a_key(token, wizard):
    """A key that is there: the choices are the token's; the printed command line says the same."""
    token.make_key()
    tty = wizard()
    tty.expect("Step 1 of 5: key and token")
    answer(tty, ("What is the certificate for [tls-server]: ", ""))
    tty.expect("test token (SoftHSM v2, serial ")
    answer(tty, ("Which token", "1"))
    log_in(tty)
    tty.expect("a new key")
    tty.expect("web (p256, id 01)")
    answer(tty, ("Which key [1]: ", "2"))
    tty.expect("Step 2 of 5: algorithm")
    answer(tty, ("Signature scheme", ""))
    tty.expect("Step 3 of 5: subject and names")
    answer(tty, *SUBJECT, *NAMES)
    tty.expect("Step 4 of 5: extensions")
    tty.expect("The profile asks for: ")
    answer(tty, ("Key usage", ""), ("Extended key usage", ""))
    tty.expect("Step 5 of 5: confirm")
    answer(tty, ("File for the request [web.csr]: ", ""))
    for text in (
        "subject: C=DE" if False else "subject: ",
        "subjectAltName: dns:www.example.com, ip:192.0.2.7",
    ):
        tty.expect(text)
    assert not (token.work / "web.csr").exists()
    answer(tty, ("Make it? yes, no, or '<' to go back: ", "yes"))
    result = tty.end().ok()
    request = support.x509.load_pem_x509_csr((token.work / "web.csr").read_bytes())
    assert request.is_signature_valid
    values = {part.oid.dotted_string: part.value for part in request.subject}
    assert values == {
        "2.5.4.3": "www.example.com",
        "2.5.4.10": 'Example, "Inc."',
        "2.5.4.8": "Bayern",
        "2.5.4.6": "DE",
    }
    repeat(token, result)
    assert tbs_of(token, "again.csr") == tbs_of(token, "web.csr")


def test_new_key(token, wizard):
    tty = wizard(*token.at)
    answer(tty, ("certificate for", "plain"), ("Which key [1]: ", ""), ("Its label: ", ""))
    tty.expect("a new key needs a label")
    answer(tty, ("Its label: ", "fresh"))
    tty.expect("p256")
    answer(tty, ("What kind of key [p256]: ", "p384"), ("Signature scheme", "ecdsa-sha384"), ("CN: ", "x"))
    answer(tty, *((f"{name}: ", "") for name in ("OU", "O", "L", "ST", "C")))
    answer(
        tty, ("Name: ", ""), ("Key usage", "digitalSignature"), ("Extended key usage", "clientAuth:critical")
    )
    answer(tty, ("Is it for a CA [no]: ", ""), ("File for the request", "x.csr"))
    answer(tty, ("Make it?", "y"))
    result = tty.end().ok()
    assert [key["type"] for key in token.keys()] == ["p384"]
    assert "--generate p384" in result.err and "--key-label fresh" in result.err


def test_wrong_entries_are_asked_again(token, wizard):
    """Each mistake is told at once, with its reason; nothing of it gets into the request."""
    token.make_key()
    tty = wizard(*token.at)
    for question, wrong, why in (
        ("certificate for", "tls-serfer", "tls-server"),
        ("certificate for", "99", "99"),
    ):
        answer(tty, (question, wrong))
        tty.expect(why)
    answer(tty, ("certificate for", "tls-server"), ("Which key", "7"))
    tty.expect("type one of the numbers")
    answer(tty, ("Which key", "2"), ("Signature scheme", "rsa"))
    tty.expect("rsa")
    answer(tty, ("Signature scheme", ""), ("CN: ", "x" * 65))
    tty.expect("64")
    answer(tty, ("CN: ", "www.example.com"))
    answer(tty, *((f"{name}: ", "") for name in ("OU", "O", "L", "ST")), ("C: ", "Germany"))
    tty.expect("two")
    answer(tty, ("C: ", "DE"), ("Name: ", ""))
    tty.expect("at least 1")
    for wrong, why in (
        ("a..b", "a..b"),
        ("999.1.1.1", "999.1.1.1"),
        ("email:a@b.example", "no names of the kind"),
    ):
        answer(tty, ("Name: ", wrong))
        tty.expect(why)
    answer(tty, ("Name: ", "www.example.com"), ("Name: ", ""), ("Key usage", "signing"))
    tty.expect("signing")
    (token.work / "taken.csr").write_text("x")
    answer(tty, ("Key usage", ""), ("Extended key usage", ""), ("File", "taken.csr"))
    tty.expect("choose another name")
    answer(tty, ("File", "web.csr"), ("Make it?", "perhaps"))
    tty.expect("type yes or no")
    answer(tty, ("Make it?", "yes"))
    tty.end().ok()
    request = support.x509.load_pem_x509_csr((token.work / "web.csr").read_bytes())
    assert request.subject.rfc4514_string() in ("CN=www.example.com,C=DE", "C=DE,CN=www.example.com")
    assert (token.work / "taken.csr").read_text() == "x"


def test_back_steps(token, wizard):
    """Back over any number of questions, also to another key and another profile."""
    token.make_key()
    token.make_key("rsa-2048", "other", "02")
    tty = wizard(*token.at)
    answer(tty, ("certificate for", "tls-client"), ("Which key", "3"), ("Signature scheme", "<"))
    answer(tty, ("Which key", "<"), ("certificate for", "tls-server"), ("Which key", "2"))
    answer(tty, ("Signature scheme", "rsa-pss-sha256"), ("CN: ", "wrong"), ("OU: ", "<"), ("CN: ", "right"))
    answer(tty, *((f"{name}: ", "") for name in ("OU", "O", "L", "ST", "C")))
    answer(tty, ("Name: ", "wrong.example"), ("Name: ", "<"), ("Name: ", "right.example"), ("Name: ", ""))
    answer(tty, ("Key usage", "<"), ("Name: ", ""), ("Key usage", ""), ("Extended key usage", ""))
    answer(
        tty,
        ("File for the request [other.csr]: ", "web.csr"),
        ("Make it?", "<"),
        ("File", "other.csr"),
        ("Make it?", "yes"),
    )
    result = tty.end().ok()
    assert not (token.work / "web.csr").exists()
    request = support.x509.load_pem_x509_csr((token.work / "other.csr").read_bytes())
    assert request.subject.rfc4514_string() == "CN=right"
    assert b"wrong" not in request.public_bytes(support.serialization.Encoding.DER)
    assert "--key-label other" in result.err and "rsa-pss-sha256" in result.err
    assert "tls-client" not in re.findall(r"without questions: (.*)", result.err)[0]


@pytest.mark.parametrize("way", ["D", "C", "no"])
def test_ended_without_a_trace(token, wizard, way):
    token.make_key()
    before = token.keys()
    tty = wizard(*token.at)
    answer(tty, ("certificate for", "tls-server"), ("Which key", "1"), ("Its label: ", "fresh"))
    answer(tty, ("What kind of key", ""), ("Signature scheme", ""), ("CN: ", "x"))
    if way == "no":
        answer(tty, *((f"{name}: ", "") for name in ("OU", "O", "L", "ST", "C")))
        answer(tty, ("Name: ", "x.example"), ("Name: ", ""), ("Key usage", ""), ("Extended key usage", ""))
        answer(tty, ("File", "web.csr"), ("Make it?", "no"))
    else:
        tty.expect("OU: ")
        tty.control(way)
    result = tty.end()
    assert result.status in ((130, -2) if way == "C" else (130,)), result
    assert token.keys() == before and list(token.work.iterdir()) == []


@pytest.mark.parametrize(
    "said, word",
    [
        (("--subject", "CN=x"), "--subject"),
        (("--profile", "plain"), "--profile"),
        (("--from-csr", "x.csr"), "--from-csr"),
        (("--plan", "plan.json"), "--plan"),
        (("--challenge-password", "env:X"), "--challenge-password"),
        (("pkcs11:token=test%20token;object=web",), "pkcs11:"),
    ],
)
def test_nothing_is_said_twice(token, wizard, said, word):
    """What the command line says and what is answered could contradict each other."""
    token.make_key()
    result = wizard(*token.at[2:], *said).end()
    assert result.status == 64 and f"{word}" in result.err and "does not go with --interactive" in result.err


def test_no_terminal(token):
    token.make_key()
    result = token.run("request", "--interactive", *token.at)
    assert result.status == 64 and "no terminal" in result.err and "--help" in result.err
