# SPDX-License-Identifier: Apache-2.0
"""Deleting, renaming and replacing on tokens that fail half-way: what is left is known, and named."""

import json

import pytest
import support


@pytest.fixture
def web(token):
    token.make_key()
    return token


def halves(token):
    return [(row["private"], row["public"], row["label"], row["id"]) for row in token.keys()]


def delete(token):
    names = ("--key-label", "web", "--key-id", "01", "--yes")
    return token.run("keys", "delete", *token.at, *names, "--json")


def test_the_private_half_cannot_be_destroyed(web, shim):
    shim.script("C_DestroyObject 1 return CKR_ACTION_PROHIBITED")
    error = delete(web).json["error"]
    assert error["code"] == "KEY_USE" and error["notes"] == [
        "the private key is left on the token",
        "the public key is left on the token",
    ]
    assert "nothing was deleted" in error["hint"] and shim.count("C_DestroyObject") == 1
    shim.script()
    assert halves(web) == [(True, True, "web", "01")]


def test_the_public_half_cannot_be_destroyed(web, shim):
    shim.script("C_DestroyObject 2 return CKR_ACTION_PROHIBITED")
    error = delete(web).json["error"]
    assert error["notes"] == ["the private key is deleted", "the public key is left on the token"]
    assert "run the command again" in error["hint"]
    shim.script()
    assert halves(web) == [(False, True, "web", "01")]
    delete(web).ok()
    assert halves(web) == []


def test_the_halves_go_together(web, shim):
    """kmsp11 destroys the key itself, with both of its objects, and never the public one alone."""
    shim.script("destroy pair")
    delete(web).ok()
    assert shim.count("C_DestroyObject") == 1
    shim.script()
    assert halves(web) == []


def test_the_answer_is_lost(web, shim):
    shim.script("C_DestroyObject 1 answer CKR_DEVICE_ERROR")
    error = delete(web).json["error"]
    assert error["notes"][0] == "the private key is deleted"
    shim.script()
    assert halves(web) == [(False, True, "web", "01")]


@pytest.mark.parametrize("answer", ["CKR_ATTRIBUTE_READ_ONLY", "CKR_FUNCTION_NOT_SUPPORTED"])
def test_names_that_cannot_be_changed(web, shim, answer):
    shim.script(f"C_SetAttributeValue * return {answer}")
    result = web.run("keys", "label", *web.at, "--key-label", "web", "--new-label", "new", "--json")
    error = result.json["error"]
    assert result.status == 7 and answer in error["cause"][0], result
    assert (
        error["message"] == "cannot rename the private key" and "does not let it be renamed" in error["hint"]
    )
    shim.script()
    assert halves(web) == [(True, True, "web", "01")]


def test_half_a_change_of_name_is_undone(web, shim):
    shim.script("attribute CKA_LABEL public template CKR_ATTRIBUTE_READ_ONLY")
    result = web.run("keys", "label", *web.at, "--key-label", "web", "--new-label", "new", "--json")
    assert result.json["error"]["notes"] == ["the private key has its old name again"]
    shim.script()
    assert halves(web) == [(True, True, "web", "01")]


def test_a_change_of_name_that_is_dropped_in_silence(web, shim):
    shim.script("attribute CKA_LABEL any drop")
    result = web.run("keys", "label", *web.at, "--key-label", "web", "--new-label", "new", "--json")
    assert result.status == 7 and "the CKA_LABEL is as before" in result.json["error"]["cause"][0]
    shim.script()
    assert halves(web) == [(True, True, "web", "01")]


# Certificates


@pytest.fixture
def replacing(web):
    """A token with a certificate, and the file of one that is to replace it."""
    authority = support.Authority()
    for name in ("old", "new"):
        certificate = authority.issue(support.name(name), support.public_key(web, "web"))
        der = certificate.public_bytes(support.serialization.Encoding.DER)
        (web.work / f"{name}.crt").write_bytes(der)
    web.run("certs", "install", "old.crt", *web.at).ok()
    return web


def subjects(token):
    rows = token.run("certs", "list", *token.at, "--json").ok().json["certificates"]
    return sorted(row["subject"] for row in rows)


def replace(token):
    return token.run("certs", "install", "new.crt", "--replace", *token.at, "--json")


