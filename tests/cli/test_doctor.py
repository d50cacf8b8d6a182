# SPDX-License-Identifier: Apache-2.0
"""p11csr doctor: what is wrong with a module, a token, a machine."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time

import pytest
import support
from shim import Shim

NOBODY = 65534


@pytest.fixture
def shim(token):
    token.env.update(support.UNCAUGHT)
    return Shim(token)


def examine(box, *args, status=0, **named):
    """Runs doctor for people and for programs; returns the text, and the first module of the answer."""
    plain = box.run("doctor", *args, **named)
    machine = box.run("doctor", *args, "--json", **named)
    assert plain.status == machine.status == status, (plain, machine)
    modules = machine.json["modules"]
    return plain, modules[0] if modules else None


def whys(module):
    return " ".join(why["what"] for why in module.get("why", []))


def test_healthy(token):
    plain, module = examine(token)
    assert module["status"] == "works" and module["from"] == "command line" and "why" not in module
    library = module["library"][0]
    assert library["manufacturer"] == "SoftHSM" and library["module"] == support.MODULE
    first, empty = (slot["token"] for slot in library["slots"])
    assert first["label"] == support.LABEL and first["initialized"] and not empty["initialized"]
    assert {"rsa-2048", "p256", "ed25519"} <= set(first["key-specs"]) and "ecdsa-sha256" in first["schemes"]
    assert "login-required" in first["flags"] and first["pin-state"] == "unknown"
    assert f"token      '{support.LABEL}'" in plain.out and "nothing about wrong PINs" in plain.out
    assert "a token that is not initialised" in plain.out and plain.err == ""


def test_never_logs_in(token, shim):
    shim.script()
    examine(token, "--token", support.LABEL, *token.login)
    assert shim.calls() and shim.count("C_Login") == shim.count("C_OpenSession") == 0


def test_logs_in_when_told_to(token):
    token.make_key()
    plain, module = examine(token, "--token", support.LABEL, *token.login, "--login", "always")
    assert module["keys"] == 1 and "logged in  1 key pairs" in plain.out
    wrong = ("--login", "always", "--pin-source", "env:WRONG")
    _, module = examine(token, "--token", support.LABEL, *wrong, env={"WRONG": "surely-not"}, status=4)
    assert module["status"] == "fails" and module["error"]["code"] == "PIN_INCORRECT" and module["library"]


def test_all_that_are_known(token):
    """Those of p11-kit, on any machine that has SoftHSM2 with its .module file; each is looked at."""
    result = token.run("doctor", "--json", env={"P11CSR_MODULE": None})
    modules = {module["name"]: module for module in result.json["modules"]}
    broken = [module for module in modules.values() if module["status"] != "works"]
    assert result.status == (1 if broken else 0), result
    assert modules["softhsm2"]["status"] == "works" and modules["softhsm2"]["from"] == "p11-kit"
    assert "p11-kit-trust" not in modules
    assert all("error" in module for module in broken)


def test_alias_with_its_environment(token):
    config = token.dir / "alias.yaml"
    env = {"P11CSR_MODULE": None, "SOFTHSM2_CONF": "/nonexistent.conf"}
    words = f"uri: 'pkcs11:token={support.LABEL.replace(' ', '%20')}', module: {support.MODULE}"
    good = f"good: {{ {words}, env: {{ SOFTHSM2_CONF: {token.env['SOFTHSM2_CONF']} }} }}"
    bad = f"bad: {{ {words}, env: {{ SOFTHSM2_CONF: /nowhere.conf }} }}"
    config.write_text(f"tokens:\n  {good}\n  {bad}\n")
    result = token.run("doctor", "--json", "--config", config, env=env)
    modules = {module["name"]: module for module in result.json["modules"]}
    assert result.status == 1
    assert modules["good"]["status"] == "works" and modules["good"]["from"] == "configuration"
    assert modules["bad"]["status"] == "fails" and "/nowhere.conf" in whys(modules["bad"])
    _, module = examine(token, "--config", config, "--token", "good", env=env)
    assert module["name"] == "good"
    _, module = examine(token, "--config", config, "--token", "bad", env=env, status=6)
    assert "SOFTHSM2_CONF names '/nowhere.conf': No such file or directory" in whys(module)


def as_nobody(token):
    """How to run without root's rights: its files are of another user, but for the sandbox."""
    if os.getuid() != 0:
        return {}
    tools = token.dir / "tools"
    tools.mkdir()
    program = shutil.copy(support.PROGRAM, tools)
    for path in [token.dir, *token.dir.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "executable": program}


