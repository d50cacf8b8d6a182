# SPDX-License-Identifier: Apache-2.0
"""What a token behind p11-kit's socket is known for: mechanisms that do not pass, a server that goes away."""

import os
import signal

from cryptography import x509


def request(token, label, *more):
    return ("request", *token.at, "--key-label", label, "--subject", "CN=x", *more)


def test_mechanisms_that_do_not_pass(token, proven):
    """The mechanisms that hash do not get through for all digests: then p11csr makes the digest."""
    label = token.key_of("rsa-2048")[1]
    seen = {}
    for scheme in ("rsa-pkcs1-sha224", "rsa-pkcs1-sha256", "rsa-pss-sha256"):
        answer = token.run(*request(token, label, "--scheme", scheme, "--json")).ok().json
        proven(answer["pem"])
        seen[scheme] = answer["mechanism"]
    assert seen == {
        "rsa-pkcs1-sha224": "CKM_RSA_PKCS",
        "rsa-pkcs1-sha256": "CKM_SHA256_RSA_PKCS",
        "rsa-pss-sha256": "CKM_RSA_PKCS_PSS",
    }


def test_no_server(token):
    """The client starts without one and shows no slot: the token is not there, and nothing hangs."""
    env = {"P11_KIT_SERVER_ADDRESS": f"unix:path={token.dir / 'no such socket'}"}
    token.refused(*request(token, "web"), env=env, status=3, code="TOKEN_NOT_FOUND", says=token.label)
    assert token.run("tokens", "list", "--json", env=env).ok().json["tokens"] == []


def test_server_ends_between_two_commands(token, proven):
    label = token.key_of("p256")[1]
    token.end(token.server)
    token.daemons.remove(token.server)
    token.refused(*request(token, label, "-o", "x.csr"), status=3, code="TOKEN_NOT_FOUND", says=token.label)
    token.start_server()
    proven(token.run(*request(token, label, "--json")).ok().json["pem"])


def test_connection_is_lost_within_one_context(token):
    """The process that serves the connection is killed: an error, no request, no hang. A new one works."""
    label = token.key_of("p256")[1]
    with token.library() as library:
        assert library.ask("open", token.label, label) == "OK open"
        assert library.ask("sign", "1.csr").startswith("OK ")
        serving = token.children()
        assert len(serving) == 1, serving
        os.kill(serving[0], signal.SIGKILL)
        for name in ("2.csr", "3.csr"):
            answer = library.ask("sign", name)
            assert answer.split()[0] in ("CONNECTION", "TOKEN_REMOVED", "TOKEN"), answer
            assert "CKR_DEVICE_ERROR" in answer, answer
            assert not (token.work / name).exists()
    with token.library() as library:
        assert library.ask("open", token.label, label) == "OK open"
        assert library.ask("sign", "4.csr").startswith("OK ")
    assert x509.load_der_x509_csr((token.work / "4.csr").read_bytes()).is_signature_valid
