# SPDX-License-Identifier: Apache-2.0
"""What OpenSSL does with software keys is the same with p11csr loaded, even before `default`."""

import pytest

from place import DATA

GENERATED = {
    "RSA": ("-pkeyopt", "rsa_keygen_bits:2048"),
    "EC": ("-pkeyopt", "ec_paramgen_curve:P-256"),
    "ED25519": (),
    "ED448": (),
    "X25519": (),
}
SIGNING = [name for name in GENERATED if name != "X25519"]


@pytest.mark.parametrize("kind", GENERATED)
def test_generated(place, kind):
    for make in (place.openssl, place.by_options):
        make("genpkey", "-algorithm", kind, *GENERATED[kind], "-out", "soft.key")
        public = place.judge("pkey", "-in", "soft.key", "-pubout")
        assert make("pkey", "-in", "soft.key", "-pubout") == public
        assert make("pkey", "-in", "soft.key") == (place.work / "soft.key").read_bytes()


@pytest.mark.parametrize("kind", SIGNING)
def test_signed(place, kind):
    place.judge("genpkey", "-algorithm", kind, *GENERATED[kind], "-out", "soft.key")
    place.judge("pkey", "-in", "soft.key", "-pubout", "-out", "soft.pub")
    verify = (
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        "soft.pub",
        "-sigfile",
        "sig",
        "-in",
        "data",
    )
    for run in (place.openssl, place.by_options):
        run("pkeyutl", "-sign", "-rawin", "-inkey", "soft.key", "-in", "data", "-out", "sig")
        assert place.judge(*verify) == b"Signature Verified Successfully\n"
        assert run(*verify) == b"Signature Verified Successfully\n"


@pytest.mark.parametrize("kind", ["EC", "X25519"])
def test_agreed(place, kind):
    """A common secret of two keys, as TLS makes one for each connection."""
    for name in "ab":
        place.judge("genpkey", "-algorithm", kind, *GENERATED[kind], "-out", f"{name}.key")
        place.judge("pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub")
    secret = place.judge("pkeyutl", "-derive", "-inkey", "a.key", "-peerkey", "b.pub")
    for run in (place.openssl, place.by_options):
        assert run("pkeyutl", "-derive", "-inkey", "b.key", "-peerkey", "a.pub") == secret


def test_encrypted(place):
    """RSA decryption, and a container with a password."""
    place.judge("genpkey", "-algorithm", "RSA", "-out", "soft.key")
    place.judge("pkey", "-in", "soft.key", "-pubout", "-out", "soft.pub")
    (place.work / "short").write_bytes(DATA[:40])
    for run in (place.openssl, place.by_options):
        run("pkeyutl", "-encrypt", "-pubin", "-inkey", "soft.pub", "-in", "short", "-out", "hidden")
        assert run("pkeyutl", "-decrypt", "-inkey", "soft.key", "-in", "hidden") == DATA[:40]
    place.soft_key("own")
    container = ("-inkey", "own.key", "-in", "own.crt", "-passout", "pass:secret", "-out", "own.p12")
    place.openssl("pkcs12", "-export", *container)
    said = place.openssl("pkcs12", "-in", "own.p12", "-passin", "pass:secret", "-nodes")
    assert b"BEGIN PRIVATE KEY" in said and b"BEGIN CERTIFICATE" in said


def test_token_key_as_request_for_software_ca(place):
    """Both kinds of keys in one process: the CA's is in software, the request's on the token."""
    key = place.key("p256")
    place.judge("genpkey", "-algorithm", "RSA", "-out", "ca.key")
    subject = ("-config", "openssl.cnf", "-x509", "-key", "ca.key", "-subj", "/CN=CA", "-days", "3")
    subject += ("-addext", "basicConstraints=critical,CA:true")
    place.openssl("req", *subject, "-out", "ca.crt")
    place.openssl("req", "-new", "-key", key.uri, "-subj", "/CN=leaf", "-out", "leaf.csr")
    issue = ("x509", "-req", "-in", "leaf.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "5")
    place.openssl(*issue, "-out", "leaf.crt")
    place.certified("leaf.crt", ca="ca.crt")
    # PKCS#12 holds a certificate without its key, which is not to be had.
    place.openssl("pkcs12", "-export", "-nokeys", "-in", "leaf.crt", "-passout", "pass:x", "-out", "leaf.p12")
    command = ["openssl", "pkcs12", "-export", "-inkey", key.uri, "-in", "leaf.crt", "-passout", "pass:x"]
    said = place.execute(place.env, 1, [*command, "-out", "with-key.p12"], None)
    assert said.stdout == b"", said
