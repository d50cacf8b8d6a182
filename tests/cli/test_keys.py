# SPDX-License-Identifier: Apache-2.0
"""Finding and judging key pairs that somebody else made, odd ones too."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SUBJECT = ("--subject", "CN=www.example.com")


def ask(token, *args):
    return ("request", *token.at, *args, *SUBJECT)


def key_sha256(csr):
    return hashlib.sha256(
        csr.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).hexdigest()


# Lists


def test_list_of_what_does_not_match(token):
    token.make_key()
    uri = "pkcs11:token=test%20token;object=none"
    for names in ((*token.at, "--key-label", "none"), (*token.at, "--key-id", "77"), (uri, *token.login)):
        other = token.run("keys", "list", *names).ok()
        assert other.out == "" and "none of the keys that are visible matches" in other.err
    token.refused(
        *("keys", "generate", "rsa-1024", *token.at, "--key-label", "weak"),
        status=9,
        code="ALGORITHM",
        says="RSA keys below 2048 bits are not made; --allow-weak lets one that is there be used",
    )


def test_list_and_show(token):
    assert token.keys() == []
    empty = token.run("keys", "list", *token.at).ok()
    assert empty.out == "" and "no key is visible" in empty.err
    made = {
        spec: token.make_key(spec, f"key {spec}", f"0{i}")
        for i, spec in enumerate(("p256", "rsa-2048", "ed25519"))
    }
    assert {row["label"]: row for row in token.keys()} == {row["label"]: row for row in made.values()}
    text = token.run("keys", "list", *token.at).ok()
    for spec, row in made.items():
        assert f"key {spec}\n" in text.out and row["uri"] in text.out and row["spki-sha256"] in text.out
        shown = token.run("keys", "show", *token.at, "--key-label", f"key {spec}", "--json").ok().json
        assert shown["key"] == row and "protection" not in shown
        by_uri = token.run("keys", "show", row["uri"], *token.login, "--json").ok().json
        assert by_uri == shown
    only = token.run("keys", "list", *token.at, "--key-label", "key p256", "--json").ok().json["keys"]
    assert [row["label"] for row in only] == ["key p256"]
    only = token.run("keys", "list", *token.at, "--key-id", "02", "--json").ok().json["keys"]
    assert [row["label"] for row in only] == ["key ed25519"]
    assert token.run("keys", "list", *token.at, "--key-label", "none", "--json").ok().json["keys"] == []
    token.refused(
        "keys", "show", *token.at, "--key-label", "none", status=3, code="KEY_NOT_FOUND", says="'none'"
    )


def test_a_failed_list_is_no_empty_list(token):
    """`"keys": []` beside an error would read as: there are none."""
    answer = token.run("keys", "list", "--token", "nowhere", *token.login, "--json")
    assert answer.status == 3 and "keys" not in answer.json


def test_list_without_login_is_partial(token):
    token.make_key()
    partial = token.run("keys", "list", "--token", token.label, "--json").ok().json
    assert partial["partial"] is True
    assert [(row["private"], row["public"]) for row in partial["keys"]] == [(False, True)]
    text = token.run("keys", "list", "--token", token.label).ok()
    assert "only the public half is visible" in text.out and "--pin-source" in text.err
    whole = token.run("keys", "list", *token.at, "--json").ok().json
    assert whole["partial"] is False and whole["keys"][0]["private"] is True


def test_generate(token):
    row = token.make_key("p384", "a key", "c0ffee")
    assert (row["type"], row["bits"], row["label"], row["id"]) == ("p384", 384, "a key", "c0ffee")
    text = token.run("keys", "generate", "p256", *token.at, "--key-label", "b").ok()
    assert text.out.startswith("b\n  URI:   pkcs11:token=test%20token;") and "type:  p256" in text.out
    random_id = [key["id"] for key in token.keys() if key["label"] == "b"][0]
    assert len(random_id) >= 16
    token.refused(
        "keys", "generate", *token.at, "--key-label", "c", status=64, code="USAGE", says="needs SPEC"
    )
    assert len(token.keys()) == 2


KEYGEN = {
    "p256": "CKM_EC_KEY_PAIR_GEN",
    "rsa-2048": "CKM_RSA_PKCS_KEY_PAIR_GEN",
    "ed25519": "CKM_EC_EDWARDS_KEY_PAIR_GEN",
}


@pytest.mark.parametrize("spec", ["p256", "rsa-2048", "ed25519"])
def test_protection_of_a_new_key(token, spec):
    token.make_key(spec)
    shown = token.run("keys", "show", *token.at, "--key-label", "web", "--protection", "--json").ok().json
    assert shown["protection"] == {
        "evidence": "module-reported",
        "sensitive": True,
        "extractable": False,
        "always-sensitive": True,
        "never-extractable": True,
        "local": True,
        "private": True,
        "always-authenticate": False,
        "sign": True,
        "decrypt": False,
        "unwrap": False,
        "derive": False,
        "value-readable": False,
        "value-answer": "CKR_ATTRIBUTE_SENSITIVE",
        "wrap-with-trusted": False,
        "modifiable": True,
        "copyable": True,
        "destroyable": True,
        "keygen-mechanism": KEYGEN[spec],
        "allowed-mechanisms": [],
        "wrapping-keys": {"all": 0, "trusted": 0, "usable": 0},
        "validations": [],  # it knows PKCS#11 2.40
    }
    text = token.run("keys", "show", *token.at, "--key-label", "web", "--protection").ok().out
    assert "private value readable: no (C_GetAttributeValue: CKR_ATTRIBUTE_SENSITIVE)" in text
    # What another program sees says the same.
    listed = token.tool("-O", "--type", "privkey").stdout.decode()
    assert "sensitive, always sensitive, never extractable, local" in listed
    assert "Usage:      sign\n" in listed


def test_protection_of_an_open_key(token):
    token.raw("p256", "open", "01", "sensitive=0", "extractable=1", "derive=1")
    shown = token.run("keys", "show", *token.at, "--key-label", "open", "--protection", "--json").ok().json
    found = shown["protection"]
    assert (found["sensitive"], found["extractable"], found["never-extractable"], found["derive"]) == (
        False,
        True,
        False,
        True,
    )
    assert found["value-readable"] is True
    assert found["wrapping-keys"] == {"all": 1, "trusted": 0, "usable": 1}  # its own public half
    token.tool("--keygen", "--key-type", "AES:16", "--label", "wrapping", "--id", "09", "--usage-wrap")
    found = token.run("keys", "show", *token.at, "--key-label", "open", "--protection", "--json").ok().json
    assert found["protection"]["wrapping-keys"] == {"all": 2, "trusted": 0, "usable": 2}
    text = token.run("keys", "show", *token.at, "--key-label", "open", "--protection").ok().out
    assert "private value readable: YES" in text


# Ambiguity


def test_ambiguous_label(token):
    rows = [token.make_key("p256", "one", "01"), token.make_key("ed25519", "two", "02")]
    token.tool("--set-id", "03", "--id", "02", "--type", "privkey")
    token.tool("--set-id", "03", "--id", "02", "--type", "pubkey")
    token.raw("p256", "one", "04")
    uris = {row["uri"] for row in token.keys() if row["label"] == "one"}
    assert len(uris) == 2 and rows[0]["uri"] in uris
    refused = token.refused(
        *ask(token, "--key-label", "one"),
        status=5,
        code="KEY_AMBIGUOUS",
        says=["2 private keys match", "--key-id", *uris],
    )
    assert set(refused.json["error"]["notes"]) == uris
    seen = set()
    for uri in uris:
        answer = token.run("request", uri, *token.login, *SUBJECT, "--json").ok().json
        assert x509.load_pem_x509_csr(answer["pem"].encode()).is_signature_valid
        seen.add(answer["key"]["spki-sha256"])
    assert len(seen) == 2
    token.run(*ask(token, "--key-label", "one", "--key-id", "04")).ok()
    token.refused("keys", "show", *token.at, "--key-label", "one", status=5, code="KEY_AMBIGUOUS", says=uris)
    token.refused(*ask(token), status=5, code="KEY_AMBIGUOUS", says=["3 private keys match", *uris])
    token.refused(
        "request",
        *token.at,
        "--ensure",
        "p256",
        "--key-label",
        "one",
        *SUBJECT,
        status=5,
        code="KEY_AMBIGUOUS",
        says=uris,
    )


def test_the_only_key_needs_no_name(token):
    token.make_key()
    token.run(*ask(token)).ok()
    token.make_key("p256", "other", "02")
    token.refused(*ask(token), status=5, code="KEY_AMBIGUOUS", says="2 private keys match")


def test_two_tokens(token):
    token.make_key()
    token.add_token("test token")
    refused = token.refused(
        *ask(token, "--key-label", "web"), status=5, code="TOKEN_AMBIGUOUS", says="2 tokens match"
    )
    notes = refused.json["error"]["notes"]
    uris = [note.split(" ")[0] for note in notes]
    assert len(set(uris)) == 2 and all(uri.startswith("pkcs11:token=test%20token;") for uri in uris)
    ends = sorted(
        token.run("request", "--token", uri, *token.login, "--key-label", "web", *SUBJECT).status
        for uri in uris
    )
    assert ends == [0, 3]
    token.refused("tokens", "show", status=5, code="TOKEN_AMBIGUOUS", says=["2 tokens match", *uris])
    token.run("tokens", "show", uris[0]).ok()


# Keys that other programs made


def test_keys_of_pkcs11_tool(token, verify_everywhere):
    for i, spec in enumerate(("rsa:2048", "EC:prime256v1", "EC:secp384r1", "EC:edwards25519")):
        token.tool("--keypairgen", "--key-type", spec, "--label", f"key{i}", "--id", f"0{i + 1}")
        verify_everywhere(token.run(*ask(token, "--key-label", f"key{i}")).ok().out)
    assert [row["problem"] for row in token.keys()] == [None] * 4


def test_imported_key(token, verify_everywhere):
    pem = token.other("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").stdout
    (token.dir / "key.pem").write_bytes(pem)
    token.other(
        "softhsm2-util",
        "--import",
        token.dir / "key.pem",
        "--token",
        token.label,
        "--label",
        "in",
        "--id",
        "0a",
        "--pin",
        token.pin,
    )
    csr = verify_everywhere(token.run(*ask(token, "--key-label", "in")).ok().out)
    key = serialization.load_pem_private_key(pem, None).public_key()
    assert csr.public_key().public_numbers() == key.public_numbers()
    token.refused(
        "request",
        *token.at,
        "--ensure",
        "p256",
        "--key-label",
        "in",
        *SUBJECT,
        status=8,
        code="KEY_SPEC",
        says=["less protected", "not generated on the token"],
    )


def test_weak_rsa_key(token, verify_everywhere):
    token.tool("--keypairgen", "--key-type", "rsa:1024", "--label", "weak", "--id", "01")
    token.refused(
        *ask(token, "--key-label", "weak"),
        status=8,
        code="WEAK",
        says=["1024 bits", "2048", "'weak'", "add --allow-weak", "--generate rsa-3072"],
    )
    shown = token.run("keys", "show", *token.at, "--key-label", "weak", "--json").ok().json["key"]
    assert (shown["type"], shown["bits"]) == ("rsa-1024", 1024)
    verify_everywhere(token.run(*ask(token, "--key-label", "weak", "--allow-weak")).ok().out)


@pytest.mark.parametrize("spec", ["p256", "rsa-2048"])
def test_key_that_may_not_sign(token, spec):
    token.raw(spec, "web", "01", "sign=0", "decrypt=1" if spec != "p256" else "derive=1")
    token.refused(
        *ask(token, "--key-label", "web"),
        status=6,
        code="KEY_USE",
        says=["'web'", "C_SignInit: CKR_KEY_FUNCTION_NOT_PERMITTED", "p11csr keys"],
    )
    token.raw(spec, "good", "02")
    token.run(*ask(token, "--key-label", "good")).ok()


@pytest.mark.parametrize("spec", ["p256", "rsa-2048"])
def test_always_authenticate(token, verify_everywhere, spec):
    token.raw(spec, "web", "01", "always-authenticate=1")
    shown = token.run("keys", "show", *token.at, "--key-label", "web", "--protection", "--json").ok().json
    assert shown["protection"]["always-authenticate"] is True
    verify_everywhere(token.run(*ask(token, "--key-label", "web")).ok().out)
    verify_everywhere(token.run(*ask(token, "--key-label", "web", "--json")).ok().json["pem"])
    kept = {"P11CSR_TEST_PIN": token.pin}
    source = ("--token", token.label, "--pin-source", "env:P11CSR_TEST_PIN")
    verify_everywhere(token.run("request", *source, "--key-label", "web", *SUBJECT, env=kept).ok().out)


# Public halves that are missing, wrong, or come from elsewhere


def test_ec_without_public_object(token):
    token.make_key()
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    token.refused(
        *ask(token, "--key-label", "web"),
        status=3,
        code="PUBLIC_KEY_NOT_FOUND",
        says=["'web'", "no public key object or certificate", "CKA_ID"],
    )
    row = token.keys()[0]
    assert (row["type"], row["public"], row["private"], row["public-key-source"]) == (
        "unknown",
        False,
        True,
        "none",
    )
    assert "no public key object" in row["problem"]


def test_rsa_without_public_object(token, verify_everywhere):
    made = token.make_key("rsa-2048")
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    answer = token.run(*ask(token, "--key-label", "web", "--json")).ok().json
    csr = verify_everywhere(answer["pem"])
    assert answer["key"]["public-key-source"] == "private-key-attributes"
    assert answer["key"]["spki-sha256"] == made["spki-sha256"]
    assert key_sha256(csr) == made["spki-sha256"]


def write_certificate(token, judges, pem, key_id):
    """Puts a certificate for the key of a request on the token."""
    (token.dir / "in.csr").write_text(pem)
    done = judges.call(
        "botan", "sign_cert", f"{judges.dir}/ca.crt", f"{judges.dir}/ca.key", str(token.dir / "in.csr")
    )
    der = x509.load_pem_x509_certificate(done.stdout).public_bytes(serialization.Encoding.DER)
    (token.dir / "cert.der").write_bytes(der)
    token.tool("--write-object", token.dir / "cert.der", "--type", "cert", "--id", key_id, "--label", "cert")


def test_public_key_from_a_certificate(token, judges, verify_everywhere):
    token.make_key()
    write_certificate(token, judges, token.request(*SUBJECT).out, "01")
    assert token.keys()[0]["certificate"] is True
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    answer = token.run(*ask(token, "--key-label", "web", "--json")).ok().json
    verify_everywhere(answer["pem"])
    assert answer["key"]["public-key-source"] == "certificate"


@pytest.mark.parametrize("way", ["id", "label and id", "uri", "list"])
def test_certificate_of_another_key(token, judges, way):
    """Everything with the key's CKA_ID has to agree, whatever its label."""
    token.make_key("p256", "web", "01")
    token.make_key("p256", "other", "02")
    write_certificate(token, judges, token.request("--key-label", "other", *SUBJECT).out, "01")
    says = "public-key-object and certificate show different public keys"
    if way == "list":
        assert [row["problem"] for row in token.keys() if row["id"] == "01"] == [says]
        return
    where = {
        "id": (*token.at, "--key-id", "01"),
        "label and id": (*token.at, "--key-label", "web", "--key-id", "01"),
        "uri": ([row["uri"] for row in token.keys() if row["id"] == "01"][0], *token.login),
    }
    token.refused("request", *where[way], *SUBJECT, status=12, code="PROOF_PUBLIC_KEY", says=says)


