# SPDX-License-Identifier: Apache-2.0
"""
openssl cmp: the token's key protects the messages and proves its possession. Its mock server runs inside of
the client, since 3.0 can bind the other form to no address; what was sent is then given to a mock server
without the provider, whose client has no key at all.
"""

import pytest

KINDS = ("rsa-2048", "p256")  # with Edwards keys OpenSSL 3.0 protects no message, not in software either
SUBJECT = ("-subject", "/CN=client")


@pytest.fixture
def server(place):
    """The options of the mock server, whose key is in software."""
    place.soft_key("server")
    return (
        *("-use_mock_srv", "-srv_cert", "server.crt", "-srv_key", "server.key", "-srv_trusted", place.ca),
        *("-trusted", place.ca, "-grant_implicitconf", "-implicit_confirm"),
    )


def judged(place, server, command, key, status=0):
    """A mock server without the provider takes the stored message, or with status 1 refuses it."""
    new = ("-newkey", key.public, "-popo", "0") if command == "ir" else ("-csr", "a.csr")
    # What stands for the client's own key protects nothing that is sent.
    own = ("-ref", "x", "-secret", "pass:x", "-unprotected_errors")
    place.judge(
        *("cmp", "-config", "", "-cmd", command, *server, *own, *new, *SUBJECT),
        *("-reqin", "sent.der", "-certout", "judged.crt"),
        status=status,
    )


@pytest.mark.parametrize("spec", KINDS)
@pytest.mark.parametrize("command", ["ir", "p10cr"])
def test_enrolled(place, server, command, spec):
    key = place.key(spec)
    mine = place.certificate(key)
    new = ("-newkey", key.uri)
    if command == "p10cr":
        place.openssl("req", "-new", "-key", key.uri, "-subj", "/CN=client", "-out", "a.csr")
        new = ("-csr", "a.csr")
    server += ("-rsp_cert", mine)
    place.openssl(
        *("cmp", "-config", "", "-cmd", command, *server, "-cert", mine, "-key", key.uri, *new, *SUBJECT),
        *("-reqout", "sent.der", "-certout", "new.crt"),
    )
    assert (place.work / "new.crt").read_bytes() == mine.read_bytes()
    judged(place, server, command, key)
    message = bytearray((place.work / "sent.der").read_bytes())
    at = message.find(b"client")  # the sender's name, which the protection covers
    message[at] ^= 1
    (place.work / "sent.der").write_bytes(message)
    judged(place, server, command, key, status=1)


@pytest.mark.parametrize("spec", [*KINDS, "ed25519"])
def test_key_to_be_certified_alone(place, server, spec):
    """Another key, in software, protects; the token's only proves that the person has it."""
    key = place.key(spec)
    server += ("-rsp_cert", place.certificate(key))
    place.openssl(
        *("cmp", "-config", "", "-cmd", "ir", *server, "-cert", "server.crt", "-key", "server.key"),
        *("-newkey", key.uri, *SUBJECT, "-reqout", "sent.der", "-certout", "new.crt"),
    )
    judged(place, server, "ir", key)
