# SPDX-License-Identifier: Apache-2.0
"""That the shim module does what its script says: tests that use it rely on nothing else."""

import signal
import subprocess
import time

import pytest
import support
from shim import attribute

SUBJECT = ("--subject", "CN=www.example.com")
ASK = ("--key-label", "web", *SUBJECT)


@pytest.fixture
def web(token):
    """The token with a key that was made without the shim."""
    token.make_key()
    return token


def request(token, *more, **named):
    return token.run("request", *token.at, *ASK, *more, **named)


def test_passes_everything_on(web, shim):
    assert request(web).ok().out.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    names = [call.name for call in shim.calls()]
    assert names[0] == "C_Initialize" and names[-1] == "C_Finalize"
    assert {call.answer for call in shim.calls() if call.name != "C_GetAttributeValue"} == {"CKR_OK"}
    assert [call.remark for call in shim.calls("C_Login")] == ["user=1 pin=sent"] and len(shim.logins()) == 1
    assert web.pin not in shim.log_file.read_text()


@pytest.mark.parametrize(
    "rule",
    [
        "C_Sign 1",
        "C_Snig 1 return CKR_DEVICE_ERROR",
        "C_Sign 0 return CKR_DEVICE_ERROR",
        "C_Sign x return CKR_DEVICE_ERROR",
        "C_Sign 1 return CKR_NO_SUCH_THING",
        "C_Sign 1 return CKA_ID",
        "C_Sign 1 return CKR_DEVICE_ERROR more",
        "C_Sign 1 explode",
        "C_Sign 1 delay soon",
        "pin tries 0",
        "pin turns 3",
        "attribute CKA_ID nothing drop",
        "attribute CKA_ID any drop CKR_OK",
        "attribute CKA_ID any value 0",
        "hide everything",
        'token label "no end',
        "flag CKF_RNG maybe",
        "mechanism rename CKM_ECDSA",
        "generate kind CKA_ID one CKM_EC_KEY_PAIR_GEN 06",
        "edwards named CKA_ID",
        "ecdsa raw",
    ],
)
def test_unknown_words_are_refused(web, shim, rule):
    shim.script("# fine", "pin tries 3", rule)
    result = request(web)
    assert result.status == 6 and f"{shim.script_file}:3: not understood: {rule}" in result.err, result


def test_return_and_answer(web, shim):
    """Before the call and after it: the log tells, and so does the token."""
    shim.script("C_GenerateKeyPair 1 return 0x30")
    make = ("keys", "generate", "p256", *web.at, "--key-label", "new")
    assert "CKR_DEVICE_ERROR" in web.run(*make).err
    assert [call.answer for call in shim.calls("C_GenerateKeyPair")] == ["CKR_DEVICE_ERROR"]
    shim.script()
    assert len(web.keys()) == 1
    shim.script("C_GenerateKeyPair 1 answer CKR_DEVICE_ERROR")
    assert "CKR_DEVICE_ERROR" in web.run(*make).err
    shim.script()
    assert len(web.keys()) == 2


def test_numbers_of_calls(web, shim):
    shim.script()
    request(web).ok()
    calls = len(shim.calls())
    shim.script(f"any {calls} return CKR_GENERAL_ERROR")
    request(web)
    assert [call.answer for call in shim.calls()][-2:] == ["CKR_OK", "CKR_GENERAL_ERROR"]
    shim.script("C_GetAttributeValue 2+ return CKR_GENERAL_ERROR")
    request(web)
    answers = [call.answer for call in shim.calls("C_GetAttributeValue")]
    assert answers[0] == "CKR_OK" and set(answers[1:]) == {"CKR_GENERAL_ERROR"}


