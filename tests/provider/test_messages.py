# SPDX-License-Identifier: Apache-2.0
"""Signed messages, time stamps and answers about certificates: cms, smime, ts, ocsp."""

import pytest

from place import DATA, USAGES

PSS = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest")
# (kind of key, what -keyopt says); OpenSSL 3.0 makes no CMS with Edwards keys
SIGNERS = [("rsa-2048", ()), ("rsa-2048", PSS), ("p256", ()), ("p384", ())]
KINDS = ("rsa-2048", "p256")
TSA = """
[tsa]
default_tsa = the_tsa
[the_tsa]
serial = serial
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


def named(value):
    return ("pss" if value else "") if isinstance(value, tuple) else value


@pytest.mark.parametrize("spec, options", SIGNERS, ids=named)
def test_cms(place, spec, options):
    key = place.key(spec)
    signer = ("-signer", place.certificate(key), "-inkey", key.uri, "-md", "sha256", *options)
    for form in (("-nodetach",), ("-nodetach", "-noattr"), ()):
        place.openssl(
            "cms", "-sign", "-binary", "-in", "data", *signer, *form, "-outform", "DER", "-out", "p7"
        )
        content = () if "-nodetach" in form else ("-content", "data")
        verify = ("cms", "-verify", "-binary", "-CAfile", place.ca, "-inform", "DER", "-in", "p7")
        assert place.judge(*verify, *content) == DATA
        altered = bytearray((place.work / "p7").read_bytes())
        altered[-10] ^= 1  # at the end is the signature
        (place.work / "p7").write_bytes(altered)
        place.judge(*verify, *content, status=4)


def test_cms_by_options(place):
    key = place.key("p256")
    signer = ("-signer", place.certificate(key), "-inkey", key.uri)
    place.by_options("cms", "-sign", "-binary", "-nodetach", "-in", "data", *signer, "-out", "mail")
    assert place.judge("cms", "-verify", "-binary", "-CAfile", place.ca, "-in", "mail") == DATA


@pytest.mark.parametrize("spec", KINDS)
def test_smime(place, spec):
    key = place.key(spec)
    signer = ("-signer", place.certificate(key), "-inkey", key.uri)
    place.openssl("smime", "-sign", "-text", "-in", "data", *signer, "-out", "mail")
    said = place.judge("smime", "-verify", "-text", "-CAfile", place.ca, "-in", "mail")
    assert said.replace(b"\r\n", b"\n") == DATA
    mail = (place.work / "mail").read_text()
    place.write("mail", mail.replace("tests of the provider", "tests of a provider"))
    place.judge("smime", "-verify", "-text", "-CAfile", place.ca, "-in", "mail", status=4)


@pytest.mark.parametrize("spec", KINDS)
def test_time_stamp(place, spec):
    """OpenSSL 3.0 reads the authority's key from a file alone."""
    key = place.key(spec)
    signer = place.certificate(key, usage=USAGES.TIME_STAMPING)
    place.write("tsa.cnf", TSA)
    place.write("serial", "01\n")
    place.judge("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "tsq")
    reply = ("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "tsq", "-signer", signer)
    place.openssl(*reply, "-inkey", key.file, "-out", "tsr")
    verify = ("ts", "-verify", "-in", "tsr", "-CAfile", place.ca)
    place.judge(*verify, "-queryfile", "tsq")
    place.judge(*verify, "-data", "data")
    place.write("other", "something else")
    place.judge(*verify, "-data", "other", status=1)


@pytest.mark.parametrize("spec", [*KINDS, "ed25519"])
def test_ocsp(place, spec):
    """The responder answers a stored question: its server would listen for everybody."""
    key = place.key(spec)
    responder = place.certificate(key, usage=USAGES.OCSP_SIGNING)
    place.soft_key("leaf")
    serial = place.judge("x509", "-in", "leaf.crt", "-noout", "-serial").decode().strip().split("=")[1]
    place.write("index.txt", f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=leaf\n")
    place.judge("ocsp", "-issuer", place.ca, "-cert", "leaf.crt", "-reqout", "question")
    place.openssl(
        *("ocsp", "-index", "index.txt", "-CA", place.ca, "-rsigner", responder, "-rkey", key.uri),
        *("-ndays", "1", "-reqin", "question", "-respout", "answer"),
    )
    ask = ("ocsp", "-issuer", place.ca, "-cert", "leaf.crt", "-CAfile", place.ca)
    done = place.execute(place.plain, 0, ["openssl", *ask, "-no_nonce", "-respin", "answer"], None)
    assert b"Response verify OK" in done.stderr and b"leaf.crt: good" in done.stdout, done
    said = place.execute(
        place.plain,
        0,
        ["ocsptool", "--verify-response", "--load-response", "answer", "--load-trust", place.ca],
        None,
    )
    assert b"Verifying OCSP Response: Success" in said.stdout + said.stderr, said
