# SPDX-License-Identifier: Apache-2.0
"""
What each word of tokens/quirks.def does: a token that needs it, enacted by the shim module on SoftHSM2,
without the word and with it, set by --quirk. A test test_quirk_WORD for every word, seen to by
tests/meta/test_profiles.py.
"""

import fcntl
import subprocess
import time

import support

SUBJECT = ("--subject", "CN=www.example.com")
WRONG = "Zq7-kestrel-94"
MANAGEMENT_KEY = "010203040506070801020304050607080102030405060708"
P256 = "06082a8648ce3d030107"
KIND = "0x8001e101"


def quirk(word, value):
    return ("--quirk", f"{word}={value}")


def generate(token, *more, spec="p256", label=("--key-label", "web")):
    return token.run("keys", "generate", spec, *label, "--token", token.label, *token.login, *more)


def request(token, *more, key=("--key-label", "web"), login=None):
    login = token.login if login is None else login
    return token.run("request", *key, *SUBJECT, "--token", token.label, *login, *more)


def made(judges, result):
    """A request that others verify."""
    assert judges.openssl(result.ok().bytes) and judges.pyca(result.bytes), result


def failed(result, status, *texts):
    assert result.status == status and result.out == "", result
    for text in texts:
        assert text in result.err, (text, result)


def test_quirk_login(token, shim, judges):
    token.make_key()
    shim.script("flag CKF_LOGIN_REQUIRED off")  # which is not true
    failed(request(token), 3, "no private key matches")
    assert shim.count("C_Login") == 0
    shim.script("flag CKF_LOGIN_REQUIRED off")
    made(judges, request(token, *quirk("login", "always")))
    names = [call.name for call in shim.calls()]
    assert names.index("C_Login") < names.index("C_FindObjectsInit")
    shim.script()
    made(judges, request(token))
    failed(request(token, *quirk("login", "never")), 3, "no private key matches")
    assert shim.count("C_Login") == 1


def test_quirk_keygen_login(token, shim, judges):
    token.secrets.append(MANAGEMENT_KEY)
    shim.script(f"role so {MANAGEMENT_KEY} {token.pin}", "needs generate so")
    so = ("--so-pin-source", token.write_pin(token.dir / "so-pin", MANAGEMENT_KEY))
    failed(generate(token, *so), 4, "CKR_USER_NOT_LOGGED_IN")
    generate(token, *so, *quirk("keygen-login", "so")).ok()
    made(judges, request(token))


def check_form(token, word, source, role):
    """The form of a PIN is said where the PIN was wrong, and not where nobody knows it."""
    token.secrets.append(WRONG)
    wrong = (source, token.write_pin(token.dir / "wrong", WRONG))
    text = f"the {role} of this token consists of: "
    so = quirk("keygen-login", "so") if role == "SO PIN" else ()
    ask = ("keys", "generate", "p256", "--key-label", "new", "--token", token.label, *wrong, *so)
    told = token.run(*ask, *quirk(word, "a word and a number"))
    failed(told, 4, text + "a word and a number", f"quirk {word}=a word and a number, set by")
    token.write_pin(token.dir / "wrong", WRONG)  # another file, which is sent again
    untold = token.run(*ask)
    failed(untold, 4, "CKR_PIN_INCORRECT")
    assert text not in untold.err


