# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2 with its file store."""

import support
import real


class Token(real.RealToken):
    NAME = "softhsm2"
    MODULE = support.MODULE
    refusals = ((7, "MECHANISM"),)

    def set_up(self):
        store = self.dir / "store"
        store.mkdir(mode=0o700)
        config = self.dir / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {store}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env["SOFTHSM2_CONF"] = str(config)
        self.other(
            "softhsm2-util",
            *("--init-token", "--free", "--label", self.label),
            *("--so-pin", support.SO_PIN, "--pin", self.PIN),
        )
