# SPDX-License-Identifier: Apache-2.0
"""Deleting and renaming keys: just what was named, nothing without agreement. Other programs look after."""

import json
import re

import pytest
from terminal import Terminal


def delete(token, *args):
    return ("keys", "delete", *token.at, *args)


def seen(token, kind):
    """(label, id) of the objects of one kind, as pkcs11-tool lists them."""
    text = token.tool("-O", "--type", kind).stdout.decode()
    labels = re.findall(r"(?m)^  label:\s*(.*?)\s*$", text)
    ids = re.findall(r"(?m)^  ID:\s*(\w*)\s*$", text)
    assert len(labels) == len(ids), text
    return sorted(zip(labels, ids))


def everything(token):
    return {kind: seen(token, kind) for kind in ("privkey", "pubkey", "cert")}


# keys delete


def test_delete_by_uri(token):
    row = token.make_key()
    kept = token.make_key("rsa-2048", "mail", "02")
    answer = token.run("keys", "delete", row["uri"], *token.login, "--yes", "--json").ok().json
    assert answer["key"] == row | {"private": True, "public": True}
    assert [(o["kind"], o["deleted"], o["kept"]) for o in answer["objects"]] == [
        ("private-key", True, None),
        ("public-key", True, None),
    ]
    assert token.keys() == [kept]
    assert everything(token) == {"privkey": [("mail", "02")], "pubkey": [("mail", "02")], "cert": []}
    token.refused(
        "keys", "delete", row["uri"], *token.login, "--yes", status=3, code="KEY_NOT_FOUND", says="'web'"
    )


def test_delete_says_what_it_deleted(token):
    token.make_key()
    done = token.run(*delete(token, "--key-label", "web", "--key-id", "01", "--yes")).ok()
    assert done.out == "deleted the private key 'web' (id 01)\ndeleted the public key 'web' (id 01)\n"
    assert token.keys() == []


@pytest.mark.parametrize("names", [("--key-label", "web"), ("--key-id", "01")])
def test_a_script_names_the_key_in_full(token, names):
    row = token.make_key()
    refused = token.refused(
        *delete(token, *names, "--yes"), status=64, code="USAGE", says=["named in full", row["uri"]]
    )
    hint = token.shell_words(refused.json["error"]["hint"].split(": ", 1)[1])
    assert len(token.keys()) == 1
    token.run(*hint[1:]).ok()  # and the hint is the command that does it
    assert token.keys() == []


def test_a_script_names_the_token(token):
    token.make_key()
    names = ("--key-label", "web", "--key-id", "01", "--yes")
    refused = token.refused(
        "keys", "delete", *token.login, *names, status=64, code="USAGE", says="named in full"
    )
    assert "keys delete" in refused.json["error"]["hint"] and len(token.keys()) == 1


def test_a_public_key_is_a_full_name(token):
    token.make_key()
    (token.work / "key.pem").write_bytes(
        token.other(
            "openssl",
            "pkey",
            "-pubin",
            "-inform",
            "DER",
            stdin=token.tool("--read-object", "--type", "pubkey", "--id", "01").stdout,
        ).stdout
    )
    token.run(*delete(token, "--key-for", "key.pem", "--yes")).ok()
    assert token.keys() == []


def test_nobody_to_ask(token):
    row = token.make_key()
    token.refused(
        *delete(token, "--key-label", "web"),
        status=8,
        code="NOT_CONFIRMED",
        says=["no terminal", "--yes", row["uri"]],
    )
    token.refused(*delete(token), status=64, code="USAGE", says=["no key is named", "--key-label"])
    assert token.keys() == [row]


def test_a_person_types_the_label(token):
    row = token.make_key()
    with Terminal(token, *delete(token, "--key-label", "web")) as window:
        window.expect("Type web to agree: ")
        for text in (row["uri"], row["spki-sha256"], "p256", "goes:  private key 'web' (id 01)"):
            assert text in window.screen.decode(), window.screen
        window.line("web")
        window.end().ok()
    assert token.keys() == []


@pytest.mark.parametrize("typed", ["\n", "yes\n", "we\n", "webb\n", "web \n", "\x04"])
def test_a_person_types_something_else(token, typed):
    token.make_key()
    with Terminal(token, *delete(token, "--key-label", "web")) as window:
        window.expect("Type web to agree: ")
        window.type(typed)
        result = window.end()
    assert result.status == 8 and "was not confirmed" in result.err, result
    assert len(token.keys()) == 1


def test_ambiguous_labels_delete_nothing(token):
    token.make_key()
    token.raw("p256", "web", "02")
    before = everything(token)
    uris = [row["uri"] for row in token.keys()]
    for names in (("--key-label", "web"), ("--key-label", "web", "--yes")):
        token.refused(*delete(token, *names), status=5, code="KEY_AMBIGUOUS", says=uris)
    assert everything(token) == before
    token.run("keys", "delete", uris[0], *token.login, "--yes").ok()
    assert [row["uri"] for row in token.keys()] == uris[1:]


