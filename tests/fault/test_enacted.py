# SPDX-License-Identifier: Apache-2.0
"""
Tokens that are not here, enacted by the shim module on SoftHSM2: what the rows of tokens/profiles say
about them, and what their manuals say they refuse. The main job has to work on each: make a key where
the token makes keys, find it, make a request that others verify, and say what is wrong when the PIN is
or the key is not there.
"""

import sys
from typing import NamedTuple

import pytest
import support
from shim import Shim

sys.path.append(str(support.TESTS / "tokens"))
import capabilities  # noqa: E402

SUBJECT = ("--subject", "CN=www.example.com")
WRONG = "0001 wrong-Zq7"
MANAGEMENT_KEY = "010203040506070801020304050607080102030405060708"
GENERATE = "C_GenerateKeyPair"
OID = {"p256": "06082a8648ce3d030107", "p384": "06052b81040022"}


class Enacted(NamedTuple):
    """What a token says about itself and does; {pin} is that of the real token."""

    rules: tuple
    pin: str = support.PIN
    generate: tuple = ("p256", "--key-label", "web", "--key-id", "01")  # (): it makes no keys this way
    so_pin: str = ""
    find: tuple = ("--key-label", "web")


def identity(maker, model, library):
    return (
        f'module manufacturer "{maker}"',
        f'module description "{library}"',
        f'token manufacturer "{maker}"',
        f'token model "{model}"',
    )


TOKENS = {
    "ykcs11": Enacted(
        (
            *identity("Yubico (www.yubico.com)", "YubiKey YK5", "PKCS#11 PIV Library (SP-800-73)"),
            f"role so {MANAGEMENT_KEY} {support.PIN}",
            "needs generate so",
            "generate overwrites",
            "attribute CKA_LABEL any drop",
            f"always-authenticate {support.PIN}",
        ),
        generate=("p256", "--key-id", "02", "--overwrite-slot"),
        so_pin=MANAGEMENT_KEY,
        find=("--key-id", "02"),
    ),
    "yubihsm2": Enacted(
        (
            *identity("Yubico (www.yubico.com)", "YubiHSM", "YubiHSM PKCS#11 Library"),
            f"role user 0001password {support.PIN}",
            "needs find user",
            "attribute CKA_WRAP_WITH_TRUSTED private template CKR_ATTRIBUTE_TYPE_INVALID",
            "attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_ATTRIBUTE_TYPE_INVALID",
            "sessions max 16",
        ),
        pin="0001password",
        generate=("p256", "--key-label", "web", "--backup", "wrapped"),
    ),
    "luna": Enacted(
        (
            *identity("SafeNet, Inc.", "LunaSA", "Chrystoki"),
            "flag CKF_TOKEN_INITIALIZED off",
            "mechanism rename CKM_RSA_PKCS_KEY_PAIR_GEN 0x80000143",
        ),
        generate=("rsa-2048", "--key-label", "web"),
    ),
    "nshield": Enacted(
        (
            *identity("nCipher Corp. Ltd", "", "nCipher PKCS#11"),
            "attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_ATTRIBUTE_TYPE_INVALID",
        ),
        generate=("ed25519", "--key-label", "web"),
    ),
    "cloudhsm": Enacted(
        (
            *identity("AWS CloudHSM", "hsm2m", "CloudHSM PKCS#11"),
            f"role user crypto_user:password {support.PIN}",
            "sessions rw-only CKR_ARGUMENTS_BAD",
            "attribute CKA_PRIVATE public template CKR_TEMPLATE_INCONSISTENT",
            "attribute CKA_VERIFY_RECOVER public template CKR_TEMPLATE_INCONSISTENT",
            "attribute CKA_SIGN_RECOVER private template CKR_TEMPLATE_INCONSISTENT",
            "attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_ATTRIBUTE_TYPE_INVALID",
        ),
        pin="crypto_user:password",
    ),
    "kmsp11": Enacted(
        (
            *identity("Google", "Cloud KMS Token", "Cryptoki Library for Cloud KMS"),
            f"generate kind 0x8001e101 12 CKM_EC_KEY_PAIR_GEN {OID['p256']}",
            f"generate kind 0x8001e101 13 CKM_EC_KEY_PAIR_GEN {OID['p384']}",
            "generate kind 0x8001e101 5 CKM_RSA_PKCS_KEY_PAIR_GEN 2048",
            f"generate own-id {b'projects/p/cryptoKeys/web/cryptoKeyVersions/1'.hex()}",
            "attribute CKA_PRIVATE any value 00",
            "destroy pair",
        ),
        generate=("p256", "--key-label", "web"),
    ),
    "utimaco": Enacted((*identity("Utimaco IS GmbH", "CryptoServer", "CryptoServer PKCS#11"),)),
    "nethsm": Enacted(
        (
            *identity("Nitrokey GmbH", "NetHSM", "Nitrokey NetHsm PKCS#11 library"),
            f"role so administrator-pass {support.PIN}",
            "needs generate so",
            "generate own-id 776562",
            "mechanism hide CKM_SHA256_RSA_PKCS",
        ),
        so_pin="administrator-pass",
        generate=("rsa-2048", "--key-label", "web"),
    ),
    "smartcard-hsm": Enacted(
        (
            *identity("CardContact (www.cardcontact.de)", "SmartCard-HSM", "SmartCard-HSM PKCS#11"),
            f"{GENERATE} * return CKR_FUNCTION_NOT_SUPPORTED",
        ),
        generate=(),
    ),
    "cryptoauthlib": Enacted(
        (
            *identity("Microchip Technology Inc", "ATECC608B", "Cryptoauthlib PKCS11 Interface"),
            "attribute CKA_ALWAYS_AUTHENTICATE private refuse CKR_ARGUMENTS_BAD",
            f"{GENERATE} * return CKR_FUNCTION_NOT_SUPPORTED",
        ),
        generate=(),
    ),
}


