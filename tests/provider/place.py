# SPDX-License-Identifier: Apache-2.0
"""
A token whose keys other programs use through the OpenSSL provider, and the same programs without it, which
judge what was made.
"""

import datetime
import ipaddress
import os
import pathlib
import socket
import subprocess
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import support

PROVIDER = pathlib.Path(os.environ["P11CSR_PROVIDER"])
# In which the providers are loaded; in the second one OpenSSL asks p11csr first, whatever it looks for.
ORDERS = (("default", "p11csr"), ("p11csr", "default"))
TOKEN = f"pkcs11:token={urllib.parse.quote(support.LABEL)}"
PEM = serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DATA = b"What is signed in the tests of the provider.\n" * 40
NAMES = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
USAGES = x509.oid.ExtendedKeyUsageOID


class Authority:
    """A CA in software, which certifies the token's keys for the tests that are not about certificates."""

    OF_CA = (
        x509.BasicConstraints(ca=True, path_length=None),
        x509.KeyUsage(
            **dict.fromkeys(("digital_signature", "key_cert_sign", "crl_sign"), True),
            **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False),
            **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
        ),
    )

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = support.name("CA of the tests")
        self.certificate = self.sign(self.name, self.key.public_key(), *self.OF_CA)

    def sign(self, subject, public_key, *critical, plain=()):
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=7))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        for extension in critical:
            builder = builder.add_extension(extension, critical=True)
        for extension in plain:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)

    def certify(self, label, public_key, ca=False, usage=None):
        """For a CA, for one usage alone (which some standards demand), or for TLS and mail."""
        if ca:
            return self.sign(support.name(label), public_key, *self.OF_CA)
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        if usage is not None:
            return self.sign(support.name(label), public_key, constraints, x509.ExtendedKeyUsage([usage]))
        common = (USAGES.SERVER_AUTH, USAGES.CLIENT_AUTH, USAGES.EMAIL_PROTECTION)
        more = (x509.ExtendedKeyUsage(common), x509.SubjectAlternativeName(NAMES))
        return self.sign(support.name(label), public_key, constraints, plain=more)


class Key:
    """A key pair on the token: what it is called by, and files about it."""

    def __init__(self, place, spec):
        self.spec = spec
        self.place = place
        self.label = f"{spec} key"
        made = place.run("keys", "generate", spec, *place.at, "--key-label", self.label, "--json").ok()
        self.uri = made.json["key"]["uri"]
        self.public = place.dir / f"{spec}.pub"
        self.public.write_bytes(self.ask("keys", "public", "--form", "spki-pem"))

    def ask(self, *command):
        return self.place.run(*command, *self.place.at, "--key-label", self.label).ok().bytes

    @property
    def file(self):
        """What programs are given that know nothing but files."""
        path = self.place.dir / f"{self.spec}.key"
        if not path.exists():
            path.write_bytes(self.ask("keys", "show", "--pem-uri"))
        return path

    def load_public(self):
        return serialization.load_pem_public_key(self.public.read_bytes())