def test_shared_id(token):
    """Two keys of one CKA_ID: whose public half is whose cannot be told, so none of them goes."""
    token.make_key("p256", "one", "01")
    token.raw("p256", "two", "01")
    answer = token.run(*delete(token, "--key-label", "one", "--key-id", "01", "--yes", "--json")).ok().json
    assert [(o["kind"], o["deleted"], o["kept"] is None) for o in answer["objects"]] == [
        ("private-key", True, True),
        ("public-key", False, False),
        ("public-key", False, False),
    ]
    assert seen(token, "privkey") == [("two", "01")]
    assert seen(token, "pubkey") == [("one", "01"), ("two", "01")]


def test_certificates_stay_unless_asked_for(token, certify):
    token.make_key()
    token.tool("--write-object", certify(token), "--type", "cert", "--id", "01", "--label", "web")
    done = token.run(*delete(token, "--key-label", "web", "--key-id", "01", "--yes")).ok()
    assert "kept the certificate 'web' (id 01): certificates go only with --with-certificate" in done.out
    assert everything(token) == {"privkey": [], "pubkey": [], "cert": [("web", "01")]}


def test_certificates_go_with_the_key(token, certify):
    token.make_key()
    token.make_key("p256", "other", "02")
    token.tool("--write-object", certify(token), "--type", "cert", "--id", "01", "--label", "web")
    token.tool("--write-object", certify(token), "--type", "cert", "--id", "02", "--label", "not its own")
    names = ("--key-label", "web", "--key-id", "01")
    token.run(*delete(token, *names, "--with-certificate", "--yes")).ok()
    assert seen(token, "cert") == [("not its own", "02")]
    answer = token.run(
        *delete(token, "--key-label", "other", "--key-id", "02", "--with-certificate", "--yes", "--json")
    ).ok()
    kept = [o for o in answer.json["objects"] if not o["deleted"]]
    assert [(o["kind"], o["label"]) for o in kept] == [("certificate", "not its own")]
    assert "another key" in kept[0]["kept"]


def test_one_half_alone(token):
    row = token.make_key()
    token.tool("--delete-object", "--type", "privkey", "--id", "01")
    token.run("keys", "delete", row["uri"].replace("private", "public"), *token.login, "--yes").ok()
    assert everything(token) == {"privkey": [], "pubkey": [], "cert": []}


def test_type_public_never_reaches_the_private_half(token):
    row = token.make_key()
    token.refused(
        "keys",
        "delete",
        row["uri"].replace("private", "public"),
        *token.login,
        "--yes",
        status=5,
        code="KEY_AMBIGUOUS",
        says="type=public",
    )
    assert len(token.keys()) == 1


def test_without_login(token):
    row = token.make_key()
    token.refused("keys", "delete", row["uri"], "--yes", status=4, code="PIN_NEEDED", says="PIN source")
    assert token.keys() == [row]


def test_tokens_that_destroy_nothing(token):
    row = token.make_key()
    token.refused(
        "keys",
        "delete",
        row["uri"],
        *token.login,
        *("--yes", "--quirk", "destroy=none"),
        status=7,
        code="UNSUPPORTED",
        says=["does not remove keys", "nothing was deleted"],
    )
    assert token.keys() == [row]


def test_deleting_is_logged(token):
    row = token.make_key()
    log = token.dir / "log"
    (token.dir / "config.yaml").write_text(f"log: {{ file: {log} }}\n")
    config = ("--config", token.dir / "config.yaml", "--yes")
    token.run("keys", "delete", row["uri"], *token.login, *config).ok()
    line = json.loads(log.read_text())
    assert (line["event"], line["outcome"], line["key"]) == ("key-deleted", "OK", row["uri"])


# keys label


def label(token, *args):
    return ("keys", "label", *token.at, *args)


def test_new_label_and_id(token, certify):
    row = token.make_key()
    token.tool("--write-object", certify(token), "--type", "cert", "--id", "01", "--label", "web")
    answer = token.run(*label(token, "--key-label", "web", "--new-label", "web 2024", "--json")).ok().json
    assert answer["key"]["label"] == "web 2024" and answer["key"]["spki-sha256"] == row["spki-sha256"]
    assert [(o["kind"], o["changed"]) for o in answer["objects"]] == [
        ("private-key", True),
        ("public-key", True),
        ("certificate", True),
    ]
    names = [("web 2024", "01")]
    assert everything(token) == {"privkey": names, "pubkey": names, "cert": names}
    done = token.run(*label(token, "--key-label", "web 2024", "--new-id", "a1b2")).ok()
    names = [("web 2024", "a1b2")]
    assert everything(token) == {"privkey": names, "pubkey": names, "cert": names}
    assert "renamed the private-key: label 'web 2024', id a1b2" in done.out
    assert token.run("keys", "show", done.out.split()[-1], *token.login).ok()


