# SPDX-License-Identifier: Apache-2.0
"""storeutl, pkey and x509 on what a token holds."""

import pytest

from place import TOKEN

KINDS = ("rsa-2048", "p256", "ed25519")


def kinds_listed(said):
    """What storeutl found, in order of their names."""
    lines = [line.split(": ") for line in said.decode().splitlines()]
    found = sorted(words[1] for words in lines if words[0].isdigit())
    assert ["Total found", str(len(found))] in lines, said
    return found


def test_listing(place):
    for spec in KINDS:
        place.key(spec)
    key = place.key("p256")
    certificate = place.certificate(key)
    place.run("certs", "install", certificate, *place.at).ok()
    others = place.found.values()
    try:
        everything = kinds_listed(place.openssl("storeutl", "-noout", TOKEN))
        # A key is there as its private and as its public half.
        wanted = ["Certificate", *["Pkey"] * len(others), *["Public key"] * len(others)]
        assert everything == wanted
        assert kinds_listed(place.by_options("storeutl", "-noout", TOKEN)) == wanted
        some = lambda kind: kinds_listed(place.openssl("storeutl", "-noout", f"{TOKEN};type={kind}"))
        assert some("cert") == ["Certificate"]
        assert some("public") == ["Public key"] * len(others)
        assert some("private") == ["Pkey"] * len(others)
        said = place.openssl("storeutl", "-certs", TOKEN)
        assert certificate.read_bytes() in said
        assert place.openssl("x509", "-in", f"{TOKEN};type=cert") == certificate.read_bytes()
    finally:
        place.run("certs", "delete", key.uri.replace("type=private", "type=cert"), *place.login, "--yes").ok()


@pytest.mark.parametrize("spec", KINDS)
def test_public_half(place, spec):
    key = place.key(spec)
    public = key.public.read_bytes()
    for ask in (place.openssl, place.by_options):
        assert ask("pkey", "-in", key.uri, "-pubout") == public
        assert ask("pkey", "-in", key.file, "-pubout") == public
        assert (
            ask("pkey", "-pubin", "-in", key.uri.replace("type=private", "type=public"), "-pubout") == public
        )


@pytest.mark.parametrize("spec", KINDS)
def test_private_half(place, spec):
    """It is nowhere to be had."""
    key = place.key(spec)
    for form in ("PEM", "DER"):
        for name in (key.uri, key.file):
            said = place.execute(
                place.env, 1, ["openssl", "pkey", "-in", name, "-outform", form, "-out", "private"], None
            )
            assert said.stdout == b"", said
            written = place.work / "private"
            assert not written.exists() or written.read_bytes() == b"", said


def test_several_keys(place):
    """Which one is meant cannot be guessed: their URIs are named, as many as libcrypto has room for."""
    for spec in ("p256", "p384", "p521", "ed25519", "ed448", "rsa-2048", "brainpoolP256r1", "secp256k1"):
        place.key(spec)
    command = ["openssl", "dgst", "-sha256", "-sign", f"{TOKEN};type=private", "data"]
    said = place.execute(place.env, 1, command, None)
    for text in (b"more than one key matches", b"object=", b"; and ", b" more ("):
        assert text in said.stderr, said


def test_listed(place):
    for ask in (place.openssl, place.by_options):
        said = ask("list", "-providers").decode()
        assert "\n  p11csr\n" in said and "\n  default\n" in said, said
        assert said.count("status: active") == 2, said
        assert b"pkcs11 @ p11csr" in ask("list", "-store-loaders")
