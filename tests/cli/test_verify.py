# SPDX-License-Identifier: Apache-2.0
"""verify: what p11csr itself never makes, judged by libcrypto; and what nobody here can judge."""

import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

import support
from test_match import NAME, PEM, certificate_of, spki_of

RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:{}")
EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:{}")


def curve(name, *more):
    return tuple(part.format(name) for part in EC) + more


def rsa_key(bits, *more):
    return tuple(part.format(bits) for part in RSA) + more


def pss(*options):
    words = ["rsa_padding_mode:pss", *options]
    return tuple(word for option in words for word in ("-sigopt", option))


# what makes the key, what signs, the kind of key that show says
KINDS = {
    "rsa-1024": (rsa_key(1024), ("-sha256",), "rsa-1024"),
    "rsa-512": (rsa_key(512), ("-sha256",), "rsa-512"),
    "md5": (rsa_key(2048), ("-md5",), "rsa-2048"),
    "sha3": (rsa_key(2048), ("-sha3-384",), "rsa-2048"),
    "ripemd": (rsa_key(2048), ("-ripemd160",), "rsa-2048"),
    "pss, salt 20": (rsa_key(2048), ("-sha256", *pss("rsa_pss_saltlen:20")), "rsa-2048"),
    "pss, largest salt": (rsa_key(2048), ("-sha256", *pss("rsa_pss_saltlen:-2")), "rsa-2048"),
    "pss, other mgf": (rsa_key(2048), ("-sha512", *pss("rsa_pss_saltlen:8", "rsa_mgf1_md:sha1")), "rsa-2048"),
    "pss, all default": (rsa_key(2048), ("-sha1", *pss("rsa_pss_saltlen:20")), "rsa-2048"),
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


# What the signature does not make right.
WRONG = {"own curve": {"S08"}}


def broken(lint):
    return {finding["id"] for finding in lint["findings"] if finding["severity"] == "error"}


@pytest.mark.parametrize("name", [*KINDS, "dsa"])
def test_judged_by_libcrypto(box, requests, name):
    der = requests[name]
    verified = box.run("verify", "--json", stdin=der)
    assert verified.json["verdict"] == "good"
    assert broken(verified.json["lint"]) == WRONG.get(name, set())
    assert verified.status == (1 if name in WRONG else 0)
    shown = box.run("show", "--json", stdin=der).ok().json["csr"]
    assert shown["signature"]["verdict"] == "good"
    assert shown["key"]["type"] == (KINDS[name][2] if name in KINDS else "dsa-1024")
    for bad in (flipped(der, der.index(b"genuine")), flipped(der, len(der) - 1)):
        refused = box.refused("verify", stdin=bad, status=1, code="CHECK_FAILED", says="is wrong")
        assert refused.json["verdict"] == "bad"


def test_structure_counts(box, requests):
    """A good signature does not make a request right: explicit curve, and something behind it."""
    der = requests["own curve"] + b"\0"
    shown = box.run("verify", stdin=der)
    assert shown.status == 1 and "the structure of 'standard input' is wrong" in shown.err
    lines = shown.out.splitlines()
    assert lines[0] == "standard input: the signature is good"
    assert {line.split()[3] for line in lines[1:]} == {"S01:", "S08:"}
    checked = box.run("show", "--check", stdin=der)
    assert checked.status == 1 and checked.out.splitlines()[-1].startswith("Lint:       2 errors")
    assert box.run("show", stdin=der).ok().out == checked.out


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


# Proof by another key: RFC 9883


def tlv(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


POSSESSION = tlv(0x06, bytes.fromhex("2b0601040181ac600201"))
ECDSA_SHA256 = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))


def statement(certificate, enclosed=False, serial=None):
    """PrivateKeyPossessionStatement that names the certificate."""
    number = serial or certificate.serial_number
    signer = tlv(0x30, certificate.issuer.public_bytes(), tlv(0x02, bytes([number])))
    whole = certificate.public_bytes(serialization.Encoding.DER) if enclosed else b""
    return tlv(0x30, POSSESSION, tlv(0x31, tlv(0x30, signer, whole)))


