# SPDX-License-Identifier: Apache-2.0
"""
The shim module in tests: writes its script, points p11csr at it, reads its log. shim/shim.h has the words.

    shim = Shim(token)                       # stands before the token's module from now on
    shim.script("C_Sign 1 return CKR_DEVICE_ERROR")
    token.run(...)
    assert shim.count("C_Login") == 1
"""

import shutil
from typing import NamedTuple

import support


class Call(NamedTuple):
    """A line of the log."""

    name: str
    session: str
    answer: str
    remark: str


class Shim:
    """The module between p11csr and the module of a support.Token, for all runs of that token."""

    def __init__(self, token, *rules, module=support.MODULE):
        self.token = token
        self.module = str(support.SHIM)
        self.script_file = token.dir / "shim.script"
        self.state_file = token.dir / "shim.state"
        self.log_file = token.dir / "shim.log"
        self.env = {
            "P11SHIM_MODULE": module,
            "P11SHIM_SCRIPT": str(self.script_file),
            "P11SHIM_STATE": str(self.state_file),
            "P11SHIM_LOG": str(self.log_file),
            "P11CSR_MODULE": self.module,
        }
        token.env.update(self.env)
        self.script(*rules)

    def script(self, *rules):
        """Writes the script anew, and forgets the calls of earlier runs. The PIN's tries stay."""
        self.script_file.write_text("".join(f"{rule}\n" for rule in rules))
        self.log_file.unlink(missing_ok=True)

    def move(self):
        """To a file of its own, whose lock no other test takes."""
        self.module = shutil.copy(support.SHIM, self.token.dir / "module.so")
        self.token.env["P11CSR_MODULE"] = str(self.module)

    def forget_tries(self):
        """As after an unblocking by the SO."""
        self.state_file.unlink(missing_ok=True)

    def calls(self, name=None):
        """The calls since script(), or those of one function."""
        lines = self.log_file.read_text().splitlines() if self.log_file.exists() else []
        calls = [Call(*(line.split(" ", 3) + [""])[:4]) for line in lines]
        return [call for call in calls if name in (None, call.name)]

    def count(self, name):
        return len(self.calls(name))

    def logins(self):
        """The logins that a PIN was sent with."""
        return [call for call in self.calls("C_Login") if "pin=sent" in call.remark]


def attribute(name, value, kind="any"):
    """A rule: the attribute reads as this number of one byte, or as these bytes."""
    octets = bytes([value]) if isinstance(value, int) else value
    return f"attribute {name} {kind} value {octets.hex() or '-'}"
