# SPDX-License-Identifier: Apache-2.0
"""Requests and certificates: req, x509, ca and its CRLs."""

import pytest
from cryptography import x509

KINDS = ("rsa-2048", "p256", "p384", "p521", "ed25519", "ed448")
SUBJECT = ("-subj", "/CN=www.example.com")
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
CA_CONFIG = """
[ca]
default_ca = the_ca
[the_ca]
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 7
default_crl_days = 2
policy = any
unique_subject = no
[any]
commonName = supplied
"""
LEAF = "basicConstraints=critical,CA:false\nsubjectAltName=DNS:www.example.com\n"


def judged(place, name):
    """OpenSSL and GnuTLS find that the request proves itself."""
    verdict = place.execute(place.plain, 0, ["openssl", "req", "-verify", "-noout", "-in", name], None)
    assert b"verify OK" in verdict.stdout + verdict.stderr, verdict
    said = place.execute(place.plain, 0, ["certtool", "--crq-info", "--infile", name], None).stdout
    assert b"Self signature: verified" in said, said
    return x509.load_pem_x509_csr((place.work / name).read_bytes())


@pytest.mark.parametrize("spec", KINDS)
def test_request(place, spec):
    key = place.key(spec)
    for make in (place.openssl, place.by_options):
        config = ("-config", place.work / "openssl.cnf")
        make("req", "-new", "-key", key.uri, *SUBJECT, *config, "-out", "a.csr")
        assert judged(place, "a.csr").public_key() is not None
        assert place.judge("req", "-in", "a.csr", "-noout", "-pubkey") == key.public.read_bytes()


def test_request_pss(place):
    place.openssl("req", "-new", "-key", place.key("rsa-2048").uri, *SUBJECT, *PSS, "-out", "a.csr")
    assert judged(place, "a.csr").signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10"


@pytest.mark.parametrize("spec", KINDS)
def test_same_bytes(place, spec):
    """What is signed is the same, whether p11csr makes the request or OpenSSL does."""
    key = place.key(spec)
    place.write(
        "same.cnf",
        "[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = more\n"
        "[dn]\nC = DE\nO = Example\nCN = www.example.com\n"
        "[more]\nkeyUsage = critical, digitalSignature\n"  # in the order that p11csr writes
        "subjectAltName = DNS:www.example.com, IP:192.0.2.1\nsubjectKeyIdentifier = hash\n",
    )
    place.openssl("req", "-new", "-key", key.uri, "-config", "same.cnf", "-out", "theirs.csr")
    place.request("--key-label", key.label, "--openssl-config", "same.cnf", "-o", "ours.csr")
    theirs, ours = judged(place, "theirs.csr"), judged(place, "ours.csr")
    assert theirs.tbs_certrequest_bytes == ours.tbs_certrequest_bytes


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519"])
def test_self_signed(place, spec):
    key = place.key(spec)
    place.openssl("req", "-x509", "-key", key.uri, *SUBJECT, "-days", "7", "-out", "own.crt")
    place.certified("own.crt", ca="own.crt", more=("-check_ss_sig",))
    assert place.judge("x509", "-in", "own.crt", "-noout", "-pubkey") == key.public.read_bytes()


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519"])
def test_x509_as_ca(place, spec):
    """It certifies a key in software, and its own."""
    key = place.key(spec)
    root = place.certificate(key, ca=True)
    place.soft_key("soft")
    place.judge("req", "-new", "-key", "soft.key", *SUBJECT, "-config", "openssl.cnf", "-out", "soft.csr")
    place.write("leaf.ext", LEAF)
    sign = ("x509", "-req", "-in", "soft.csr", "-CA", root, "-CAkey", key.uri, "-extfile", "leaf.ext")
    place.openssl(*sign, "-days", "3", "-set_serial", "7", "-out", "leaf.crt")
    place.certified("leaf.crt", more=("-untrusted", root))
    place.openssl("req", "-new", "-key", key.uri, *SUBJECT, "-out", "own.csr")
    place.openssl("x509", "-req", "-in", "own.csr", "-signkey", key.uri, "-days", "3", "-out", "own.crt")
    place.certified("own.crt", ca="own.crt", more=("-check_ss_sig",))


@pytest.mark.parametrize("spec", ["rsa-2048", "p256", "ed25519"])
def test_ca(place, spec):
    """Two certificates, of which one is revoked."""
    key = place.key(spec)
    root = place.certificate(key, ca=True)
    place.soft_key("soft")
    place.judge("req", "-new", "-key", "soft.key", *SUBJECT, "-config", "openssl.cnf", "-out", "soft.csr")
    place.write("leaf.ext", LEAF)
    place.write("openssl.cnf", place.config(CA_CONFIG))
    place.write("index.txt", "")
    place.write("serial", "01\n")
    place.write("crlnumber", "01\n")
    ca = ("ca", "-batch", "-keyfile", key.uri, "-cert", root)
    digest = ("-md", "default") if spec == "ed25519" else ()
    for name in ("good.crt", "bad.crt"):
        place.openssl(*ca, *digest, "-in", "soft.csr", "-extfile", "leaf.ext", "-notext", "-out", name)
    place.openssl(*ca, "-revoke", "bad.crt")
    place.openssl(*ca, *digest, "-gencrl", "-out", "ca.crl")
    chain = ("-untrusted", root)
    place.certified("good.crt", "bad.crt", more=chain)
    crl = (*chain, "-crl_check", "-CRLfile", "ca.crl")
    place.certified("good.crt", more=crl)
    place.judge("verify", "-CAfile", place.ca, *crl, "bad.crt", status=2)
    # The CRL by itself, and its signature once more.
    said = place.execute(
        place.plain, 0, ["openssl", "crl", "-in", "ca.crl", "-noout", "-CAfile", root, "-verify"], None
    )
    assert b"verify OK" in said.stdout + said.stderr, said
