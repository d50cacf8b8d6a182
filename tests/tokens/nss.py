# SPDX-License-Identifier: Apache-2.0
"""NSS' software token: a database whose place the module is told when it is initialised."""

import capabilities
import real

MODULE = f"{capabilities.LIB}/libsoftokn3.so"


class Token(real.RealToken):
    NAME = "nss"
    MODULE = MODULE
    LABEL = "NSS Certificate DB"

    def set_up(self):
        database = self.dir / "db"
        database.mkdir(mode=0o700)
        self.other("certutil", "-N", "-d", f"sql:{database}", "-f", self.pin_file)