def test_certificate_under_another_label(token, judges, verify_everywhere):
    """A lookup by nothing but the label is one search: the public half that it found is the proof."""
    key = token.make_key("p256", "web", "01")
    token.make_key("p256", "other", "02")
    write_certificate(token, judges, token.request("--key-label", "other", *SUBJECT).out, "01")
    csr = verify_everywhere(token.request("--key-label", "web", *SUBJECT).out)
    assert key_sha256(csr) == key["spki-sha256"]
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    token.refused(
        *ask(token, "--key-label", "web"),
        status=12,
        code="PROOF_SIGNATURE",
        says=["certificate", "'web'"],
    )


def swap_public_keys(token, spec):
    """Gives the private key 01 the public key of another pair."""
    token.make_key(spec, "web", "01")
    token.make_key(spec, "other", "02")
    token.tool("--delete-object", "--type", "pubkey", "--id", "01")
    token.tool("--set-id", "01", "--id", "02", "--type", "pubkey")


@pytest.mark.parametrize(
    "spec, code",
    [("p256", "PROOF_SIGNATURE"), ("ed25519", "PROOF_SIGNATURE"), ("rsa-2048", "PROOF_PUBLIC_KEY")],
)
def test_halves_that_do_not_belong_together(token, spec, code):
    swap_public_keys(token, spec)
    for out in ((), ("-o", "web.csr"), ("-o", "web.csr", "--force"), ("--form", "der")):
        token.refused(*ask(token, "--key-label", "web", *out), status=12, code=code, says="'web'")
    assert list(token.work.iterdir()) == []


