# SPDX-License-Identifier: Apache-2.0
"""Transcripts of ceremonies, also of failed ones, and reports of what the module says about a key."""

import getpass
import hashlib
import json
import os
import pathlib
import re
import socket

import pytest
from cryptography import x509

import support
from shim import Shim

SUBJECT = ("--subject", "CN=www.example.com")


def value(text, name):
    return re.search(rf"(?m)^{name}: +(.*)$", text)[1]


def aloud(text, title):
    """The digest that is read aloud below this title: numbered lines of four groups."""
    lines = text.split(title)[1].splitlines()[1:5]
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(rf"  {number}(  [0-9a-f]{{4}}|(?<=[0-9a-f]) [0-9a-f]{{4}}){{4}}", line), line
    return "".join(re.sub(r"^ +\d ", "", line).replace(" ", "") for line in lines)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def test_whole_ceremony(token):
    token.make_key("p256", "web", "01")
    answer = token.request(*SUBJECT, "--transcript", "t.txt", "-o", "web.csr", "--json").json
    text = (token.work / "t.txt").read_text()
    assert value(text, "Outcome") == "done"
    assert value(text, "User") == f"{getpass.getuser()} (uid {os.getuid()})"
    assert value(text, "Host") == socket.gethostname()
    assert value(text, "Started") <= value(text, "Ended") and value(text, "Ended").endswith("Z")
    command = token.shell_words(value(text, "Command"))
    assert (
        command[1:3] == ["request", "--token"]
        and support.LABEL in command
        and "CN=www.example.com" in command
    )
    assert value(text, "Token") == support.LABEL and value(text, "Maker") == "SoftHSM project"
    shown = token.run("tokens", "show", *token.at, "--json").ok().json
    assert value(text, "Serial") in json.dumps(shown) and value(text, "Firmware") and value(text, "Model")
    assert os.path.samefile(value(text, "Module"), support.MODULE)
    digests = re.findall(r"  SHA-256\n((?:  \d .*\n){4})", text)
    found = [
        "".join(re.sub(r"^ +\d ", "", line).replace(" ", "") for line in d.splitlines()) for d in digests
    ]
    assert found == [sha256(support.PROGRAM), sha256(support.MODULE)]
    assert value(text, "Key") == answer["key"]["uri"] and value(text, "Made") == "before this run"
    assert aloud(text, "SHA-256 of the public key") == answer["key"]["spki-sha256"]
    assert aloud(text, "SHA-256 of the CertificationRequestInfo") == answer["tbs-sha256"]
    assert (value(text, "Scheme"), value(text, "Mechanism")) == ("ecdsa-sha256", answer["mechanism"])
    assert value(text, "Written to") == "web.csr"
    assert support.PIN not in text


def test_other_commands(token):
    token.run("keys", "generate", "p256", *token.at, "--key-label", "web", "--transcript", "k.txt").ok()
    text = (token.work / "k.txt").read_text()
    assert value(text, "Made") == "in this run" and "CertificationRequestInfo" not in text
    planned = token.run(
        "plan",
        *token.at,
        "--key-label",
        "web",
        *SUBJECT,
        "--transcript",
        "p.txt",
        "-o",
        "plan.json",
        "--json",
    ).ok()
    text = (token.work / "p.txt").read_text()
    assert aloud(text, "SHA-256 of the CertificationRequestInfo") == planned.json["plan"]["tbs-sha256"]
    assert value(text, "Written to") == "plan.json" and "Mechanism" not in text


def test_of_a_failure(token):
    token.make_key("p256", "web", "01")
    for number, (more, status, code) in enumerate(
        [
            (("--key-label", "wep", *SUBJECT), 3, "KEY_NOT_FOUND"),
            (("--key-label", "web", *SUBJECT, "--expect-tbs", "0" * 64), 8, "NOT_PLANNED"),
            (("--key-label", "web"), 9, "SUBJECT"),
        ]
    ):
        path = token.work / f"{number}.txt"
        failed = token.run("request", *token.at, *more, "--transcript", path)
        text = path.read_text()
        assert failed.status == status and f"Outcome:    FAILED, {code}, exit status {status}" in text
        cause = re.search(r"  cause: (.*)", failed.err)
        assert cause is None or cause[1] in text
    text = (token.work / "0.txt").read_text()
    assert value(text, "Token") == support.LABEL and value(text, "Key") == "none was used or made"
    text = (token.work / "1.txt").read_text()
    assert value(text, "Key").startswith("pkcs11:") and aloud(text, "of the CertificationRequestInfo")


