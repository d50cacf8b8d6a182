# SPDX-License-Identifier: Apache-2.0
"""openssl with p11csr's provider for the keys of a token, and openssl without it as the judge."""

import os

import real
import support

PROVIDER = os.environ["P11CSR_PROVIDER"]
CONFIG = """openssl_conf = start
[start]
providers = providers
[providers]
default = software
p11csr = p11csr
[software]
activate = 1
[p11csr]
module = {provider}
pkcs11-module = {module}
activate = 1
"""


class Openssl:
    """Runs openssl in the working folder of a token."""

    def __init__(self, token):
        self.token = token
        self.pin = f"?pin-source=file:{token.pin_file}"

    def config(self, module):
        """An openssl.cnf with the provider for this module."""
        path = self.token.dir / "openssl.cnf"
        path.write_text(CONFIG.format(provider=PROVIDER, module=module))
        return path

    def uri(self, select):
        """The URI of the private key, with where its PIN is."""
        token = self.token
        shown = token.run("keys", "show", *token.at, *select, "--json").ok().json["key"]
        return shown["uri"] + self.pin

    def run(self, *args, module=None, env=None, check=True):
        """A command that has the provider; by default it must end with 0."""
        config = self.config(module or self.token.env["P11CSR_MODULE"])
        env = {"OPENSSL_CONF": config, **(env or {})}
        return self.token.other("openssl", *args, env=env, cwd=self.token.work, check=check)

    def logins(self, *args, check=True):
        """The same; also what logins it sent, as (user type, what the module said)."""
        seen = self.token.dir / "logins"
        seen.unlink(missing_ok=True)
        env = {"P11SHIM_MODULE": self.token.MODULE, "P11SHIM_LOG": seen}
        return self.run(*args, module=support.SHIM, env=env, check=check), real.logins_in(seen)

    def judge(self, *args, check=True):
        """A command that has OpenSSL's own software only."""
        env = {"OPENSSL_CONF": "/dev/null"}
        return self.token.other("openssl", *args, env=env, cwd=self.token.work, check=check)
