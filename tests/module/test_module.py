# SPDX-License-Identifier: Apache-2.0
"""p11csr.so on SoftHSM2, used by openssl: its settings, the PIN, the choice of objects."""

import pytest

import support  # says where the next ones are
import shim
import terminal
from place import TOKEN, WEB

# The settings: each with a value that works, and one that does not and what is said about it.


def write_config(place, text):
    path = place.work / "p11csr.yaml"
    path.write_text(text)
    return path


def test_pkcs11_module(place):
    env = {"P11CSR_MODULE": None}
    pin = f"{WEB}?pin-source={place.file}"
    place.signs(pin, env=env, settings={"pkcs11_module": support.MODULE})
    place.refuses(
        pin, "/nonexistent.so", "No such file", env=env, settings={"pkcs11_module": "/nonexistent.so"}
    )
    # What the URI names comes first.
    place.signs(f"{pin}&module-path={support.MODULE}", env=env, settings={"pkcs11_module": "/nonexistent.so"})


def test_token(place):
    pin = f"pkcs11:object=web?pin-source={place.file}"
    place.signs(pin, settings={"token": support.LABEL})
    place.refuses(pin, "'nosuch' is no alias", settings={"token": "nosuch"})
    place.signs(f"{WEB}?pin-source={place.file}", settings={"token": "nosuch"})


def test_pin_source(place):
    place.signs(WEB, settings={"pin_source": place.file})
    place.refuses(WEB, "the PIN source is none of", settings={"pin_source": "files:/x"})
    place.signs(f"{WEB}?pin-source={place.file}", settings={"pin_source": "files:/x"})


def test_login(place):
    for when in ("auto", "always"):
        place.signs(WEB, settings={"login": when, "pin_source": place.file})
    place.refuses(WEB, "no private key matches", settings={"login": "never", "pin_source": place.file})
    place.refuses(WEB, "auto, always or never, not 'sometimes'", settings={"login": "sometimes"})


def test_proof(place):
    for which in ("first", "always"):
        place.signs(WEB, settings={"proof": which, "pin_source": place.file})
    place.refuses(WEB, "first or always, not 'last'", settings={"proof": "last", "pin_source": place.file})


def test_config(place):
    alias = f'tokens:\n  site:\n    uri: "{TOKEN}"\n    module: {support.MODULE}\n'
    alias += f'    pin-source: "{place.file}"\n'
    env = {"P11CSR_MODULE": None}
    path = write_config(place, alias)
    place.signs("pkcs11:object=web", env=env, settings={"config": path, "token": "site"})
    place.signs(WEB, env=env, settings={"config": path})  # a URI that says all that the alias does
    place.refuses(WEB, "/nonexistent.yaml", settings={"config": "/nonexistent.yaml"})
    write_config(place, "tokkens: 1\n")
    place.refuses(WEB, "unknown word 'tokkens'", settings={"config": path})
    # Where p11csr itself looks.
    folder = place.home / "config" / "p11csr"
    folder.mkdir(parents=True)
    (folder / "p11csr.yaml").write_text(alias)
    place.signs(WEB, env=env)
    (folder / "p11csr.yaml").unlink()


def test_environment(place):
    """What the section does not say."""
    place.signs(WEB, env={"P11CSR_PIN_SOURCE": place.file})
    place.signs("pkcs11:object=web", env={"P11CSR_PIN_SOURCE": place.file, "P11CSR_TOKEN": support.LABEL})
    place.signs(WEB, env={"P11CSR_PIN_SOURCE": "file:/nonexistent"}, settings={"pin_source": place.file})


# The PIN.


def test_pin_of_program(either):
    for source in (f"pass:{support.PIN}", f"file:{either.pin_file}"):
        either.signs(WEB, "-passin", source)
    either.signs(f"{WEB}?pin-value={support.PIN}")


def test_pin_prompt(place, monkeypatch):
    monkeypatch.setattr(support, "PROGRAM", "openssl")
    env = place.settings()
    with terminal.Terminal(place, "dgst", "-sha256", "-sign", WEB, "-out", "sig", "data", env=env) as run:
        run.expect("Enter pass phrase for token 'test token':")
        run.line(support.PIN)
        assert run.end().status == 0, run.screen
    assert run.screen.count(b"Enter pass phrase") == 1


def test_nobody_to_ask(place):
    place.refuses(WEB, "no PIN was given", "pin-source=file:PATH", "openssl.cnf")