def test_no_pin_in_it(token):
    token.make_key("p256", "web", "01")
    uri = f"pkcs11:token=test%20token;object=web?pin-value={support.PIN}"
    token.run("request", uri, *SUBJECT, "--transcript", "t.txt").ok()
    wrong = token.run("request", uri + "x", *SUBJECT, "--transcript", "w.txt")
    assert wrong.status == 4
    for name in ("t.txt", "w.txt"):
        text = (token.work / name).read_text()
        assert support.PIN not in text and "kestrel" not in text and "object=web" in value(text, "Command")


def test_nothing_is_overwritten(token):
    token.make_key("p256", "web", "01")
    (token.work / "t.txt").write_text("older")
    token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        *SUBJECT,
        "--transcript",
        "t.txt",
        "-o",
        "web.csr",
        status=11,
        code="FILE_EXISTS",
        says="t.txt",
    )
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "new",
        *SUBJECT,
        "--transcript",
        "no/t.txt",
        status=10,
        code="WRITE",
        says="create a file in 'no'",
    )
    assert len(token.keys()) == 1
    token.request(*SUBJECT, "--transcript", "t.txt", "--force")
    assert value((token.work / "t.txt").read_text(), "Outcome") == "done"
    token.refused(
        "request", *token.at, *SUBJECT, "--transcript", "-", status=64, code="USAGE", says="not '-'"
    )


def test_isolated(token):
    """The child writes it, or its parent when the module took the child with it."""
    token.make_key("p256", "web", "01")
    token.request(*SUBJECT, "--transcript", "t.txt", "--isolate")
    assert value((token.work / "t.txt").read_text(), "Outcome") == "done"


def test_report(token):
    token.make_key("p256", "web", "01")
    answer = token.request(*SUBJECT, "--report", "r.json", "--report", "r.txt", "--json").json
    report = json.loads((token.work / "r.json").read_text())
    support.validate(report, "report-file")
    shown = token.run("keys", "show", *token.at, "--key-label", "web", "--protection", "--json").ok().json
    assert report["protection"] == shown["protection"] == answer["key"]["protection"]
    assert report["evidence"] == "module-reported" == answer["key"]["evidence"]
    assert report["key"]["spki-sha256"] == answer["key"]["spki-sha256"]
    assert report["token"]["label"] == support.LABEL and report["token"]["model"] == "SoftHSM v2"
    text = (token.work / "r.txt").read_text()
    assert "The module reports (this is no evidence):" in text and report["key"]["spki-sha256"] in text
    assert re.search(r"never-extractable +yes", text) and "SoftHSM v2" in text
    # Never a part of the request.
    csr = x509.load_pem_x509_csr(answer["pem"].encode())
    assert [attribute.oid.dotted_string for attribute in csr.attributes] == []


@pytest.mark.parametrize("name", ["r.json", "r.txt"])
def test_report_is_not_overwritten(token, name):
    (token.work / name).write_text("older")
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "web",
        *SUBJECT,
        "--report",
        name,
        "-o",
        "web.csr",
        status=11,
        code="FILE_EXISTS",
        says=name,
    )
    assert token.keys() == []


@pytest.mark.parametrize(
    "action, code, text",
    [
        ("crash", "MODULE_CRASHED", "crashed (SIGSEGV) in {}"),
        ("hang", "MODULE_HANGS", "did not answer within 1 s in {}"),
    ],
)
def test_module_that_fails(token, action, code, text):
    """The process that had the module is gone: the transcript tells that, and what it cannot know."""
    token.make_key("p256", "web", "01")
    token.env.update(support.UNCAUGHT)
    shim = Shim(token)
    at = ("--isolate", "--time-limit", "1", *token.at, "--transcript")
    commands = [
        (("request", "--key-label", "web", *SUBJECT, "-o", "web.csr"), "C_Sign"),
        (("plan", "--key-label", "web", *SUBJECT, "-o", "plan.json"), "C_FindObjects"),
    ]
    if action == "crash":  # keys are given longer
        commands.append((("keys", "generate", "p256", "--key-label", "b"), "C_GenerateKeyPair"))
    for command, call in commands:
        shim.script(f"{call} 1 {action}")
        name = f"{call}.txt"
        result = token.run(*command, *at, name)
        written = (token.work / name).read_text()
        assert result.status == 6 and f"transcript written to {name}" in result.err, result
        assert value(written, "Outcome") == f"FAILED, {code}, exit status 6"
        assert text.format(call) in written and value(written, "Started") <= value(written, "Ended")
        assert value(written, "Key").startswith("not known: the process with the module ended")
        assert list(token.work.glob("*.txt")) == [token.work / name]
        (token.work / name).unlink()
    # One that crashes after all is done leaves the transcript of what was done.
    shim.script(f"C_Finalize 1 {action}")
    token.run("request", "--key-label", "web", *SUBJECT, *at, "t.txt").ok()
    assert value((token.work / "t.txt").read_text(), "Outcome") == "done"