def test_wrong_proof_names_the_suspects(token):
    swap_public_keys(token, "p256")
    token.refused(
        *ask(token, "--key-label", "web"),
        status=12,
        code="PROOF_SIGNATURE",
        says=["'web'", "'test token'", "CKM_ECDSA", "public-key-object"],
    )


def test_an_ed25519_key_does_no_harm(token, verify_everywhere):
    token.make_key("p256", "web", "01")
    token.make_key("ed25519", "ed", "02")
    token.make_key("ed448", "ed4", "03")
    for label in ("web", "ed", "ed4"):
        verify_everywhere(token.run(*ask(token, "--key-label", label)).ok().out)
    assert all(row["problem"] is None for row in token.keys())


def test_other_objects_do_no_harm(token, verify_everywhere):
    token.make_key()
    (token.dir / "data").write_text("data")
    token.tool("--write-object", token.dir / "data", "--type", "data", "--label", "web")
    token.tool("--keygen", "--key-type", "AES:32", "--label", "web", "--id", "01")
    verify_everywhere(token.run(*ask(token, "--key-label", "web")).ok().out)
    assert len(token.keys()) == 1


def test_labels_of_any_kind(token):
    for i, label in enumerate(("Schlüssel 1", "a;b=c&d?e%f/g", "ключ", "x" * 200, " blank ")):
        row = token.make_key("p256", label, f"1{i}")
        assert row["label"] == label
        assert token.run("keys", "show", row["uri"], *token.login, "--json").ok().json["key"] == row
        token.run(*ask(token, "--key-label", label)).ok()
    assert len(token.keys()) == 5


