# SPDX-License-Identifier: Apache-2.0
"""Tokens, modules and URIs: finding them, naming them, and making one for trying things out."""

import os
import stat
import subprocess

import pytest

import support

SUBJECT = ("--subject", "CN=www.example.com")
URI = "pkcs11:token=test%20token"


# tokens list, tokens show


def test_list_and_show(token):
    listed = token.run("tokens", "list", "--json").ok().json["tokens"]
    assert len(listed) == 1
    row = listed[0]
    assert (row["label"], row["manufacturer"], row["model"]) == (
        "test token",
        "SoftHSM project",
        "SoftHSM v2",
    )
    assert (
        row["login-required"],
        row["pin-pad"],
        row["write-protected"],
        row["hardware-slot"],
        row["pin-state"],
    ) == (True, False, False, False, "unknown")
    assert row["module"] == support.MODULE and row["serial"] in row["uri"]
    for way in (
        (),
        ("--token", "test token"),
        ("--token", URI),
        (URI,),
        (row["uri"],),
        (f"pkcs11:serial={row['serial']}",),
        (f"pkcs11:slot-id={row['slot-id']}",),
        ("pkcs11:manufacturer=SoftHSM%20project",),
        ("pkcs11:",),
    ):
        assert token.run("tokens", "show", *way, "--json").ok().json["token"] == row
        assert token.run("tokens", "list", *way, "--json").ok().json["tokens"] == [row]
    for text in (token.run("tokens", "list").ok().out, token.run("tokens", "show").ok().out):
        for part in ("test token\n", row["uri"], "SoftHSM project", support.MODULE, "PIN:"):
            assert part in text


def test_no_such_token(token):
    for way in (
        ("--token", "tset token"),
        ("pkcs11:token=tset",),
        ("pkcs11:serial=0",),
        ("pkcs11:slot-id=1",),
    ):
        assert token.run("tokens", "list", *way, "--json").ok().json["tokens"] == []
        token.refused("tokens", "show", *way, status=3, code="TOKEN_NOT_FOUND", says="p11csr tokens list")
    nothing = token.run("tokens", "list", "--token", "tset").ok()
    assert nothing.out == "" and "no token" in nothing.err


def test_no_token_at_all(box):
    store = box.dir / "empty"
    store.mkdir()
    (box.dir / "softhsm2.conf").write_text(f"directories.tokendir = {store}\nlog.level = ERROR\n")
    env = {"SOFTHSM2_CONF": box.dir / "softhsm2.conf"}
    assert box.run("tokens", "list", "--json", env=env).ok().json["tokens"] == []
    assert "p11csr tokens init-soft demo" in box.run("tokens", "list", env=env).ok().err
    box.refused(
        "request",
        "--generate",
        "p256",
        "--key-label",
        "web",
        *SUBJECT,
        env=env,
        status=3,
        code="TOKEN_NOT_FOUND",
        says="token",
    )


def test_listing_never_logs_in(token):
    """A wrong PIN is not even looked at."""
    wrong = token.write_pin(token.dir / "wrong", "nope-nope")
    for command in (("tokens", "list"), ("tokens", "show"), ("uri", "explain", URI)):
        token.run(*command, "--pin-source", wrong).ok()
    assert token.run("tokens", "show", "--json").ok().json["token"]["pin-state"] == "unknown"


# Modules


def test_module_by_path_and_by_name(token):
    env = {"P11CSR_MODULE": None}
    by_path = token.run("tokens", "list", "--module", support.MODULE, "--json", env=env).ok().json["tokens"]
    by_name = token.run("tokens", "list", "--module", "softhsm2", "--json", env=env).ok().json["tokens"]
    assert [row["serial"] for row in by_path] == [row["serial"] for row in by_name] and len(by_path) == 1
    in_uri = (
        token.run("tokens", "list", f"pkcs11:?module-path={support.MODULE}", "--json", env=env)
        .ok()
        .json["tokens"]
    )
    assert in_uri == by_path
    named = token.run("tokens", "list", "pkcs11:?module-name=softhsm2", "--json", env=env).ok().json["tokens"]
    assert [row["serial"] for row in named] == [row["serial"] for row in by_path]
    known = token.run("tokens", "show", "--token", "test token", "--json", env=env).ok().json["token"]
    assert known["serial"] == by_path[0]["serial"]


