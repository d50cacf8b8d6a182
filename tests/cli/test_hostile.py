# SPDX-License-Identifier: Apache-2.0
"""Files that nobody means well with: each is refused with what and why, or read within its bounds."""

import base64
import os
import socket
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import support
from test_match import PEM, SPKI, spki_of
from test_verify import ECDSA_SHA256, tlv

KEY = ec.generate_private_key(ec.SECP256R1())
MIB = 1024 * 1024
EXTENSION_REQUEST = "2a864886f70d01090e"


def nested(depth, tag=0x30):
    value = b""
    for _ in range(depth):
        value = tlv(tag, value)
    return value


def request(*attributes, name=tlv(0x30)):
    """A request with a good signature, whatever else it says."""
    info = tlv(0x30, b"\x02\x01\x00", name, spki_of(KEY), tlv(0xA0, *attributes))
    return tlv(0x30, info, ECDSA_SHA256, tlv(0x03, b"\0", KEY.sign(info, ec.ECDSA(hashes.SHA256()))))


def attribute(oid, *values):
    return tlv(0x30, tlv(0x06, bytes.fromhex(oid)), tlv(0x31, *values))


def extensions(*pairs):
    parts = [tlv(0x30, tlv(0x06, bytes.fromhex(oid)), tlv(0x04, value)) for oid, value in pairs]
    return attribute(EXTENSION_REQUEST, tlv(0x30, *parts))


def armoured(der):
    label = b"CERTIFICATE REQUEST-----\n"
    return b"-----BEGIN " + label + base64.encodebytes(der) + b"-----END " + label


def commands(name):
    return (("show", name), ("verify", name), ("match", name, name), ("compare", name, name))


def refused(box, name, code, says):
    for command in commands(name):
        result = box.run(*command, "--json")
        error = result.json["error"]
        assert (result.status, error["code"]) == (9, code), result
        assert says in "\n".join([error["message"], *error["cause"]]) and error["hint"], result
        assert box.run(*command).status == 9
    lint = box.run("lint", name, "--json")
    assert lint.status == 9 and "unreadable" in lint.json["files"][0], lint