class Stage:
    """A token that enacts another one."""

    def __init__(self, token, name):
        self.token = token
        self.row = TOKENS[name]
        self.made = bool(self.row.generate)
        if not self.made:
            token.make_key()
        self.shim = Shim(token, *self.row.rules)
        token.secrets += [self.row.pin, self.row.so_pin or self.row.pin, WRONG]
        self.login = ["--pin-source", token.write_pin(token.dir / "its-pin", self.row.pin)]
        if self.row.so_pin:
            self.login += ["--so-pin-source", token.write_pin(token.dir / "so-pin", self.row.so_pin)]

    def run(self, *args, login=None):
        return self.token.run(*args, "--token", self.token.label, *(self.login if login is None else login))

    def generate(self, *more):
        return self.run("keys", "generate", *self.row.generate, *more)

    def request(self, *more, **named):
        return self.run("request", *self.row.find, *SUBJECT, *more, **named)

    def forget(self, *more):
        """Plays on without the calls of earlier runs, with further rules."""
        self.shim.script(*self.row.rules, *more)


@pytest.fixture(params=sorted(TOKENS))
def stage(request, token):
    return Stage(token, request.param)


def play(token, name):
    return Stage(token, name)


def verify(judges, pem):
    assert judges.openssl(pem) and judges.pyca(pem), pem


def test_main_job(stage, judges):
    if stage.made:
        stage.generate().ok()
    stage.forget()
    result = stage.request().ok()
    verify(judges, result.bytes)
    keys = stage.run("keys", "list", "--json").ok().json["keys"]
    assert len(keys) == 1 and keys[0]["private"], keys


@pytest.mark.parametrize("name", sorted(name for name, row in TOKENS.items() if row.generate))
def test_generated_and_used_at_once(token, judges, name):
    stage = play(token, name)
    spec, *more = stage.row.generate
    result = stage.run("request", "--generate", spec, *more, *SUBJECT).ok()
    verify(judges, result.bytes)


def test_wrong_pin(stage):
    if stage.made:
        stage.generate().ok()
    wrong = stage.token.write_pin(stage.token.dir / "wrong", WRONG)
    stage.forget()
    result = stage.request(login=("--pin-source", wrong))
    assert result.status == 4 and "CKR_PIN_INCORRECT" in result.err, result
    assert len(stage.shim.logins()) == 1 and not stage.shim.calls("C_Sign")


def test_no_such_key(stage):
    result = stage.run("request", "--key-label", "other", "--key-id", "77", *SUBJECT)
    assert result.status == 3 and "no private key matches" in result.err, result


def test_capability_rows():
    """README's table says "enacted only" of these and no others, and of what is enacted here."""
    rows = {row.name: row for row in capabilities.ROWS if row.proof == capabilities.ENACTED}
    assert sorted(rows) == sorted(TOKENS)
    for name, row in rows.items():
        assert row.generates == TOKENS[name].generate[:1] and row.quirks == name


# What one token does that the others do not.