def test_crash(web, shim):
    shim.script("C_Sign 1 crash")
    child = web.start("request", *web.at, *ASK, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, err = child.communicate(timeout=support.TIMEOUT)
    assert child.returncode == -signal.SIGSEGV or b"SEGV" in err  # a sanitizer catches it
    assert shim.calls()[-1][:3] == ("C_Sign", shim.calls()[-1].session, "crash")
    request(web, env={"P11SHIM_SCRIPT": None}).ok()


def test_hang_and_delay(web, shim):
    shim.script("C_Sign 1 delay 20", "C_SignInit 1 hang")
    child = web.start("request", *web.at, *ASK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + support.TIMEOUT
        while not shim.calls() or shim.calls()[-1].answer != "hang":
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        assert shim.calls()[-1].name == "C_SignInit"
    finally:
        child.kill()
        child.wait()
    shim.script("C_Sign 1 delay 20")
    request(web).ok()


@pytest.mark.parametrize(
    "rule", ["C_Sign 1 signature-flip 9", "C_Sign 1 signature-length -1", "C_SignInit 1 other-key"]
)
def test_wrong_signatures(web, shim, rule):
    web.make_key(label="other", key_id="02")
    shim.script(rule)
    web.refused("request", *web.at, *ASK, status=12, code="PROOF_SIGNATURE", says="")
    assert {call.answer for call in shim.calls("C_Sign")} == {"CKR_OK"}


def test_sessions_lost_and_removal(web, shim):
    shim.script("C_SignInit * sessions-lost")
    request(web)
    assert shim.calls("C_SignInit")[0].answer == "CKR_SESSION_HANDLE_INVALID"
    shim.script("C_SignInit 1 remove")
    request(web)
    assert shim.calls("C_SignInit")[0].answer == "CKR_DEVICE_REMOVED"
    shim.script("C_GetSlotList 1 remove")
    web.refused("request", *web.at, *ASK, status=3, code="TOKEN_NOT_FOUND", says="no token matches")
    shim.script("C_GetSlotList 1 remove", "C_GetSlotList 2 insert")
    assert request(web).status == 3


def test_identity(web, shim):
    shim.script(
        'module manufacturer "ACME Devices"',
        "module version 7.3",
        "token manufacturer ACME",
        'token model "Model 9"',
        "token label vault",
        "token serial 0042",
        "token firmware 5.12",
        "slot description socket",
    )
    shown = web.run("tokens", "list", "--json").ok().json["tokens"]
    assert [(row["label"], row["model"], row["serial"]) for row in shown] == [("vault", "Model 9", "0042")]
    assert shown[0]["manufacturer"] == "ACME" and "5.12" in str(shown[0])
    uri = "pkcs11:library-manufacturer=ACME%20Devices;library-version=7.3;slot-description=socket;token=vault"
    web.run("request", f"{uri};object=web", *web.login, *SUBJECT).ok()


def test_pin_counter(web, shim):
    """Three wrong PINs, over several processes, lock the right one out as well."""
    web.env["WRONG"] = "not-the-pin"  # a file would not be used twice
    wrong = ("--pin-source", "env:WRONG")
    ask = ("request", "--token", web.label, *ASK)
    shim.script("pin tries 3")
    assert "counts wrong PINs" in web.run(*ask, *wrong).err
    request(web).ok()
    for _ in range(2):
        web.run(*ask, *wrong)
    assert web.run(*ask, *wrong).status == 4 and len(shim.logins()) == 4  # the final try is not used up
    assert web.run(*ask, *wrong, "--accept-final-try").status == 4 and len(shim.logins()) == 5
    web.refused(*ask, *web.login, status=4, code="PIN_LOCKED", says="no PIN was sent")
    assert len(shim.logins()) == 5
    shim.script("pin tries 3", "pin flags hidden")
    web.refused(*ask, *web.login, status=4, code="PIN_LOCKED", says="CKR_PIN_LOCKED")
    shim.forget_tries()
    request(web).ok()


def test_always_authenticate(web, shim):
    shim.script(f"always-authenticate {web.pin}")
    request(web).ok()
    assert [call.remark for call in shim.logins()] == ["user=1 pin=sent", "user=2 pin=sent"]
    shim.script("always-authenticate other-pin", "pin tries 3")
    assert request(web, env={"XDG_STATE_HOME": None}).status == 4
    assert [call.answer for call in shim.logins()] == ["CKR_OK", "CKR_PIN_INCORRECT"]
    shim.script("C_Login 2+ return CKR_OK", f"always-authenticate {web.pin}")
    assert request(web).status != 0 and shim.calls("C_Sign")[0].answer == "CKR_USER_NOT_LOGGED_IN"


def test_pin_pad(web, shim):
    shim.script(f"pin-pad {web.pin}")
    request(web).ok()
    assert shim.logins() == [] and [call.remark for call in shim.calls("C_Login")] == ["user=1 pin=none"]


@pytest.mark.parametrize("form", ["raw", "octets", "bits"])
def test_ec_point(web, shim, form):
    shim.script(f"ec-point {form}", "attribute CKA_PUBLIC_KEY_INFO any refuse CKR_ATTRIBUTE_TYPE_INVALID")
    request(web).ok()


def test_attributes(web, shim):
    shim.script(attribute("CKA_SENSITIVE", 0, "private"), attribute("CKA_LABEL", b"front", "private"))
    shown = web.run("keys", "show", *web.at, "--key-label", "front", "--protection", "--json").ok().json
    assert shown["protection"]["sensitive"] is False and shown["key"]["label"] == "front"
    assert request(web).status == 3
    shim.script("attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_ATTRIBUTE_TYPE_INVALID")
    request(web).ok()
    make = ("keys", "generate", "p256", *web.at, "--key-label", "new")
    shim.script("attribute CKA_SIGN_RECOVER private template CKR_ATTRIBUTE_TYPE_INVALID")
    assert "C_GenerateKeyPair: CKR_ATTRIBUTE_TYPE_INVALID" in web.run(*make).err
    shim.script("attribute CKA_LABEL any search CKR_ATTRIBUTE_TYPE_INVALID")
    assert "C_FindObjectsInit: CKR_ATTRIBUTE_TYPE_INVALID" in request(web).err
    shim.script("attribute CKA_LABEL public drop")
    web.run(*make).ok()
    shim.script()
    assert sorted(key["label"] for key in web.keys()) == ["new", "web"]


def test_mechanisms(web, shim):
    shim.script("mechanism hide CKM_ECDSA", "mechanism hide CKM_ECDSA_SHA256")
    web.refused("request", *web.at, *ASK, status=7, code="MECHANISM", says="CKM_ECDSA")
    shim.script("mechanism rename CKM_EC_KEY_PAIR_GEN 0x80001234")
    generate = ("keys", "generate", "p256", *web.at, "--key-label", "new")
    web.refused(*generate, status=7, code="MECHANISM", says="CKM_EC_KEY_PAIR_GEN")
    shim.script("mechanism rename CKM_RSA_PKCS_KEY_PAIR_GEN 0x80001234")
    web.run(*generate).ok()


def test_roles_and_needs(web, shim):
    shim.script(f"role user crypto:{web.pin} {web.pin}", "needs sign user", "needs find user")
    form = web.write_pin(web.dir / "form", f"crypto:{web.pin}")
    web.run("request", "--token", web.label, "--pin-source", form, *ASK).ok()
    shim.script("needs generate so")
    made = web.run("keys", "generate", "p256", *web.at, "--key-label", "new")
    assert made.status == 4 and "C_GenerateKeyPair: CKR_USER_NOT_LOGGED_IN" in made.err
    shim.script(f"role user crypto:{web.pin} {web.pin}")
    assert request(web).status == 4 and shim.logins()[0].answer == "CKR_PIN_INCORRECT"


def test_sessions(web, shim):
    shim.script("sessions rw-only CKR_SESSION_PARALLEL_NOT_SUPPORTED")
    assert (
        "CKR_SESSION_PARALLEL_NOT_SUPPORTED" in str(shim.calls("C_OpenSession")) or request(web) is not None
    )
    assert shim.calls("C_OpenSession")[0].answer == "CKR_SESSION_PARALLEL_NOT_SUPPORTED"
    shim.script("sessions max 1")
    request(web).ok()
    shim.script("init-args secmod")
    assert "CKR_ARGUMENTS_BAD" in request(web).err


def test_hidden_objects(web, shim):
    shim.script("hide public", "hide certificate")
    found = web.keys()
    assert [key["public"] for key in found] == [False]


def test_generation_at_the_modules_will(web, shim):
    """A CKA_ID that cannot be chosen, and a slot whose key is lost when another is made."""
    shim.script("generate own-id 09")
    web.run("keys", "generate", "p256", *web.at, "--key-label", "new", "--key-id", "77")
    shim.script()
    assert sorted(key["id"] for key in web.keys()) == ["01", "09"]
    shim.script("generate own-id 01", "generate overwrites")
    web.run("keys", "generate", "p256", *web.at, "--key-label", "newest")
    shim.script()
    assert sorted(key["label"] for key in web.keys()) == ["new", "newest"]