class Process:
    """A running program, ended with its block. `log` is all that it has said."""

    def __init__(self, command, env, folder):
        self.command = list(map(str, command))
        self.path = folder / f"{pathlib.Path(self.command[0]).name}-{time.monotonic_ns()}.log"
        with open(self.path, "wb") as log:
            # Its standard input stays open: the end of that is the end of some.
            self.child = subprocess.Popen(
                self.command, env=env, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log
            )

    @property
    def log(self):
        return self.path.read_text("utf-8", "replace")

    def until(self, what, is_so):
        """Waits for something to become true while the program runs: no measurement."""
        end = time.monotonic() + support.TIMEOUT
        while True:
            found = is_so()
            if found:
                return found
            assert self.child.poll() is None, (what, self.child.returncode, self.command, self.log)
            assert time.monotonic() < end, (what, self.command, self.log)
            time.sleep(0.01)

    def until_open(self, port):
        def is_open():
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", port)) == 0

        self.until(f"it listens on port {port}", is_open)

    def ends(self, status=0):
        """It ends by itself, or of a signal that was sent before."""
        got = self.child.wait(timeout=support.TIMEOUT)
        assert got == status, (got, self.command, self.log)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
            assert kind is not None, ("still runs", self.command, self.log)
        self.child.stdin.close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Place(support.Token):
    """The token; openssl() has the provider, judge() has not."""

    def __init__(self, folder, authority):
        super().__init__(folder)
        self.authority = authority
        self.ca = self.dir / "authority.pem"
        self.ca.write_bytes(authority.certificate)
        self.found = {}
        self.plain = {"PATH": self.env["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.dir)}
        self.order = ORDERS[0]
        # Found where no openssl.cnf says more.
        self.configured = self.dir / "configured"
        (self.configured / "p11csr").mkdir(parents=True)
        (self.configured / "p11csr/p11csr.yaml").write_text(
            f'tokens:\n  mine:\n    uri: "{TOKEN}"\n    module: {support.MODULE}\n'
            f'    pin-source: "file:{self.pin_file}"\n'
        )

    def begin(self, order):
        self.order = order
        self.env["OPENSSL_CONF"] = str(self.write("openssl.cnf", self.config()))
        (self.work / "data").write_bytes(DATA)

    def end(self):
        support.remove(self.work)
        self.work.mkdir(mode=0o700)

    def write(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def config(self, more=""):
        """An openssl.cnf that loads both providers."""
        ours = (f"pkcs11-module = {support.MODULE}", f"pin-source = file:{self.pin_file}")
        return "\n".join(
            [
                *("openssl_conf = start", "[start]", "providers = list", "[list]"),
                *(f"{name} = {name}_settings" for name in self.order),
                *("[default_settings]", "activate = 1"),
                *("[p11csr_settings]", f"module = {PROVIDER}", "activate = 1", *ours),
                *("[req]", "distinguished_name = dn", "[dn]", more),
                "",
            ]
        )

    def key(self, spec):
        if spec not in self.found:
            self.found[spec] = Key(self, spec)
        return self.found[spec]

    def certificate(self, key, **more):
        """The path of a certificate for the key, by the CA in software."""
        path = self.work / f"{key.spec}-{len(list(self.work.iterdir()))}.crt"
        path.write_bytes(self.authority.certify(key.label, key.load_public(), **more))
        return path

    def soft_key(self, name):
        """NAME.key in software, and NAME.crt for it by the CA."""
        key = ec.generate_private_key(ec.SECP256R1())
        (self.work / f"{name}.crt").write_bytes(self.authority.certify(name, key.public_key()))
        form = (PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.work / f"{name}.key").write_bytes(key.private_bytes(*form))

    def execute(self, env, status, command, stdin):
        done = subprocess.run(
            list(map(str, command)),
            **(dict(stdin=subprocess.DEVNULL) if stdin is None else dict(input=stdin)),
            env=env,
            cwd=self.work,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        assert status is None or done.returncode == status, done
        for secret in self.secrets:
            assert secret.encode() not in done.stdout + done.stderr, done
        return done

    def openssl(self, *args, stdin=None, status=0, env=None):
        """Runs openssl with the provider to this exit status (a signal is never one); returns its stdout."""
        return self.execute(self.environment(env), status, ["openssl", *args], stdin).stdout

    def by_options(self, command, *args, **more):
        """The same, where options load the providers and p11csr has settings of its own configuration."""
        orders = [word for name in self.order for word in ("-provider", name)]
        path = ("-provider-path", PROVIDER.parent)
        env = {"OPENSSL_CONF": "/dev/null", "XDG_CONFIG_HOME": self.configured, "P11CSR_MODULE": None}
        return self.openssl(command, *path, *orders, *args, env=env, **more)

    def judge(self, *args, stdin=None, status=0):
        """openssl without the provider."""
        return self.execute(self.plain, status, ["openssl", *args], stdin).stdout

    def serve(self, *command):
        """A program that has the provider, as a Process."""
        return Process(command, self.environment(), self.work)

    def serve_judge(self, *command):
        return Process(command, self.plain, self.work)

    def certified(self, *names, ca=None, more=()):
        """OpenSSL and GnuTLS find these certificates issued by the CA."""
        for name in names:
            said = self.judge("verify", *more, "-CAfile", ca or self.ca, name)
            assert said == f"{name}: OK\n".encode(), said
