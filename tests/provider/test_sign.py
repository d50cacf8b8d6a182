# SPDX-License-Identifier: Apache-2.0
"""dgst and pkeyutl with every kind of key, judged by OpenSSL without the provider."""

import hashlib

import pytest

from place import DATA

PSS = ("rsa_padding_mode:pss", "rsa_pss_saltlen:digest")
HASHES = ("sha256", "sha384", "sha512")
EDWARDS = ("ed25519", "ed448")
# (kind of key, hash, what -pkeyopt and -sigopt say)
SCHEMES = [
    *(("rsa-2048", name, ()) for name in HASHES),
    *(("rsa-2048", name, PSS) for name in HASHES),
    *((spec, name, ()) for spec, name in zip(("p256", "p384", "p521"), HASHES)),
    *(("p256", name, ()) for name in HASHES[1:]),
]


def named(value):
    return ("pss" if value else "") if isinstance(value, tuple) else value


@pytest.mark.parametrize("spec, digest, options", SCHEMES, ids=named)
def test_dgst(place, spec, digest, options):
    key = place.key(spec)
    words = [word for option in options for word in ("-sigopt", option)]
    for sign in (place.openssl, place.by_options):
        sign("dgst", f"-{digest}", "-sign", key.uri, *words, "-out", "sig", "data")
        verify = ("dgst", f"-{digest}", "-verify", key.public, *words, "-signature", "sig")
        assert place.judge(*verify, "data") == b"Verified OK\n"
        (place.work / "other").write_bytes(DATA + b"!")
        place.judge(*verify, "other", status=1)


@pytest.mark.parametrize("spec, digest, options", SCHEMES, ids=named)
def test_pkeyutl_digest(place, spec, digest, options):
    """Only the digest comes to the provider."""
    key = place.key(spec)
    words = [word for option in (f"digest:{digest}", *options) for word in ("-pkeyopt", option)]
    (place.work / "digest").write_bytes(hashlib.new(digest, DATA).digest())
    for sign in (place.openssl, place.by_options):
        sign("pkeyutl", "-sign", "-inkey", key.uri, "-in", "digest", *words, "-out", "sig")
        verify = ("dgst", f"-{digest}", "-verify", key.public, "-signature", "sig")
        pss = [word for option in options for word in ("-sigopt", option)]
        assert place.judge(*verify, *pss, "data") == b"Verified OK\n"


@pytest.mark.parametrize("spec", EDWARDS)
def test_pkeyutl_message(place, spec):
    key = place.key(spec)
    for sign in (place.openssl, place.by_options):
        sign("pkeyutl", "-sign", "-rawin", "-inkey", key.uri, "-in", "data", "-out", "sig")
        verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key.public, "-sigfile", "sig")
        assert place.judge(*verify, "-in", "data") == b"Signature Verified Successfully\n"
        (place.work / "other").write_bytes(DATA + b"!")
        place.judge(*verify, "-in", "other", status=1)


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519"])
def test_key_file(place, spec):
    """A program that only knows key files is given one that names the key."""
    key = place.key(spec)
    assert b"PRIVATE KEY" not in key.file.read_bytes()
    for sign in (place.openssl, place.by_options):
        sign("pkeyutl", "-sign", "-rawin", "-inkey", key.file, "-in", "data", "-out", "sig")
        verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key.public, "-sigfile", "sig")
        assert place.judge(*verify, "-in", "data") == b"Signature Verified Successfully\n"


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519"])
def test_verify_with_provider(place, spec):
    """The provider's verdict on a signature, which a public key of the token is enough for."""
    key = place.key(spec)
    place.openssl("pkeyutl", "-sign", "-rawin", "-inkey", key.uri, "-in", "data", "-out", "sig")
    (place.work / "other").write_bytes(DATA + b"!")
    for pair in ((key.uri,), (key.public, "-pubin")):
        verify = ("pkeyutl", "-verify", "-rawin", "-inkey", *pair, "-sigfile", "sig")
        assert place.openssl(*verify, "-in", "data") == b"Signature Verified Successfully\n"
        place.openssl(*verify, "-in", "other", status=1)
