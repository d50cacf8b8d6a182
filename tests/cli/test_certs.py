# SPDX-License-Identifier: Apache-2.0
"""Certificates on a token, put there and looked at by other programs too."""

import hashlib
import re

import pytest
import support
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from terminal import Terminal
from test_objects import seen


@pytest.fixture(scope="module")
def authority():
    return support.Authority()


@pytest.fixture
def web(token):
    token.make_key()
    return token


def pem(*certificates):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def write(token, name, *certificates):
    (token.work / name).write_bytes(pem(*certificates))
    return name


def issue(token, authority, label="web", **more):
    return authority.issue(support.name(label), support.public_key(token, label), **more)


def certs(token, *more):
    return token.run("certs", "list", *token.at, *more, "--json").ok().json["certificates"]


def install(token, *args):
    return token.run("certs", "install", *args, *token.at, "--json")


def on_token(token, key_id="01"):
    """The certificate of that id as pkcs11-tool reads it."""
    return x509.load_der_x509_certificate(
        token.tool("--read-object", "--type", "cert", "--id", key_id).stdout
    )


# certs install


def test_install_and_list(web, authority):
    certificate = issue(web, authority)
    answer = install(web, write(web, "web.crt", certificate)).ok().json
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert answer["certificate"] == {
        "label": "web",
        "id": "01",
        "subject": "CN=web",
        "sha256": hashlib.sha256(der).hexdigest(),
        "stored": True,
    }
    assert answer["chain"] == [] and answer["removed"] == []
    assert on_token(web) == certificate and seen(web, "cert") == [("web", "01")]
    listed = web.tool("-O", "--type", "cert").stdout.decode()
    assert re.search(r"subject:\s+DN: CN=web", listed)
    row = certs(web)[0]
    assert (row["subject"], row["issuer"], row["days-left"], row["key"]) == ("CN=web", "CN=Test CA", 90, True)
    assert int(row["serial"], 16) == certificate.serial_number and row["placeholder"] is False
    text = web.run("certs", "list", *web.at).ok().out
    assert "CN=web\n" in text and "90 days left" in text and "on the token" in text
    key = web.keys()[0]
    assert key["certificate"] is True and key["spki-sha256"] == row["spki-sha256"]


def test_attributes_are_those_of_the_certificate(web, authority):
    """Searches by subject, issuer and serial number find it: their DER is stored beside it."""
    certificate = issue(web, authority, serial=0x80FF)
    install(web, write(web, "web.crt", certificate)).ok()
    found = web.raw("show", "01").stdout.decode().split()
    assert found == [
        certificate.subject.public_bytes().hex(),
        certificate.issuer.public_bytes().hex(),
        "02030080ff",
    ]


@pytest.mark.parametrize("spec", ["rsa-2048", "ed25519", "p384"])
def test_kinds_of_keys(token, authority, spec):
    token.make_key(spec)
    certificate = issue(token, authority)
    (token.work / "web.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    install(token, "web.der").ok()
    assert on_token(token) == certificate
    done = token.other("openssl", "x509", "-noout", "-subject", stdin=pem(on_token(token)))
    assert b"CN = web" in done.stdout


def test_a_certificate_without_its_key(web, authority):
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    stray = write(web, "stray.crt", authority.issue(support.name("stray"), other))
    says = "no private key on the token has the certificate's public key"
    web.refused("certs", "install", stray, *web.at, status=3, code="KEY_NOT_FOUND", says=says)
    names = ("--key-label", "web")
    says = "does not show the certificate's public key"
    web.refused("certs", "install", stray, *names, *web.at, status=3, code="KEY_NOT_FOUND", says=says)
    assert certs(web) == []


def test_a_public_key_alone_is_no_key(web, authority):
    name = write(web, "web.crt", issue(web, authority))
    web.tool("--delete-object", "--type", "privkey", "--id", "01")
    web.refused("certs", "install", name, *web.at, status=3, code="KEY_NOT_FOUND", says="no private key")


def test_copies_of_a_key(web, authority):
    name = write(web, "web.crt", issue(web, authority))
    web.raw("copy", "01", "02")
    web.refused("certs", "install", name, *web.at, status=5, code="KEY_AMBIGUOUS", says=["2 private keys"])
    install(web, name, "--key-id", "02").ok()
    assert seen(web, "cert") == [("web", "02")]


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "it is empty"),
        (b"text", "neither PEM nor DER"),
        (b"\x30\x82\x01\x00", "cannot be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "'PRIVATE KEY' is not a"),
    ],
)
def test_files_that_hold_none(web, content, says):
    (web.work / "web.crt").write_bytes(content)
    web.refused("certs", "install", "web.crt", *web.at, status=9, code="CERTIFICATE", says=says)