@pytest.mark.parametrize(
    "data, says",
    [
        (b"\x30\x84\x7f\xff\xff\xff\x02\x01\x00", ""),
        (b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01\x00", ""),
        (b"\x30\x83\xff\xff\xff" + b"x" * 1000, ""),
        (b"\x30\x80" * 10000, ""),
        (nested(10000), ""),
        (armoured(nested(10000)), ""),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n" * 20000, ""),
        (b"-----BEGIN " * 90000, ""),
        (b"-" * MIB, ""),
        (b"\n" * MIB, ""),
        (b"A" * MIB, ""),
        (b"", "empty"),
        (bytes(1000), ""),
    ],
    ids=range(13),
)
def test_what_is_no_request(box, data, says):
    (box.work / "bad").write_bytes(data)
    refused(box, "bad", "REQUEST", says)


def test_nobody_reads_64_mib(box):
    with open(box.work / "big", "wb") as file:
        file.truncate(64 * MIB)
    refused(box, "big", "LIMIT", "more than 1048576 bytes")
    (box.work / "big.pem").write_bytes(armoured(bytes(2 * MIB)))
    refused(box, "big.pem", "LIMIT", "more than 1048576 bytes")
    der = request()
    for signer in ("big", "big.pem"):
        box.refused(
            "verify",
            "--signer-cert",
            signer,
            stdin=der,
            status=9,
            code="LIMIT",
            says="more than 1048576 bytes",
        )


def test_an_endless_pipe(box):
    """It is not read to its end, which it does not have."""
    child = box.start("show", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    written = 0
    try:
        while written < 16 * MIB:
            written += child.stdin.write(bytes(65536))
    except BrokenPipeError:
        pass
    finally:
        child.stdin = None
        out, err = child.communicate(timeout=support.TIMEOUT)
    result = box.took(("show", "-"), child.returncode, out, err)
    assert result.status == 9 and "more than 1048576 bytes" in result.err
    assert written < 4 * MIB


def test_what_is_no_file(box):
    (box.work / "folder").mkdir()
    place = socket.socket(socket.AF_UNIX)
    place.bind(str(box.work / "socket"))
    for name in ("folder", "socket"):
        for command in commands(name):
            box.refused(*command, status=10, code="READ", says=name)
    place.close()
    os.mkfifo(box.work / "fifo")
    der = request()
    writer = threading.Thread(target=lambda: (box.work / "fifo").write_bytes(der))
    writer.start()
    assert box.run("verify", "fifo").ok()
    writer.join()


# OIDs of extensions, names and attributes that are decoded
DECODED = (
    "551d0e 551d0f 551d11 551d13 551d1e 551d20 551d23 551d24 551d25 2b06010505070103 2b06010505070118 "
    "2b0601050507300105 2b0601040182371402 2b0601040182371507 2b060104018237150a 2b0601040182371902 2a0304"
).split()
ATTRIBUTES = (
    "2a864886f70d010902 2a864886f70d010907 2a864886f70d010908 2a864886f70d01090e 2a864886f70d010910023b "
    "2b0601040181ac600201 2b0601040182370d0201 2b0601040182370d0202 2b0601040182371514 2a0304"
).split()


@pytest.mark.parametrize(
    "parts",
    [
        *([extensions((oid, nested(10000)))] for oid in DECODED),
        *([extensions(("551d11", tlv(0x30, tlv(tag, nested(9000)))))] for tag in (0xA0, 0xA3, 0xA4, 0xA5)),
        *([attribute(oid, nested(10000))] for oid in ATTRIBUTES),
        [attribute("2a0304", *[tlv(0x05)] * 200000)],
        [attribute("2a864886f70d010902", *[tlv(0x16, b"a")] * 200000)],
        [extensions(*[("2a0304", b"\x05\x00")] * 30000)],
        [extensions(("551d25", tlv(0x30, *[tlv(0x06, b"\x2a\x03\x04")] * 60000)))],
        [extensions(("551d11", tlv(0x30, *[tlv(0x82, b"a.example")] * 60000)))],
        [tlv(0x30, tlv(0x06, b"\x2a" + b"\x81" * 500000 + b"\x01"), tlv(0x31, tlv(0x05)))],
        [tlv(0x30, tlv(0x06, b"\x2a" + b"\x01" * 500000), tlv(0x31, tlv(0x05)))],
        [tlv(0x30, tlv(0x06), tlv(0x31, tlv(0x05)))],
    ],
)
def test_content_of_good_requests(box, parts):
    """The signature is good; what is in them is shown or said not to be readable, and not too much."""
    (box.work / "a").write_bytes(request(*parts))
    shown = box.run("show", "a").ok()
    assert shown.out.splitlines()[-2] == "Signature:  ecdsa-sha256: good" and len(shown.out) < 32768
    assert box.run("show", "a", "--json").ok().json["csr"]["signature"]["verdict"] == "good"
    assert box.run("verify", "a", "--json").json["verdict"] == "good"
    assert box.run("lint", "a").status in (0, 1)
    box.run("match", "a", "a").ok()
    assert box.run("compare", "a", "a").status in (0, 9)


@pytest.mark.parametrize(
    "data, says",
    [
        (request(*[attribute("2a0304", tlv(0x05))] * 30000), "more than 128 attributes"),
        (
            request(
                name=tlv(0x30, *[tlv(0x31, tlv(0x30, b"\x06\x03\x55\x04\x03", tlv(0x0C, b"a")))] * 60000)
            ),
            "more than 64 RDNs",
        ),
    ],
    ids=["attributes", "subject"],
)
def test_too_much_of_it(box, data, says):
    for command in (("show",), ("verify",)):
        box.refused(*command, stdin=data, status=9, code="LIMIT", says=says)


def test_nested_subject(box):
    box.refused("show", stdin=request(name=nested(10000)), status=9, code="REQUEST", says="the subject")
    data = request(name=nested(10000))
    (box.work / "a").write_bytes(data)
    box.refused("compare", "a", "a", status=9, code="REQUEST", says="RelativeDistinguishedName")


def test_faults_of_a_subject(box):
    """What is readable in spite of a fault is shown: a long form, something behind a value, an empty RDN."""
    oid, value = b"\x06\x03\x55\x04\x03", tlv(0x0C, b"a")
    rdn = tlv(0x31, tlv(0x30, oid, value))
    for name, text in (
        (b"\x30\x81" + bytes([len(rdn)]) + rdn, "CN=a"),
        (tlv(0x30, tlv(0x31, tlv(0x30, oid, value, b"\x05\x00"))), "CN=a"),
        (tlv(0x30, rdn, tlv(0x31)), ",CN=a"),
    ):
        (box.work / "a").write_bytes(request(name=name))
        shown = box.run("show", "a", "--json").ok().json
        assert shown["csr"]["subject"] == text and shown["lint"]["errors"] > 0
        assert box.run("verify", "a").status == 1
        box.run("compare", "a", "a").ok()


def test_the_same_twice(box):
    """A request is like itself also where a type is there twice."""
    twice = (attribute("2a0304", tlv(0x05)), attribute("2a0304", tlv(0x02, b"\x01")))
    for parts in (twice, [extensions(("2a0304", b"\x05\x00"), ("2a0304", b"\x02\x01\x01"))]):
        (box.work / "a").write_bytes(request(*parts))
        box.run("compare", "a", "a").ok()
    (box.work / "b").write_bytes(request(*reversed(twice)))
    (box.work / "a").write_bytes(request(*twice))
    assert box.run("compare", "a", "b").status == 1


def test_public_keys_of_any_size(box):
    (box.work / "a").write_bytes(
        tlv(0x30, tlv(0x30, tlv(0x06, b"\x2a\x03\x04")), tlv(0x03, bytes(MIB - 100)))
    )
    (box.work / "b").write_bytes(KEY.public_key().public_bytes(PEM, SPKI))
    assert box.run("match", "a", "b").status in (1, 9)
