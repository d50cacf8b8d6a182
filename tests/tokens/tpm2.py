# SPDX-License-Identifier: Apache-2.0
"""tpm2-pkcs11 on swtpm, through tpm2-abrmd in a D-Bus session of its own; all of it on unix sockets."""

import capabilities
import real
import support

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Token(real.RealToken):
    NAME = "tpm2"
    MODULE = f"{capabilities.LIB}/pkcs11/libtpm2_pkcs11.so"
    refusals = ((7, "MECHANISM"), (7, "UNSUPPORTED"), (12, "PROOF_PUBLIC_KEY"))

    def set_up(self):
        store, state, socket, bus = (self.dir / name for name in ("store", "state", "tpm", "bus"))
        for path in (store, state):
            path.mkdir(mode=0o700)
        (self.dir / "bus.conf").write_text(BUS.format(path=bus))
        self.daemon(
            "/usr/bin/dbus-daemon", f"--config-file={self.dir / 'bus.conf'}", "--nofork", "--nopidfile"
        )
        self.daemon(
            *("/usr/bin/swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
            *("--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl"),
            *("--flags", "not-need-init,startup-clear"),
        )
        self.until("the bus and the TPM listen", lambda: bus.exists() and socket.exists())
        self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"
        # A TPM has room for few keys at a time: the resource manager swaps them.
        self.daemon(
            *("/usr/sbin/tpm2-abrmd", "--session", "--allow-root", "--flush-all", "--max-transients=100"),
            f"--tcti=swtpm:path={socket}",
        )
        self.env["TPM2_PKCS11_STORE"] = str(store)
        self.env["TPM2_PKCS11_TCTI"] = self.env["TPM2TOOLS_TCTI"] = "tabrmd:bus_type=session"
        self.until("the resource manager answers", self.answers)
        so = ("--so-pin", support.SO_PIN)
        self.tool("--slot-index", "0", "--init-token", "--label", self.label, *so)
        self.tool(
            "--token-label", self.label, "--login", "--login-type", "so", *so, "--init-pin", "--pin", self.PIN
        )

    def answers(self):
        return self.other("tpm2_getrandom", "--hex", "4", check=False).returncode == 0

    def forget_tries(self):
        self.unlock()

    def unlock(self):
        """A TPM counts for everything that has a PIN, and only time or this takes from it."""
        self.other("tpm2_dictionarylockout", "--clear-lockout")