def test_something_behind_it(web, authority):
    der = issue(web, authority).public_bytes(serialization.Encoding.DER)
    (web.work / "web.crt").write_bytes(der + b"\0")
    web.refused("certs", "install", "web.crt", *web.at, status=9, code="CERTIFICATE", says="behind")


def test_an_expired_one_is_warned_about(web, authority):
    name = write(web, "web.crt", issue(web, authority, days=(-9, -2)))
    answer = install(web, name).ok().json
    assert "expired at" in answer["warnings"][0]


# Chains


@pytest.fixture
def chain(web, authority):
    middle = support.Authority("Middle CA", authority)
    return [issue(web, middle), middle.certificate, authority.certificate]


def test_chain_in_the_same_file(web, chain):
    answer = install(web, write(web, "all.pem", *chain)).ok().json
    assert [c["subject"] for c in answer["chain"]] == ["CN=Middle CA", "CN=Test CA"]
    assert all(c["stored"] for c in answer["chain"])
    assert sorted((row["label"], row["id"]) for row in certs(web)) == [
        ("CN=Middle CA", ""),
        ("CN=Test CA", ""),
        ("web", "01"),
    ]
    assert {row["subject"]: row["key"] for row in certs(web)} == {
        "CN=web": True,
        "CN=Middle CA": False,
        "CN=Test CA": False,
    }


def test_chain_in_a_file_of_its_own(web, chain):
    files = (write(web, "web.crt", chain[0]), "--chain", write(web, "ca.pem", *chain[1:]))
    install(web, *files).ok()
    out = web.run("certs", "export", *web.at, "--key-label", "web", "--with-chain").ok().out
    assert out.encode() == pem(*chain)
    (web.work / "root.pem").write_bytes(pem(chain[2]))
    (web.work / "middle.pem").write_bytes(pem(chain[1]))
    done = web.other(
        "openssl", "verify", "-CAfile", "root.pem", "-untrusted", "middle.pem", stdin=out.encode()
    )
    assert b"OK" in done.stdout


def test_what_is_there_of_a_chain_stays(web, chain, authority):
    install(web, write(web, "all.pem", *chain)).ok()
    web.make_key("p256", "two", "02")
    middle_key = chain[1]
    second = write(web, "two.pem", issue(web, authority, "two"), chain[2])
    answer = install(web, second).ok().json
    assert [c["stored"] for c in answer["chain"]] == [False]
    assert len(certs(web)) == 4 and middle_key is chain[1]


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 2), (0, 0)])
def test_chain_that_is_none(web, chain, order):
    name = write(web, "all.pem", *[chain[i] for i in order])
    web.refused(
        "certs", "install", name, *web.at, status=9, code="CERTIFICATE", says="certificate 2 of the chain"
    )
    assert certs(web) == []


def test_an_issuer_of_the_right_name_only(web, authority):
    """The name meets, the signature does not."""
    false = support.Authority()
    name = write(web, "web.crt", issue(web, authority))
    web.refused(
        *("certs", "install", name, "--chain", write(web, "ca.pem", false.certificate), *web.at),
        status=9,
        code="CERTIFICATE",
        says="certificate 2 of the chain did not issue certificate 1",
    )
    (web.work / "empty.pem").write_bytes(b"")
    web.refused(
        *("certs", "install", name, "--chain", "empty.pem", *web.at),
        status=9,
        code="CERTIFICATE",
        says="cannot read the chain",
    )
    assert certs(web) == []