def test_new_names_that_are_taken(token):
    token.make_key()
    token.make_key("p256", "mail", "02")
    before = everything(token)
    for names in (("--new-label", "mail"), ("--new-id", "02")):
        token.refused(
            *label(token, "--key-label", "web", *names),
            status=11,
            code="KEY_EXISTS",
            says=["another key has this", "object=mail"],
        )
    assert everything(token) == before


@pytest.mark.parametrize(
    "names, status, code, says",
    [
        ((), 64, "USAGE", "neither --new-label nor --new-id"),
        (("--new-label", ""), 64, "USAGE", "--new-label"),
        (("--new-id", ""), 9, "VALUE", "--new-id"),
        (("--new-id", "xyz"), 9, "VALUE", "is not hex"),
        (("--new-id", "123"), 9, "VALUE", "odd number"),
    ],
)
def test_names_that_are_none(token, names, status, code, says):
    token.make_key()
    token.refused(*label(token, "--key-label", "web", *names), status=status, code=code, says=says)
    assert seen(token, "privkey") == [("web", "01")]


def test_label_of_nothing(token):
    token.make_key()
    token.refused(
        *label(token, "--key-label", "none", "--new-label", "x"),
        status=3,
        code="KEY_NOT_FOUND",
        says="'none'",
    )
    token.raw("p256", "web", "02")
    token.refused(
        *label(token, "--key-label", "web", "--new-label", "x"),
        status=5,
        code="KEY_AMBIGUOUS",
        says="2 private",
    )


# keys list --incomplete


def record(token, label_="web", key_id="01"):
    state = token.home / "state/p11csr"
    state.mkdir(parents=True, exist_ok=True)
    path = state / f"key-{key_id}.json"
    uri = token.run("tokens", "list", "--json").ok().json["tokens"][0]["uri"]
    what = {"time": "2026-01-02T03:04:05Z", "token": uri, "id": key_id, "label": label_, "spec": "p256"}
    path.write_text(json.dumps(what))
    return path


def incomplete(token, *more):
    return token.run("keys", "list", "--incomplete", *token.login, *more, "--json").ok().json["incomplete"]


@pytest.mark.parametrize(
    "lost, state", [((), "both"), (("privkey",), "public-only"), (("pubkey",), "private-only")]
)
def test_debris_is_found_and_deleted_as_offered(token, lost, state):
    token.make_key()
    token.make_key("p256", "innocent", "02")
    for kind in lost:
        token.tool("--delete-object", "--type", kind, "--id", "01")
    path = record(token)
    assert [(row["state"], row["why"]) for row in incomplete(token)] == [(state, None)]
    text = token.run("keys", "list", "--incomplete", *token.login).ok().out
    assert "innocent" not in text
    offer = [line.split("p11csr ", 1)[1] for line in text.splitlines() if "to delete it:" in line]
    token.run(*token.shell_words(offer[0]), "--yes").ok()
    assert everything(token) == {"privkey": [("innocent", "02")], "pubkey": [("innocent", "02")], "cert": []}
    assert not path.exists() and incomplete(token) == []


def test_a_lonely_private_key_is_never_offered(token):
    """That is how keys look on many cards and HSMs: only what a record names is debris."""
    token.make_key()
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    assert incomplete(token) == []
    record(token, "another", "09")
    assert [row["state"] for row in incomplete(token)] == ["not-there"]
    text = token.run("keys", "list", "--incomplete", *token.login).ok().out
    assert "keys delete" not in text and "web" not in text
    assert seen(token, "privkey") == [("web", "01")]


def test_records_are_closed(token):
    token.make_key()
    there, gone = record(token), record(token, "gone", "0a")
    rows = {row["label"]: row for row in incomplete(token)}
    assert (rows["web"]["state"], rows["gone"]["state"]) == ("both", "not-there")
    assert there.exists() and gone.exists()
    rows = {row["label"]: row["closed"] for row in incomplete(token, "--close")}
    assert rows == {"web": False, "gone": True}
    assert there.exists() and not gone.exists()
    token.refused("keys", "list", *token.at, "--close", status=64, code="USAGE", says="--incomplete")


def test_records_that_cannot_be_judged(token):
    token.make_key("p256", "web", "02")
    path = record(token)
    row = incomplete(token)[0]
    assert row["state"] == "other-id" and "another id" in row["why"] and row["uri"] is None
    path.write_text(path.read_text().replace("test%20token", "not%20here"))
    row = incomplete(token, "--close")[0]
    assert row["state"] == "unknown" and row["closed"] is False and path.exists()
    without_login = token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"]
    assert [row["state"] for row in without_login] == ["unknown"]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"time":1}'])
def test_files_that_are_no_record(token, content):
    path = record(token)
    path.write_text(content)
    token.refused("keys", "list", "--incomplete", status=10, code="READ", says=str(path))