def logging_in(token, shim, *more):
    """A run that stands still in C_Login."""
    shim.script("C_Login 1 hang")
    child = token.start(
        "keys", "list", *token.at, *more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not shim.count("C_Login"):
        assert child.poll() is None
        time.sleep(0.01)
    return child


def may_be_read(path):
    """Whether nobody is alone with the file."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False


def test_quirk_login_writes(token, shim):
    """At the login a process is alone with the module; and who hangs there makes nobody else hang."""
    shim.move()
    for value, is_alone in (("no", False), ("yes", True)):
        child = logging_in(token, shim, *quirk("login-writes", value))
        try:
            assert may_be_read(shim.module) is not is_alone
            shim.script()
            other = token.write_pin(
                token.dir / "other", token.pin
            )  # the first one has not let go of its file
            token.run("keys", "list", "--token", token.label, "--pin-source", other).ok()
        finally:
            child.kill()
            child.wait()
        assert may_be_read(shim.module)


def logins(shim):
    return [(call.remark.split()[0], call.answer) for call in shim.calls("C_Login")]


def test_quirk_user_type(token, shim, judges):
    """The keys belong to a kind of user that the standard does not know; a log-in for one use is as ever."""
    token.make_key()
    theirs = token.write_pin(token.dir / "theirs", MANAGEMENT_KEY)
    rules = (f"role 0x83 {MANAGEMENT_KEY} {token.pin}", "needs find 0x83", "needs sign 0x83")
    token.secrets.append(MANAGEMENT_KEY)
    shim.script(*rules)
    failed(request(token), 3, "no private key matches")
    shim.script(*rules)
    made(judges, request(token, *quirk("user-type", "0x83"), login=("--pin-source", theirs)))
    assert logins(shim) == [("user=131", "CKR_OK")]
    shim.script(f"role 0x83 {MANAGEMENT_KEY} {token.pin}", f"always-authenticate {MANAGEMENT_KEY}")
    made(judges, request(token, *quirk("user-type", "131"), login=("--pin-source", theirs)))
    assert logins(shim) == [("user=131", "CKR_OK"), ("user=2", "CKR_OK")]
    failed(request(token, *quirk("user-type", "key-manager")), 9, "'key-manager': like 131 or 0x83")
    failed(request(token, *quirk("user-type", "1,2")), 9, "'1,2': like 131 or 0x83")
    shim.script("C_Login * return CKR_USER_TYPE_INVALID")
    failed(request(token, *quirk("user-type", "0x84")), 4, "CKR_USER_TYPE_INVALID", "quirk user-type=0x84")


def test_quirk_so_type(token, shim, judges):
    """Keys are made by a kind of officer that the standard does not know."""
    token.secrets.append(MANAGEMENT_KEY)
    rules = (f"role 0x80000001 {MANAGEMENT_KEY} {token.pin}", "needs generate 0x80000001", "needs sign user")
    so = ("--login-as", "so", "--so-pin-source", token.write_pin(token.dir / "so-pin", MANAGEMENT_KEY))
    ask = ("request", "--generate", "p256", "--key-label", "web", *SUBJECT, *token.at, *so)
    shim.script(*rules)
    made(judges, token.run(*ask, *quirk("so-type", "0x80000001")))
    assert logins(shim) == [("user=2147483649", "CKR_OK"), ("user=1", "CKR_OK")]
    shim.script(*rules)
    failed(generate(token, *so, label=("--key-label", "other")), 4, "C_Login: CKR_PIN_INCORRECT")
    assert logins(shim) == [("user=0", "CKR_PIN_INCORRECT")]


def test_quirk_pin_form(token, shim):
    check_form(token, "pin-form", "--pin-source", "PIN")
    assert len(shim.logins()) == 2


def test_quirk_so_pin_form(token, shim):
    check_form(token, "so-pin-form", "--so-pin-source", "SO PIN")
    assert len(shim.logins()) == 2


def test_quirk_session_rw(token, shim, judges):
    token.make_key()
    shim.script("sessions rw-only CKR_GENERAL_ERROR")
    failed(request(token), 6, "C_OpenSession: CKR_GENERAL_ERROR")
    made(judges, request(token, *quirk("session-rw", "yes")))


def test_quirk_id_rule(token, shim, judges):
    shim.script("attribute CKA_ID any template CKR_ATTRIBUTE_READ_ONLY", "generate own-id 0a0b0c")
    failed(generate(token), 7, "C_GenerateKeyPair: CKR_ATTRIBUTE_READ_ONLY")
    failed(generate(token, "--key-id", "01", *quirk("id-rule", "none")), 9, "takes no CKA_ID")
    generate(token, *quirk("id-rule", "none")).ok()
    made(judges, request(token, key=("--key-id", "0a0b0c")))
    shim.script()
    other = ("--key-label", "other")
    failed(generate(token, *quirk("id-rule", "slots"), label=other), 64, "fixed places", "--key-id")
    failed(
        generate(token, "--key-id", "010203", *quirk("id-rule", "two-bytes"), label=other),
        9,
        "at most two bytes",
    )
    answer = generate(token, "--json", *quirk("id-rule", "two-bytes"), label=other).ok().json
    assert len(answer["key"]["id"]) == 4
    made(judges, request(token, key=other))


def test_quirk_label(token, shim, judges):
    shim.script("attribute CKA_LABEL any template CKR_ATTRIBUTE_READ_ONLY")
    failed(generate(token), 7, "C_GenerateKeyPair: CKR_ATTRIBUTE_READ_ONLY")
    by_id = ("--key-id", "02")
    failed(generate(token, label=by_id), 64, "--key-label")
    generate(token, *quirk("label", "fixed"), label=by_id).ok()
    made(judges, request(token, key=by_id))


def test_quirk_keygen_mech(token, shim, judges):
    shim.script("mechanism rename CKM_RSA_PKCS_KEY_PAIR_GEN 0x80000143")
    failed(generate(token, spec="rsa-2048"), 7, "the token does not generate RSA keys")
    generate(token, *quirk("keygen-mech", "0x80000142,0x80000143"), spec="rsa-2048").ok()
    made(judges, request(token))


def test_quirk_avoid_mechs(token, shim, judges):
    token.make_key(spec="rsa-2048")
    shim.script("C_Sign 1 return CKR_GENERAL_ERROR")
    failed(request(token), 6, "by CKM_SHA256_RSA_PKCS", "C_Sign: CKR_GENERAL_ERROR")
    shim.script()
    done = request(token, *quirk("avoid-mechs", "CKM_SHA256_RSA_PKCS"), "--json").ok().json
    assert done["mechanism"] == "CKM_RSA_PKCS"
    made(judges, request(token, *quirk("avoid-mechs", "CKM_SHA256_RSA_PKCS")))
    none = request(token, *quirk("avoid-mechs", "CKM_SHA256_RSA_PKCS,CKM_RSA_PKCS"))
    failed(none, 7, "has no mechanism for rsa-pkcs1-sha256")


def test_quirk_sign_copy(token, shim, judges):
    """Copies that sign are made by the OpenSSL provider (tests/api, tests/module); here: they are no keys."""
    token.make_key()
    shim.script("attribute CKA_TOKEN private value 00")
    failed(request(token), 3, "no private key matches", "quirk sign-copy=yes")
    made(judges, request(token, *quirk("sign-copy", "no")))


def test_quirk_ecdsa_out(token, shim, judges):
    for spec in ("p256", "p521"):  # a length of one byte, and of two
        token.make_key(spec=spec, label=spec, key_id=spec[1:] + "0")
    shim.script("ecdsa der")
    for spec in ("p256", "p521"):
        key = ("--key-label", spec)
        failed(request(token, key=key), 12, "C_Sign returned", "the request was not written")
        for _ in range(6):  # numbers with and without zeros in front
            made(judges, request(token, *quirk("ecdsa-out", "der"), key=key))
    shim.script()
    key = ("--key-label", "p256")
    failed(request(token, *quirk("ecdsa-out", "der"), key=key), 12, "no DER signature of p256")


def test_quirk_omit_attrs(token, shim, judges):
    shim.script(
        "attribute CKA_VERIFY_RECOVER public template CKR_TEMPLATE_INCONSISTENT",
        "attribute CKA_DERIVE private template CKR_ATTRIBUTE_TYPE_INVALID",
    )
    failed(generate(token), 7, "C_GenerateKeyPair: CKR_TEMPLATE_INCONSISTENT")
    half = generate(token, *quirk("omit-attrs", "public:CKA_VERIFY_RECOVER,public:CKA_DERIVE"))
    failed(half, 7, "C_GenerateKeyPair: CKR_ATTRIBUTE_TYPE_INVALID")
    generate(token, *quirk("omit-attrs", "public:CKA_VERIFY_RECOVER,CKA_DERIVE")).ok()
    made(judges, request(token))


def test_quirk_add_attrs(token, shim, judges):
    shim.script(f"generate kind {KIND} 12 CKM_EC_KEY_PAIR_GEN {P256}", "generate own-id 07")
    bare = quirk(
        "omit-attrs",
        "public:*,CKA_ID,CKA_TOKEN,CKA_PRIVATE,CKA_SENSITIVE,CKA_EXTRACTABLE,CKA_SIGN,CKA_DECRYPT,"
        "CKA_UNWRAP,CKA_SIGN_RECOVER,CKA_DERIVE",
    )
    failed(generate(token, *bare), 7, "C_GenerateKeyPair: CKR_TEMPLATE_INCOMPLETE")
    wrong = quirk("add-attrs", f"p256:{KIND}=13")
    failed(generate(token, *bare, *wrong), 7, "C_GenerateKeyPair: CKR_ATTRIBUTE_VALUE_INVALID")
    right = quirk("add-attrs", f"p256:{KIND}=12")
    failed(generate(token, *bare, *right, spec="p384"), 7, "the token makes no p384 keys")
    generate(token, *bare, *right).ok()
    made(judges, request(token))


def test_quirk_ec_params(token, shim, judges):
    shim.script("edwards named CKR_CURVE_NOT_SUPPORTED")
    failed(generate(token, spec="ed25519"), 7, "C_GenerateKeyPair: CKR_CURVE_NOT_SUPPORTED")
    generate(token, *quirk("ec-params", "name"), spec="ed25519").ok()
    made(judges, request(token))


def test_quirk_curves(token, shim):
    def offered(*more):
        rows = token.run("algorithms", "--token", token.label, *more, "--json").ok().json["keys"]
        return {row["name"] for row in rows if row["offered"]}

    every = offered()
    assert {"rsa-2048", "p256", "p384", "ed25519", "brainpoolP256r1"} <= every
    some = offered(*quirk("curves", "p384 ed25519"))
    assert {name for name in every if not name.startswith("rsa")} - some and some - {"p384", "ed25519"} == {
        name for name in every if name.startswith("rsa")
    }
    assert offered(*quirk("curves", "xp256 p2567 p256x")) == {
        name for name in every if name.startswith("rsa")
    }
    assert shim.count("C_GetMechanismInfo") > 0


def test_quirk_attr_error(token, shim, judges):
    token.make_key()
    shim.script("attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_FUNCTION_FAILED")
    failed(request(token), 6, "CKR_FUNCTION_FAILED")
    made(judges, request(token, *quirk("attr-error", "CKR_FUNCTION_FAILED")))


def test_quirk_finalize(token, shim, judges):
    token.make_key()
    shim.script("C_Finalize * crash")
    ask = ("request", "--key-label", "web", *SUBJECT, "--token", token.label, *token.login)
    assert token.run(*ask, env=support.UNCAUGHT).status < 0
    shim.script("C_Finalize * crash")
    made(judges, request(token, *quirk("finalize", "never")))
    assert shim.count("C_Finalize") == 0 and shim.count("C_Sign") == 1


def test_quirk_retry_on(token, shim, judges):
    token.make_key()
    shim.script("C_Sign 1 return CKR_FUNCTION_FAILED")
    failed(request(token), 6, "CKR_FUNCTION_FAILED")
    made(judges, request(token, *quirk("retry-on", "CKR_FUNCTION_FAILED")))
    shim.script("C_Sign * return CKR_FUNCTION_FAILED")
    failed(request(token, *quirk("retry-on", "CKR_FUNCTION_FAILED")), 75, "CKR_FUNCTION_FAILED")


def test_quirk_error_hint(token, shim):
    token.make_key()
    shim.script("C_SignInit * return 0x8000002f")
    hint = quirk("error-hint", "CKR_GENERAL_ERROR=plug it in|0x8000002f=take another curve")
    told = request(token, *hint)
    failed(told, 6, "CKR_0x8000002f", "hint:  take another curve")
    assert "plug it in" not in told.err
    untold = request(token)
    failed(untold, 6, "CKR_0x8000002f")
    assert "take another curve" not in untold.err


def test_quirk_ignore_slots(token, shim, judges):
    token.make_key()
    shim.script("flag CKF_TOKEN_INITIALIZED off")
    failed(request(token), 3, "no token")
    made(judges, request(token, *quirk("ignore-slots", "none")))


def test_quirk_touch(token, shim, judges):
    token.make_key()
    shim.script()
    text = f"touch the device of token '{token.label}' if it blinks"
    assert text not in request(token).ok().err
    done = request(token, *quirk("touch", "yes"))
    made(judges, done)
    assert text in done.err
    assert text in generate(token, *quirk("touch", "yes"), label=("--key-label", "new")).ok().err
    assert text not in token.run("keys", "list", *token.at, *quirk("touch", "yes")).ok().err


def test_quirk_gen_overwrites(token, shim, judges):
    before = token.make_key(key_id="02")
    shim.script("generate overwrites")
    place = ("--key-id", "02")
    new = ("--key-label", "new")
    failed(generate(token, *place, label=new), 11, "a key with this CKA_ID is there")
    told = quirk("gen-overwrites", "yes")
    failed(generate(token, *place, *told, label=new), 11, "replaces what the place holds", "--overwrite-slot")
    assert shim.count("C_GenerateKeyPair") == 0
    generate(token, *place, *told, "--overwrite-slot", label=new).ok()
    made(judges, request(token, key=place))
    assert [key["label"] for key in token.keys()] == ["new"] != [before["label"]]


def test_quirk_destroy(token, shim):
    token.make_key()
    told = quirk("destroy", "none")
    delete = ("keys", "delete", *token.at, "--key-label", "web", "--key-id", "01", "--yes")
    failed(token.run(*delete, *told), 7, "does not remove keys")
    assert shim.count("C_DestroyObject") == 0
    new = ("--key-label", "new")
    shim.script("attribute CKA_EXTRACTABLE private value 01")
    kept = generate(token, *told, label=new)
    failed(kept, 8, "CKA_EXTRACTABLE is TRUE", "the new key stays on the token")
    assert shim.count("C_DestroyObject") == 0
    failed(generate(token, label=("--key-label", "third")), 8, "CKA_EXTRACTABLE is TRUE")
    assert shim.count("C_DestroyObject") == 2
    shim.script()
    token.run(*delete).ok()
    assert [key["label"] for key in token.keys()] == ["new"]
