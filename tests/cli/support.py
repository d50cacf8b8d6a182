# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: a sandbox to run p11csr in, a SoftHSM2 token, and judges that are
not p11csr."""

import datetime
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import jsonschema
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

PROGRAM = os.environ["P11CSR_PROGRAM"]
MBED_VERIFY = os.environ["P11CSR_MBED_VERIFY"]
# The programs and modules of the build stand beside each other.
SHIM = pathlib.Path(PROGRAM).parents[2] / "tests/fault/shim/p11csr-shim.so"
TESTS = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = TESTS / "schema"
RAW = pathlib.Path(__file__).resolve().with_name("raw.py")
LABEL = "test token"
# Nothing that p11csr prints by itself can hold this: base64 and hex have no '-'.
PIN = "Zq7-kestrel-93"
SO_PIN = "Yw4-plover-58-so"
TIMEOUT = 60
SUBJECT = ("--subject", "CN=www.example.com")
sys.path.append(str(TESTS / "fault"))  # shim.py
# For a crash that a test wants to see as the kernel tells it: sanitizers would catch the signal.
UNCAUGHT = {
    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0",
    "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0",
}
# Sanitizers are steered by these.
KEPT = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH", "LD_PRELOAD")


def soft_module():
    """The SoftHSM2 module of this machine."""
    folders = (
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu/softhsm",
        "/usr/lib64/softhsm",
        "/usr/lib/aarch64-linux-gnu/softhsm",
        "/usr/lib64",
        "/usr/local/lib/softhsm",
    )
    for folder in folders:
        path = pathlib.Path(folder) / "libsofthsm2.so"
        if path.exists():
            return str(path)
    raise AssertionError("SoftHSM2 is not installed")


MODULE = soft_module()


def load_schemas():
    found = {}
    for path in SCHEMAS.glob("*.json"):
        found[path.stem] = json.loads(path.read_text())
        jsonschema.Draft7Validator.check_schema(found[path.stem])
    return found


SCHEMA = load_schemas()


def validate(answer, name):
    """Holds a JSON answer against the schema of that name."""
    store = {f"{key}.json": schema for key, schema in SCHEMA.items()}
    resolver = jsonschema.RefResolver(f"{name}.json", SCHEMA[name], store=store)
    wrong = jsonschema.exceptions.best_match(
        jsonschema.Draft7Validator(SCHEMA[name], resolver=resolver).iter_errors(answer)
    )
    assert wrong is None, f"{name}.json: {list(wrong.absolute_path)}: {wrong.message}"


def check_answer(text, args):
    """A JSON answer is one line that its command's schema allows."""
    assert text.endswith("\n") and text.count("\n") == 1, text
    answer = json.loads(text)
    if answer.get("command") == "doctor" and "modules" in answer:
        validate(answer, "doctor")  # what was found, whatever it is
    elif answer.get("command") == "renew" and "renewed" in answer:
        validate(answer, "renew")  # those that were done, and those that failed
    elif not answer["ok"]:
        validate(answer, "error")
    elif "--help" in args or "--version" in args:
        validate(answer, "help" if "--help" in args else "version")
    elif "--dry-run" in args:
        validate(answer, "request-dry-run")
    else:
        validate(answer, answer["command"].replace(" ", "-"))
    return answer


class Result:
    """How a run of p11csr ended."""

    def __init__(self, args, status, out, err):
        self.args = args
        self.status = status
        self.bytes = out
        self.out = out.decode("utf-8", "backslashreplace")
        self.err = err.decode("utf-8", "backslashreplace")
        self.json = check_answer(self.out, args) if "--json" in args else None

    def __repr__(self):
        return f"<{' '.join(map(str, self.args))} -> {self.status}\n{self.out}{self.err}>"

    def ok(self):
        assert self.status == 0, self
        return self


