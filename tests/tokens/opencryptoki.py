# SPDX-License-Identifier: Apache-2.0
"""opencryptoki's software token. Its paths are fixed: run in namespaces of its own."""

import pathlib
import shutil

import capabilities
import real

CONFIG = """version opencryptoki-3.1
slot 3
{
stdll = libpkcs11_sw.so
}
"""


class Token(real.RealToken):
    NAME = "opencryptoki"
    MODULE = f"{capabilities.LIB}/pkcs11/libopencryptoki.so"
    PIN, WRONG_PIN, SO_PIN = "Zq7kes93", "Zq7kes94", "Yw4plo58"  # at most 8
    refusals = ((7, "MECHANISM"),)

    def set_up(self):
        pathlib.Path("/etc/opencryptoki/opencryptoki.conf").write_text(CONFIG)
        for path in ("/run/lock/opencryptoki/swtok", "/var/lib/opencryptoki/swtok/TOK_OBJ"):
            pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        for top in ("/run/lock/opencryptoki", "/var/lib/opencryptoki"):
            for path in [pathlib.Path(top), *pathlib.Path(top).rglob("*")]:
                shutil.chown(path, group="pkcs11")
                path.chmod(0o770)
        self.daemon("/usr/sbin/pkcsslotd", "-f")
        self.until("pkcsslotd answers", self.answers)
        slot = ("--slot", "3")
        self.tool(*slot, "--init-token", "--label", self.label, "--so-pin", "87654321")
        so = (*slot, "--login", "--login-type", "so")
        self.tool(*so, "--so-pin", "87654321", "--change-pin", "--new-pin", self.SO_PIN)
        self.unlock()

    def unlock(self):
        so = ("--slot", "3", "--login", "--login-type", "so", "--so-pin", self.SO_PIN)
        self.tool(*so, "--init-pin", "--new-pin", self.PIN)
        # A PIN that the SO has set has to be changed before it is good for anything.
        self.tool("--slot", "3", "--login", "--pin", self.PIN, "--change-pin", "--new-pin", "11111111")
        self.tool("--slot", "3", "--login", "--pin", "11111111", "--change-pin", "--new-pin", self.PIN)

    def answers(self):
        return self.tool("--slot", "3", "-T", check=False).returncode == 0
