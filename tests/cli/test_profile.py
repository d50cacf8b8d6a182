# SPDX-License-Identifier: Apache-2.0
"""Profiles: the shipped ones, one's own, and every mistake with its place."""

import json

import jsonschema
import pytest
import yaml

import support

FOLDER = support.TESTS.parent / "src/profiles"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.yaml"))
SCHEMA = json.loads((FOLDER / "profile.schema.json").read_text())
NAMES = (
    "plain tls-server tls-server-public tls-server-letsencrypt tls-client smime code-signing"
    " document-signing ocsp timestamping sub-ca smartcard-logon domain-controller device"
).split()


def write(box, text, name="own.yaml"):
    path = box.dir / name
    path.write_text(text)
    return path


def test_the_fourteen(box):
    assert SHIPPED == sorted(NAMES)
    rows = box.run("profile", "list", "--json").ok().json["profiles"]
    assert [row["name"] for row in rows] == NAMES
    for row in rows:
        assert row["file"] is None and row["problem"] is None and row["description"]
    text = box.run("profile", "list").ok().out
    assert [line.split()[0] for line in text.splitlines()] == NAMES


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped(box, name):
    """It is what its file says, which the published schema allows."""
    text = (FOLDER / f"{name}.yaml").read_text()
    says = yaml.safe_load(text)
    jsonschema.Draft7Validator(SCHEMA).validate(says)
    assert says["name"] == name
    assert box.run("profile", "show", name).ok().out == text
    assert box.run("profile", "check", str(FOLDER / f"{name}.yaml")).ok().out
    shown = box.run("profile", "show", name, "--json").ok().json["profile"]
    assert shown["file"] is None
    for part in ("key", "subject", "san"):
        for word, value in says.get(part, {}).items():
            assert shown[part][word] == value, (part, word)
    assert list(shown["extensions"]) == list(says.get("extensions", {}))
    for word, extension in says.get("extensions", {}).items():
        for field, value in extension.items():
            assert shown["extensions"][word][field] == value
    assert shown["rules"] == says["rules"] and shown["validation"] == says.get("validation")


def test_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


MISTAKES = [
    ("name: x\nsna: {}\n", "2:1", "unknown word 'sna'; the nearest is 'san'"),
    ("name: X y\n", "1:7", "a name has small letters"),
    ("description: x\n", "1:1", "the profile has no 'name'"),
    ('name: x\ndescription: "a\\e[2Jb"\n', "2:14", "byte 2 is part of no plain text"),
    ("name: x\nkey: { allow: [rsa-1024] }\n", "2:16", "the nearest is 'rsa-2048'"),
    ("name: x\nkey: { permit: [p256] }\n", "2:8", "unknown word 'permit'"),
    ("name: x\nkey: { allow: p256 }\n", "2:15", "a list like '[one, two]' is expected"),
    ("name: x\nkey: { usage: [singing] }\n", "2:16", "unknown word 'singing'; the nearest is 'sign'"),
    ("name: x\nkey: { require: [locale] }\n", "2:18", "the nearest is 'local'"),
    ("name: x\nkey: { allow: [p256], default: p384 }\n", "2:32", "not among those that are allowed"),
    ("name: x\nkey: { allow: [p256, p256] }\n", "2:22", "this is there twice"),
    ("name: x\nsubject: { require: [CM] }\n", "2:22", "the nearest is 'CN'"),
    ("name: x\nsubject:\n  defaults: { C: Germany }\n", "3:18", "country code"),
    ("name: x\nsan: { types: [dsn] }\n", "2:16", "the nearest is 'dns'"),
    ("name: x\nsan: { min: -1 }\n", "2:13", "'-1' is not a number from 0 to 10000"),
    ("name: x\nsan: { min: 2, max: 1 }\n", "2:21", "max is less than min"),
    ("name: x\nextensions: { key-usgae: {} }\n", "2:15", "the nearest is 'key-usage'"),
    ("name: x\nextensions:\n  key-usage: { values: [digitalSignatur] }\n", "3:24", "'digitalSignature'"),
    ("name: x\nextensions:\n  key-usage: { critical: yes }\n", "3:26", "true or false is expected"),
    ("name: x\nextensions:\n  must-staple: { require: [x] }\n", "3:27", "values of this extension"),
    ("name: x\nextensions:\n  must-staple: { allow: [x] }\n", "3:25", "only an empty list"),
    ("name: x\nextensions:\n  basic-constraints: { values: [CA] }\n", "3:32", "[ca, path-length=N]"),
    ("name: x\nextensions:\n  must-staple: { values: [status-request], critical: true }\n", "3:16", "never"),
    ("name: x\nextensions:\n  basic-constraints: { values: [ca], critical: false }\n", "3:22", "always"),
    ("name: x\nextensions:\n  policy: { values: [1.2.x] }\n", "3:21", "byte 5"),
    ("name: x\nextensions:\n  authority-key-id: { values: [/etc/passwd] }\n", "3:3", "unknown extension"),
    ("name: x\nextensions:\n  1.2.3: { values: [/etc/passwd] }\n", "3:20", "hex:... or asn1:..."),
    ("name: x\nextensions:\n  subject-key-id: { values: [md5] }\n", "3:29", "there are: sha1, sha1-60"),
    ("name: x\nattributes: { unstructured-nmae: {} }\n", "2:15", "the nearest is 'unstructured-name'"),
    ("name: x\nattributes:\n  ms-csp: { values: [x] }\n", "3:21", "byte 1"),
    ("name: x\nattributes:\n  1.2.3: { values: [/etc/passwd] }\n", "3:20", "hex:... or asn1:..."),
    ("name: x\nattributes:\n  1.2.3: { require: [x] }\n", "3:12", "unknown word 'require'"),
    ("name: x\nattributes:\n  ms-csp: { allow: [x] }\n", "3:20", "only an empty list"),
    ("name: x\nattributes:\n  challenge-password: { values: [x] }\n", "3:33", "a profile holds no password"),
    ("name: x\nattributes: { 1.2.840.113549.1.9.14: {} }\n", "2:15", "stands under 'extensions'"),
    ("name: x\nrules: [tls-br]\n", "2:8", "tls-br needs 'validation: dv'"),
    ("name: x\nrules: [structures]\n", "2:9", "the nearest is 'structure'"),
    ("name: x\nproof: hope\n", "2:8", "unknown word 'hope'"),
    ("name: x\nname: y\n", "2:1", "this word is there twice"),
    ("name: x\nkey: [\n", "3:1", "expected"),
    ("- name: x\n", "1:1", "a mapping like 'word: value' is expected"),
    ("", "1:1", "the profile has no 'name'"),
]


