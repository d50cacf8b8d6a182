# SPDX-License-Identifier: Apache-2.0
"""nginx and curl from Debian's packages: they know key files only, and nginx forks after it has read them."""

import os
import pathlib
import signal

import pytest

from place import free_port

UNPACKED = pathlib.Path(os.environ["P11CSR_PACKAGES"]) / "usr/sbin/nginx"  # by ./dev test
NGINX = UNPACKED if UNPACKED.exists() else "/usr/sbin/nginx"
KINDS = ("rsa-2048", "p256", "ed25519")
# Workers keep of the environment what is named here.
CONFIG = """
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log notice;
env SOFTHSM2_CONF;
env HOME;
env XDG_CONFIG_HOME;
env OPENSSL_CONF;
{user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    server {{
        listen 127.0.0.1:{port} ssl reuseport;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        ssl_client_certificate {ca};
        ssl_verify_client optional;
        location / {{ return 200 "$pid $ssl_protocol $ssl_client_verify $ssl_client_s_dn\\n"; }}
    }}
}}
"""


class Nginx:
    """A running nginx, whose key is in the file `key`."""

    def __init__(self, place, certificate, key, serve):
        self.place = place
        self.port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        (place.work / "temporary").mkdir()
        text = CONFIG.format(port=self.port, certificate=certificate, key=key, ca=place.ca, user=user)
        config = place.write("nginx.conf", text)
        self.process = serve(NGINX, "-e", "error.log", "-p", place.work, "-c", config)

    def __enter__(self):
        self.process.until_open(self.port)
        return self

    def __exit__(self, kind, *rest):
        try:
            if kind is None:
                self.process.child.send_signal(signal.SIGQUIT)
                self.process.ends()
        finally:
            self.process.__exit__(kind, *rest)
        self.no_errors()

    def errors(self):
        return (self.place.work / "error.log").read_text()

    def no_errors(self):
        """Its log has no line above a notice: no worker that crashed, no handshake that failed."""
        assert all("[notice]" in line for line in self.errors().splitlines()), self.errors()

    def workers(self):
        pid = self.process.child.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def reload(self):
        old = self.workers()
        self.process.child.send_signal(signal.SIGHUP)
        self.process.until(
            "new workers", lambda: len(self.workers()) == 2 and not set(self.workers()) & set(old)
        )

    def get(self, *options, env=None):
        """By curl: (worker, protocol, whether it knows the client, the client's name)."""
        env = self.place.plain if env is None else env
        curl = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert", self.place.ca]
        done = self.place.execute(env, 0, [*curl, *options, f"https://localhost:{self.port}/"], None)
        return done.stdout.decode().strip().split(" ", 3)


@pytest.mark.parametrize("spec", KINDS)
def test_nginx(place, spec):
    key = place.key(spec)
    with Nginx(place, place.certificate(key), key.file, place.serve) as nginx:
        for version in ("1.2", "1.3"):
            seen = set()
            while len(seen) < 2:  # both workers sign
                worker, protocol, *_ = nginx.get(f"--tlsv{version}", "--tls-max", version)
                assert protocol == f"TLSv{version}" and worker in nginx.workers()
                seen.add(worker)
        nginx.reload()
        assert nginx.get()[0] in nginx.workers()


@pytest.mark.parametrize("spec", KINDS)
def test_curl(place, spec):
    """curl's own key is the token's; the server's is in software."""
    key = place.key(spec)
    place.soft_key("server")
    with Nginx(place, "server.crt", "server.key", place.serve_judge) as nginx:
        assert nginx.get()[2] == "NONE"
        mine = ("--cert", place.certificate(key), "--key", key.file)
        for version in ("1.2", "1.3"):
            words = nginx.get("--tlsv" + version, "--tls-max", version, *mine, env=place.environment())
            assert words[1:] == [f"TLSv{version}", "SUCCESS", f"CN={key.label}"], words


def test_worker_is_killed(place):
    """The master forks another one, which uses the key as well."""
    key = place.key("p256")
    with Nginx(place, place.certificate(key), key.file, place.serve) as nginx:
        nginx.get()
        old = nginx.workers()
        os.kill(int(old[0]), signal.SIGKILL)
        new = lambda: len(nginx.workers()) == 2 and old[0] not in nginx.workers()
        nginx.process.until("another worker", new)
        seen = set()
        while len(seen) < 2:
            seen.add(nginx.get()[0])
        assert seen == set(nginx.workers())
        # The log tells of the one that was killed, and of nothing else.
        lines = [line for line in nginx.errors().splitlines() if "[notice]" not in line]
        assert len(lines) == 1 and f"worker process {old[0]} exited on signal 9" in lines[0], lines
        (place.work / "error.log").write_text("")