# Records of keys whose making was begun


def test_no_record_is_left(token):
    token.make_key()
    token.run(*ask(token, "--generate", "p256", "--key-label", "new", "-o", "a.csr")).ok()
    assert token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"] == []
    assert "no key is incomplete" in token.run("keys", "list", "--incomplete").ok().err
    assert [path for path in token.home.rglob("*.json")] == []


def test_a_record_is_shown(token):
    row = token.make_key()
    state = token.home / "state/p11csr"
    state.mkdir(parents=True, exist_ok=True)
    record = state / "key-01.json"
    record.write_text(
        '{"time":"2026-01-02T03:04:05Z","token":"pkcs11:token=test%20token","id":"01",'
        '"label":"web","spec":"p256"}'
    )
    answer = token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"]
    assert answer == [
        {
            "time": "2026-01-02T03:04:05Z",
            "token": "pkcs11:token=test%20token",
            "id": "01",
            "label": "web",
            "spec": "p256",
            "file": str(record),
            "state": "unknown",  # nobody is logged in: the private half may be there
            "why": answer[0]["why"],
            "uri": row["uri"].replace(";type=private", ""),
            "closed": False,
        }
    ]
    assert "--pin-source" in answer[0]["why"]
    text = token.run("keys", "list", "--incomplete").ok().out
    assert f"rm '{record}'" in text
    command = [line.split("p11csr ", 1)[1] for line in text.splitlines() if "look:" in line][0]
    assert row["uri"] in token.run(*token.shell_words(command), *token.login).ok().out
    record.write_text("{")
    token.refused("keys", "list", "--incomplete", status=10, code="READ", says=str(record))


