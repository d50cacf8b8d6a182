# SPDX-License-Identifier: Apache-2.0
"""What the fixtures of all real tokens share: a sandbox for p11csr in which a token and its daemons run."""

import json
import pathlib
import subprocess
import sys
import time

import capabilities
import support

FOLDER = pathlib.Path(__file__).resolve().parent
LIBRARY = pathlib.Path(support.PROGRAM).parents[1] / "lib" / "libp11csr.so"
LISTED = json.loads(
    subprocess.run(
        [support.PROGRAM, "algorithms", "--json"], stdout=subprocess.PIPE, check=True, timeout=support.TIMEOUT
    ).stdout
)
KEYS = {row["name"]: row for row in LISTED["keys"]}
WEAK = {"rsa-pkcs1-sha1"}


def schemes_for(spec):
    """The schemes that fit this kind of key and need no permission."""
    if spec in capabilities.EDWARDS:
        return [spec]
    family = KEYS[spec]["family"]
    return [row["name"] for row in LISTED["schemes"] if row["family"] == family and row["name"] not in WEAK]


def sanitizer():
    """What Python needs to load a library that was built with a sanitizer."""
    needs = subprocess.run(["ldd", LIBRARY], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = [line.split()[2] for line in needs.splitlines() if line.strip().startswith("libasan.so")]
    return {"LD_PRELOAD": found[0], "ASAN_OPTIONS": "detect_leaks=0"} if found else {}


def logins_in(path):
    """The logins in a list that the shim wrote, as (user type, what the module said)."""
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(words[3], words[2]) for words in lines if words[0] == "C_Login"]


class Library:
    """A running library.py. Its answers begin with OK or the name of an error."""

    def __init__(self, token, *args):
        source = f"file:{token.pin_file}"
        self.process = subprocess.Popen(
            [sys.executable, FOLDER / "library.py", LIBRARY, source, *map(str, args)],
            env=token.environment(sanitizer()),
            cwd=token.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        assert self.process.wait(timeout=support.TIMEOUT) == 0
        self.process.stdout.close()

    def ask(self, *words):
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")


class RealToken(support.Box):
    """
    A token that is started before the first test of a run and stopped after the last one. Each kind of token
    says how, and what it is called.
    """

    NAME = None
    MODULE = None
    LABEL = "real token"
    PIN = "Zq7-kestrel-93"
    WRONG_PIN = "Zq7-kestrel-94"
    refusals = ()  # (exit status, code) for a kind of key that the token does not make

    def __init__(self, folder):
        super().__init__(folder)
        self.row = capabilities.row_named(self.NAME)
        self.daemons = []
        self.counter = 0
        self.env["P11CSR_MODULE"] = self.MODULE
        self.label = self.LABEL
        self.name = self.LABEL  # what --token is given
        self.secrets = [self.PIN, self.WRONG_PIN]
        self.pin_file = self.write_pin("pin", self.PIN)

    def set_up(self):
        """Starts the token."""
        raise NotImplementedError

    def tear_down(self):
        """Ends what set_up() has started."""
        for daemon in reversed(self.daemons):
            self.end(daemon)
        self.daemons = []

    def write_pin(self, name, pin):
        path = self.dir / name
        path.write_text(pin + "\n")
        path.chmod(0o600)
        return path

    @property
    def at(self):
        return ("--token", self.name, "--pin-source", f"file:{self.pin_file}")

    @property
    def at_wrongly(self):
        # A new file each time: a wrong PIN is not sent again from one that has not changed.
        self.wrong_pin_file = self.write_pin(self.new_name(), self.WRONG_PIN)
        return ("--token", self.name, "--pin-source", f"file:{self.wrong_pin_file}")

    def daemon(self, *command, env=None, log=None):
        """Starts a program that is ended by tear_down(), in the process group of the tests."""
        path = self.dir / (log or f"{pathlib.Path(command[0]).name}.log")
        with open(path, "ab") as file:
            daemon = subprocess.Popen(
                list(map(str, command)),
                env=self.environment(env),
                cwd=self.dir,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.daemons.append(daemon)
        return daemon

    @staticmethod
    def end(daemon):
        if daemon.poll() is None:
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def until(self, what, is_so, seconds=20):
        """Waits for something to become true; that is a condition of the tests, not a measurement."""
        end = time.monotonic() + seconds
        while not is_so():
            logs = {path.name: path.read_text("utf-8", "replace")[-2000:] for path in self.dir.glob("*.log")}
            assert time.monotonic() < end, (what, logs)
            time.sleep(0.02)

    def other(self, *command, check=True, env=None, stdin=None, cwd=None):
        """Runs another program in the sandbox."""
        done = subprocess.run(
            list(map(str, command)),
            env=self.environment(env),
            cwd=cwd or self.dir,
            input=stdin,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        assert not check or done.returncode == 0, done
        return done

    def tool(self, *args, **more):
        """pkcs11-tool on the token's module."""
        return self.other("pkcs11-tool", "--module", self.MODULE, *args, **more)

    def new_name(self):
        """A label that no other test of this run uses."""
        self.counter += 1
        return f"key-{self.counter}"

    def key_of(self, spec):
        """The options that select a key of this kind: a new one where the token makes them."""
        if spec in self.row.holds:
            return self.held(spec)
        label = self.new_name()
        self.run("keys", "generate", spec, *self.at, "--key-label", label, "--json").ok()
        return ("--key-label", label)

    def held(self, spec):
        """The options that select the key of this kind which is on the token from the start."""
        raise NotImplementedError

    def keys(self):
        return self.run("keys", "list", *self.at, "--json").ok().json["keys"]

    def pin_state(self):
        return self.run("tokens", "show", "--token", self.name, "--json").ok().json["token"]["pin-state"]

    def logins(self, *args, status):
        """Runs a command that ends so; returns the logins it sent as (user type, what the module said)."""
        seen = self.dir / "logins"
        seen.unlink(missing_ok=True)
        env = {"P11CSR_MODULE": support.SHIM, "P11SHIM_MODULE": self.MODULE, "P11SHIM_LOG": seen}
        result = self.run(*args, env=env)
        assert result.status == status, result
        return result, logins_in(seen)

    def library(self, *args):
        """Another process that uses libp11csr, with one context for all that it is asked."""
        return Library(self, *args)

    def forget_tries(self):
        """For tokens that count wrong PINs on when a good one came between; most do not."""

    def unlock(self):
        """Makes a locked PIN good again; only for tokens that lock."""
        raise NotImplementedError
