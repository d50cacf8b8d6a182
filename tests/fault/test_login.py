# SPDX-License-Identifier: Apache-2.0
"""Logging in to tokens that lock, want their PIN for each use, have a pad, or know other roles: by what the
module was sent."""

import fcntl
import os
import subprocess
import time

import pytest
import support
from shim import Shim

SUBJECT = ("--subject", "CN=www.example.com")
WRONG = "Zq7-kestrel-94"
MANAGEMENT_KEY = "010203040506070801020304050607080102030405060708"


@pytest.fixture
def web(token):
    """The token with a key that was made without the shim."""
    token.make_key()
    token.ask = ("request", "--token", token.label, "--key-label", "web", *SUBJECT)
    token.secrets += [WRONG, MANAGEMENT_KEY]
    return token


@pytest.fixture
def shim(web):
    return Shim(web)


def users(shim):
    """Who was logged in: 0 the security officer, 1 the user, 2 for one use; and with what answer."""
    return [(call.remark.split()[0][5:], call.answer) for call in shim.calls("C_Login")]


def failed(result, code):
    assert result.json["ok"] is False and result.json["error"]["code"] == code, result
    assert result.status == result.json["error"]["exit"]
    return result.json["error"]


# The latch


def test_ten_runs_send_a_wrong_pin_once(web, shim):
    shim.script("pin tries 4")
    wrong = web.write_pin(web.dir / "wrong", WRONG)
    ask = (*web.ask, "--pin-source", wrong, "--json")
    codes = [web.run(*ask).json["error"]["code"] for _ in range(10)]
    assert codes == ["PIN_INCORRECT"] + ["PIN_LATCHED"] * 9 and len(shim.logins()) == 1
    os.utime(web.dir / "wrong")
    codes = [web.run(*ask).json["error"]["code"] for _ in range(10)]
    assert codes == ["PIN_INCORRECT"] + ["PIN_LATCHED"] * 9 and len(shim.logins()) == 2
    # The right one is not held back, by the same file neither.
    web.run(*web.ask, *web.login).ok()
    web.write_pin(web.dir / "wrong", web.pin)
    web.run(*ask).ok()
    assert len(shim.logins()) == 4


