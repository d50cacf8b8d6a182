# SPDX-License-Identifier: Apache-2.0
"""
TLS with a token's key as server and as client, on loopback; the peer is OpenSSL without the provider, or
GnuTLS.
"""

import os
import re
import sys

import pytest

KINDS = ("rsa-2048", "p256", "ed25519")
VERSIONS = {"1.2": ("-tls1_2", "+VERS-TLS1.2"), "1.3": ("-tls1_3", "+VERS-TLS1.3")}
GET = b"GET / HTTP/1.0\r\n\r\n"
PYTHON = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.load_cert_chain(sys.argv[2], sys.argv[3])
with socket.create_connection(("127.0.0.1", int(sys.argv[4]))) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as tls:
        tls.sendall(b"GET")
        while part := tls.recv(4096):
            sys.stdout.buffer.write(part)
"""
both = pytest.mark.parametrize("version", VERSIONS)
kinds = pytest.mark.parametrize("spec", KINDS)


def port_of(server):
    """Where it listens: s_server and gnutls_server say so."""
    pattern = r"(?:ACCEPT 127\.0\.0\.1:|port )([0-9]+)\n"
    return server.until("it listens", lambda: re.search(pattern, server.log)).group(1)


def served(page, version):
    assert b"HTTP/1.0 200 ok" in page and f"Protocol  : TLSv{version}".encode() in page, page
    return page


def by_openssl(run, place, port, version, *more):
    """s_client, with or without the provider; the page that it gets."""
    return run(
        *("s_client", "-connect", f"127.0.0.1:{port}", VERSIONS[version][0], "-quiet"),
        *("-CAfile", place.ca, "-verify_return_error", "-verify_hostname", "localhost", *more),
        stdin=GET,
    )


def by_gnutls(place, port, version):
    done = place.execute(
        place.plain,
        0,
        [
            *("gnutls-cli", "--port", port, "--x509cafile", place.ca, "--verify-hostname", "localhost"),
            *("--priority", f"NORMAL:-VERS-ALL:{VERSIONS[version][1]}", "127.0.0.1"),
        ],
        GET,
    )
    assert b"The certificate is trusted" in done.stdout, done
    return done.stdout


@both
@kinds
def test_server(place, spec, version):
    key = place.key(spec)
    server = ("-cert", place.certificate(key), "-key", key.uri, VERSIONS[version][0])
    loopback = ("s_server", "-accept", "127.0.0.1:0", "-www")
    with place.serve("openssl", *loopback, *server, "-naccept", "3") as running:
        port = port_of(running)
        for _ in range(2):
            served(by_openssl(place.judge, place, port, version), version)
        served(by_gnutls(place, port, version), version)
        running.ends()


@both
@kinds
def test_client_of_openssl(place, spec, version):
    key = place.key(spec)
    mine = ("-cert", place.certificate(key), "-key", key.uri)
    place.soft_key("server")
    server = ("-cert", "server.crt", "-key", "server.key", "-CAfile", place.ca, "-Verify", "1")
    loopback = ("s_server", "-accept", "127.0.0.1:0", "-www", "-verify_return_error")
    with place.serve_judge("openssl", *loopback, *server, "-naccept", "1") as running:
        page = served(by_openssl(place.openssl, place, port_of(running), version, *mine), version)
        assert b"Client certificate" in page and b"Verify return code: 0 (ok)" in page, page
        running.ends()


def serve_by_gnutls(place):
    """A server that wants a certificate, as a Process."""
    place.soft_key("server")
    return place.serve_judge(os.environ["P11CSR_GNUTLS_SERVER"], "server.crt", "server.key", place.ca)


@both
@kinds
def test_client_of_gnutls(place, spec, version):
    key = place.key(spec)
    mine = ("-cert", place.certificate(key), "-key", key.uri)
    with serve_by_gnutls(place) as running:
        said = by_openssl(place.openssl, place, port_of(running), version, *mine)
        assert said == f"TLS{version} client CN={key.label}\n".encode(), (said, running.log)
        running.ends()


@kinds
def test_python(place, spec):
    """A program that knows nothing of providers, with a key file."""
    key = place.key(spec)
    mine = (place.certificate(key), key.file)
    with serve_by_gnutls(place) as running:
        command = [sys.executable, "-c", PYTHON, place.ca, *mine, port_of(running)]
        done = place.execute(place.env, 0, command, None)
        assert done.stdout == f"TLS1.3 client CN={key.label}\n".encode(), (done, running.log)
        running.ends()


@both
def test_both_sides(place, version):
    """Two processes use the token at once."""
    server_key, client_key = place.key("p256"), place.key("rsa-2048")
    server = (
        "-cert",
        place.certificate(server_key),
        "-key",
        server_key.uri,
        "-CAfile",
        place.ca,
        "-Verify",
        "1",
    )
    mine = ("-cert", place.certificate(client_key), "-key", client_key.uri)
    with place.serve(
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", *server, "-naccept", "2"
    ) as running:
        port = port_of(running)
        for _ in range(2):
            page = served(by_openssl(place.openssl, place, port, version, *mine), version)
            assert b"Verify return code: 0 (ok)" in page, page
        running.ends()


def test_key_transport(place):
    """What would have the token decrypt fails for that client alone."""
    key = place.key("rsa-2048")
    server = ("-cert", place.certificate(key), "-key", key.uri, "-naccept", "2")
    with place.serve("openssl", "s_server", "-accept", "127.0.0.1:0", "-www", *server) as running:
        port = port_of(running)
        only = ("-cipher", "AES128-GCM-SHA256")
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", *only]
        done = place.execute(place.plain, 1, command, GET)
        assert b"alert" in done.stderr, done
        served(by_openssl(place.judge, place, port, "1.2"), "1.2")
        running.ends()
