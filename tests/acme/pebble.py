# SPDX-License-Identifier: Apache-2.0
"""The pebble ACME server with a DNS server that sends every name to this machine, on loopback ports."""

import json
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.request

PROGRAMS = ("/usr/bin/pebble", "/usr/bin/pebble-challtestsrv")
TIMEOUT = 30


def free_ports(count):
    """Ports that nobody has now; all are held until the last one is known."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_server_certificate(folder):
    """A CA of this run and the server's certificate by it."""

    def run(*command):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "server"):
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
    run("req", "-x509", "-key", "ca.key", "-subj", "/CN=CA of this run", "-days", "2", "-out", "ca.pem")
    run("req", "-new", "-key", "server.key", "-subj", "/CN=localhost", "-out", "server.csr")
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-days", "2", "-extfile", "server.ext", "-out", "server.pem"),
    )


class Pebble:
    """`directory` is what ACME clients are pointed at, `ca` what they trust for it."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.children = []
        make_server_certificate(self.dir)
        self.ca = self.dir / "ca.pem"
        self.acme_port, self.manage_port, self.http_port, self.tls_port, dns, manage_dns = free_ports(6)
        self.directory = f"https://127.0.0.1:{self.acme_port}/dir"
        config = {
            "listenAddress": f"127.0.0.1:{self.acme_port}",
            "managementListenAddress": f"127.0.0.1:{self.manage_port}",
            "certificate": str(self.dir / "server.pem"),
            "privateKey": str(self.dir / "server.key"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (self.dir / "pebble.json").write_text(json.dumps({"pebble": config}))
        off = [word for name in ("-http01", "-https01", "-tlsalpn01") for word in (name, "")]
        addresses = ("-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{manage_dns}")
        self.start(PROGRAMS[1], *addresses, *off, "-defaultIPv6", "")
        self.start(PROGRAMS[0], "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{dns}", "-strict")
        self.wait()

    def start(self, *command):
        name = pathlib.Path(command[0]).name
        with open(self.dir / f"{name}.log", "wb") as log:
            child = subprocess.Popen(
                command,
                cwd=self.dir,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": "/usr/bin:/bin", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
            )
        self.children.append(child)

    def get(self, path):
        """What the management interface answers."""
        context = ssl.create_default_context(cafile=self.ca)
        url = f"https://127.0.0.1:{self.manage_port}{path}"
        with urllib.request.urlopen(url, context=context, timeout=TIMEOUT) as answer:
            return answer.read()

    def wait(self):
        end = time.monotonic() + TIMEOUT
        while True:
            assert all(child.poll() is None for child in self.children), self.logs()
            try:
                self.root = self.get("/roots/0")
                return
            except OSError as error:
                assert time.monotonic() < end, (error, self.logs())
                time.sleep(0.05)

    def logs(self):
        return "\n".join(path.read_text()[-2000:] for path in self.dir.glob("*.log"))

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
            child.wait(timeout=TIMEOUT)