def test_folder_of_tokens_that_is_shut(token):
    who = as_nobody(token)
    store = token.dir / "store"
    if who:
        os.chown(store, 0, 0)
    else:
        store.chmod(0)
    plain, module = examine(token, status=6, **who)
    assert f"the folder of its tokens '{store}': Permission denied" in whys(module), module
    assert "usermod -aG softhsm USER" in plain.out
    if who:
        assert "it is of the user 'root' and the group 'root', mode 700" in whys(module)


def test_token_of_somebody_else(token):
    """SoftHSM2 passes over what it may not read."""
    who = as_nobody(token)
    (folder,) = [path for path in (token.dir / "store").iterdir() if path.is_dir()]
    if who:
        os.chown(folder, 0, 0)
    else:
        folder.chmod(0)
    _, module = examine(token, "--token", token.label, status=3, **who)
    assert f"a token's folder '{folder}': Permission denied" in whys(module), module


def test_folder_of_tokens_that_is_not_there(token):
    config = token.dir / "softhsm2.conf"
    config.write_text("directories.tokendir = /nonexistent/tokens\n")
    _, module = examine(token, status=6)
    assert "the folder of its tokens '/nonexistent/tokens': No such file or directory" in whys(module)


def test_token_that_is_not_there(token):
    uri = "pkcs11:token=other?pin-value=1234567"
    _, module = examine(token, "--token", uri, status=3)
    assert module["status"] == "fails" and module["error"]["code"] == "TOKEN_NOT_FOUND"
    assert module["name"] == support.MODULE and module["library"]
    by_path = f"{uri}&module-path={support.MODULE}"
    plain, module = examine(token, "--token", by_path, env={"P11CSR_MODULE": None}, status=3)
    assert module["name"].startswith("pkcs11:token=other") and "1234567" not in plain.out + plain.err


def test_missing_file(token):
    plain, module = examine(token, "--module", "/nonexistent/module.so", status=3)
    assert module["status"] == "fails" and module["error"]["code"] == "MODULE_NOT_FOUND"
    assert "No such file or directory" in whys(module)
    assert "\n  try        check the path" in plain.out


def elf(machine=62, bits=2, kind=3):
    """The beginning of an ELF file."""
    head = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
    return head + kind.to_bytes(2, "little") + machine.to_bytes(2, "little") + bytes(100)


@pytest.mark.parametrize(
    "content, says",
    [
        (b"#!/bin/sh\n", "is not a shared library (no ELF header)"),
        (b"", "is not a shared library (no ELF header)"),
        (elf(machine=3, bits=1), "is made for Intel 80386 (32 bit), this program for"),
        (elf(machine=9999), "is made for an unknown machine (64 bit), this program for"),
        (elf(machine=22), "is made for IBM S/390 (64 bit), this program for"),
    ],
)
def test_wrong_file(token, content, says):
    path = token.dir / "module.so"
    path.write_bytes(content)
    _, module = examine(token, "--module", path, status=6)
    assert module["error"]["code"] == "MODULE_LOAD" and says in whys(module), module
    assert any("module.so" in cause for cause in module["error"]["cause"])  # the loader's own words


def test_library_without_pkcs11(token):
    libc = next(line.split()[-1] for line in open("/proc/self/maps", encoding="utf-8") if "libc.so" in line)
    _, module = examine(token, "--module", libc, status=6)
    assert module["error"]["code"] == "MODULE_LOAD" and "why" not in module
    assert "C_GetFunctionList" in " ".join(module["error"]["cause"])


def test_environment_that_points_nowhere(token):
    plain, module = examine(token, env={"SOFTHSM2_CONF": "/nowhere.conf"}, status=6)
    assert module["status"] == "fails"
    assert "C_Initialize: CKR_GENERAL_ERROR" in " ".join(module["error"]["cause"])
    assert "SOFTHSM2_CONF names '/nowhere.conf': No such file or directory" in whys(module)
    assert "why        SOFTHSM2_CONF names" in plain.out and "p11csr tokens init-soft demo" in plain.out


