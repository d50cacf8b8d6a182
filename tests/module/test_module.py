# SPDX-License-Identifier: Apache-2.0
"""p11csr.so on SoftHSM2: settings, the PIN, the choice of objects, threads, child processes, ways to end."""

import os
import pathlib
import re
import subprocess
import tempfile

import pytest

import support  # says where the next ones are
import shim
import terminal

PROVIDER = pathlib.Path(os.environ["P11CSR_PROVIDER"])
LIVES = os.environ["P11CSR_LIVES"]
ORDERS = (("default", "p11csr"), ("p11csr", "default"))
WEB = f"pkcs11:token={support.LABEL.replace(' ', '%20')};object=web"
TOKEN = WEB.partition(";")[0]


class Place(support.Token):
    """A token that openssl uses through the provider; its settings are words of openssl.cnf."""

    def __init__(self, folder):
        super().__init__(folder)
        self.file = f"file:{self.pin_file}"
        (self.work / "data").write_text("data to be signed")
        self.make_key()
        self.make_key("rsa-2048", "mail", "02")
        self.order = ORDERS[0]

    def settings(self, **settings):
        """Writes an openssl.cnf with these settings of the provider's section."""
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in settings.items()]
        text = ["openssl_conf = start", "[start]", "providers = list", "[list]"]
        text += [f"{name} = {name}_section" for name in self.order]
        text += ["[default_section]", "activate = 1"]
        text += ["[p11csr_section]", f"module = {PROVIDER}", "activate = 1", *lines]
        path = self.work / "openssl.cnf"
        path.write_text("\n".join([*text, ""]))
        return {"OPENSSL_CONF": str(path)}

    def openssl(self, *args, status=0, env=None, settings=None):
        """Runs openssl, without a terminal, to this exit status."""
        done = subprocess.run(
            ["openssl", *map(str, args)],
            env=self.environment({**self.settings(**(settings or {})), **(env or {})}),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
            start_new_session=True,
        )
        assert done.returncode == status, done
        said = done.stdout + done.stderr
        assert support.PIN.encode() not in said, said
        return said.decode()

    def sign(self, uri, *more, **how):
        return self.openssl("dgst", "-sha256", "-sign", uri, *more, "-out", "sig", "data", **how)

    def signs(self, uri, *more, **how):
        """A signature is made, which openssl verifies without the provider; nothing is said."""
        said = self.sign(uri, *more, **how)
        assert said == "", said
        self.tool("--read-object", "--type", "pubkey", "--label", "web", "--output-file", "web.der")
        judge = ("dgst", "-sha256", "-verify", "web.der", "-keyform", "DER", "-signature", "sig", "data")
        assert b"Verified OK" in self.other("openssl", *judge).stdout
        (self.work / "sig").unlink()

    def refuses(self, uri, *texts, more=(), **how):
        """No signature; openssl says these texts."""
        said = self.sign(uri, *more, status=1, **how)
        for text in texts:
            assert text in said, (text, said)
        assert not (self.work / "sig").exists() or not (self.work / "sig").read_bytes()
        return said

    def listed(self, uri, **how):
        """How many objects of each kind storeutl shows."""
        said = self.openssl("storeutl", "-noout", uri, **how)
        kinds = re.findall(r"(?m)^\d+: (.+)$", said)
        assert f"Total found: {len(kinds)}" in said, said
        return {kind: kinds.count(kind) for kind in kinds}

    def lives(self, mode, uri, **env):
        """Runs lives.c; returns what it says."""
        done = subprocess.run(
            [LIVES, mode, PROVIDER.parent, uri, self.order[0]],
            env=self.environment({"OPENSSL_CONF": "/dev/null", **env}),
            cwd=self.work,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        assert done.returncode == 0 and done.stdout.endswith(b"done\n"), done
        return done


@pytest.fixture(scope="module")
def the_place():
    folder = tempfile.mkdtemp(prefix="p11csr-module-", dir="/dev/shm")
    yield Place(folder)
    support.remove(folder)


@pytest.fixture
def place(the_place):
    """The token, in the usual order of providers, and with the environment as it was."""
    the_place.order = ORDERS[0]
    env = dict(the_place.env)
    yield the_place
    the_place.env = env


@pytest.fixture(params=ORDERS, ids=lambda order: f"{order[0]}-first")
def either(place, request):
    place.order = request.param
    return place


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
    place.refuses(twin, "2 private keys match", *twins)
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
    assert "CN = web" in said
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


# Programs: lives.c.

ENDS = (
    "exit",
    "free",
    "cleanup",
    "free-cleanup",
    "cleanup-first",
    "cleanup-last",
    "free-first",
    "sign-first",
)
MORE_ENDS = ("open-first", "unload-first", "reload", "contexts", "exit-beside-threads")


@pytest.mark.parametrize("mode", (*ENDS, *MORE_ENDS, "threads"))
def test_lives(either, mode):
    either.lives(mode, f"{WEB}?pin-source={either.file}")


@pytest.mark.parametrize("source", ("pin-source=file:{file}", "pin-value={pin}", "pin-source=env:SECRET"))
def test_fork(either, source):
    """However the PIN came, once the parent has it."""
    source = source.format(file=either.pin_file, pin=support.PIN)
    either.lives("fork", f"{WEB}?{source}", SECRET=support.PIN)


def test_fork_beside_threads(either):
    """A child signs or gets an error, whatever the other threads of its parent were doing; that goes on."""
    done = either.lives("fork-threads", f"{WEB}?pin-source={either.file}")
    signed, others = map(int, re.search(rb"(\d+) of (\d+) children signed", done.stdout).groups())
    assert done.stderr.count(b"another thread was using a token") == others - signed, done


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