def test_module_that_is_not_there(token):
    for way in (("--module", "/no/such/module.so"), (f"{URI}?module-path=/no/such/module.so",)):
        token.refused(
            "tokens",
            "list",
            *way,
            env={"P11CSR_MODULE": None},
            status=3,
            code="MODULE_NOT_FOUND",
            says=["/no/such/module.so", "No such file"],
        )
    token.refused(
        "tokens",
        "list",
        "--module",
        "softhms2",
        status=3,
        code="MODULE_NOT_FOUND",
        says=["'softhms2'", "softhsm2"],
    )
    token.refused(
        "request",
        "--module",
        "/no/such/module.so",
        *token.at,
        "--key-label",
        "web",
        *SUBJECT,
        status=3,
        code="MODULE_NOT_FOUND",
        says="/no/such/module.so",
    )


def test_module_that_is_none(token):
    """What the loader says reaches the person."""
    text = token.work / "text.so"
    text.write_text("not a library" * 100)
    token.refused(
        "tokens",
        "list",
        "--module",
        text,
        status=6,
        code="MODULE_LOAD",
        says=[str(text), "invalid ELF header"],
    )
    library = next(
        path
        for path in (
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/libc.so.6",
            "/lib/aarch64-linux-gnu/libc.so.6",
            "/usr/lib/libc.so.6",
        )
        if os.path.exists(path)
    )
    token.refused(
        "tokens",
        "list",
        "--module",
        library,
        status=6,
        code="MODULE_LOAD",
        says=[library, "C_GetFunctionList"],
    )
    folder = token.work / "folder"
    folder.mkdir()
    token.refused("tokens", "list", "--module", folder, status=6, code="MODULE_LOAD", says=str(folder))
    token.run("tokens", "list", "--module", support.MODULE).ok()


def test_module_that_cannot_start(token):
    """SoftHSM2 without a usable configuration."""
    env = {"SOFTHSM2_CONF": "/no/such/softhsm2.conf"}
    token.refused("tokens", "list", env=env, status=6, code="TOKEN", says=["C_Initialize", "CKR_"])


# uri explain


def test_explain(token):
    uri = (
        "pkcs11:object=web;id=%01%ab;token=test%20token;type=private;slot-id=3;library-version=2.6"
        "?module-name=softhsm2&pin-source=file:/pin"
    )
    answer = token.run("uri", "explain", uri, "--json").ok().json
    assert answer["attributes"] == {
        "object": "web",
        "id": "01ab",
        "token": "test token",
        "type": "private",
        "slot-id": "3",
        "library-version": "2.6",
        "module-name": "softhsm2",
        "pin-source": "file:/pin",
    }
    assert answer["tokens"] == [] and "pin-source" not in answer["uri"]
    again = token.run("uri", "explain", answer["uri"], "--json").ok().json
    assert again["uri"] == answer["uri"]
    matching = token.run("uri", "explain", URI, "--json").ok().json
    assert len(matching["tokens"]) == 1 and matching["tokens"][0].startswith(URI)
    text = token.run("uri", "explain", URI).ok().out
    assert "token                 test token\n" in text and f"matches: {URI}" in text
    assert "matches: no token" in token.run("uri", "explain", "pkcs11:token=none").ok().out


@pytest.mark.parametrize(
    "good, bad, byte, says",
    [
        ("pkcs11:token=a", "pkcs11:token", 13, "="),
        ("pkcs11:token=a", "pkcs11:tokn=a", 8, "the nearest is 'token'"),
        ("pkcs11:token=a", "pkcs11:token=a;token=b", 16, "'token' is there twice"),
        ("pkcs11:id=%01", "pkcs11:id=%0", 11, "%"),
        ("pkcs11:id=%01", "pkcs11:id=%zz", 11, "%"),
        ("pkcs11:token=a%20b", "pkcs11:token=a b", 15, "%20"),
        ("pkcs11:token=a", "pkcs11:token=a;", 16, ""),
        ("pkcs11:token=a?pin-source=x", "pkcs11:pin-source=x", 8, "behind"),
        ("pkcs11:token=a", "pkcs11:x?token=a", 0, ""),
        ("pkcs11:slot-id=1", "pkcs11:slot-id=one", 0, "slot-id"),
        ("pkcs11:type=private", "pkcs11:type=privat", 0, "type"),
        ("pkcs11:token=a", "pkcs11;token=a", 0, "pkcs11:"),
        ("pkcs11:token=a", "token=a", 0, "pkcs11:"),
        ("pkcs11:token=a", "", 0, "pkcs11:"),
        ("pkcs11:token=a%23", "pkcs11:token=a#", 15, "%23"),
        ("pkcs11:object=%c3%a4", "pkcs11:object=ä", 15, "%C3"),
    ],
)
def test_uri_and_its_twin(token, good, bad, byte, says):
    token.run("uri", "explain", good).ok()
    place = f"byte {byte}:" if byte else "byte"
    token.refused("uri", "explain", bad, status=9, code="URI", says=[place, says])
    if bad.startswith("pkcs11:"):
        token.refused("request", bad, *SUBJECT, status=9, code="URI", says=[place, says])
        token.refused("tokens", "list", "--token", bad, status=9, code="URI", says=[place, says])


