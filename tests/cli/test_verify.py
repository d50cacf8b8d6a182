# SPDX-License-Identifier: Apache-2.0
"""verify: what p11csr itself never makes, judged by libcrypto; and what nobody here can judge."""

import subprocess

import pytest

import support

RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:{}")
EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:{}")


def curve(name, *more):
    return tuple(part.format(name) for part in EC) + more


def rsa(bits, *more):
    return tuple(part.format(bits) for part in RSA) + more


def pss(*options):
    words = ["rsa_padding_mode:pss", *options]
    return tuple(word for option in words for word in ("-sigopt", option))


# what makes the key, what signs, the kind of key that show says
KINDS = {
    "rsa-1024": (rsa(1024), ("-sha256",), "rsa-1024"),
    "rsa-512": (rsa(512), ("-sha256",), "rsa-512"),
    "md5": (rsa(2048), ("-md5",), "rsa-2048"),
    "sha3": (rsa(2048), ("-sha3-384",), "rsa-2048"),
    "ripemd": (rsa(2048), ("-ripemd160",), "rsa-2048"),
    "pss, salt 20": (rsa(2048), ("-sha256", *pss("rsa_pss_saltlen:20")), "rsa-2048"),
    "pss, largest salt": (rsa(2048), ("-sha256", *pss("rsa_pss_saltlen:-2")), "rsa-2048"),
    "pss, other mgf": (rsa(2048), ("-sha512", *pss("rsa_pss_saltlen:8", "rsa_mgf1_md:sha1")), "rsa-2048"),
    "pss, all default": (rsa(2048), ("-sha1", *pss("rsa_pss_saltlen:20")), "rsa-2048"),
    "pss key": (
        ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
        ("-sha384",),
        "rsa-pss-2048",
    ),
    "p224": (curve("P-224"), ("-sha224",), "secp224r1"),
    "p192": (curve("P-192"), ("-sha256",), "prime192v1"),
    "brainpool": (curve("brainpoolP224r1"), ("-sha256",), "brainpoolP224r1"),
    "ecdsa sha3": (curve("P-256"), ("-sha3-256",), "p256"),
    "compressed": (curve("P-256"), ("-sha256",), "p256"),
    "own curve": (curve("P-256", "-pkeyopt", "ec_param_enc:explicit"), ("-sha256",), "p256"),
    "ed448": (("-algorithm", "ED448"), (), "ed448"),
}


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    """A request of each kind, made by openssl, as DER."""
    folder = tmp_path_factory.mktemp("requests")
    dsa = folder / "dsa.pem"
    call(("openssl", "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024"), dsa)
    kinds = {**KINDS, "dsa": (("-paramfile", str(dsa)), ("-sha256",), "dsa-1024")}
    return {name: make(folder, *row[:2], name == "compressed") for name, row in kinds.items()}


def call(command, out=None):
    done = subprocess.run(command, capture_output=True, timeout=support.TIMEOUT, check=False)
    assert done.returncode == 0, done
    if out is not None:
        out.write_bytes(done.stdout)
    return done.stdout


def make(folder, genpkey, sign, compressed=False):
    key = folder / "key.pem"
    call(("openssl", "genpkey", *genpkey), key)
    if compressed:
        call(("openssl", "pkey", "-in", str(key), "-ec_conv_form", "compressed"), key)
    return call(
        ("openssl", "req", "-new", "-key", str(key), "-subj", "/CN=genuine", "-outform", "DER", *sign)
    )


def flipped(der, at):
    changed = bytearray(der)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("name", [*KINDS, "dsa"])
def test_judged_by_libcrypto(box, requests, name):
    der = requests[name]
    assert box.run("verify", "--json", stdin=der).ok().json["verdict"] == "good"
    shown = box.run("show", "--json", stdin=der).ok().json["csr"]
    assert shown["signature"]["verdict"] == "good"
    assert shown["key"]["type"] == (KINDS[name][2] if name in KINDS else "dsa-1024")
    for bad in (flipped(der, der.index(b"genuine")), flipped(der, len(der) - 1)):
        refused = box.refused("verify", stdin=bad, status=1, code="CHECK_FAILED", says="is wrong")
        assert refused.json["verdict"] == "bad"


UNKNOWN = {
    # the last arc of ecdsa-with-SHA256, where the signature's algorithm is named
    "scheme": (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x7f"),
    # the last arc of the curve
    "curve": (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x7f"),
    # SM2-with-SM3: its digest takes an identity that nothing in the request says
    "sm2": (
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
        b"\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_not_for_us_to_say(box, requests, name):
    old, new = UNKNOWN[name]
    der = requests["compressed"]
    assert der.count(old) == 1 and len(old) == len(new)
    refused = box.refused(
        "verify",
        stdin=der.replace(old, new),
        status=7,
        code="NOT_VERIFIABLE",
        says="cannot be verified here",
    )
    assert refused.json["verdict"] == "not verifiable here"
