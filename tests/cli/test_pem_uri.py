# SPDX-License-Identifier: Apache-2.0
"""keys show --pem-uri: a PEM file that stands for a key where programs take nothing but a key file."""

import base64
import subprocess

import pytest

BEGIN = "-----BEGIN PKCS#11 PROVIDER URI-----\n"
END = "-----END PKCS#11 PROVIDER URI-----\n"
DESCRIPTION = b"PKCS#11 Provider URI v1.0"


def der_of(pem):
    assert pem.startswith(BEGIN) and pem.endswith(END)
    lines = pem[len(BEGIN) : -len(END)].splitlines()
    assert all(len(line) == 64 for line in lines[:-1]) and 0 < len(lines[-1]) <= 64
    return base64.b64decode("".join(lines), validate=True)


def length(content):
    size = len(content)
    if size < 128:
        return bytes([size])
    return bytes([0x81, size]) if size < 256 else bytes([0x82]) + size.to_bytes(2, "big")


def uri_of(pem):
    """As another program's reader of ASN.1 finds it; and there is nothing else in the PEM."""
    der = der_of(pem)
    command = ("openssl", "asn1parse", "-inform", "DER")
    rows = subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().splitlines()
    assert len(rows) == 3 and "SEQUENCE" in rows[0]
    assert rows[1].split("VISIBLESTRING")[1].lstrip(" :") == DESCRIPTION.decode()
    uri = rows[2].split("UTF8STRING")[1].lstrip(" :")
    body = b"\x1a" + length(DESCRIPTION) + DESCRIPTION + b"\x0c" + length(uri.encode()) + uri.encode()
    assert der == b"\x30" + length(body) + body
    return uri


@pytest.fixture
def web(token):
    token.make_key()
    token.show = ("keys", "show", *token.at, "--key-label", "web")
    return token


def test_names_the_key(web):
    key = web.run(*web.show, "--json").ok().json["key"]
    pem = web.run(*web.show, "--pem-uri").ok().out
    assert uri_of(pem) == key["uri"]
    assert "type=private" in key["uri"] and "id=%01" in key["uri"] and "pin" not in key["uri"]
    # and names it to p11csr itself
    again = web.run("keys", "show", uri_of(pem), *web.login, "--json").ok().json["key"]
    assert again == key


def test_output(web):
    pem = web.run(*web.show, "--pem-uri").ok().out
    answer = web.run(*web.show, "--pem-uri", "--json").ok().json
    assert answer["pem-uri"] == pem and answer["file"] is None
    done = web.run(*web.show, "--pem-uri", "-o", "web.pem").ok()
    assert done.out == "" and (web.work / "web.pem").read_text() == pem
    web.refused(*web.show, "--pem-uri", "-o", "web.pem", status=11, code="FILE_EXISTS", says="web.pem")
    web.run(*web.show, "--pem-uri", "-o", "web.pem", "--force").ok()
    answer = web.run(*web.show, "--pem-uri", "-o", "other.pem", "--json").ok().json
    assert answer["file"] == "other.pem" and (web.work / "other.pem").read_text() == answer["pem-uri"]


def test_pin_source_of_the_uri(web):
    """Only the URI's own PIN source is in the file; how p11csr was told the PIN here is not."""
    uri = web.run(*web.show, "--json").ok().json["key"]["uri"]
    written = web.write_pin(web.work / "pin of web", web.pin).replace(" ", "%20")
    pem = web.run("keys", "show", f"{uri}?pin-source={written}", "--pem-uri").ok().out
    assert uri_of(pem) == f"{uri}?pin-source={written}"
    bare = web.run("keys", "show", uri, *web.login, "--pem-uri").ok().out
    assert uri_of(bare) == uri


def test_no_pin_is_written(web):
    uri = web.run(*web.show, "--json").ok().json["key"]["uri"]
    done = web.run("keys", "show", f"{uri}?pin-value={web.pin}", "--pem-uri").ok()
    assert uri_of(done.out) == uri


def test_refusals(web):
    uri = web.run(*web.show, "--json").ok().json["key"]["uri"]
    (web.work / "say").write_text(f"#!/bin/sh\necho {web.pin}\n")
    (web.work / "say").chmod(0o755)
    runs = f"{uri}?pin-source=exec:{web.work}/say"
    web.run("keys", "show", runs).ok()
    web.refused(
        "keys", "show", runs, "--pem-uri", status=9, code="URI", says=["pin-source", "nothing that runs"]
    )
    web.refused(*web.show, "-o", "x.pem", status=64, code="USAGE", says="--out goes with --pem-uri")
    web.refused(*web.show, "--force", status=64, code="USAGE", says="--force goes with --pem-uri")
    web.refused(*web.show, "--pem-uri", "--protection", status=64, code="USAGE", says="exclude each other")
    web.refused(*web.show[:-1], "none", "--pem-uri", status=3, code="KEY_NOT_FOUND", says="'none'")
