# SPDX-License-Identifier: Apache-2.0
"""
Where the PIN is while p11csr has it. Each test stops p11csr behind its login, in the call that begins the
signature, and looks for the PIN wherever somebody else could look.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
import support
from terminal import Terminal

SUBJECT = ("--subject", "CN=www.example.com")
NOBODY = 65534


class Source:
    """A PIN source: what it adds to the command line and the environment."""

    def __init__(self, token):
        self.token = token
        self.at = ("--token", token.label)
        self.args = ()
        self.env = {}
        self.more = {}
        self.own_files = []  # these hold the PIN because the person put it there
        self.keeps = 0  # places in memory for a PIN that cannot be read twice


def from_file(source):
    source.args = source.token.login
    source.own_files = [source.token.pin_file]


def from_descriptor(source):
    end, other = os.pipe()
    os.write(other, source.token.pin.encode() + b"\n")
    os.close(other)
    source.args = ("--pin-source", f"fd:{end}")
    source.more = {"pass_fds": [end]}
    source.keeps = 1


def from_environment(source):
    source.args = ("--pin-source", "env:HSM_PIN")
    source.env = {"HSM_PIN": source.token.pin}
    source.keeps = 1


def from_program(source):
    source.args = ("--pin-source", f"exec:/bin/cat {source.token.pin_file}")
    source.own_files = [source.token.pin_file]


def from_credential(source):
    folder = source.token.dir / "credentials"
    folder.mkdir()
    source.token.write_pin(folder / "hsm-pin", source.token.pin)
    source.args = ("--pin-source", "cred:hsm-pin")
    source.env = {"CREDENTIALS_DIRECTORY": folder}
    source.own_files = [folder / "hsm-pin"]


def from_uri(source):
    """pin-value in a URI of the command line, which stays there without it."""
    source.at = ("--token", f"pkcs11:token=test%20token?pin-value={source.token.pin}")
    source.args = ("-v",)
    source.keeps = 2  # in the URI, and by itself


def from_environment_uri(source):
    source.at = ()
    source.env = {"P11CSR_TOKEN": f"pkcs11:token=test%20token?pin-value={source.token.pin}"}
    source.args = ("-v",)
    source.keeps = 2  # in the URI, and by itself


def from_alias(source):
    """pin-value in the URI of an alias, in a configuration that libyaml reads."""
    folder = source.token.home / "config/p11csr/p11csr.d"
    folder.mkdir()
    config = folder / "prod.yaml"
    uri = f"pkcs11:token=test%20token?pin-value={source.token.pin}"
    config.write_text(f"# was {uri}\ntokens:\n  prod: {{ uri: '{uri}' }}\n")
    config.chmod(0o600)
    source.at = ("--token", "prod")
    source.args = ("-v",)
    source.own_files = [config]
    source.keeps = 3  # in the configuration, in the URI, and by itself


def from_terminal(source):
    """The test types it."""


SOURCES = [
    from_file,
    from_descriptor,
    from_environment,
    from_program,
    from_credential,
    from_uri,
    from_environment_uri,
    from_alias,
    from_terminal,
]


class Waiting:
    """p11csr behind its login, in a call that does not return."""

    def __init__(self, token, shim, source):
        self.token = token
        self.terminal = None
        shim.script("C_SignInit 1 hang")
        args = ("request", *source.at, "--key-label", "web", *SUBJECT, "-v", "-o", "web.csr")
        if source.args == ():
            self.terminal = Terminal(token, *args)
            self.terminal.expect("PIN of token 'test token': ")
            self.terminal.line(token.pin)
            self.child = self.terminal.child
        else:
            self.child = token.start(
                *args,
                *source.args,
                env=source.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **source.more,
            )
        deadline = time.monotonic() + support.TIMEOUT
        while not shim.calls() or shim.calls()[-1].answer != "hang":
            assert self.child.poll() is None and time.monotonic() < deadline, self.child.communicate()
            time.sleep(0.01)

    def proc(self, name):
        return (pathlib.Path("/proc") / str(self.child.pid) / name).read_bytes()

    def is_plain(self):
        """Not built with a sanitizer, which keeps copies, locks no memory and reserves terabytes."""
        return b"/libasan" not in self.proc("maps")

    def mappings(self):
        """(first, end, flags) of what the process has in its memory."""
        found = []
        for line in self.proc("smaps").decode("utf-8", "replace").splitlines():
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ", line)
            if head:
                found.append([int(head[1], 16), int(head[2], 16), head[3], []])
            elif line.startswith("VmFlags:"):
                found[-1][3] = line.split()[1:]
        return found

    def places_of(self, secret):
        """The flags of the mappings that hold the secret, once for each time."""
        places = []
        with open(f"/proc/{self.child.pid}/mem", "rb", buffering=0) as memory:
            for first, end, mode, flags in self.mappings():
                if mode[0] != "r" or "io" in flags or first >= 1 << 63:
                    continue
                try:
                    memory.seek(first)
                    content = memory.read(end - first)
                except OSError:
                    continue  # [vvar] and its like
                places += [(hex(first), flags)] * content.count(secret)
        return places

    def core(self, folder):
        """A core dump by gdb, as bytes."""
        made = subprocess.run(
            ["gcore", "-o", str(folder / "core"), str(self.child.pid)],
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        assert made.returncode == 0, made
        path = folder / f"core.{self.child.pid}"
        content = path.read_bytes()
        path.unlink()
        return content

    def end(self):
        """Kills it; all that it has printed."""
        self.child.kill()
        if self.terminal is not None:
            result = self.terminal.end()
            return (result.out + result.err).encode()
        return b"".join(self.child.communicate(timeout=support.TIMEOUT))


@pytest.fixture
def ready(token, shim):
    shim.script()
    token.make_key()
    log = token.dir / "log"
    folder = token.home / "config/p11csr"
    folder.mkdir(parents=True)
    (folder / "p11csr.yaml").write_text(f"log: {{ file: {log} }}\n")
    return token


@pytest.fixture(params=SOURCES, ids=[make.__name__.removeprefix("from_") for make in SOURCES])
def source(request, ready):
    made = Source(ready)
    request.param(made)
    return made


def check_memory(waiting, source, secret):
    """Nowhere, or, where it cannot be had again, in pages that are locked and left out of dumps."""
    places = waiting.places_of(secret)
    assert len(places) <= source.keeps, places
    for _, flags in places:
        assert "lo" in flags and "dd" in flags, places


def test_pin_is_nowhere(ready, shim, source):
    secret = ready.pin.encode()
    waiting = Waiting(ready, shim, source)
    try:
        assert waiting.proc("cmdline") and secret not in waiting.proc("cmdline")
        if os.getuid() == 0:
            assert secret not in waiting.proc("environ")
            if waiting.is_plain():
                check_memory(waiting, source, secret)
                assert secret not in waiting.core(ready.dir)
        else:
            with pytest.raises(PermissionError):
                waiting.proc("environ")
            with pytest.raises(PermissionError):
                waiting.places_of(secret)
    finally:
        printed = waiting.end()
    assert secret not in printed
    for path in ready.dir.rglob("*"):
        if path.is_file() and path not in source.own_files and path != ready.pin_file:
            assert secret not in path.read_bytes(), path


def test_the_search_itself(ready, shim):
    """What p11csr has in its memory is found there."""
    source = Source(ready)
    from_file(source)
    waiting = Waiting(ready, shim, source)
    try:
        if os.getuid() == 0 and waiting.is_plain():
            assert waiting.places_of(b"CN=www.example.com") and b"www.example.com" in waiting.core(ready.dir)
    finally:
        waiting.end()


def test_p11kit_call_log_is_refused(ready):
    """
    p11-kit prints the PIN of C_Login where its configuration has log-calls. It reads a user's configuration,
    but not root's: root runs this as somebody else.
    """
    modules = ready.home / ".config/pkcs11/modules"
    modules.mkdir(parents=True)
    (modules / "logged.module").write_text(f"module: {support.MODULE}\nlog-calls: yes\n")
    ask = ("request", "pkcs11:token=test%20token;object=web", *ready.login, *SUBJECT)
    # What a sanitizer would read about leaks may lie where only root gets.
    env = {"P11CSR_MODULE": None, "XDG_CONFIG_HOME": None, "LSAN_OPTIONS": None}
    env["ASAN_OPTIONS"] = "detect_leaks=0"
    who = {}
    if os.getuid() == 0:
        tools = ready.dir / "tools"
        tools.mkdir()
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        who["executable"] = shutil.copy(support.PROGRAM, tools)
        for path in [ready.dir, *ready.dir.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    asked = ready.run(*ask, env=env, **who)
    # Where p11csr loads the one module that it needs, p11-kit has no log of it.
    refused = asked.status == 4 and "used through a call log; no PIN was sent" in asked.err
    assert refused or (asked.status == 0 and "C_Login" not in asked.err), asked
    assert ready.pin not in asked.err
    (modules / "logged.module").write_text(f"module: {support.MODULE}\nlog-calls: no\n")
    ready.run(*ask, env=env, **who).ok()
