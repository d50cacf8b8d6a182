# SPDX-License-Identifier: Apache-2.0
"""A token on SoftHSM2 that other programs use through p11csr.so."""

import os
import pathlib
import re
import subprocess

import support

PROVIDER = pathlib.Path(os.environ["P11CSR_PROVIDER"])
LIVES = os.environ["P11CSR_LIVES"]
AS_PLUGIN = (os.environ["P11CSR_PLUG"], os.environ["P11CSR_LIVES_PLUGIN"])
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

    def lives(self, mode, uri, command=(LIVES,), leaks=False, **env):
        """Runs lives.c; returns what it says. `leaks`: it is meant to end with memory that nobody has."""
        if leaks:
            env["ASAN_OPTIONS"] = f"{self.env.get('ASAN_OPTIONS', '')}:detect_leaks=0"
        done = subprocess.run(
            [*command, mode, PROVIDER.parent, uri, self.order[0]],
            env=self.environment({"OPENSSL_CONF": "/dev/null", **env}),
            cwd=self.work,
            capture_output=True,
            timeout=support.TIMEOUT,
            check=False,
        )
        assert done.returncode == 0 and done.stdout.endswith(b"done\n"), done
        return done