@pytest.mark.parametrize(
    "rule, status",
    [
        ("C_CreateObject 1 return CKR_DEVICE_MEMORY", 6),
        ("C_CreateObject 1 return CKR_TEMPLATE_INCONSISTENT", 7),
        ("attribute CKA_SERIAL_NUMBER certificate template CKR_ATTRIBUTE_VALUE_INVALID", 7),
        ("attribute CKA_ID certificate drop", 12),
    ],
)
def test_the_old_certificate_stays_when_the_new_one_cannot_be_stored(replacing, shim, rule, status):
    shim.script(rule)
    result = replace(replacing)
    assert result.status == status, result
    assert shim.count("C_DestroyObject") == (1 if status == 12 else 0)  # of what this run made
    shim.script()
    assert subjects(replacing) == ["CN=old"]


def test_the_old_certificate_cannot_be_deleted(replacing, shim):
    shim.script("C_DestroyObject 1 return CKR_ACTION_PROHIBITED")
    error = replace(replacing).json["error"]
    assert "the new certificate is on the token" in error["notes"]
    assert any("left in its way" in note for note in error["notes"])
    shim.script()
    assert subjects(replacing) == ["CN=new", "CN=old"]
    hint = error["hint"].split("p11csr ", 1)[1]
    replacing.run(*replacing.shell_words(hint), "--yes").ok()
    assert subjects(replacing) == ["CN=new"]


@pytest.mark.parametrize("kind", ["one-place", "replaced"])
def test_the_new_certificate_took_the_place_of_the_old_one(replacing, shim, kind):
    """What would be deleted then is the new one, or nothing at all."""
    shim.script(f"certificates {kind}")
    removed = replace(replacing).ok().json["removed"]
    assert len(removed) == 1 and shim.count("C_CreateObject") == 1
    assert shim.count("C_DestroyObject") == 0
    shim.script()
    assert subjects(replacing) == ["CN=new"]


def test_a_chain_is_stored_whole_or_not_at_all(web, shim):
    root = support.Authority()
    middle = support.Authority("Middle CA", root)
    leaf = middle.issue(support.name("web"), support.public_key(web, "web"))
    chain = (leaf, middle.certificate, root.certificate)
    form = support.serialization.Encoding.PEM
    (web.work / "all.pem").write_bytes(b"".join(c.public_bytes(form) for c in chain))
    shim.script("C_CreateObject 3 return CKR_DEVICE_MEMORY")
    result = web.run("certs", "install", "all.pem", *web.at, "--json")
    assert result.status == 6 and shim.count("C_CreateObject") == 3, result
    shim.script()
    assert subjects(web) == []
    assert json.loads(web.run("certs", "install", "all.pem", *web.at, "--json").ok().out)["ok"]
    assert subjects(web) == ["CN=Middle CA", "CN=Test CA", "CN=web"]


# A key that does not show its public half


@pytest.fixture
def hiding(web, shim):
    """The file of a certificate for 'web', on a token that shows no public keys from now on."""
    web.make_key(label="other", key_id="02")
    web.make_key(spec="ed25519", label="edwards", key_id="03")
    (web.work / "web.der").write_bytes(support.certify(web, web.work).read_bytes())
    shim.script("hide public")
    return web


def install_hidden(token, *more):
    return token.run("certs", "install", "web.der", *token.at, *more)


def test_the_certificate_of_a_key_that_shows_nothing(hiding, shim):
    """One signature with the key says whether it is the certificate's."""
    unnamed = install_hidden(hiding)
    assert unnamed.status == 3 and "--key-label LABEL" in unnamed.err, unnamed
    assert shim.count("C_Sign") == 0
    done = install_hidden(hiding, "--key-label", "web").ok()
    assert "signs a test message" in done.err and shim.count("C_Sign") == 1
    shim.script()
    assert subjects(hiding) == ["CN=web"]
    install_hidden(hiding, "--key-label", "web", "--replace").ok()
    assert shim.count("C_Sign") == 0  # nothing has to be tried where it shows


@pytest.mark.parametrize("name, why", [("other", "does not verify"), ("edwards", "of another kind")])
def test_the_certificate_of_another_key(hiding, shim, name, why):
    failed = install_hidden(hiding, "--key-label", name)
    assert failed.status == 3 and why in failed.err, failed
    assert shim.count("C_Sign") == (1 if name == "other" else 0) and shim.count("C_CreateObject") == 0


def test_the_test_message_cannot_be_signed(hiding, shim):
    shim.script("hide public", "C_SignInit * return CKR_KEY_FUNCTION_NOT_PERMITTED")
    failed = install_hidden(hiding, "--key-label", "web")
    assert failed.status == 6 and "cannot prove that the certificate is for the key" in failed.err, failed
    assert shim.count("C_CreateObject") == 0


def test_the_test_message_wants_a_pin_of_its_own(hiding, shim):
    shim.script("hide public", f"always-authenticate {hiding.pin}")
    install_hidden(hiding, "--key-label", "web").ok()
    assert len(shim.logins()) == 2