def test_ykcs11_place_is_not_overwritten_unasked(token):
    stage = play(token, "ykcs11")
    result = stage.run("keys", "generate", "p256", "--key-id", "02")
    assert result.status == 11 and "replaces what the place holds" in result.err, result
    assert "--overwrite-slot" in result.err
    assert "quirk gen-overwrites=yes, set by row ykcs11" in result.err
    untold = stage.run("keys", "generate", "p256", "--key-label", "web", "--overwrite-slot")
    assert untold.status == 64 and "--key-id" in untold.err, untold
    assert stage.shim.count(GENERATE) == 0
    stage.generate().ok()
    first = stage.run("keys", "show", *stage.row.find, "--json").ok().json["key"]
    stage.generate().ok()
    assert stage.run("keys", "show", *stage.row.find, "--json").ok().json["key"] != first


def test_ykcs11_so_pin_is_named(token):
    stage = play(token, "ykcs11")
    result = stage.run("keys", "generate", *stage.row.generate, login=stage.login[:2])
    assert result.status == 4 and "--so-pin-source" in result.err, result
    wrong = token.write_pin(token.dir / "wrong", WRONG)
    refused = stage.run("keys", "generate", *stage.row.generate, login=["--so-pin-source", wrong])
    assert refused.status == 4 and "consists of: management key, 48 hex digits" in refused.err, refused


def test_ykcs11_wants_to_be_touched(token):
    stage = play(token, "ykcs11")
    text = f"touch the device of token '{token.label}' if it blinks"
    assert text in stage.generate().ok().err
    assert text in stage.request().ok().err
    assert text not in stage.request("--quirk", "touch=no").ok().err
    assert text not in stage.run("keys", "list").ok().err


def test_yubihsm2_logs_in_before_it_reads(token):
    stage = play(token, "yubihsm2")
    stage.generate().ok()
    assert len(stage.run("keys", "list", "--json").ok().json["keys"][0]["id"]) == 4  # two bytes
    stage.forget("C_Sign * return CKR_FUNCTION_FAILED")
    failed = stage.request()
    assert failed.status == 6 and "yubihsm-connector" in failed.err, failed
    assert "quirk login=always, set by row yubihsm2" in failed.err
    names = [call.name for call in stage.shim.calls()]
    assert names.index("C_Login") < names.index("C_FindObjectsInit")
    longer = stage.run("keys", "generate", "p256", "--key-label", "x", "--key-id", "010203")
    assert longer.status == 9 and "at most two bytes" in longer.err, longer


def test_luna_codes_have_names(token):
    stage = play(token, "luna")
    stage.generate().ok()
    stage.forget("C_SignInit * return 0x8000002f")
    failed = stage.request()
    assert failed.status == 6 and "CKR_ECC_POINT_INVALID" in failed.err, failed
    assert token.run("tokens", "list").ok().out.count(token.label) == 1
    hidden = token.run("tokens", "list", "--quirk", "ignore-slots=uninitialised").ok()
    assert token.label not in hidden.out


def test_cloudhsm_is_waited_for(token, judges):
    stage = play(token, "cloudhsm")
    stage.generate().ok()
    stage.forget("C_Sign 1 return CKR_FUNCTION_FAILED")
    verify(judges, stage.request().ok().bytes)
    stage.forget("C_Sign * return CKR_FUNCTION_FAILED")
    failed = stage.request()
    assert failed.status == 75 and "look into its log" in failed.err, failed
    assert "quirk retry-on=CKR_FUNCTION_FAILED, set by row cloudhsm" in failed.err


@pytest.mark.parametrize("spec", ["p384", "rsa-2048"])
def test_kmsp11_makes_the_kinds_it_knows(token, judges, spec):
    stage = play(token, "kmsp11")
    failed = stage.run("keys", "generate", "ed25519", "--key-label", "new")
    assert failed.status == 7 and "the token makes no ed25519 keys" in failed.err, failed
    assert stage.shim.count(GENERATE) == 0
    key = stage.run("keys", "generate", spec, "--key-label", "web", "--json").ok().json["key"]
    assert bytes.fromhex(key["id"]).startswith(b"projects/") and key["label"] == "web"
    verify(judges, stage.request().ok().bytes)
    stage.forget("C_Sign * return CKR_DEVICE_ERROR")
    failed = stage.request()
    assert failed.status == 6 and "KMS_PKCS11_CONFIG" in failed.err, failed


def test_kmsp11_names_of_keys(token):
    """What the module answers to a name that it does not take is said in words."""
    stage = play(token, "kmsp11")
    failed = stage.run("keys", "generate", "p256", "--key-label", "web server")
    assert failed.status == 7 and "letters, digits, '-' and '_'" in failed.err, failed
    given = stage.run("keys", "generate", "p256", "--key-label", "web", "--key-id", "01")
    assert given.status == 9 and "takes no CKA_ID" in given.err, given


