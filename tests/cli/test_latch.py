# SPDX-License-Identifier: Apache-2.0
"""A PIN file that was wrong is not sent again by later runs: a token locks after a few wrong PINs."""

import json
import os
import stat

import pytest

import support

WRONG = "Zq7-kestrel-94"
SUBJECT = ("--subject", "CN=www.example.com")


@pytest.fixture
def ready(token):
    token.make_key()
    token.ask = ("request", "--token", token.label, "--key-label", "web", *SUBJECT)
    token.wrong = token.write_pin(token.dir / "wrong", WRONG)
    token.secrets.append(WRONG)
    return token


def was_sent(token, *args, env=None):
    """Whether a run that failed sent a wrong PIN: the token's own counter tells."""
    token.run(*token.ask, *token.login).ok()  # a good one sets the counter back
    assert pin_state(token) == "unknown"
    result = token.run(*args, env=env)
    assert result.status == 4, result
    return pin_state(token) == "count-low"


def pin_state(token):
    shown = token.run("tokens", "show", "--token", token.label, "--json").ok()
    return shown.json["token"]["pin-state"]


def records(token):
    return sorted((token.home / "state/p11csr").glob("pin-*"))


def test_wrong_file_is_sent_once(ready):
    ask = (*ready.ask, "--pin-source", ready.wrong)
    first = ready.run(*ask)
    assert first.status == 4 and "CKR_PIN_INCORRECT" in first.err, first
    assert f"it is not sent again before '{ready.dir}/wrong' changes" in first.err
    commands = [ask] * 8 + [
        ("keys", "list", "--token", ready.label, "--pin-source", f"{ready.dir}/wrong"),
        (
            "keys",
            "generate",
            "p256",
            "--token",
            ready.label,
            "--key-label",
            "new",
            "--pin-source",
            ready.wrong,
        ),
    ]
    for command in commands:
        assert not was_sent(ready, *command)
    refused = ready.refused(
        *ask,
        status=4,
        code="PIN_LATCHED",
        says=[
            "cannot log in to token 'test token'",
            f"the PIN in '{ready.dir}/wrong' was wrong at 20",
            "the file has not changed since; it was not sent",
            "p11csr tokens clear-latch --token 'pkcs11:token=test%20token;",
        ],
    )
    assert "warnings" not in refused.json
    # What the hint says is a command that works.
    hint = refused.json["error"]["hint"]
    command = ready.shell_words(hint[hint.index("p11csr tokens") :])
    assert ready.run(*command[1:], "--json").ok().json["cleared"][0]["files"][0]["path"].endswith("/wrong")
    assert was_sent(ready, *ask)


@pytest.mark.parametrize("how", ["content", "time", "mode", "replaced"])
def test_changed_file_is_tried_again(ready, how):
    path = ready.dir / "wrong"
    ask = (*ready.ask, "--pin-source", ready.wrong)
    assert was_sent(ready, *ask) and not was_sent(ready, *ask)
    if how == "content":
        path.write_text(support.PIN + "\n")
        ready.run(*ask).ok()
        assert records(ready) == []  # nothing is left to be cleared
        path.write_text(WRONG)
    elif how == "time":
        os.utime(path)
    elif how == "mode":
        path.chmod(0o400)
    else:
        ready.write_pin(ready.dir / "next", WRONG)
        (ready.dir / "next").rename(path)
    assert was_sent(ready, *ask) and not was_sent(ready, *ask)


def test_a_latch_is_for_one_file(ready):
    """Nothing is derived from the PIN: the same one in another file is another."""
    other = ready.write_pin(ready.dir / "other", WRONG)
    for source in (ready.wrong, other):
        assert was_sent(ready, *ready.ask, "--pin-source", source)
    for source in (ready.wrong, other):
        assert not was_sent(ready, *ready.ask, "--pin-source", source)
    link = ready.dir / "link"
    link.symlink_to(ready.dir / "wrong")
    assert not was_sent(ready, *ready.ask, "--pin-source", f"file:{link}")


def test_a_latch_is_for_one_token(ready):
    """The PIN of one token that is wrong on another is still the PIN of the one."""
    ready.pin = WRONG
    ready.add_token("second")
    assert was_sent(ready, *ready.ask, "--pin-source", ready.wrong)
    ready.run("keys", "list", "--token", "second", "--pin-source", ready.wrong).ok()
    assert not was_sent(ready, *ready.ask, "--pin-source", ready.wrong)


def test_the_record(ready):
    assert was_sent(ready, *ready.ask, "--pin-source", ready.wrong)
    (record,) = records(ready)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    content = json.loads(record.read_text())
    assert content["role"] == "user" and content["token"].startswith("pkcs11:token=test%20token;")
    (entry,) = content["files"]
    status = (ready.dir / "wrong").stat()
    assert entry.pop("since").startswith("20")
    assert entry == {
        "path": f"{ready.dir}/wrong",
        "credential": False,
        "device": status.st_dev,
        "inode": status.st_ino,
        "seconds": status.st_ctime_ns // 10**9,
        "nanoseconds": status.st_ctime_ns % 10**9,
        "folder-device": 0,
        "folder-inode": 0,
    }
    for form in (WRONG, WRONG.encode().hex()):
        assert form not in record.read_text()