def test_positional_argument_that_is_no_uri(token):
    """The label of a key in the place of a URI: the error says for what it was taken."""
    token.make_key()
    token.refused(
        "request",
        "web",
        *token.login,
        *SUBJECT,
        status=3,
        code="TOKEN_NOT_FOUND",
        says=["'web'", "alias", "label"],
    )
    token.run("request", URI, *token.login, *SUBJECT).ok()


# tokens init-soft


def init(box, *args):
    return box.run("tokens", "init-soft", *args, "--json").ok().json


def modes(box):
    return {
        path.relative_to(box.home).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in box.home.rglob("*")
        if path.is_file() and "/tokens/" not in path.as_posix()
    }


def test_init_soft(box):
    box.env.pop("P11CSR_MODULE")
    made = init(box)
    assert made["name"] == "demo" and made["created"] is True
    assert modes(box) == {
        "config/p11csr/p11csr.d/demo.yaml": 0o600,
        "config/p11csr/p11csr.d/demo.pin": 0o600,
        "config/p11csr/p11csr.d/demo.so-pin": 0o600,
        "data/p11csr/softhsm2/demo/softhsm2.conf": 0o600,
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in box.home.rglob("*") if path.is_dir())
    assert made["alias-file"] == str(box.home / "config/p11csr/p11csr.d/demo.yaml")
    pins = [(box.home / f"config/p11csr/p11csr.d/demo.{kind}").read_text() for kind in ("pin", "so-pin")]
    assert all(len(pin.strip()) >= 12 for pin in pins) and pins[0] != pins[1]
    # The alias alone is enough.
    first = box.run("request", "--token", "demo", "--generate", "p256", "--key-label", "web", *SUBJECT).ok()
    assert "BEGIN CERTIFICATE REQUEST" in first.out and "warning" not in first.err
    before = {path: path.read_bytes() for path in box.home.rglob("*") if path.is_file()}
    again = init(box)
    assert again == {**made, "created": False}
    assert {path: path.read_bytes() for path in box.home.rglob("*") if path.is_file()} == before
    text = box.run("tokens", "init-soft").ok()
    assert "token 'demo' was there already" in text.out and "p11csr request --token demo" in text.out
    box.run("request", "--token", "demo", "--key-label", "web", *SUBJECT).ok()


def test_init_soft_next_command_works(box):
    text = box.run("tokens", "init-soft", "mine").ok().out
    assert "token 'mine' is made" in text
    line = next(line for line in text.splitlines() if line.strip().startswith("next:"))
    words = box.shell_words(line.split("next:", 1)[1])
    assert words[0] == "p11csr"
    box.run(*words[1:]).ok()
    assert (box.work / "www.csr").read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----")


def test_the_way_on_works_with_an_alias(box):
    """What a failure after generation proposes works for a token that only its alias opens."""
    box.env.pop("P11CSR_MODULE")
    init(box, "demo")
    failed = box.run(
        "request", "--token", "demo", "--generate", "p256", "--key-label", "web", *SUBJECT, "-o", "/dev/full"
    )
    assert failed.status == 10
    hint = next(line for line in failed.err.splitlines() if line.startswith("  hint:"))
    words = box.shell_words(hint.split("go on with: p11csr ", 1)[1].split(" and the options")[0])
    box.run(*words, *SUBJECT).ok()


def test_the_uris_of_candidates_work_with_an_alias(box):
    box.env.pop("P11CSR_MODULE")
    init(box, "demo")
    for label in ("one", "two"):
        box.run("keys", "generate", "p256", "--token", "demo", "--key-label", label).ok()
    refused = box.refused(
        "request", "--token", "demo", *SUBJECT, status=5, code="KEY_AMBIGUOUS", says="2 private keys"
    )
    for uri in refused.json["error"]["notes"]:
        box.run("request", uri, *SUBJECT).ok()