# What is there already


def test_duplicates_are_refused(web, authority):
    name = write(web, "web.crt", issue(web, authority))
    install(web, name).ok()
    before = web.tool("-O").stdout
    web.refused(
        "certs",
        "install",
        name,
        *web.at,
        status=11,
        code="CERT_EXISTS",
        says=["is on the token", "type=cert"],
    )
    newer = write(web, "new.crt", issue(web, authority))
    web.refused("certs", "install", newer, *web.at, status=11, code="CERT_EXISTS", says="the key has a cert")
    assert web.tool("-O").stdout == before


def test_replace(web, authority):
    old, new = issue(web, authority), issue(web, authority)
    install(web, write(web, "old.crt", old)).ok()
    answer = install(web, write(web, "new.crt", new), "--replace").ok().json
    assert [(r["placeholder"], int(r["serial"], 16)) for r in answer["removed"]] == [
        (False, old.serial_number)
    ]
    assert on_token(web) == new and len(certs(web)) == 1
    again = install(web, "new.crt", "--replace").ok().json
    assert again["certificate"]["stored"] is False and again["removed"] == []
    assert on_token(web) == new and len(certs(web)) == 1


def test_the_same_certificate_elsewhere(web, authority):
    certificate = issue(web, authority)
    name = write(web, "web.crt", certificate)
    web.tool("--write-object", support.certify(web, web.work), "--type", "cert", "--id", "07", "--label", "x")
    install(web, name).ok()  # of another serial number: it is in nobody's way
    assert len(certs(web)) == 2
    web.run("certs", "delete", *web.at, "--key-id", "01", "--key-label", "web", "--yes").ok()
    der = web.work / "same.der"
    der.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    web.tool("--write-object", der, "--type", "cert", "--id", "08", "--label", "y")
    web.refused("certs", "install", name, *web.at, status=11, code="CERT_EXISTS", says="id=%08")
    install(web, name, "--replace").ok()
    assert seen(web, "cert") == [("web", "01"), ("x", "07")]


def placeholder(public_key, signer, days=0):
    """As some modules write them when they make a key: for the key, signed by nobody in particular."""
    now = support.datetime.datetime(2026, 1, 1)
    return (
        x509.CertificateBuilder()
        .subject_name(support.name("Slot 9A"))
        .issuer_name(support.name("Slot 9A"))
        .public_key(public_key)
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + support.datetime.timedelta(days=days))
        .sign(signer, hashes.SHA256())
    )


def put(token, certificate):
    """Has another program put it where the key's certificate belongs."""
    der = token.work / "there.der"
    der.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    token.tool("--write-object", der, "--type", "cert", "--id", "01", "--label", "Slot 9A")


def test_what_is_only_like_a_placeholder_stays(web, authority):
    """A CA's new key that its old one certified is self-issued as well, and not signed by itself."""
    certificate = placeholder(
        support.public_key(web, "web"), ec.generate_private_key(ec.SECP256R1()), days=30
    )
    put(web, certificate)
    new = write(web, "web.crt", issue(web, authority))
    says = "the key has a certificate"
    web.refused("certs", "install", new, *web.at, status=11, code="CERT_EXISTS", says=says)
    assert on_token(web) == certificate and len(certs(web)) == 1
    assert certs(web)[0]["placeholder"] is False
    answer = install(web, new, "--replace").ok().json
    assert [row["placeholder"] for row in answer["removed"]] == [False] and len(certs(web)) == 1


def test_a_placeholder_makes_room(web, authority):
    put(web, placeholder(support.public_key(web, "web"), ec.generate_private_key(ec.SECP256R1())))
    assert certs(web)[0]["placeholder"] is True
    assert "a placeholder" in web.run("certs", "list", *web.at).ok().out
    new = issue(web, authority)
    answer = install(web, write(web, "web.crt", new)).ok().json
    assert [row["placeholder"] for row in answer["removed"]] == [True]
    assert on_token(web) == new and len(certs(web)) == 1