def signed_for(key, signer, *attributes):
    """A request for a key that signs nothing itself."""
    info = tlv(0x30, b"\x02\x01\x00", NAME.public_bytes(), spki_of(key), tlv(0xA0, *sorted(attributes)))
    signature = signer.sign(info, ec.ECDSA(hashes.SHA256()))
    return tlv(0x30, info, ECDSA_SHA256, tlv(0x03, b"\0", signature))


@pytest.fixture(scope="module")
def signer():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, certificate_of(key.public_key(), key)


@pytest.mark.parametrize("kind", ["x25519", "rsa"])
@pytest.mark.parametrize("enclosed", [False, True])
def test_proof_by_another_key(box, signer, kind, enclosed):
    own = x25519.X25519PrivateKey.generate() if kind == "x25519" else rsa.generate_private_key(65537, 2048)
    key, certificate = signer
    der = signed_for(own, key, statement(certificate, enclosed))
    (box.work / "signer").write_bytes(certificate.public_bytes(PEM))
    answer = box.run("verify", "--signer-cert", "signer", "--json", stdin=der).ok()
    assert answer.json["verdict"] == "good"
    # Without the certificate nothing can be said; with it a wrong signature is wrong.
    alone = box.refused(
        "verify",
        "-",
        stdin=der,
        status=7,
        code="NOT_VERIFIABLE",
        says=["statement of possession", "--signer-cert"],
    )
    assert alone.json["verdict"] == "not verifiable here"
    bad = flipped(der, len(der) - 1)
    box.refused(
        "verify",
        "--signer-cert",
        "signer",
        stdin=bad,
        status=1,
        code="CHECK_FAILED",
        says="does not verify with the public key",
    )
    assert box.run("verify", stdin=bad).status == 7
    (attribute,) = box.run("show", "--json", stdin=der).ok().json["csr"]["attributes"]
    assert attribute["name"] == "statementOfPossession"
    assert {"type": "issuer", "value": "CN=match"} in attribute["value"]


def test_another_certificate_proves_nothing(box, signer):
    """It is the certificate that is named which counts, even if its key made the signature."""
    own = x25519.X25519PrivateKey.generate()
    key, certificate = signer
    stranger = ec.generate_private_key(ec.SECP256R1())
    other = certificate_of(stranger.public_key(), stranger)
    (box.work / "signer").write_bytes(certificate.public_bytes(PEM))
    for attributes, says in (
        ((statement(certificate, serial=9),), "names another certificate"),
        ((statement(other, enclosed=True),), "names another certificate"),
        ((), "no statement of possession"),
        ((tlv(0x30, POSSESSION, tlv(0x31, tlv(0x30))),), "cannot be read"),
    ):
        box.refused(
            "verify",
            "--signer-cert",
            "signer",
            stdin=signed_for(own, key, *attributes),
            status=1,
            code="CHECK_FAILED",
            says=says,
        )
    der = signed_for(own, stranger, statement(certificate))
    assert box.run("verify", "--signer-cert", "signer", stdin=der).status == 1


def test_own_signature_needs_no_certificate(box, signer):
    key, certificate = signer
    (box.work / "signer").write_bytes(certificate.public_bytes(PEM))
    der = signed_for(key, key)
    box.run("verify", stdin=der).ok()
    says = ["the own key of 'standard input' signed it", "without --signer-cert"]
    box.refused("verify", "--signer-cert", "signer", stdin=der, status=64, code="USAGE", says=says)


def test_no_certificate(box, signer):
    der = signed_for(x25519.X25519PrivateKey.generate(), signer[0], statement(signer[1]))
    (box.work / "text").write_bytes(b"hello\n")
    (box.work / "a.csr").write_bytes(der)
    for name in ("text", "a.csr"):
        box.refused(
            "verify",
            "--signer-cert",
            name,
            stdin=der,
            status=9,
            code="CERTIFICATE",
            says=f"cannot take a certificate from '{name}'",
        )
