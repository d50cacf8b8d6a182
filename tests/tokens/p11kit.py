# SPDX-License-Identifier: Apache-2.0
"""A SoftHSM2 token behind p11-kit's server, seen through its client module over a unix socket."""

import capabilities
import real
import softhsm2
import support


class Token(softhsm2.Token):
    NAME = "p11kit"
    MODULE = f"{capabilities.LIB}/pkcs11/p11-kit-client.so"
    refusals = ((7, "MECHANISM"),)
    server = None

    def set_up(self):
        super().set_up()
        self.socket = self.dir / "socket"
        self.start_server()
        # The client knows nothing of the token but the socket.
        del self.env["SOFTHSM2_CONF"]
        self.env["P11_KIT_SERVER_ADDRESS"] = f"unix:path={self.socket}"

    def start_server(self):
        self.socket.unlink(missing_ok=True)
        self.server = self.daemon(
            *("p11-kit", "server", "--foreground", "--name", self.socket, "--provider", support.MODULE),
            "pkcs11:",
            env={"SOFTHSM2_CONF": self.dir / "softhsm2.conf"},
        )
        self.until("the server listens", self.socket.exists)

    def children(self):
        """The server's processes, one for each connection."""
        listed = self.other("ps", "--no-headers", "-o", "pid", "--ppid", self.server.pid, check=False)
        return [int(word) for word in listed.stdout.split()]