@pytest.mark.parametrize("text, place, says", MISTAKES)
def test_mistake(box, text, place, says):
    path = write(box, text)
    box.refused("profile", "check", path, status=78, code="CONFIG", says=[f"{path}:{place}: ", says])


def test_the_schema_refuses_the_same_words():
    """What the reader refuses for its words, the schema refuses too."""
    validator = jsonschema.Draft7Validator(SCHEMA)
    by_schema = ("unknown word", "list like", "[ca, path", "tls-br needs", "has no 'name'", "there twice")
    refused = 0
    for text, _, says in MISTAKES:
        if any(word in says for word in by_schema) and not text.startswith(
            ("-", "name: x\nname", "name: x\nkey: [")
        ):
            assert list(validator.iter_errors(yaml.safe_load(text) or {})), text
            refused += 1
    assert refused > 8


def test_all_mistakes_at_once(box):
    path = write(box, "name: X\nsna: {}\nkey: { allow: [p25, rsa], default: x }\nrules: [a]\n")
    says = [f"{path}:{place}: " for place in ("1:7", "2:1", "3:16", "3:21", "3:36", "4:9")]
    box.refused("profile", "check", path, status=78, code="CONFIG", says=["has 6 mistakes", *says])


def test_no_more_mistakes_than_fit(box):
    path = write(box, "name: x\n" + "".join(f"x{i}: 1\n" for i in range(100)))
    machine = box.refused("profile", "check", path, status=78, code="CONFIG", says="more than 31 mistakes")
    assert len(machine.json["error"]["notes"]) == 31


def test_ones_own(box):
    """profiles-dir holds profiles by name; one of them may take a shipped one's place."""
    own = box.dir / "profiles"
    own.mkdir()
    (own / "site.yaml").write_text("name: site\ndescription: ours\nkey: { default: p521 }\n")
    (own / "smime.yaml").write_text("name: smime\n")
    (own / "wrong.yaml").write_text("name: right\n")
    config = write(box, f"profiles-dir: {own}\n", "p11csr.yaml")
    rows = box.run("profile", "list", "--config", config, "--json").ok().json["profiles"]
    found = {row["name"]: row for row in rows}
    assert found["site"] == {
        "name": "site",
        "description": "ours",
        "file": str(own / "site.yaml"),
        "problem": None,
    }
    assert found["smime"]["file"] == str(own / "smime.yaml") and found["plain"]["file"] is None
    assert "the name in the file is 'right'" in found["wrong"]["problem"]
    show = box.run("profile", "show", "site", "--config", config, "--json").ok().json["profile"]
    assert show["key"]["default"] == "p521" and show["file"] == str(own / "site.yaml")
    assert box.run("profile", "show", "site", "--config", config).ok().out.startswith("name: site\n")
    box.refused("profile", "show", "wrong", "--config", config, status=78, code="CONFIG", says="not 'wrong'")
    box.refused("profile", "show", "site", status=3, code="PROFILE_NOT_FOUND", says="no profile 'site'")


def test_a_folder_that_is_not_there(box):
    config = write(box, "profiles-dir: /no/such/folder\n", "p11csr.yaml")
    box.refused("profile", "list", "--config", config, status=10, code="READ", says="/no/such/folder")
    assert box.run("profile", "show", "plain", "--config", config).ok()
    config = write(box, "profiles-dir: profiles\n", "p11csr.yaml")
    box.refused("profile", "list", "--config", config, status=78, code="CONFIG", says="absolute path")


def test_no_such_profile(box):
    box.refused("profile", "show", "tls-servr", status=3, code="PROFILE_NOT_FOUND", says="'tls-server'")
    box.refused("profile", "show", "./none.yaml", status=10, code="READ", says="none.yaml")
    box.refused("profile", "check", "/dev/null", status=78, code="CONFIG", says="has no 'name'")


def test_a_file_that_is_too_large(box):
    path = write(box, "name: x\n" + "#" * 70000)
    box.refused("profile", "check", path, status=9, code="LIMIT", says=str(path))
