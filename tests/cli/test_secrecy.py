# SPDX-License-Identifier: Apache-2.0
"""What others on the machine can see while p11csr has the PIN in its hands."""

import ctypes
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile

import pytest

import support

SUBJECT = ("--subject", "CN=www.example.com")
NOBODY = 65534


class Opening:
    """Tells when somebody opens a file (inotify)."""

    IN_OPEN = 0x20

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        assert self.fd >= 0 and libc.inotify_add_watch(self.fd, os.fsencode(path), self.IN_OPEN) >= 0

    def wait(self, other):
        """Until then, or until something can be read from `other`; True if it was opened."""
        ready = select.select([self.fd, other], [], [], support.TIMEOUT)[0]
        return self.fd in ready


class Held:
    """p11csr stopped at the last moment: the request is signed, and the pipe it goes to is full."""

    def __init__(self, token, *args, env=None, **more):
        self.fifo = token.work / "fifo"
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        self.pipe = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK)
        try:
            while True:
                os.write(self.pipe, b"x" * 4096)
        except BlockingIOError:
            pass
        opening = Opening(self.fifo)
        self.child = token.start(
            *args,
            "-o",
            self.fifo,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **more,
        )
        opened = opening.wait(self.child.stderr)
        os.close(opening.fd)
        assert opened, self.child.communicate(timeout=support.TIMEOUT)

    def proc(self, name):
        with open(f"/proc/{self.child.pid}/{name}", "rb") as file:
            return file.read()

    def environment(self):
        """None when not even its own user may read it."""
        try:
            return self.proc("environ")
        except PermissionError:
            assert os.getuid() != 0
            return None

    def close(self):
        self.child.kill()
        self.child.communicate(timeout=support.TIMEOUT)
        os.close(self.pipe)


@pytest.fixture
def hold(token):
    token.make_key()
    held = []

    def start(*args, **more):
        held.append(
            Held(token, "request", "--token", token.label, "--key-label", "web", *SUBJECT, *args, **more)
        )
        return held[-1]

    yield start
    for each in held:
        each.close()


def test_command_line_and_environment(token, hold):
    """The variable that held the PIN is overwritten in place; only root gets to see even that."""
    held = hold("--pin-source", "env:HSM_PIN", env={"HSM_PIN": token.pin, "OTHER": "visible"})
    assert held.proc("cmdline") and token.pin.encode() not in held.proc("cmdline")
    environment = held.environment()
    if os.getuid() == 0:
        assert b"OTHER=visible" in environment and token.pin.encode() not in environment
    else:
        assert environment is None


def test_environment_with_a_file(token, hold):
    held = hold(*token.login)
    assert held.proc("cmdline") and token.pin.encode() not in held.proc("cmdline")
    assert token.pin.encode() not in (held.environment() or b"")


def test_no_core_dump(token, hold):
    """A crash leaves no memory image behind, whatever the limit."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    held = hold(*token.login, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, limit)))
    os.kill(held.child.pid, signal.SIGABRT)
    _, status = os.waitpid(held.child.pid, 0)
    held.child.returncode = -os.WTERMSIG(status)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)
    assert [path.name for path in token.work.iterdir()] == ["fifo"]


def test_other_processes_of_the_user_cannot_look_in(token, hold):
    """
    A process that is not dumpable belongs to root in /proc, which keeps the user's other programs out of its
    memory. Root runs this as somebody else: everything is root's in any case.
    """
    who = {}
    owner = os.getuid()
    with tempfile.TemporaryDirectory() as tools:
        if owner == 0:
            os.chmod(tools, 0o755)
            owner = NOBODY
            who = {
                "user": owner,
                "group": owner,
                "extra_groups": [],
                "executable": shutil.copy(support.PROGRAM, tools),
            }
            for path in [token.dir, *token.dir.rglob("*")]:
                os.chown(path, owner, owner)
        plain = subprocess.Popen(
            ["/bin/cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            **{key: value for key, value in who.items() if key != "executable"},
        )
        held = hold(*token.login, **who)
        try:
            assert os.stat(f"/proc/{plain.pid}/environ").st_uid == owner
            assert os.stat(f"/proc/{held.child.pid}/environ").st_uid == 0
        finally:
            plain.communicate(b"")


def test_nothing_on_disk_holds_the_pin(token):
    """Neither the request, nor records, logs, or what a failure leaves."""
    token.make_key()
    log = token.dir / "log"
    (token.dir / "config.yaml").write_text(f"log: {{ file: {log} }}\n")
    start = ("--config", token.dir / "config.yaml", *token.at)
    token.run("request", *start, "--key-label", "web", *SUBJECT, "-o", "a.csr").ok()
    token.run("request", *start, "--generate", "p256", "--key-label", "new", *SUBJECT, "-o", "/dev/full")
    token.run(
        "request",
        "--config",
        token.dir / "config.yaml",
        "--key-label",
        "web",
        *SUBJECT,
        f"pkcs11:token=test%20token?pin-value={token.pin}",
        "-o",
        "b.csr",
    ).ok()
    assert (token.work / "b.csr").exists() and log.stat().st_size > 0
    for path in token.dir.rglob("*"):
        if path.is_file() and path != token.pin_file:
            assert token.pin.encode() not in path.read_bytes(), path


def test_call_log_is_refused(token):
    """pkcs11-spy writes the PIN into its log: no PIN is sent through it."""
    token.make_key()
    spy = next(
        (
            path
            for path in (
                "/usr/lib/x86_64-linux-gnu/pkcs11/pkcs11-spy.so",
                "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so",
                "/usr/lib/aarch64-linux-gnu/pkcs11/pkcs11-spy.so",
                "/usr/lib64/pkcs11-spy.so",
            )
            if os.path.exists(path)
        ),
        None,
    )
    assert spy is not None, "OpenSC's pkcs11-spy is not installed"
    log = token.dir / "spy.log"
    env = {"PKCS11SPY": support.MODULE, "PKCS11SPY_OUTPUT": log, "P11CSR_MODULE": None}
    ask = ("request", "--module", spy, *token.at, "--key-label", "web", *SUBJECT)
    token.refused(*ask, env=env, status=4, code="PIN_LOGGED", says=["call log", "no PIN was sent"])
    assert "C_GetTokenInfo" in log.read_text() and token.pin not in log.read_text()
    link = token.dir / "innocent.so"
    link.symlink_to(spy)
    token.refused(
        "request",
        "--module",
        link,
        *token.at,
        "--key-label",
        "web",
        *SUBJECT,
        env=env,
        status=4,
        code="PIN_LOGGED",
        says="no PIN was sent",
    )
    assert token.pin not in log.read_text()


def test_the_check_of_outputs_itself(token):
    """The fixture that looks for PINs finds one."""
    token.run("show", f"no-such-file-{token.pin}")
    assert token.shown_secrets()
    token.results.clear()
    token.run("--version").ok()