def test_init_soft_of_several(box):
    for name in ("one", "two"):
        init(box, name)
        box.run("keys", "generate", "p256", "--token", name, "--key-label", name).ok()
    for name in ("one", "two"):
        keys = box.run("keys", "list", "--token", name, "--json").ok().json["keys"]
        assert [(key["label"], key["token"]) for key in keys] == [(name, name)]


def test_init_soft_print_env(box):
    """The printed environment lets other programs see the token, and p11csr too."""
    shell = f'eval "$({support.PROGRAM} tokens init-soft demo --print-env)" && '
    env = box.environment()
    done = subprocess.run(
        [
            "/bin/sh",
            "-ec",
            shell + f"pkcs11-tool --module {support.MODULE} -L && "
            f"{support.PROGRAM} keys generate p256 --key-label web",
        ],
        env=env,
        cwd=box.work,
        capture_output=True,
        timeout=support.TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done
    assert b"token label        : demo" in done.stdout and b"type:  p256" in done.stdout
    again = box.run("tokens", "init-soft", "demo", "--print-env").ok()
    assert [line.split("=")[0] for line in again.out.splitlines()] == [
        "export SOFTHSM2_CONF",
        "export P11CSR_TOKEN",
    ]


@pytest.mark.parametrize(
    "good, bad",
    [
        ("a", ""),
        ("x" * 32, "x" * 33),
        ("a-b_c.d", "a b"),
        ("0a", ".a"),
        ("a.", "-a"),
        ("A", "ä"),
        ("a..b", "../a"),
        ("a.b", "a/b"),
    ],
)
def test_init_soft_names(box, good, bad):
    assert init(box, good)["created"] is True
    box.run("keys", "generate", "p256", "--token", good, "--key-label", "web").ok()
    if bad.startswith("-"):
        box.refused("tokens", "init-soft", bad, status=64, code="USAGE", says=bad)
        bad = "./" + bad
    before = sorted(box.home.rglob("*"))
    box.refused(
        "tokens",
        "init-soft",
        bad,
        status=9,
        code="VALUE",
        says=[f"'{bad}' is no name for a token", "letters"],
    )
    assert sorted(box.home.rglob("*")) == before


def test_init_soft_does_not_take_an_alias(box):
    folder = box.home / "config/p11csr/p11csr.d"
    folder.mkdir(parents=True)
    alias = folder / "demo.yaml"
    alias.write_text('tokens:\n  demo: { uri: "pkcs11:token=mine" }\n')
    box.refused("tokens", "init-soft", "demo", status=11, code="TOKEN_EXISTS", says=["'demo'", str(alias)])
    assert "mine" in alias.read_text() and sorted(folder.iterdir()) == [alias]


def test_init_soft_does_not_take_an_alias_of_another_file(box):
    """An alias of that name in p11csr.yaml would be hidden, or hide the new one."""
    folder = box.home / "config/p11csr"
    folder.mkdir(parents=True)
    (folder / "p11csr.yaml").write_text('tokens:\n  demo: { uri: "pkcs11:token=production" }\n')
    box.refused("tokens", "init-soft", "demo", status=11, code="TOKEN_EXISTS", says="'demo'")
    assert [path.name for path in folder.iterdir()] == ["p11csr.yaml"]


def test_init_soft_goes_on_after_an_interruption(box):
    """Without the alias, which is written last, the rest is completed and not made twice."""
    made = init(box, "demo")
    box.run("keys", "generate", "p256", "--token", "demo", "--key-label", "web").ok()
    os.unlink(made["alias-file"])
    assert init(box, "demo")["created"] is True
    keys = box.run("keys", "list", "--token", "demo", "--json").ok().json["keys"]
    assert [key["label"] for key in keys] == ["web"]


def test_init_soft_without_a_place(box):
    env = {"HOME": None, "XDG_CONFIG_HOME": None, "XDG_DATA_HOME": None}
    box.refused("tokens", "init-soft", env=env, status=78, code="CONFIG", says=["HOME", "XDG_CONFIG_HOME"])
    (box.home / "data").write_text("in the way")
    box.refused("tokens", "init-soft", status=10, code="WRITE", says=["demo", "Not a directory"])


def test_init_soft_without_softhsm(box):
    box.refused(
        "tokens",
        "init-soft",
        "--module",
        "/no/libsofthsm2.so",
        status=3,
        code="MODULE_NOT_FOUND",
        says="/no/libsofthsm2.so",
    )