def test_number_of_files_is_bounded(ready):
    """The oldest file goes: a token has locked long before there are as many wrong ones."""
    for i in range(18):
        source = ready.write_pin(ready.dir / f"wrong{i}", WRONG)
        assert ready.run(*ready.ask, "--pin-source", source).json is None
    (record,) = records(ready)
    paths = [entry["path"] for entry in json.loads(record.read_text())["files"]]
    assert paths == [f"{ready.dir}/wrong{i}" for i in range(2, 18)]


def test_credential(ready):
    """A new folder is a new start of the service, with new copies: nothing tells whether they changed."""

    def start(number, pin):
        folder = ready.dir / f"credentials{number}"
        folder.mkdir(exist_ok=True)
        ready.write_pin(folder / "hsm-pin", pin, 0o600)
        mounted = ready.dir / "mounted"
        mounted.unlink(missing_ok=True)
        mounted.symlink_to(folder)
        return {"CREDENTIALS_DIRECTORY": folder}

    ask = (*ready.ask, "--pin-source", "cred:hsm-pin")
    env = start(1, WRONG)
    assert was_sent(ready, *ask, env=env) and not was_sent(ready, *ask, env=env)
    start(1, WRONG + "x")
    ready.secrets.append(WRONG + "x")
    assert was_sent(ready, *ask, env=env) and not was_sent(ready, *ask, env=env)
    # The same place, another folder.
    folder = ready.dir / "credentials1"
    folder.rename(ready.dir / "gone")
    start(1, support.PIN)
    refused = ready.refused(
        *ask,
        env=env,
        status=4,
        code="PIN_LATCHED",
        says=["nothing shows that it was changed since", "clear-latch"],
    )
    assert refused.json["error"]["exit"] == 4
    ready.run("tokens", "clear-latch").ok()
    ready.run(*ask, env=env).ok()


def test_sources_without_a_file_have_no_latch(ready):
    program = ready.dir / "program"
    program.write_text(f"#!/bin/sh\necho {WRONG}\n")
    program.chmod(0o700)
    pipe = ready.dir / "pipe"
    os.mkfifo(pipe)
    for _ in range(2):
        assert was_sent(ready, *ready.ask, "--pin-source", f"exec:{program}")
        assert was_sent(ready, *ready.ask, "--pin-source", "env:HSM_PIN", env={"HSM_PIN": WRONG})
    assert records(ready) == []


# Clearing


def test_tokens_show_tells(ready):
    """Which PIN is held back, until when, and how to have it sent; a file that has changed is not meant."""
    show = ("tokens", "show", "--token", ready.label)
    assert ready.run(*show, "--json").ok().json["latches"] == []
    assert "latched" not in ready.run(*show).ok().out
    other = ready.write_pin(ready.dir / "other", WRONG)
    for source in (ready.wrong, other):
        assert ready.run(*ready.ask, "--pin-source", source).status == 4
    (latch,) = ready.run(*show, "--json").ok().json["latches"]
    assert latch["role"] == "user" and latch["record"] == str(records(ready)[0])
    assert [file["path"] for file in latch["files"]] == [f"{ready.dir}/wrong", f"{ready.dir}/other"]
    os.utime(ready.dir / "other")
    shown = ready.run(*show).ok()
    since = latch["files"][0]["since"]
    line = f"  latched:  user PIN in '{ready.dir}/wrong', wrong at {since}: it is not sent before the file"
    assert f"{line} changes" in shown.out.splitlines() and f"{ready.dir}/other" not in shown.out
    uri = ready.run(*show, "--json").json["token"]["uri"]
    assert f"p11csr tokens clear-latch --token '{uri}'" in shown.err
    ready.run("tokens", "clear-latch", "--token", uri).ok()
    assert ready.run(*show, "--json").ok().json["latches"] == []


def test_tokens_show_beside_a_broken_record(ready):
    assert ready.run(*ready.ask, "--pin-source", ready.wrong).status == 4
    records(ready)[0].with_name("pin-user-x.json").write_text("{}")
    shown = ready.run("tokens", "show", "--token", ready.label, "--json").ok()
    assert len(shown.json["latches"]) == 1 and "remove it by hand" in shown.json["warnings"][0]
    assert len(records(ready)) == 2


