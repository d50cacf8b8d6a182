# SPDX-License-Identifier: Apache-2.0
"""From a key on a token to an issued certificate, by the ACME clients that take a request as it is."""

import re
import subprocess

import pytest
import support

NAME = "www.example.com"
OTHER = "example.com"
CLIENT_ENV = ("PATH", "HOME", "LC_ALL")


def run_client(acme, token, *command):
    env = {name: token.env[name] for name in CLIENT_ENV}
    env |= {"LEGO_CA_CERTIFICATES": str(acme.ca), "REQUESTS_CA_BUNDLE": str(acme.ca)}
    done = subprocess.run(
        command, cwd=token.work, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr, acme.logs())


def by_lego(acme, token, csr):
    """The certificate and its issuers, as lego writes them."""
    run_client(
        *(acme, token, "lego", "--server", acme.directory, "--accept-tos", "--email", "a@example.com"),
        *("--csr", csr, "--http", "--http.port", f"127.0.0.1:{acme.http_port}", "--path", "lego", "run"),
    )
    return token.work / f"lego/certificates/{NAME}.crt"


def by_certbot(acme, token, csr):
    run_client(
        *(acme, token, "certbot", "certonly", "--non-interactive", "--agree-tos", "-m", "a@example.com"),
        *("--server", acme.directory, "--csr", csr, "--standalone", "--preferred-challenges", "http"),
        *("--http-01-port", str(acme.http_port), "--http-01-address", "127.0.0.1"),
        *("--config-dir", "certbot", "--work-dir", "certbot", "--logs-dir", "certbot"),
        *("--cert-path", "cert.pem", "--chain-path", "chain.pem", "--fullchain-path", "full.pem"),
    )
    return token.work / "full.pem"


CLIENTS = {"lego": by_lego, "certbot": by_certbot}


def judge(acme, token, issued):
    """It is by the server's CA, for the names asked for. Splits it from its issuers; returns its SPKI."""
    leaf, *issuers = re.findall(r"-----BEGIN.*?-----END[^\n]*\n", issued.read_text(), re.S)
    (token.work / "leaf.pem").write_text(leaf)
    (token.work / "issuers.pem").write_text("".join(issuers))
    (token.work / "root.pem").write_bytes(acme.root)
    chain = ("-CAfile", "root.pem", "-untrusted", "issuers.pem", "leaf.pem")
    subprocess.run(["openssl", "verify", *chain], cwd=token.work, check=True, capture_output=True)
    leaf = support.x509.load_pem_x509_certificate(leaf.encode())
    names = leaf.extensions.get_extension_for_class(support.x509.SubjectAlternativeName).value
    assert sorted(names.get_values_for_type(support.x509.DNSName)) == sorted([NAME, OTHER])
    form = support.serialization
    return leaf.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "client, kind",
    [("lego", "p256"), ("lego", "p384"), ("lego", "rsa-2048"), ("certbot", "p256"), ("certbot", "rsa-2048")],
)
def test_issued(acme, token, client, kind):
    token.run("keys", "generate", kind, "--key-label", "web", *token.at).ok()
    public = token.run("keys", "public", "--key-label", "web", "--form", "spki-der", *token.at).ok().bytes
    names = ("--dns", NAME, "--dns", OTHER)
    content = ("--subject", "", *names)
    token.run("request", "--key-label", "web", *content, "-o", "web.csr", *token.at).ok()
    issued = CLIENTS[client](acme, token, "web.csr")
    assert judge(acme, token, issued) == public
    # It belongs to the key on the token, and is found there.
    token.run("certs", "install", "leaf.pem", "--chain", "issuers.pem", *token.at).ok()
    listed = token.run("certs", "list", *token.at, "--json").ok().json["certificates"]
    assert [row["key"] for row in listed].count(True) == 1, listed
