# SPDX-License-Identifier: Apache-2.0
"""Where no module is named: all that p11-kit knows are looked at, each in a child, and one is used."""

import os
import pathlib
import re
import subprocess

import pytest
import support

# Where p11-kit's package puts the .module files.
FOLDER = subprocess.run(
    ["pkg-config", "--variable=p11_module_configs", "p11-kit-1"], capture_output=True, text=True, check=True
).stdout.strip()
# "$0": the folder to be seen at "$1"; "$2": an empty one; "$3": where to run the rest.
AS_USER = 'mount --bind "$0" "$1" && shift 3 && exec "$@"'
# Root needs no user namespace, which cannot be made in a chroot. There / is no mount point, and a mount below
# it would reach the machine outside: the tree is bound below a mount that is made private, and entered.
AS_ROOT = """
mount --make-private /dev/shm
mount --rbind / "$2"
mount --make-rprivate "$2"
mount --bind "$0" "$2$1"
root=$2
shift 2
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$@"
"""


class Machine:
    """Runs p11csr where p11-kit knows the modules that the test says, and no others."""

    def __init__(self, token):
        self.token = token
        self.folder = token.dir / "modules"
        self.folder.mkdir()
        token.env.pop("P11CSR_MODULE")
        token.env.update(support.UNCAUGHT)

    def knows(self, name, module, *more):
        (self.folder / f"{name}.module").write_text("\n".join([f"module: {module}", *more, ""]))

    def run(self, *args):
        root = self.token.dir / "root"
        root.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            inside = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-euc", AS_ROOT]
        else:
            inside = ["unshare", "--map-root-user", "--mount", "sh", "-euc", AS_USER]
        inside += [self.folder, FOLDER, root, self.token.work, support.PROGRAM, *args]
        done = subprocess.run(
            list(map(str, inside)),
            env=self.token.env,
            cwd=self.token.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        return self.token.took(args, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def machine(token):
    token.make_key()
    machine = Machine(token)
    machine.knows("soft", support.MODULE)
    return machine


def broken(machine, what):
    """A module that harms whoever loads it."""
    bodies = {
        "crashes": "raise(SIGSEGV);",
        "hangs": "for (;;) { pause(); }",
        "talks": 'puts("on stdout"); fputs("on stderr\\n", stderr); fflush(stdout);',
        "leaves": "exit(0);",
    }
    source = machine.token.dir / f"{what}.c"
    source.write_text(
        "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        f"__attribute__((constructor)) static void begin(void) {{ {bodies[what]} }}\n"
    )
    library = pathlib.Path(machine.token.dir / f"{what}.so")
    machine.token.other("cc", "-shared", "-fPIC", "-o", library, source)
    machine.knows(what, library)
    return library


@pytest.mark.parametrize("what", ["crashes", "hangs", "talks", "leaves"])
def test_broken_module_harms_nobody(machine, what):
    broken(machine, what)
    limit = ("--time-limit", "1")
    listed = machine.run("tokens", "list", *limit).ok()
    assert listed.out.startswith(f"{support.LABEL}\n") and "on stdout" not in listed.out
    assert f"warning: module '{what}' cannot be used: " in listed.err
    answer = machine.run("tokens", "list", "--json", *limit).ok().json
    assert [row["label"] for row in answer["tokens"]] == [support.LABEL] and len(answer["warnings"]) == 1
    asked = ("--key-label", "web", "--subject", "CN=a", *limit)
    signed = machine.run("request", *machine.token.at, *asked).ok()
    assert signed.out.startswith("-----BEGIN") and what not in signed.err and "on std" not in signed.err
    by_uri = f"pkcs11:token={support.LABEL.replace(' ', '%20')};object=web"
    assert "web" in machine.run("keys", "list", by_uri, *machine.token.login, *limit).ok().out
    assert machine.run("tokens", "show", *limit).ok().out == listed.out


def test_only_the_one_that_is_needed_is_loaded(machine):
    broken(machine, "crashes")
    result = machine.run("request", "-v", *machine.token.at, "--key-label", "web", "--subject", "CN=a").ok()
    after = result.err[result.err.rindex("dlopen") :]
    assert "crashes.so" in result.err and "crashes" not in after and ": C_Sign: CKR_OK" in after


def test_no_token(machine):
    broken(machine, "crashes")
    result = machine.run("keys", "list", "--token", "nowhere")
    assert result.status == 3 and "module 'crashes' cannot be used: module" in result.err, result
    assert "'nowhere' is no alias" in result.err and "p11csr doctor" in result.err
    result = machine.run("keys", "list", "pkcs11:token=nowhere?pin-value=13579", "--json")
    assert result.status == 3 and result.json["error"]["code"] == "TOKEN_NOT_FOUND", result
    assert "13579" not in result.out + result.err


def test_several_tokens(machine):
    machine.token.add_token("second")
    result = machine.run("keys", "list", *machine.token.login)
    assert result.status == 5 and result.err.count("--module") == 2, result
    assert "web" in machine.run("keys", "list", *machine.token.at).ok().out


def test_same_token_through_two_modules(machine):
    machine.knows("again", os.path.realpath(support.MODULE))
    result = machine.run("keys", "list", *machine.token.at)
    assert result.status == 5 and f"--module {support.MODULE}" in result.err, result


def test_trust_modules_are_no_use(machine):
    library = broken(machine, "crashes")
    machine.knows("crashes", library, "trust-policy: yes")
    assert machine.run("tokens", "list").ok().err == ""


def test_commands_that_need_no_token(machine):
    """They look at no module."""
    broken(machine, "crashes")
    for args in (("keys", "list", "--incomplete"), ("algorithms",), ("tokens", "clear-latch")):
        assert "crashes" not in machine.run(*args, "-v").ok().err


def test_doctor(machine):
    broken(machine, "crashes")
    result = machine.run("doctor", "--json")
    statuses = {module["name"]: module["status"] for module in result.json["modules"]}
    assert result.status == 1 and statuses == {"soft": "works", "crashes": "crashes"}, result
    assert machine.run("doctor", "--token", support.LABEL).status == 0
    result = machine.run("doctor", "--token", "nowhere", "--json")
    assert result.status == 3 and len(result.json["modules"]) == 2, result
    assert machine.run("doctor", "--quirks", support.LABEL).ok().out.startswith("quirks: works")


def test_certificates(machine):
    broken(machine, "crashes")
    assert machine.run("certs", "list", *machine.token.at).ok().out == ""
    by_uri = f"pkcs11:token={support.LABEL.replace(' ', '%20')}"
    result = machine.run("certs", "install", "/nonexistent.crt", by_uri, *machine.token.login)
    assert result.status == 10, result


def test_every_command_on_one_token_finds_its_module():
    """A row that takes a URI and does not say so would load all modules into one process."""
    rows = (support.TESTS.parent / "src/cli/rows.c").read_text().split("    {.name = ")[1:]
    takes = {row.split('"')[1] for row in rows if re.search(r'\.args = "[^"]*\bURI\b', row)}
    finds = {row.split('"')[1] for row in rows if ".one_token = true" in row}
    asks_all = {"tokens list", "tokens show", "tokens clear-latch", "uri explain", "match"}
    assert len(takes) > 8 and takes - finds == asks_all and "keys generate" in finds