def test_a_placeholder_of_another_key_stays(web, authority):
    """It is somebody's: it makes no room by itself, and is not shown as one."""
    install(web, write(web, "first.crt", issue(web, authority))).ok()
    put(web, placeholder(ec.generate_private_key(ec.SECP256R1()).public_key(), authority.key))
    shown = sorted((row["placeholder"], row["key"], row["subject"]) for row in certs(web))
    assert shown == [(False, False, "CN=Slot 9A"), (False, True, "CN=web")]
    new = write(web, "web.crt", issue(web, authority))
    says = ["the key has a certificate", "Slot%209A"]
    web.refused("certs", "install", new, *web.at, status=11, code="CERT_EXISTS", says=says)
    due = web.run("renew", "--expiring", "30d", *web.at, "--json").ok().json
    assert [one["why"] for one in due["skipped"]] == ["its key is not on this token"] and not due["renewed"]
    answer = install(web, new, "--replace").ok().json
    assert [row["placeholder"] for row in answer["removed"]] == [False] * 2 and len(certs(web)) == 1


def test_a_placeholder_that_contradicts_its_key(web, authority):
    """The public half of the key is not agreed on: the placeholder is for none of the token's keys."""
    new = write(web, "web.crt", issue(web, authority))
    put(web, placeholder(ec.generate_private_key(ec.SECP256R1()).public_key(), authority.key))
    (row,) = certs(web)
    assert row["placeholder"] is False and row["key"] is False
    due = web.run("renew", "--expiring", "30d", *web.at, "--json").ok().json
    assert [one["why"] for one in due["skipped"]] == ["its key is not on this token"] and not due["renewed"]
    # The key that is named proves itself by a signature, and what stands in its place stays all the same.
    named = ("--key-label", "web")
    says = ["the key has a certificate", "Slot%209A"]
    web.refused("certs", "install", new, *web.at, *named, status=11, code="CERT_EXISTS", says=says)
    answer = install(web, new, "--replace", *named).ok().json
    assert [row["placeholder"] for row in answer["removed"]] == [False] and len(certs(web)) == 1


def test_a_placeholder_is_not_renewed(web):
    put(web, placeholder(support.public_key(web, "web"), ec.generate_private_key(ec.SECP256R1())))
    due = web.run("renew", "--expiring", "30d", *web.at, "--json").ok().json
    assert [one["why"] for one in due["skipped"]] == ["it is a placeholder"] and not due["renewed"]
    # When its key has gone, it is still what a module wrote for want of a real one.
    web.run("keys", "delete", *web.at, "--key-label", "web", "--key-id", "01", "--yes").ok()
    assert [row["placeholder"] for row in certs(web)] == [True]


def test_a_self_signed_certificate_is_no_placeholder(token):
    """A real one, made by its own key, makes no room by itself."""
    signer = ec.generate_private_key(ec.SECP256R1())
    real = placeholder(signer.public_key(), signer)
    (token.work / "real.der").write_bytes(real.public_bytes(serialization.Encoding.DER))
    token.tool("--write-object", token.work / "real.der", "--type", "cert", "--id", "01", "--label", "self")
    assert certs(token)[0]["placeholder"] is False


# certs list


