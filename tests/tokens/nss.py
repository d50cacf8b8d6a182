# SPDX-License-Identifier: Apache-2.0
"""NSS' software token: a database of which the module is told when it is initialised."""

import pathlib

import capabilities
import real

MODULE = f"{capabilities.LIB}/libsoftokn3.so"


class Token(real.RealToken):
    NAME = "nss"
    MODULE = MODULE
    LABEL = "NSS Certificate DB"
    init_args = None
    refusals = ((7, "MECHANISM"),)

    def set_up(self):
        database = self.dir / "db"
        database.mkdir(mode=0o700)
        self.other("certutil", "-N", "-d", f"sql:{database}", "-f", self.pin_file)
        self.init_args = f"configdir='sql:{database}' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
        # By the module's name it is found with these arguments, by the alias with its own.
        known = pathlib.Path("/etc/pkcs11/modules")
        known.mkdir(parents=True, exist_ok=True)
        (known / "nss.module").write_text(f"module: {MODULE}\nx-init-reserved: {self.init_args}\n")
        self.env["P11CSR_MODULE"] = "nss"
        self.name = "nss-db"
        config = self.home / "config" / "p11csr"
        config.mkdir(parents=True)
        uri = "pkcs11:token=NSS%20Certificate%20DB"
        (config / "p11csr.yaml").write_text(
            f'tokens:\n  nss-db:\n    uri: "{uri}"\n    module: {MODULE}\n    init-args: "{self.init_args}"\n'
        )
