# SPDX-License-Identifier: Apache-2.0
"""The encoder and the keys of these tests, held against programs that are not p11csr."""

import subprocess

import craft
import encode as der
import keys
import pytest
import support
from craft import Request

KEYS = {
    **{name: keys.curve(name) for name in keys.CURVES},
    "p256-sha512": keys.curve("p256", "sha512"),
    "rsa-1024": keys.rsa(1024),
    "rsa-2048": keys.rsa(2048),
    "rsa-2048-exponent-3": keys.rsa(2048, 3),
    "rsa-4096": keys.rsa(4096),
    "rsa-pss": keys.rsa(2048).with_scheme("pss", "sha384"),
    "ed25519": keys.ED25519,
    "ed448": keys.ED448,
}


def both(octets):
    """What OpenSSL's command and pyca say of the signature."""
    done = subprocess.run(
        ["openssl", "req", "-inform", "DER", "-verify", "-noout"], input=octets, capture_output=True
    )
    return (
        b"verify OK" in done.stderr + done.stdout,
        support.x509.load_der_x509_csr(octets).is_signature_valid,
    )


@pytest.mark.parametrize("name", KEYS)
def test_signatures(name):
    assert both(Request(key=KEYS[name]).der()) == (True, True)
    assert both(Request(key=KEYS[name], spoil=True).der()) == (False, False)


def test_the_same_in_every_run():
    for key in KEYS.values():
        assert Request(key=key).der() == Request(key=key).der()
    assert keys.prime(512) == keys.prime.__wrapped__(512)


def test_content():
    request = support.x509.load_der_x509_csr(
        Request(
            subject=craft.dn("C=DE", "DC=example", "CN=ä"),
            san=(
                craft.dns("a.example"),
                craft.ip("192.0.2.1"),
                craft.email("a@b.example"),
                craft.uri("urn:a:b"),
            ),
            more=(
                craft.key_usage("digitalSignature", "decipherOnly", "keyAgreement"),
                craft.eku("1.3.6.1.5.5.7.3.1", critical=True),
                craft.basic(path=3),
            ),
            other=(der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("secret")),),
        ).der()
    )
    x509 = support.x509
    assert request.subject.rfc4514_string() == "CN=ä,DC=example,C=DE"
    found = {one.oid.dotted_string: one for one in request.extensions}
    assert [name.value for name in found[craft.SAN].value][0] == "a.example" and not found[craft.SAN].critical
    assert found[craft.KEY_USAGE].value.decipher_only and found[craft.KEY_USAGE].critical
    assert found[craft.EKU].critical and len(found) == 4
    assert found[craft.BASIC].value == x509.BasicConstraints(ca=True, path_length=3)
    challenge = request.attributes.get_attribute_for_oid(x509.oid.AttributeOID.CHALLENGE_PASSWORD)
    assert challenge.value == b"secret"


def test_deviations():
    plain = der.sequence(der.null())
    assert (
        der.long_form(plain) == b"\x30\x82\x00\x02\x05\x00" and der.content(der.long_form(plain)) == b"\5\0"
    )
    assert der.long_form(der.octet_string(bytes(200)))[:4] == b"\x04\x82\x00\xc8"
    assert craft.pem(bytes(60), width=76).splitlines()[1] == b"A" * 76