def test_sorted_by_expiry_and_warned_about(web, authority):
    for days in (300, 20, -3, 100):
        certificate = issue(web, authority, days=(-9, days))
        path = web.work / f"{days}.der"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
        web.tool("--write-object", path, "--type", "cert", "--id", f"{days + 10:04x}", "--label", f"c{days}")
    assert [row["days-left"] for row in certs(web)] == [-3, 20, 100, 300]
    assert [row["key"] for row in certs(web)] == [True] * 4
    text = web.run("certs", "list", *web.at).ok().out
    assert "expired 3 days ago" in text and "20 days left" in text
    due = web.run("certs", "list", *web.at, "--warn-days", "30", "--json")
    assert due.status == 1 and [row["days-left"] for row in due.json["certificates"]] == [-3, 20, 100, 300]
    assert "2 of 4 certificates end within 30 days" in due.json["error"]["cause"][0]
    assert len(due.json["error"]["notes"]) == 2
    for_people = web.run("certs", "list", *web.at, "--warn-days", "30")
    assert for_people.status == 1 and "2 of 4" in for_people.err and "c300" in for_people.out
    names = ("--key-label", "c100")
    assert web.run("certs", "list", *web.at, *names, "--warn-days", "30").status == 0
    assert web.run("certs", "list", *web.at, *names, "--warn-days", "101").status == 1


@pytest.mark.parametrize("days", ["", "x", "-1", "1.5", "100001"])
def test_days_that_are_none(token, days):
    says = "--warn-days"
    token.refused("certs", "list", *token.at, "--warn-days", days, status=9, code="VALUE", says=says)


def test_list_of_none_and_without_login(web, authority):
    empty = web.run("certs", "list", *web.at).ok()
    assert empty.out == "" and "there is no certificate" in empty.err
    install(web, write(web, "web.crt", issue(web, authority))).ok()
    rows = web.run("certs", "list", "--token", web.label, "--json").ok().json["certificates"]
    assert [row["key"] for row in rows] == [None]
    assert "not known without a login" in web.run("certs", "list", "--token", web.label).ok().out


def test_what_is_no_certificate_is_listed_last(web, authority):
    install(web, write(web, "web.crt", issue(web, authority))).ok()
    web.raw("certificate", "junk", "09", "3003020101")
    rows = certs(web)
    assert [row["label"] for row in rows] == ["web", "junk"]
    assert "cannot be read" in rows[1]["problem"] and rows[1]["days-left"] is None


# certs export


def test_export(web, authority):
    certificate = issue(web, authority)
    install(web, write(web, "web.crt", certificate)).ok()
    at = ("certs", "export", *web.at, "--key-label", "web")
    assert web.run(*at).ok().out.encode() == pem(certificate)
    web.run(*at, "--form", "der", "-o", "web.der").ok()
    der = (web.work / "web.der").read_bytes()
    assert der == certificate.public_bytes(serialization.Encoding.DER)
    web.refused(*at, "-o", "web.der", status=11, code="FILE_EXISTS", says="web.der")
    web.run(*at, "-o", "web.der", "--force").ok()
    assert (web.work / "web.der").read_bytes() == pem(certificate)
    answer = web.run(*at, "--json").ok().json
    assert answer["pem"].encode() == pem(certificate) and answer["file"] is None
    web.refused(*at, "--form", "der", "--with-chain", status=64, code="USAGE", says="--with-chain")
    web.refused(*at, "--form", "txt", status=64, code="USAGE", says="pem or der")


def test_export_of_none_and_of_several(web, authority):
    at = ("certs", "export", *web.at)
    web.refused(*at, status=3, code="CERT_NOT_FOUND", says="certs list")
    first = issue(web, authority)
    install(web, write(web, "web.crt", first)).ok()
    web.tool(
        "--write-object", support.certify(web, web.work), "--type", "cert", "--id", "01", "--label", "web"
    )
    uris = [row["uri"] for row in certs(web)]
    refused = web.refused(
        *at, "--key-label", "web", status=5, code="CERT_AMBIGUOUS", says=[*uris, "--serial"]
    )
    assert len(refused.json["error"]["notes"]) == 2
    serial = f"{first.serial_number:x}"
    out = web.run(*at, "--serial", serial if len(serial) % 2 == 0 else "0" + serial).ok().out
    assert out.encode() == pem(first)
    assert web.run(*at, "--key-for", "web.crt", "--serial", "01").status == 3


# certs delete