class Box:
    """A home of its own for p11csr, with nothing of the caller's environment."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.work = self.dir / "work"
        self.home = self.dir / "home"
        self.results = []
        self.secrets = [PIN, SO_PIN]
        for path in (self.work, self.home, self.dir / "run"):
            path.mkdir(mode=0o700)
        self.env = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_RUNTIME_DIR": str(self.dir / "run"),
            "P11CSR_MODULE": MODULE,
        }
        self.env.update({name: os.environ[name] for name in KEPT if name in os.environ})

    def environment(self, changes=None):
        env = dict(self.env)
        for name, value in (changes or {}).items():
            env.pop(name, None)
            if value is not None:
                env[name] = str(value)
        return env

    def start(self, *args, env=None, **more):
        """Starts p11csr without a controlling terminal."""
        return subprocess.Popen(
            [PROGRAM, *map(str, args)],
            env=self.environment(env),
            cwd=more.pop("cwd", self.work),
            start_new_session=True,
            **more,
        )

    def took(self, args, status, out, err):
        result = Result(args, status, out or b"", err or b"")
        self.results.append(result)
        return result

    def run(self, *args, stdin=None, env=None, **more):
        """Runs p11csr to its end. `stdin` is what it reads there."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        more.setdefault("stdin", subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        more.setdefault("stdout", subprocess.PIPE)
        child = self.start(*args, env=env, stderr=subprocess.PIPE, **more)
        try:
            out, err = child.communicate(stdin, timeout=TIMEOUT)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        return self.took(args, child.returncode, out, err)

    def snapshot(self):
        """Every name in the working folder, with what regular files hold."""
        return {
            path.relative_to(self.work).as_posix(): path.read_bytes()
            if path.is_file() and not path.is_symlink()
            else None
            for path in sorted(self.work.rglob("*"))
        }

    def refused(self, *args, status, code, says, stdin=None, env=None, **more):
        """
        Runs a command that must fail, for people and as JSON: with this exit status, this code, these texts,
        nothing on stdout, and no file made or changed.
        """
        before = self.snapshot()
        texts = [says] if isinstance(says, str) else says
        plain = self.run(*args, stdin=stdin, env=env, **more)
        assert plain.status == status, plain
        assert plain.out == "", plain
        lines = plain.err.splitlines()
        assert any(line.startswith("p11csr: error: ") for line in lines), plain
        assert code == "CHECK_FAILED" or lines[-1].startswith("  hint:  "), plain
        # Where a command line is wrong, what stands behind the mistake may be part of it.
        asked = ("--json", *args) if code == "USAGE" else (*args, "--json")
        machine = self.run(*asked, stdin=stdin, env=env, **more)
        assert machine.status == status, machine
        error = machine.json["error"]
        assert machine.json["ok"] is False and error["code"] == code and error["exit"] == status, machine
        whole = "\n".join([error["message"], *error["cause"], *error["notes"], error["hint"]])
        for text in texts:
            assert text in plain.err, (text, plain)
            assert text in whole, (text, machine)
        assert self.snapshot() == before, (before.keys(), self.snapshot().keys())
        return machine

    @staticmethod
    def shell_words(text):
        return shlex.split(text)

    @staticmethod
    def parse(text):
        return json.loads(text)

    def shown_secrets(self):
        """The secrets that any run has printed."""
        secrets = set(self.secrets)
        for path in self.home.rglob("*pin"):
            secrets.add(path.read_text().strip())
        forms = {form for secret in secrets for form in (secret, secret.encode().hex())}
        return [
            (form, result)
            for result in self.results
            for form in forms
            if form in result.out or form in result.err
        ]


