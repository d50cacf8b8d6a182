# SPDX-License-Identifier: Apache-2.0
"""What a PIV card is known for: 9C wants the PIN for each signature, 9E none; cards are taken out."""

import re
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import openssl
import piv_card


def request(token, key_id, *more):
    return ("request", *token.at, "--key-id", key_id, "--subject", "CN=x", *more)


def test_pin_before_each_signature(token, proven):
    """9C: a login of the user and one for the signature, in each run; in one context one per signature."""
    for name in ("1.csr", "2.csr"):
        _, sent = token.logins(*request(token, "02", "-o", name), status=0)
        assert sent == [("user=1", "CKR_OK"), ("user=2", "CKR_OK")]
        proven((token.work / name).read_bytes())
    with token.library() as library:
        assert library.ask("open", token.label, "0x02") == "OK open"
        for name in ("3.csr", "4.csr"):
            assert library.ask("sign", name).startswith("OK ")
            assert x509.load_der_x509_csr((token.work / name).read_bytes()).is_signature_valid


def test_no_pin_for_the_card_key(token, proven):
    """9E: no PIN is asked for, and none is sent."""
    args = ("request", "--token", token.label, "--key-id", "04", "--subject", "CN=x", "-o", "x.csr")
    _, sent = token.logins(*args, status=0)
    assert sent == []
    proven((token.work / "x.csr").read_bytes())


def test_other_keys_need_the_pin(token):
    """9A: without a PIN source the key cannot be used, and that is said."""
    args = ("request", "--token", token.label, "--key-id", "01", "--subject", "CN=x", "-o", "x.csr")
    token.refused(*args, status=4, code="PIN_NEEDED", says="no PIN source")


def test_public_keys_are_of_certificates(token):
    """The card holds certificates and no public keys; what OpenSC shows agrees with them."""
    for row in token.keys():
        assert row["certificate"], row
        path = token.folder / f"{ {'01': '9A', '02': '9C', '04': '9E'}[row['id']]}.crt"
        by_certificate = token.run("keys", "show", *token.at, "--key-for", path, "--json").ok().json["key"]
        assert by_certificate["uri"] == row["uri"]


def test_taken_out_between_two_commands(token, proven):
    """Without the card there is no such token; when it is back the same key signs again."""
    first = token.run(*request(token, "01", "--json")).ok().json
    token.remove()
    try:
        token.refused(
            *request(token, "01", "-o", "x.csr"), status=3, code="TOKEN_NOT_FOUND", says=token.label
        )
    finally:
        token.insert()
    second = token.run(*request(token, "01", "--json")).ok().json
    proven(second["pem"])
    assert first["key"]["spki-sha256"] == second["key"]["spki-sha256"]


def test_taken_out_within_one_context(token, proven):
    """The key that is open says that its card is gone; put back, it signs again without being opened anew."""
    for key_id in ("0x01", "0x02"):
        with token.library() as library:
            assert library.ask("open", token.label, key_id) == "OK open"
            assert library.ask("sign", "1.csr").startswith("OK ")
            token.remove()
            try:
                answer = library.ask("sign", "2.csr")
                assert answer.startswith("TOKEN_REMOVED "), answer
                assert not (token.work / "2.csr").exists()
            finally:
                token.insert()
            answer = library.ask("sign", "3.csr")
            assert answer.startswith("OK "), answer
        assert x509.load_der_x509_csr((token.work / "3.csr").read_bytes()).is_signature_valid
        (token.work / "1.csr").unlink()


def test_another_card_in_the_reader(token):
    """A card with other keys under the same ids, put in meanwhile, does not sign in the first one's name."""
    with token.library() as library:
        assert library.ask("open", token.label, "0x01") == "OK open"
        assert library.ask("sign", "1.csr").startswith("OK ")
        token.remove()
        mine, token.folder = token.folder, token.dir / "other card"
        token.folder.mkdir()
        try:
            token.insert()
            answer = library.ask("sign", "2.csr")
            assert not answer.startswith("OK "), answer
            assert not (token.work / "2.csr").exists()
        finally:
            token.remove()
            token.folder = mine
            token.insert()


def test_card_services_down(token):
    """Without pcscd there is no token: said so, nothing hangs."""
    gone = {"PCSCLITE_CSOCK_NAME": token.dir / "no such socket"}
    token.refused(*request(token, "01"), env=gone, status=3, code="TOKEN_NOT_FOUND", says=token.label)


def test_a_wrong_pin_for_the_signature(token):
    """A PIN that is wrong is counted by the card once, though 9C wants two of them."""
    token.run(*request(token, "01")).ok()
    token.run("request", *token.at_wrongly, "--key-id", "02", "--subject", "CN=x")
    assert int((token.folder / "tries").read_text()) == piv_card.TRIES - 1
    token.run(*request(token, "02")).ok()
    assert int((token.folder / "tries").read_text()) == piv_card.TRIES


def test_provider_pin_before_each_signature(token, proven):
    """Through OpenSSL too, 9C has a login for each signature, of which one process may make two."""
    program = openssl.Openssl(token)
    uri = program.uri(("--key-id", "02"))
    _, sent = program.logins("req", "-new", "-key", uri, "-subj", "/CN=x", "-out", "x.csr")
    assert sent == [("user=1", "CKR_OK"), ("user=2", "CKR_OK")]
    proven((token.work / "x.csr").read_bytes())
    certificate = x509.load_der_x509_certificate((token.folder / "9C.crt").read_bytes())
    (token.work / "9C.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (token.work / "message").write_text("some words\n")
    signer = ("-signer", "9C.pem", "-inkey", uri)
    into = ("-nocerts", "-out", "signed.cms")
    _, sent = program.logins("cms", "-sign", "-in", "message", *signer, *signer, *into)
    assert sent[0] == ("user=1", "CKR_OK") and sent[1:] == [("user=2", "CKR_OK")] * 2, sent
    trust = ("-certfile", "9C.pem", "-CAfile", "9C.pem", "-purpose", "any")
    program.judge("cms", "-verify", "-in", "signed.cms", *trust, "-out", "said")
    assert (token.work / "said").read_text().split() == ["some", "words"]


def test_provider_shows_certificates(token):
    """The card's certificates by storeutl, without a PIN."""
    program = openssl.Openssl(token)
    uri = token.run("tokens", "show", "--token", token.name, "--json").ok().json["token"]["uri"]
    done, sent = program.logins("storeutl", "-certs", uri)
    assert sent == []
    on_card = {(token.folder / f"{name}.crt").read_bytes() for name in ("9A", "9C", "9E")}
    shown = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.S)
    assert {ssl.PEM_cert_to_DER_cert(each.decode()) for each in shown} == on_card