def test_wrong_pin_is_sent_once(place):
    watched = shim.Shim(place)
    place.refuses(WEB, "the PIN is wrong", more=("-passin", "pass:Wrong-1234"))
    assert len(watched.logins()) == 1
    watched.script()
    place.write_pin(place.dir / "wrong", "Wrong-1234")
    wrong = {"pin_source": f"file:{place.dir}/wrong"}
    place.refuses(WEB, "the PIN is wrong", settings=wrong)
    place.refuses(WEB, "PIN", settings=wrong)  # a later run does not send it again
    assert len(watched.logins()) == 1


# Which objects are meant.


def test_ambiguous(place):
    place.make_key("p256", "twin", "0a")
    place.raw("p256", "twin", "0b")
    twins = [key["uri"] for key in place.keys() if key["label"] == "twin"]
    twin = f"{TOKEN};object=twin?pin-source={place.file}"
    place.refuses(twin, "2 private keys match", "(name one of them by its URI)", *twins)
    place.openssl("storeutl", "-noout", twin, status=1)
    place.refuses(f"{TOKEN}?pin-source={place.file}", "4 private keys match")
    for uri in twins:
        assert place.sign(f"{uri}?pin-source={place.file}") == ""
        place.run("keys", "delete", uri, *place.login, "--yes").ok()


def test_no_such_key(place):
    place.refuses(f"{TOKEN};object=nosuch?pin-source={place.file}", "no private key matches", "keys list")
    place.refuses("pkcs11:token=nosuch;object=web", "token")
    place.refuses(f"{TOKEN};object=web;tpye=private", "byte", "'tpye'", "'type'")
    place.refuses(f"{WEB};type=cert?pin-source={place.file}", "type=cert")


def test_listing(either, tmp_path):
    logged_in = f"{TOKEN}?pin-source={either.file}"
    assert either.listed(logged_in) == {"Pkey": 2, "Public key": 2}
    assert either.listed(TOKEN) == {"Public key": 2}  # nobody is there to ask for the PIN
    assert either.listed(f"{TOKEN};type=public") == {"Public key": 2}
    assert either.listed(logged_in.replace("?", ";type=private?")) == {"Pkey": 2}
    certificate = support.certify(either, tmp_path)
    either.run("certs", "install", certificate, *either.at).ok()
    assert either.listed(logged_in) == {"Pkey": 2, "Public key": 2, "Certificate": 1}
    assert either.listed(f"{WEB}?pin-source={either.file}") == {"Pkey": 1, "Public key": 1, "Certificate": 1}
    said = either.openssl("x509", "-in", f"{WEB};type=cert", "-noout", "-subject")
    assert "CN=web" in said.replace(" ", "")  # OpenSSL 3.5 sets none
    uri = either.run("certs", "list", *either.at, "--json").ok().json["certificates"][0]["uri"]
    either.run("certs", "delete", uri, *either.login, "--yes").ok()


def test_public_key_without_login(place):
    """No PIN is asked for what everybody may read."""
    watched = shim.Shim(place)
    assert "Public-Key: (256 bit)" in place.openssl("pkey", "-pubin", "-in", WEB, "-noout", "-text")
    assert watched.count("C_Login") == 0


def test_no_foreign_errors(place):
    """A module that uses libcrypto itself leaves nothing in the program's error queue."""
    assert "error" not in place.openssl("storeutl", "-noout", f"{TOKEN}?pin-source={place.file}")


PSS = ("-sigopt", "rsa_padding_mode:pss")
ALLOWED = (
    ("SHA256-RSA-PKCS", (), PSS, "CKM_SHA256_RSA_PKCS"),
    ("RSA-PKCS-PSS,SHA256-RSA-PKCS-PSS", PSS, (), "CKM_RSA_PKCS_PSS"),
)


@pytest.mark.parametrize("allowed, good, bad, name", ALLOWED)
def test_allowed_mechanisms(place, allowed, good, bad, name):
    """What the key does not allow is refused by name, before the token is asked."""
    label = f"only-{name}"
    pair = ("--keypairgen", "--key-type", "rsa:2048", "--label", label, "--id", label.encode().hex())
    place.tool(*pair, "--allowed-mechanisms", allowed)
    uri = WEB.replace("object=web", f"object={label}")
    settings = {"pin_source": place.file}
    place.openssl("pkey", "-pubin", "-in", uri, "-pubout", "-out", "only.pem", settings=settings)
    assert place.sign(uri, *good, settings=settings) == ""
    judge = ("dgst", "-sha256", "-verify", "only.pem", *good, "-signature", "sig", "data")
    assert b"Verified OK" in place.other("openssl", *judge).stdout
    (place.work / "sig").unlink()
    place.refuses(uri, "lacks the mechanism", f"the key allows: {name}", more=bad, settings=settings)
    full = [key["uri"] for key in place.keys() if key["label"] == label]
    place.run("keys", "delete", *full, *place.login, "--yes").ok()