class Token(Box):
    """A sandbox with a SoftHSM2 token that p11csr did not make."""

    def __init__(self, folder):
        super().__init__(folder)
        self.label = LABEL
        self.pin = PIN
        self.pin_file = self.dir / "pin"
        self.write_pin(self.pin_file, PIN)
        store = self.dir / "store"
        store.mkdir(mode=0o700)
        config = self.dir / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {store}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env["SOFTHSM2_CONF"] = str(config)
        self.login = ("--pin-source", f"file:{self.pin_file}")
        self.at = ("--token", LABEL, *self.login)
        self.add_token(LABEL)

    @staticmethod
    def write_pin(path, pin, mode=0o600):
        path.write_text(pin + "\n")
        path.chmod(mode)
        return f"file:{path}"

    def other(self, *command, check=True, stdin=None):
        """Runs another program in the sandbox."""
        done = subprocess.run(
            list(map(str, command)),
            env=self.env,
            cwd=self.work,
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert not check or done.returncode == 0, done
        return done

    def add_token(self, label):
        self.other(
            "softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", self.pin
        )

    def tool(self, *args, **more):
        """pkcs11-tool, logged in."""
        return self.other(
            "pkcs11-tool",
            "--module",
            MODULE,
            "--token-label",
            self.label,
            "--login",
            "--pin",
            self.pin,
            *args,
            **more,
        )

    def raw(self, *args):
        """PKCS#11 calls with attributes that no tool offers: see raw.py."""
        return self.other(sys.executable, RAW, MODULE, self.label, self.pin, *args)

    def make_key(self, spec="p256", label="web", key_id="01"):
        """Makes a key pair with p11csr itself; returns what it says about it."""
        return (
            self.run("keys", "generate", spec, *self.at, "--key-label", label, "--key-id", key_id, "--json")
            .ok()
            .json["key"]
        )

    def make_able_key(self, spec="p256", label="web", key_id="01"):
        """A key that may do all that a key usage can say."""
        self.raw(spec, label, key_id, "decrypt=1", "derive=1")

    def request(self, *args, **more):
        """A request that must succeed, by default for the key 'web'."""
        if not any(str(arg) in ("--key-label", "--key-id") or str(arg).startswith("pkcs11:") for arg in args):
            args = ("--key-label", "web", *args)
        where = self.at if not any(str(arg).startswith("pkcs11:") for arg in args) else self.login
        return self.run("request", *where, *args, **more).ok()

    def pin_state(self):
        return self.run("tokens", "show", "--token", self.label, "--json").ok().json["token"]["pin-state"]

    def keys(self):
        return self.run("keys", "list", *self.at, "--json").ok().json["keys"]


def to_pem(der):
    return x509.load_der_x509_csr(der).public_bytes(serialization.Encoding.PEM)


class Judges:
    """Programs and libraries that say whether a request proves itself, without p11csr."""

    USING_OPENSSL = {"openssl", "pyca"}

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.count = 0
        self.call("botan", "keygen", "--algo=ECDSA", "--params=secp256r1", f"--output={self.dir}/ca.key")
        made = self.call(
            "botan", "gen_self_signed", f"{self.dir}/ca.key", "Test CA", "--ca", f"--output={self.dir}/ca.crt"
        )
        assert made.returncode == 0 and (self.dir / "ca.crt").stat().st_size > 0, made

    @staticmethod
    def call(*command, stdin=None):
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, input=stdin, env=env, capture_output=True, timeout=TIMEOUT, check=False
        )

    def openssl(self, pem):
        # OpenSSL 3.0 ends with status 0 whatever it finds: the text tells.
        done = self.call("openssl", "req", "-verify", "-noout", stdin=pem)
        said = done.stdout + done.stderr
        assert (b"verify OK" in said) != (b"verify failure" in said), done
        return b"verify OK" in said

    @staticmethod
    def pyca(pem):
        return x509.load_pem_x509_csr(pem).is_signature_valid

    def gnutls(self, pem):
        done = self.call("certtool", "--crq-info", stdin=pem)
        assert b"Self signature:" in done.stdout, done
        return b"Self signature: verified" in done.stdout

    def botan(self, pem):
        # The parser of requests checks the signature: a wrong one is never certified.
        self.count += 1
        path = self.dir / f"{self.count}.csr"
        path.write_bytes(pem)
        done = self.call("botan", "sign_cert", f"{self.dir}/ca.crt", f"{self.dir}/ca.key", str(path))
        path.unlink()
        if b"Bad signature detected" in done.stderr:
            return False
        # A verified request may still ask for what Botan does not certify.
        assert b"BEGIN CERTIFICATE" in done.stdout or b"Error: Invalid ECDSA constraints" in done.stderr, done
        return True

    def mbedtls(self, pem):
        done = self.call(MBED_VERIFY, stdin=pem)
        assert (done.returncode, done.stdout) in ((0, b"good\n"), (1, b"bad\n")), done
        return done.returncode == 0

    def keytool(self, pem):
        # Java's own code. The options are for a quick start, and for no file in /tmp.
        done = self.call(
            "keytool",
            "-J-XX:TieredStopAtLevel=1",
            "-J-XX:+UseSerialGC",
            "-J-XX:-UsePerfData",
            "-printcertreq",
            stdin=pem,
        )
        if done.returncode != 0:
            assert b"SignatureException: Invalid PKCS #10 signature" in done.stdout + done.stderr, done
            return False
        assert b"PKCS #10 Certificate Request" in done.stdout, done
        return True

    def fitting(self, csr):
        """Those that know this kind of key: OpenSSL twice, and at least two that do not use it."""
        key = csr.public_key()
        with_openssl = [self.openssl, self.pyca]
        if isinstance(key, ed448.Ed448PublicKey):
            return [*with_openssl, self.gnutls, self.keytool]  # Botan 2 and mbed TLS have no Ed448
        if isinstance(key, ed25519.Ed25519PublicKey):
            return [*with_openssl, self.gnutls, self.botan]  # mbed TLS has no Ed25519
        assert isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey))
        fit = [*with_openssl, self.botan]
        if isinstance(key, rsa.RSAPublicKey) or key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
            fit.append(self.gnutls)  # it has no brainpool, no secp256k1
        if csr.subject.rdns:
            fit.append(self.mbedtls)  # it reads no request with an empty subject
        return fit

    def verdicts(self, pem):
        """What each of them says; a request that fewer than two judge without OpenSSL is not proven."""
        if isinstance(pem, str):
            pem = pem.encode()
        csr = x509.load_pem_x509_csr(pem)
        verdicts = {judge.__name__: judge(pem) for judge in self.fitting(csr)}
        assert "openssl" in verdicts and len(set(verdicts) - self.USING_OPENSSL) >= 2, verdicts
        return verdicts

    def text(self, pem):
        """What `openssl req -text` prints, one blank for any run of them."""
        done = self.call(
            "openssl",
            "req",
            "-noout",
            "-text",
            "-nameopt",
            "RFC2253,utf8,-esc_msb",
            stdin=pem.encode() if isinstance(pem, str) else pem,
        )
        assert done.returncode == 0, done
        return re.sub(r"\s+", " ", done.stdout.decode())


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    """A CA of the test's own, with a key in software."""

    def __init__(self, common_name="Test CA", issuer=None):
        self.name = name(common_name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer or self
        self.certificate = self.issuer.issue(self.name, self.key.public_key(), ca=True)

    def issue(self, subject, public_key, days=(-2, 90), serial=None, ca=False):
        """`days`: from when, to when, counted from now and half a day."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        now += datetime.timedelta(hours=12)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return builder.sign(self.key, hashes.SHA256())


def public_key(token, label):
    """The public half of a key on the token, as a request proves it."""
    answer = token.request("--key-label", label, "--subject", f"CN={label}", "--json").json
    return x509.load_pem_x509_csr(answer["pem"].encode()).public_key()


def certify(token, folder, label="web", authority=None, **more):
    """Writes a certificate in DER for a key on the token."""
    certificate = (authority or Authority()).issue(name(label), public_key(token, label), **more)
    path = pathlib.Path(folder) / f"{label}-{certificate.serial_number:x}.der"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return path


def remove(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)