@pytest.mark.parametrize("function", ["C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetMechanismList"])
def test_crash(token, shim, function):
    shim.script(f"{function} 1 crash")
    plain, module = examine(token, status=6)
    assert module["status"] == "crashes" and module["error"]["code"] == "MODULE_CRASHED"
    assert f"crashed (SIGSEGV) in {function}" in module["error"]["cause"][0]
    assert f"crashed (SIGSEGV) in {function}" in plain.out


def test_crash_at_the_end(token, shim):
    """What it said before is there all the same."""
    shim.script("C_Finalize 1 crash")
    _, module = examine(token, status=6)
    assert module["status"] == "crashes" and module["library"][0]["slots"]


def test_hang(token, shim):
    shim.script("C_GetSlotList 1 hang")
    _, module = examine(token, "--time-limit", "1", status=6)
    assert module["status"] == "hangs" and "within 1 s in C_GetSlotList" in module["error"]["cause"][0]


def test_what_fails_is_part_of_the_picture(token, shim):
    shim.script(
        "C_GetTokenInfo 1 return CKR_TOKEN_NOT_RECOGNIZED", "C_GetMechanismList 1+ return CKR_DEVICE_ERROR"
    )
    _, module = examine(token)
    first, second = module["library"][0]["slots"]
    assert first["token"] is None and first["error"] == "C_GetTokenInfo: CKR_TOKEN_NOT_RECOGNIZED"
    assert "C_GetMechanismList: CKR_DEVICE_ERROR" in second["token"]["error"]


def test_pin_states(token, shim):
    shim.script("flag CKF_USER_PIN_FINAL_TRY on")
    plain, module = examine(token)
    assert module["library"][0]["slots"][0]["token"]["pin-state"] == "final-try"
    assert "one more wrong PIN locks the token" in plain.out


@pytest.mark.parametrize("said", ["a line\nand \x1b[31manother", "x" * 100000])
def test_noise(token, shim, said):
    """What a module prints is shown as its own words, and nothing else of it."""
    library = token.dir / "noise.c"
    text = said.replace("\n", "\\n").replace("\x1b", "\\033")
    library.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n__attribute__((constructor)) static void talk(void)\n"
        f'{{ fputs("{text}\\n", stderr); puts("on stdout"); fflush(stdout); }}\n'
    )
    noise = token.dir / "noise.so"
    token.other("cc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", noise, library, support.SHIM)
    plain, module = examine(token, "--module", noise, env=linked(token), status=0)
    assert module["said"][0].startswith(said.split("\n", maxsplit=1)[0][:10])
    assert sum(map(len, module["said"])) < 20000 and "\x1b" not in plain.out
    assert "it printed " in plain.out and plain.err == ""


def linked(token):
    """So that the loader finds the shim, which the noisy library stands on."""
    return {"LD_LIBRARY_PATH": f"{support.SHIM.parent}:{token.env.get('LD_LIBRARY_PATH', '')}"}


def test_module_that_ends_the_process(token, shim):
    source = token.dir / "leaves.c"
    source.write_text(
        "#include <stdlib.h>\n__attribute__((constructor)) static void leave(void) { exit(7); }\n"
    )
    token.other("cc", "-shared", "-fPIC", "-o", token.dir / "leaves.so", source)
    _, module = examine(token, "--module", token.dir / "leaves.so", status=6)
    assert module["status"] == "crashes" and "ended the process in dlopen" in module["error"]["cause"][0]


def test_quirks(token):
    result = token.run("doctor", "--quirks", support.LABEL, "--json").ok()
    words = {row["word"]: row for row in result.json["quirks"]["words"]}
    assert words["login"]["value"] == words["login"]["default"] == "auto"
    assert words["login"]["set-by"] == "default" and words["login"]["evidence"] is None
    changed = token.run("doctor", "--quirks", support.LABEL, "--quirk", "touch=yes", "--json").ok()
    words = {row["word"]: row for row in changed.json["quirks"]["words"]}
    assert words["touch"]["value"] == "yes" and words["touch"]["set-by"] == "--quirk"
    assert "touch" in token.run("doctor", "--quirks", support.LABEL).ok().out
    missing = token.run("doctor", "--quirks", "nowhere", "--json")
    assert missing.status == 3 and missing.json["quirks"]["error"]["code"] == "TOKEN_NOT_FOUND"


