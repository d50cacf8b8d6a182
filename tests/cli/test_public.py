# SPDX-License-Identifier: Apache-2.0
"""The public half of a key in the forms that other programs read; they judge it."""

import base64
import hashlib
import json

import pytest
import support
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key


@pytest.fixture(
    params=["p256", "p384", "p521", "secp256k1", "rsa-2048", "ed25519", "ed448", "brainpoolP256r1"]
)
def spec(request, token):
    token.make_key(request.param)
    return request.param


def public(token, form, *more):
    return token.run("keys", "public", *token.at, "--key-label", "web", "--form", form, *more)


def spki(token):
    """As a request proves it, not as this command says it."""
    return support.public_key(token, "web").public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_spki(token, spec):
    pem = token.run("keys", "public", *token.at, "--key-label", "web").ok().out.encode()
    der = spki(token)
    assert load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == der
    done = token.other("openssl", "pkey", "-pubin", "-outform", "DER", stdin=pem)
    assert done.stdout == der, spec
    assert public(token, "spki-pem").ok().out.encode() == pem
    assert public(token, "spki-der").ok().bytes == der
    digest = hashlib.sha256(der).hexdigest()
    assert public(token, "spki-sha256").ok().out == f"{digest}\n"
    assert public(token, "tlsa").ok().out == f"3 1 1 {digest}\n"


def number(text):
    return int.from_bytes(octets(text), "big")


def octets(text):
    assert "=" not in text and "+" not in text and "/" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
EDWARDS = {"Ed25519": ed25519.Ed25519PublicKey, "Ed448": ed448.Ed448PublicKey}


def from_jwk(jwk):
    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
    if jwk["kty"] == "EC":
        size = (CURVES[jwk["crv"]].key_size + 7) // 8
        assert len(octets(jwk["x"])) == len(octets(jwk["y"])) == size
        numbers = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), CURVES[jwk["crv"]])
        return numbers.public_key()
    assert jwk["kty"] == "OKP"
    return EDWARDS[jwk["crv"]].from_public_bytes(octets(jwk["x"]))


def test_jwk(token, spec):
    if spec.startswith("brainpool"):
        args = ("keys", "public", *token.at, "--key-label", "web", "--form", "jwk")
        token.refused(*args, status=7, code="UNSUPPORTED", says=["brainpoolP256r1", "spki-pem"])
        return
    jwk = json.loads(public(token, "jwk").ok().out)
    made = from_jwk(jwk).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert made == spki(token)
    assert (
        set(jwk)
        == {"RSA": {"kty", "n", "e"}, "EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}[jwk["kty"]]
    )


def test_ssh(token, spec):
    args = ("keys", "public", *token.at, "--key-label", "web", "--form", "ssh")
    if spec in ("ed448", "secp256k1", "brainpoolP256r1"):
        token.refused(*args, status=7, code="UNSUPPORTED", says=f"OpenSSH has no form for {spec} keys")
        return
    line = token.run(*args).ok().out
    key = load_pem_public_key(public(token, "spki-pem").ok().out.encode())
    expected = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert line == f"{expected} web\n"
    (token.work / "web.pub").write_text(line)
    done = token.other("ssh-keygen", "-l", "-f", "web.pub").stdout.decode()
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(line.split()[1])).digest()).decode()
    assert f"SHA256:{digest.rstrip('=')} web" in done


def test_output(token):
    token.make_key()
    answer = public(token, "jwk", "--json").ok().json
    assert json.loads(answer["public"])["crv"] == "P-256" and answer["file"] is None
    assert public(token, "spki-der", "-o", "key.der", "--json").ok().json["public"] is None
    assert (token.work / "key.der").read_bytes() == spki(token)
    args = ("keys", "public", *token.at, "--key-label", "web")
    token.refused(*args, "-o", "key.der", status=11, code="FILE_EXISTS", says="key.der")
    token.run(*args, "-o", "key.der", "--force").ok()
    assert (token.work / "key.der").read_bytes().startswith(b"-----BEGIN PUBLIC KEY-----")
    token.refused(*args, "--form", "pem", status=64, code="USAGE", says=["'pem'", "spki-pem", "tlsa"])
    token.refused(*args[:-1], "none", status=3, code="KEY_NOT_FOUND", says="'none'")


def test_labels_cannot_add_lines(token):
    """A label is a comment of one line, whatever it holds."""
    token.make_key("p256", "two\nlines", "01")
    line = token.run("keys", "public", *token.at, "--key-id", "01", "--form", "ssh").ok().out
    assert line.count("\n") == 1 and line.endswith(" two\\x0alines\n")


def test_the_public_object_is_enough(token):
    """No PIN is needed for what the token shows to everybody."""
    token.make_key()
    at = ("keys", "public", "--token", token.label, "--key-label")
    pem = token.run("keys", "public", *token.at, "--key-label", "web").ok().out
    for login in ((), ("--login", "never")):
        assert token.run(*at, "web", *login).ok().out == pem
    key = token.run(*at, "web", "--json").ok().json["key"]
    assert (key["private"], key["public"], key["label"]) == (False, True, "web")
    token.refused(*at, "none", status=4, code="PIN_NEEDED", says="no PIN source")
    # A request still takes the private key, which a public one of the same name does not stand for.
    token.refused(
        *("request", "--token", token.label, "--key-label", "web", "--subject", "CN=x"),
        status=4,
        code="PIN_NEEDED",
        says="no PIN source",
    )
    token.tool("--delete-object", "--type", "privkey", "--id", "01")
    assert token.run(*at, "web").ok().out == pem
    assert token.run("keys", "public", *token.at, "--key-label", "web").ok().out == pem


def test_of_several_public_keys_none_is_taken(token):
    token.make_key()
    token.raw("p256", "web", "02")
    at = ("keys", "public", "--token", token.label)
    refused = token.refused(
        *at, "--key-label", "web", status=5, code="KEY_AMBIGUOUS", says="2 public keys match"
    )
    assert len(refused.json["error"]["notes"]) == 2
    for uri in refused.json["error"]["notes"]:
        token.run("keys", "public", uri).ok()