def test_clear_latch(ready):
    nothing = ready.run("tokens", "clear-latch", "--json").ok()
    assert nothing.json["cleared"] == []
    assert "no wrong PIN is remembered" in ready.run("tokens", "clear-latch").ok().err
    ready.add_token("second")
    ask = {
        label: ("keys", "list", "--token", label, "--pin-source", ready.wrong)
        for label in (ready.label, "second")
    }
    for command in ask.values():
        assert "PIN_INCORRECT" in ready.run(*command, "--json").out
        assert "PIN_LATCHED" in ready.run(*command, "--json").out
    for token in ("none", "pkcs11:token=none", "pkcs11:token=second;serial=none"):
        done = ready.run("tokens", "clear-latch", "--token", token, "--json").ok()
        assert done.json["cleared"] == []
    plain = ready.run("tokens", "clear-latch", "pkcs11:token=second").ok()
    assert "token=second;" in plain.out and f"user PIN in '{ready.dir}/wrong', wrong at 20" in plain.out
    assert "PIN_LATCHED" in ready.run(*ask[ready.label], "--json").out
    assert "PIN_INCORRECT" in ready.run(*ask["second"], "--json").out
    cleared = ready.run("tokens", "clear-latch", "--json").ok().json["cleared"]
    assert sorted(row["token"].split(";")[0] for row in cleared) == [
        "pkcs11:token=second",
        "pkcs11:token=test%20token",
    ]
    assert all(row["role"] == "user" for row in cleared) and records(ready) == []
    for command in ask.values():
        assert "PIN_INCORRECT" in ready.run(*command, "--json").out


def test_clear_latch_by_alias_and_without_the_module(ready):
    assert was_sent(ready, *ready.ask, "--pin-source", ready.wrong)
    folder = ready.home / "config/p11csr"
    folder.mkdir(parents=True)
    (folder / "p11csr.yaml").write_text('tokens:\n  prod: { uri: "pkcs11:token=test%20token" }\n')
    env = {"P11CSR_MODULE": "/no/such/module.so", "SOFTHSM2_CONF": None}
    assert (
        len(ready.run("tokens", "clear-latch", "--token", "prod", "--json", env=env).ok().json["cleared"])
        == 1
    )
    ready.refused("tokens", "clear-latch", "pkcs11:x=y", status=9, code="URI", says="x")


# What stands in the way


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "x", '{"token": "pkcs11:", "role": "user", "files": []}', "\0" * 70000]
)
def test_record_that_is_none(ready, content):
    """Not taken for "no record": the PIN may be wrong."""
    ask = (*ready.ask, "--pin-source", ready.wrong)
    assert was_sent(ready, *ask)
    (record,) = records(ready)
    record.write_text(content)
    code = "LIMIT" if len(content) > 65536 else "READ"
    ready.refused(*ask, status=9 if code == "LIMIT" else 10, code=code, says=str(record))
    of_one = ready.run("tokens", "clear-latch", "--token", ready.label, "--json").ok().json
    assert of_one["cleared"] == [] and str(record) in of_one["warnings"][0]
    cleared = ready.run("tokens", "clear-latch", "--json").ok().json["cleared"]
    assert cleared == [{"record": str(record), "files": []}]
    assert was_sent(ready, *ask)


@pytest.mark.parametrize(
    "env, says",
    [
        ({"XDG_STATE_HOME": "/dev/null/none"}, "cannot be remembered"),
        ({"XDG_STATE_HOME": None, "HOME": None}, "without a state folder it is not remembered"),
    ],
)
def test_no_place_for_records(ready, env, says):
    """A service without a home still works; that its wrong PIN is sent again is said."""
    for _ in range(2):
        result = ready.run(*ready.ask, "--pin-source", ready.wrong, env=env)
        assert result.status == 4 and "CKR_PIN_INCORRECT" in result.err, result
        assert "p11csr: warning: " in result.err and says in result.err, result
    ready.run(*ready.ask, *ready.login, env=env).ok()
    assert ready.run("tokens", "clear-latch", "--json", env=env).ok().json["cleared"] == []


def test_clear_latch_of_nobody_in_particular(ready):
    """A URI that says nothing which a record could be compared with does not mean all of them."""
    assert was_sent(ready, *ready.ask, "--pin-source", ready.wrong)
    for uri in ("pkcs11:slot-id=424242", "pkcs11:object=web", "pkcs11:?module-name=softhsm2"):
        ready.refused(
            "tokens", "clear-latch", "--token", uri, status=64, code="USAGE", says="which token's records"
        )
    assert len(records(ready)) == 1


def test_clear_latch_beside_a_broken_record(ready):
    assert was_sent(ready, *ready.ask, "--pin-source", ready.wrong)
    (record,) = records(ready)
    broken = record.with_name("pin-user-00-00-00.json")
    broken.write_text("x")
    answer = ready.run("tokens", "clear-latch", "--token", ready.label, "--json").ok().json
    assert [row["record"] for row in answer["cleared"]] == [str(record)]
    assert str(broken) in answer["warnings"][0] and records(ready) == [broken]