def test_runs_at_the_same_time_send_a_wrong_pin_once(web, shim):
    """They wait for the first to have its answer."""
    shim.script("pin tries 3", "C_Login * delay 300")
    wrong = web.write_pin(web.dir / "wrong", WRONG)
    ask = (*web.ask, "--pin-source", wrong, "--json")
    children = [web.start(*ask, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    codes = []
    for child in children:
        out, err = child.communicate(timeout=support.TIMEOUT)
        codes.append(web.took(ask, child.returncode, out, err).json["error"]["code"])
    assert sorted(codes) == ["PIN_INCORRECT"] + ["PIN_LATCHED"] * 7 and len(shim.logins()) == 1


def test_nobody_waits_for_a_signature(web, shim):
    """The PIN file is let go when the token has answered: with it held, the second run would wait."""
    shim.script("C_Sign 1 hang")
    hanging = web.start(*web.ask, *web.login, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not shim.count("C_Sign"):
            assert hanging.poll() is None
            time.sleep(0.01)
        with open(web.pin_file, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        hanging.kill()
        hanging.wait()


def test_clear_latch_lets_it_be_sent_once(web, shim):
    ask = (*web.ask, "--pin-source", web.write_pin(web.dir / "wrong", WRONG), "--json")
    for sent in (1, 2, 3):
        failed(web.run(*ask), "PIN_INCORRECT")
        failed(web.run(*ask), "PIN_LATCHED")
        assert len(shim.logins()) == sent
        web.run("tokens", "clear-latch", "--token", web.label).ok()
        assert shim.count("C_Initialize") == 2 * sent  # the records are looked at, not the token


def test_codes_are_told_apart(web, shim):
    """What is wrong with the PIN has a code of its own, and one exit status."""
    shim.script("pin tries 3")
    program = web.dir / "program"  # has no latch
    program.write_text(f"#!/bin/sh\necho {WRONG}\n")
    program.chmod(0o700)
    ask = (*web.ask, "--pin-source", f"exec:{program}", "--json")
    failed(web.run(*ask), "PIN_INCORRECT")
    second = failed(web.run(*ask), "PIN_INCORRECT")
    assert "the token now reports: one more wrong PIN locks it" in second["notes"]
    failed(web.run(*ask), "PIN_FINAL_TRY")
    assert len(shim.logins()) == 2
    third = failed(web.run(*ask, "--accept-final-try"), "PIN_INCORRECT")
    assert "the token now reports the PIN as locked" in third["notes"]
    locked = failed(web.run(*ask, "--accept-final-try"), "PIN_LOCKED")
    assert "SO PIN (PUK)" in locked["hint"] and len(shim.logins()) == 3


@pytest.mark.parametrize("answer", ["CKR_PIN_LOCKED", "CKR_DEVICE_ERROR", "CKR_FUNCTION_CANCELED"])
def test_other_answers_latch_nothing(web, shim, answer):
    """A token that only wants to be left alone for a while, for one, did not say that the PIN was wrong."""
    shim.script(f"C_Login 1 return {answer}")
    assert web.run(*web.ask, *web.login, "--json").json["ok"] is False
    shim.script()
    web.run(*web.ask, *web.login).ok()


# One use of a key


def test_context_login(web, shim):
    """Right behind C_SignInit, in the same session, by the same source read again."""
    shim.script(f"always-authenticate {web.pin}")
    web.run(*web.ask, *web.login).ok()
    calls = shim.calls()
    names = [call.name for call in calls]
    first = names.index("C_SignInit")
    assert names[first : first + 3] == ["C_SignInit", "C_Login", "C_Sign"]
    assert len({call.session for call in calls[first : first + 3]}) == 1
    assert users(shim) == [("1", "CKR_OK"), ("2", "CKR_OK")]


@pytest.mark.parametrize("source", ["exec", "fd", "env"])
def test_sources_of_a_context_login(web, shim, source):
    """A program is run for each; what can be read once only is kept."""
    shim.script(f"always-authenticate {web.pin}")
    runs = web.dir / "runs"
    program = web.dir / "program"
    program.write_text(f"#!/bin/sh\necho x >> {runs}\necho {web.pin}\n")
    program.chmod(0o700)
    reader, writer = os.pipe()
    os.write(writer, web.pin.encode())
    os.close(writer)
    sources = {"exec": f"exec:{program}", "fd": f"fd:{reader}", "env": "env:HSM_PIN"}
    try:
        web.run(*web.ask, "--pin-source", sources[source], env={"HSM_PIN": web.pin}, pass_fds=[reader]).ok()
    finally:
        os.close(reader)
    assert len(shim.logins()) == 2
    assert source != "exec" or runs.read_text() == "x\nx\n"


def test_context_login_is_asked_for_once(web, shim):
    """Where a mechanism is refused before the PIN was sent, the same one serves for the next mechanism."""
    web.make_key("rsa-2048", "rsa", "02")
    shim.script(f"always-authenticate {web.pin}", "C_SignInit 1 return CKR_MECHANISM_INVALID")
    runs = web.dir / "runs"
    program = web.dir / "program"
    program.write_text(f"#!/bin/sh\necho x >> {runs}\necho {web.pin}\n")
    program.chmod(0o700)
    ask = ("request", "--token", web.label, "--key-label", "rsa", *SUBJECT)
    web.run(*ask, "--pin-source", f"exec:{program}").ok()
    assert runs.read_text() == "x\nx\n"  # one for the user, one for the use
    names = [call.name for call in shim.calls()]
    first = names.index("C_SignInit")
    assert names.count("C_SignInit") == 2 and names.count("C_Sign") == 1
    second = names.index("C_SignInit", first + 1)
    assert names[second : second + 3] == ["C_SignInit", "C_Login", "C_Sign"]
    assert users(shim) == [("1", "CKR_OK"), ("2", "CKR_OK")]


def test_wrong_pin_for_one_use(web, shim):
    """It counts as any other: sent once, in ten runs."""
    shim.script("always-authenticate another-pin", "pin tries 3")
    codes = [web.run(*web.ask, *web.login, "--json").json["error"]["code"] for _ in range(10)]
    assert codes == ["PIN_INCORRECT"] + ["PIN_LATCHED"] * 9
    assert users(shim) == [("1", "CKR_OK"), ("2", "CKR_PIN_INCORRECT")]
    assert list(web.work.iterdir()) == []


@pytest.mark.parametrize(
    "answer", ["CKR_USER_ALREADY_LOGGED_IN", "CKR_FUNCTION_NOT_SUPPORTED", "CKR_USER_TYPE_INVALID"]
)
def test_context_login_that_is_not_known(web, shim, answer):
    shim.script("attribute CKA_ALWAYS_AUTHENTICATE private value 01", f"C_Login 2+ return {answer}")
    web.run(*web.ask, *web.login).ok()
    # The third is that of the user, before it is tried once more.
    rules = (f"C_Login 2 return {answer}", f"C_Login 4 return {answer}")
    shim.script(f"always-authenticate {web.pin}", *rules)
    error = failed(web.run(*web.ask, *web.login, "--json"), "LOGIN")
    assert f"C_Login for this use of the key: {answer}" in error["notes"]


# PIN pads


def test_pin_pad(web, shim):
    shim.script(f"pin-pad {web.pin}")
    result = web.run(*web.ask, "--pin-source", f"file:{web.dir}/none").ok()
    assert "p11csr: enter the PIN of token 'test token' at the device\n" in result.err
    assert users(shim) == [("1", "CKR_OK")] and shim.logins() == []
    for quiet in ("--quiet", "--json"):  # the person has to know
        assert "enter the PIN of token" in web.run(*web.ask, quiet).ok().err


def test_pin_pad_for_one_use(web, shim):
    shim.script(f"pin-pad {web.pin}", f"always-authenticate {web.pin}")
    result = web.run(*web.ask).ok()
    assert result.err.count("enter the PIN of token 'test token' at the device") == 1
    assert "enter the PIN of token 'test token' for one use of key 'web' at the device" in result.err
    assert users(shim) == [("1", "CKR_OK"), ("2", "CKR_OK")] and shim.logins() == []


def test_pin_pad_wrong(web, shim):
    """Nothing is remembered: there is no file that was wrong."""
    for _ in range(2):
        shim.script(f"pin-pad {web.pin}", "C_Login 1 return CKR_PIN_INCORRECT")
        failed(web.run(*web.ask, *web.login, "--json"), "PIN_INCORRECT")
        assert shim.count("C_Login") == 1
    shim.script(f"pin-pad {web.pin}", "C_Login 1 return CKR_FUNCTION_CANCELED")
    failed(web.run(*web.ask, "--json"), "PIN_CANCELLED")


# Modes


def test_never(web, shim):
    error = failed(web.run(*web.ask, *web.login, "--login", "never", "--json"), "KEY_NOT_FOUND")
    assert "--login never" in error["hint"] and "--login auto" in error["hint"]
    web.raw("p256", "open", "02", "private=0")
    shim.script()
    web.run(*web.ask[:-3], "open", *SUBJECT, *web.login, "--login", "never").ok()
    assert shim.count("C_Login") == 0
    failed(web.run(*web.ask, *web.login, "--quirk", "login=never", "--json"), "KEY_NOT_FOUND")
    assert shim.count("C_Login") == 0
    web.run(*web.ask, *web.login, "--quirk", "login=never", "--login", "always").ok()  # who asks goes before


@pytest.mark.parametrize("how", [("--login", "always"), ("--quirk", "login=always")])
def test_always(web, shim, how):
    """Even where nothing asks for it: no search goes before."""
    shim.script("flag CKF_LOGIN_REQUIRED off")
    web.run(*web.ask, *web.login, *how).ok()
    names = [call.name for call in shim.calls()]
    assert names.count("C_Login") == 1 and names.index("C_Login") < names.index("C_FindObjectsInit")
    web.run("keys", "list", *web.at, *how).ok()
    assert shim.count("C_Login") == 2
    failed(web.run(*web.ask, *how, "--json"), "PIN_NEEDED")


def test_a_login_that_is_always_wanted_happens_once(web, shim):
    web.run("keys", "list", *web.at, "--login", "always").ok()
    web.run("request", *web.at, "--ensure", "p256", "--key-label", "new", *SUBJECT, "--login", "always").ok()
    assert users(shim) == [("1", "CKR_OK")] * 2


def test_words_of_the_options(web):
    web.refused(*web.ask, "--login", "sometimes", status=64, code="USAGE", says="auto, always or never")
    web.refused(*web.ask, "--login-as", "root", status=64, code="USAGE", says="user or so, not 'root'")


# Roles


def management(web):
    """A token that makes keys for the holder of its management key only."""
    path = web.dir / "management"
    web.write_pin(path, MANAGEMENT_KEY)
    rules = (f"role so {MANAGEMENT_KEY} {web.pin}", "needs generate so", "needs sign user")
    return rules, ("--so-pin-source", f"file:{path}")


@pytest.mark.parametrize("how", [("--login-as", "so"), ("--quirk", "keygen-login=so")])
def test_security_officer_makes_keys(web, shim, how):
    rules, source = management(web)
    shim.script(*rules)
    make = ("request", *web.at, "--generate", "p256", "--key-label", "new", *SUBJECT)
    error = failed(web.run(*make, "--json"), "LOGIN")
    assert "--login-as so --so-pin-source SRC" in error["hint"]
    shim.script(*rules)
    result = web.run(*make, *how, *source).ok()
    assert "BEGIN CERTIFICATE REQUEST" in result.out
    assert users(shim) == [("0", "CKR_OK"), ("1", "CKR_OK")]
    names = [
        call.name
        for call in shim.calls()
        if call.name in ("C_Login", "C_Logout", "C_GenerateKeyPair", "C_Sign")
    ]
    assert names == ["C_Login", "C_GenerateKeyPair", "C_Logout", "C_Login", "C_Sign"]


def test_security_officer_comes_after_the_user(web, shim):
    """Whether the key is there is looked at as the user."""
    rules, source = management(web)
    shim.script(*rules)
    web.run(
        "request", *web.at, "--ensure", "p256", "--key-label", "new", *SUBJECT, "--login-as", "so", *source
    ).ok()
    assert users(shim) == [("1", "CKR_OK"), ("0", "CKR_OK"), ("1", "CKR_OK")]
    shim.script(*rules)
    web.run(
        "request", *web.at, "--ensure", "p256", "--key-label", "new", *SUBJECT, "--login-as", "so", *source
    ).ok()
    assert users(shim) == [("1", "CKR_OK")]


def write_alias(web, *lines):
    path = web.dir / "alias.yaml"
    uri = f'uri: "pkcs11:token={web.label.replace(" ", "%20")}"'
    text = "".join(f"    {line}\n" for line in (uri, *lines))
    path.write_text(f"tokens:\n  mine:\n{text}")
    return ("--config", path, "--token", "mine")


def test_alias_names_the_source_of_the_so_pin(web, shim):
    """As it does for the user's, and the option goes before."""
    rules, source = management(web)
    shim.script(*rules)
    at = write_alias(
        web,
        f'pin-source: "file:{web.pin_file}"',
        f'so-pin-source: "{source[1]}"',
        "quirks: {keygen-login: so}",
    )
    web.run("request", *at, "--generate", "p256", "--key-label", "new", *SUBJECT).ok()
    assert users(shim) == [("0", "CKR_OK"), ("1", "CKR_OK")]
    other = ("--so-pin-source", "file:/none")
    error = failed(
        web.run("keys", "generate", "p256", *at, *other, "--key-label", "b", "--json"), "PIN_SOURCE"
    )
    assert "/none" in str(error)
    at = write_alias(web, 'so-pin-source: "none:x"')
    error = failed(web.run("keys", "list", *at, "--json"), "PIN_SOURCE")
    assert "is none of prompt" in error["cause"][0]


def test_program_of_an_alias_is_started_before_the_module(web, shim):
    rules, _ = management(web)
    shim.script(*rules)
    program = web.dir / "program"
    program.write_text(f'#!/bin/sh\n[ -s "{shim.log_file}" ] && exit 7\necho {MANAGEMENT_KEY}\n')
    program.chmod(0o700)
    at = write_alias(web, f'so-pin-source: "exec:{program}"')
    web.run("keys", "generate", "p256", *at, "--key-label", "new", "--login-as", "so").ok()
    assert users(shim) == [("0", "CKR_OK")]


def test_errors_name_the_role(web, shim):
    rules, _ = management(web)
    shim.script(*rules)
    make = ("keys", "generate", "p256", *web.at, "--key-label", "new", "--quirk", "keygen-login=so")
    web.refused(
        *make,
        status=4,
        code="PIN_NEEDED",
        says=["as security officer", "no SO PIN source is set", "--so-pin-source file:PATH"],
    )
    form = ("--quirk", "so-pin-form=management key, 48 hex digits")
    wrong = web.write_pin(web.dir / "wrong", WRONG)
    web.refused(
        *make,
        *form,
        "--so-pin-source",
        wrong,
        env={"XDG_STATE_HOME": "/dev/null/none"},
        status=4,
        code="PIN_INCORRECT",
        says=[
            "cannot log in to token 'test token' as security officer",
            "the SO PIN of this token consists of: management key, 48 hex digits",
        ],
    )


def test_a_latch_is_for_one_role(web, shim):
    """The same file may be right for the other."""
    rules, source = management(web)
    shim.script(*rules)
    make = ("keys", "generate", "p256", *web.at, "--key-label", "new", "--login-as", "so")
    failed(web.run(*make, "--so-pin-source", f"file:{web.pin_file}", "--json"), "PIN_INCORRECT")
    failed(web.run(*make, "--so-pin-source", f"file:{web.pin_file}", "--json"), "PIN_LATCHED")
    assert users(shim) == [("0", "CKR_PIN_INCORRECT")]
    web.run(*web.ask, *web.login).ok()
    failed(web.run(*web.ask, "--pin-source", source[1], "--json"), "PIN_INCORRECT")
    web.run(*make, *source).ok()
    roles = [row["role"] for row in web.run("tokens", "clear-latch", "--json").ok().json["cleared"]]
    assert sorted(roles) == ["so", "user"]


# Programs


@pytest.mark.parametrize("role", ["user", "so"])
def test_program_is_started_before_the_module(web, shim, role):
    rules, _ = management(web)
    shim.script(*rules, "pin tries 3")
    programs = {}
    for name, pin in (("user", web.pin), ("so", MANAGEMENT_KEY)):
        path = web.dir / f"program-{name}"
        path.write_text(f'#!/bin/sh\n[ -s "{shim.log_file}" ] && exit 7\necho {pin}\n')
        path.chmod(0o700)
        programs[name] = f"exec:{path}"
    if role == "user":
        web.run(*web.ask, "--pin-source", programs["user"]).ok()
        assert users(shim) == [("1", "CKR_OK")]
    else:
        make = ("keys", "generate", "p256", "--token", web.label, "--key-label", "new", "--login-as", "so")
        web.run(*make, "--so-pin-source", programs["so"]).ok()
        assert users(shim) == [("0", "CKR_OK")]
    shim.script()
    never = (*web.ask, "--pin-source", "exec:/no/such/program", "--login", "never", "--json")
    failed(web.run(*never), "KEY_NOT_FOUND")  # and not at all where it is of no use