def test_probe(token):
    token.make_key()
    uri = f"pkcs11:token={support.LABEL.replace(' ', '%20')};object=web"
    result = token.run("doctor", "--probe", uri, *token.login, "--json").ok()
    probe = result.json["probe"]
    assert probe["status"] == "works" and probe["scheme"] == "ecdsa-sha256" and "object=web" in probe["key"]
    assert "the signature is good" in token.run("doctor", "--probe", uri, *token.login).ok().out
    missing = token.run("doctor", "--probe", uri + "2", *token.login, "--json")
    assert missing.status == 3 and missing.json["probe"]["error"]["code"] == "KEY_NOT_FOUND"
    wrong = {"WRONG": "surely-not"}
    wrong = token.run("doctor", "--probe", uri, "--pin-source", "env:WRONG", "--json", env=wrong)
    assert wrong.status == 4 and wrong.json["probe"]["error"]["code"] == "PIN_INCORRECT"


def test_probe_of_several_names_them(token):
    token.make_key()
    token.raw("p256", "web", "02")
    result = token.run("doctor", "--probe", "pkcs11:token=test%20token;object=web", *token.login)
    assert result.status == 5 and "name one of the keys by its URI" in result.err
    for row in token.keys():
        assert row["uri"] in result.out, result


def test_probe_finds_a_lie(token, shim):
    token.make_key()
    shim.script("C_Sign 1 signature-flip 9")
    uri = f"pkcs11:token={support.LABEL.replace(' ', '%20')};object=web"
    result = token.run("doctor", "--probe", uri, *token.login, "--json")
    assert result.status == 12 and result.json["probe"]["status"] == "fails"


def test_bundle(token):
    token.make_key(label="secret-label")
    at = token.work / "bundle.json"
    uri = f"pkcs11:token={support.LABEL.replace(' ', '%20')};object=secret-label"
    pin = f"{uri}?pin-value={token.pin}"
    result = token.run("doctor", "--token", uri, "--probe", pin, "--bundle", at)
    assert result.status == 0 and "read it before you send it" in result.err, result
    text = at.read_text()
    bundle = json.loads(text)
    assert stat.S_IMODE(at.stat().st_mode) == 0o600
    assert bundle["p11csr-bundle"] == 1 and bundle["doctor"]["probe"]["status"] == "works"
    assert bundle["environment"] == {"SOFTHSM2_CONF": token.env["SOFTHSM2_CONF"]}
    assert token.pin not in text and "secret-label" not in text
    assert [path.name for path in token.work.iterdir()] == ["bundle.json"]
    token.refused("doctor", "--bundle", at, status=11, code="FILE_EXISTS", says="bundle.json")
    token.refused("doctor", "--bundle", "/nonexistent/b.json", status=10, code="WRITE", says="/nonexistent")
    token.run("doctor", "--bundle", at, "--force").ok()
    bad = token.run("doctor", "--probe", pin.replace("label", "other"), "--bundle", token.work / "b.json")
    assert bad.status == 3
    text = (token.work / "b.json").read_text()
    assert token.pin not in text and "secret-other" not in text and '"KEY_NOT_FOUND"' in text


def test_trace(token):
    """-v tells of the calls in the children, beside what they print."""
    result = token.run("doctor", "-v").ok()
    assert ": C_GetSlotList: CKR_OK, " in result.err and "it printed" not in result.out


def test_isolated_too(token, shim):
    """--isolate adds nothing to what each module has anyway, and harms nothing."""
    shim.script()
    assert examine(token, "--isolate")[1]["status"] == "works"
    shim.script("C_GetSlotList 1 crash")
    assert examine(token, "--isolate", status=6)[1]["status"] == "crashes"


def test_interrupted(token, shim):
    shim.script("C_GetSlotList 1 hang")
    child = token.start("doctor", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + support.TIMEOUT
        while not any(call.answer == "hang" for call in shim.calls()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=support.TIMEOUT)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    result = token.took(("doctor", "--json"), child.returncode, out, err)
    assert result.status == 130 and result.json["error"]["code"] == "INTERRUPTED", result