def test_delete(web, authority):
    install(web, write(web, "web.crt", issue(web, authority))).ok()
    uri = certs(web)[0]["uri"]
    at = ("certs", "delete", *web.at)
    web.refused(*at, "--key-label", "web", status=8, code="NOT_CONFIRMED", says=["no terminal", uri])
    says = ["named in full", uri]
    web.refused(*at, "--key-label", "web", "--yes", status=64, code="USAGE", says=says)
    web.refused(*at, "--key-label", "x", "--yes", status=3, code="CERT_NOT_FOUND", says="no certificate")
    assert len(certs(web)) == 1
    done = web.run("certs", "delete", uri, *web.login, "--yes").ok()
    assert done.out.startswith("deleted the certificate 'web' (id 01, serial ")
    assert certs(web) == [] and seen(web, "privkey") == [("web", "01")]
    assert seen(web, "pubkey") == [("web", "01")]


def test_install_without_a_login(web, authority):
    """The cause is that no private key shows, not that there is none."""
    path = write(web, "web.crt", issue(web, authority))
    install = ("certs", "install", path, "--token", web.label, "--login", "never")
    hint = "private keys do not show without one: try --login auto"
    web.refused(
        *install,
        status=3,
        code="KEY_NOT_FOUND",
        says=["no private key with the certificate's public key shows without a login", hint],
    )
    web.refused(
        *install,
        *("--key-label", "web"),
        status=3,
        code="KEY_NOT_FOUND",
        says=["no private key that matches shows without a login", hint],
    )


def test_certificates_by_piv_slot(web, authority):
    """A slot stands for the CKA_ID that modules for PIV cards give to its objects."""
    certificate = issue(web, authority)
    install(web, write(web, "web.crt", certificate), "--piv-slot", "9a").ok()
    assert [row["id"] for row in certs(web, "--piv-slot", "9A")] == ["01"]
    assert certs(web, "--piv-slot", "9c") == []
    out = web.run("certs", "export", *web.at, "--piv-slot", "9a").ok().out
    assert x509.load_pem_x509_certificate(out.encode()) == certificate
    export = ("certs", "export", *web.at, "--piv-slot")
    web.refused(*export, "9c", status=3, code="CERT_NOT_FOUND", says="matches")
    web.refused(*export, "9b", status=9, code="VALUE", says="there is no PIV slot '9b'")
    web.refused(*export, "9a", "--key-id", "02", status=64, code="USAGE", says="differ")
    web.run("certs", "delete", *web.at, "--piv-slot", "9a", "--key-label", "web", "--yes").ok()
    assert certs(web) == []


def test_a_person_types_the_label(web, authority):
    certificate = issue(web, authority)
    install(web, write(web, "web.crt", certificate)).ok()
    with Terminal(web, "certs", "delete", *web.at, "--key-label", "web") as window:
        window.expect("Type web to agree: ")
        assert f"{certificate.serial_number:x}" in window.screen.decode()
        window.line("no")
        assert window.end().status == 8
    with Terminal(web, "certs", "delete", *web.at, "--key-label", "web") as window:
        window.expect("Type web to agree: ")
        window.line("web")
        window.end().ok()
    assert certs(web) == []


def test_delete_never_takes_one_of_several(web, authority):
    install(web, write(web, "web.crt", issue(web, authority))).ok()
    web.tool(
        "--write-object", support.certify(web, web.work), "--type", "cert", "--id", "01", "--label", "web"
    )
    uri = certs(web)[0]["uri"]
    web.refused(
        *("certs", "delete", uri, *web.login, "--yes"), status=5, code="CERT_AMBIGUOUS", says="2 certificates"
    )
    serial = certs(web)[0]["serial"]
    web.run("certs", "delete", uri, "--serial", serial, *web.login, "--yes").ok()
    assert [row["serial"] != serial for row in certs(web)] == [True]


def test_a_key_is_no_certificate(web):
    uri = web.keys()[0]["uri"]
    web.refused(
        *("certs", "delete", uri, *web.login, "--yes"),
        status=9,
        code="URI",
        says="does not name a certificate",
    )