def test_log_file(token):
    log = token.dir / "log"
    (token.dir / "config.yaml").write_text(f"log: {{ file: {log} }}\n")
    config = ("--config", token.dir / "config.yaml")
    token.run("request", *token.at, *config, "--generate", "p256", "--key-label", "web", *SUBJECT).ok()
    swap = token.run("request", *token.at, *config, "--key-label", "web", "--scheme", "ed25519", *SUBJECT)
    assert swap.status == 9
    lines = [token.parse(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["key-made", "request-signed", "request-refused"]
    assert [line["outcome"] for line in lines] == ["OK", "OK", "ALGORITHM"]
    uri = token.keys()[0]["uri"]
    assert [line["key"] for line in lines] == [uri] * 3
    assert log.stat().st_mode & 0o777 == 0o600 and token.pin not in log.read_text()
    (token.dir / "config.yaml").write_text(f"log: {{ file: {token.dir}/no/log }}\n")
    token.refused(
        "request",
        *token.at,
        *config,
        "--key-label",
        "web",
        *SUBJECT,
        status=10,
        code="WRITE",
        says=["log file", "no/log"],
    )
    token.refused(
        "request",
        *token.at,
        *config,
        "--generate",
        "p256",
        "--key-label",
        "new",
        *SUBJECT,
        status=10,
        code="WRITE",
        says=["log file", "no/log"],
    )
    assert len(token.keys()) == 1


def test_two_keys_with_one_id(token, verify_everywhere):
    """Each private key goes with the public key of its label, not with the first of the same CKA_ID."""
    first = token.make_key("p256", "one", "01")
    token.raw("p256", "two", "01")
    token.raw("p256", "three", "01")
    shown = {row["label"]: row["spki-sha256"] for row in token.keys()}
    assert shown["one"] == first["spki-sha256"] and len(set(shown.values())) == 3
    for label, spki in shown.items():
        for which in (("--key-label", label), ("--key-label", label, "--key-id", "01")):
            csr = verify_everywhere(token.run("request", *token.at, *which, *SUBJECT).ok().out)
            assert key_sha256(csr) == spki
    token.refused(
        "request",
        *token.at,
        "--key-id",
        "01",
        *SUBJECT,
        status=5,
        code="KEY_AMBIGUOUS",
        says="3 private keys",
    )