def test_utimaco_key_has_to_be_authorised(token):
    stage = play(token, "utimaco")
    stage.generate().ok()
    stage.forget("C_SignInit * return CKR_KEY_FUNCTION_NOT_PERMITTED")
    failed = stage.request()
    assert failed.status == 6 and "has to be authorised" in failed.err, failed


def test_nethsm_is_not_finalized(token):
    stage = play(token, "nethsm")
    stage.generate().ok()
    stage.forget()
    stage.request().ok()
    assert stage.shim.count("C_Finalize") == 0
    stage.forget()
    stage.request("--quirk", "finalize=normal").ok()
    assert stage.shim.count("C_Finalize") == 1


def test_smartcard_hsm_pin_pad(token, judges):
    stage = play(token, "smartcard-hsm")
    stage.forget(f"pin-pad {support.PIN}")
    verify(judges, stage.request(login=()).ok().bytes)
    assert stage.shim.logins() == []
    failed = stage.run("keys", "generate", "p256", "--key-label", "new", login=())
    assert failed.status == 7 and "sc-hsm-tool" in failed.err, failed


def test_cryptoauthlib_has_one_session(token, judges):
    stage = play(token, "cryptoauthlib")
    stage.forget("sessions max 1")
    verify(judges, stage.request().ok().bytes)


def test_mechanism_that_is_listed_and_refused(token, judges):
    """Caml Crush answers so for what its configuration forbids."""
    token.make_key(spec="rsa-2048")
    shim = Shim(token, "C_SignInit 1 return CKR_MECHANISM_INVALID")
    done = token.run("request", *token.at, "--key-label", "web", *SUBJECT).ok()
    verify(judges, done.bytes)
    assert shim.count("C_SignInit") == 2 and shim.count("C_Sign") == 1
    shim.script("C_SignInit * return CKR_MECHANISM_INVALID")
    failed = token.run("request", *token.at, "--key-label", "web", *SUBJECT)
    assert failed.status == 7 and "C_SignInit: CKR_MECHANISM_INVALID" in failed.err, failed


def test_ed448_with_parameters(token, judges):
    """Some tokens want CK_EDDSA_PARAMS for Ed448, which say that it is plain; for Ed25519 there are none."""
    token.make_key(spec="ed448")
    token.make_key(spec="ed25519", label="other", key_id="02")
    shim = Shim(token, "eddsa parameters CKR_MECHANISM_PARAM_INVALID")
    verify(judges, token.run("request", *token.at, "--key-label", "web", *SUBJECT).ok().bytes)
    assert [call.answer for call in shim.calls("C_SignInit")] == ["CKR_MECHANISM_PARAM_INVALID", "CKR_OK"]
    failed = token.run("request", *token.at, "--key-label", "other", *SUBJECT)
    assert failed.status == 7 and "C_SignInit: CKR_MECHANISM_PARAM_INVALID" in failed.err, failed
    assert shim.count("C_SignInit") == 3


def test_administrator_sets_quirks(token):
    """By the alias, by what the token is, and for one run; the last one wins and the error says which."""
    token.make_key()
    shim = Shim(
        token, 'token manufacturer "Example Ltd"', "module version 2.10", "C_Sign * return CKR_DEVICE_ERROR"
    )
    config = token.dir / "own.yaml"
    config.write_text(
        "quirks:\n"
        "  - match: {manufacturer: 'example*', library-version: 2.9-}\n"
        "    set: {retry-on: CKR_DEVICE_ERROR}\n"
        "  - match: {manufacturer: 'example*', library-version: -2.9}\n"
        "    set: {retry-on: CKR_GENERAL_ERROR}\n"
        "tokens:\n"
        "  prod:\n"
        f"    uri: 'pkcs11:token={support.LABEL.replace(' ', '%20')}'\n"
        "    quirks: {error-hint: CKR_DEVICE_ERROR=look at the lamp}\n"
    )
    ask = ("request", "--config", config, "--key-label", "web", *SUBJECT, *token.login)
    failed = token.run(*ask, "--token", token.label)
    assert failed.status == 75 and f"quirk retry-on=CKR_DEVICE_ERROR, set by {config}:3" in failed.err, failed
    assert "look at the lamp" not in failed.err
    aliased = token.run(*ask, "--token", "prod")
    assert aliased.status == 75 and "look at the lamp" in aliased.err, aliased
    once = token.run(*ask, "--token", "prod", "--quirk", "retry-on=CKR_GENERAL_ERROR")
    assert once.status == 6 and "retry-on" not in once.err, once
    assert shim.count("C_Sign") == 4 + 4 + 2  # a busy token is waited for, a lost one is tried once more
