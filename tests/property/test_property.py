# SPDX-License-Identifier: Apache-2.0
"""
Random contents survive: what p11csr makes of them is read by OpenSSL, pyca/cryptography, GnuTLS, Go and
p11csr, and is what the words said; no structure rule of lint objects. P11CSR_SEED chooses the same ones
again, P11CSR_ROUNDS=10 ten times as many.
"""

import json
import os
import pathlib
import random
import subprocess

import contents
import encode
import pytest
import support

HERE = pathlib.Path(__file__).resolve().parent
COUNT = 1000 * int(os.environ.get("P11CSR_ROUNDS", "1"))
SEED = int(os.environ.get("P11CSR_SEED") or random.SystemRandom().randrange(2**32))
MAKE = os.environ["P11CSR_PROPERTY_MAKE"]
JUDGES = {"openssl": os.environ["P11CSR_JUDGE_OPENSSL"], "gnutls": os.environ["P11CSR_JUDGE_GNUTLS"]}


def lines(command, given, **more):
    """The answers of a program that reads and writes one line for each."""
    done = subprocess.run(
        command, input="".join(f"{line}\n" for line in given).encode(), capture_output=True, **more
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(given)
    return answers


@pytest.fixture
def make(token):
    """Makes requests of specs, with a key of a token of this test."""
    token.make_able_key()
    assert len(token.keys()) == 1

    def run(specs):
        source = f"file:{token.pin_file}"
        env = token.environment()
        return lines(
            [MAKE, support.MODULE, token.label, "web", source], [json.dumps(spec) for spec in specs], env=env
        )

    return run


@pytest.fixture
def structure_errors(token):
    """What the structure rules say of requests, as of those that others wrote."""

    def run(requests):
        errors = []
        for start in range(0, len(requests), 500):
            paths = []
            for octets in requests[start : start + 500]:
                paths.append(token.work / f"{len(paths)}.csr")
                paths[-1].write_bytes(octets)
            said = token.run("lint", "--json", *paths)
            errors += [
                [one for one in answer["findings"] if one["severity"] == "error"]
                for answer in said.json["files"]
            ]
        return errors

    return run


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-mod=mod",
    }
    program = folder / "judge"
    subprocess.run(["go", "build", "-o", program, HERE / "judge.go"], check=True, cwd=folder, env=env)
    return JUDGES | {"go": str(program)}


def by_pyca(octets):
    """The same form as the other judges' answers."""
    request = support.x509.load_der_x509_csr(octets)
    values = [
        (attribute.oid.dotted_string, attribute.value) for rdn in request.subject.rdns for attribute in rdn
    ]
    form = support.serialization
    spki = request.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return {"good": request.is_signature_valid, "values": values, "spki": spki}


def extensions_of(content):
    return {oid: [critical, value.hex()] for oid, (critical, value) in content.extensions.items()}


def whole(content, spki, order):
    """The CertificationRequestInfo that is meant (RFC 2986 section 4.1); extensions in this order."""
    attributes = {oid: encode.set_of(*values) for oid, values in content.attributes.items()}
    if content.extensions:
        rows = ((oid, *content.extensions[oid]) for oid in order)
        encoded = (
            encode.sequence(
                encode.oid(oid), encode.tlv(1, b"\xff") if critical else b"", encode.octet_string(value)
            )
            for oid, critical, value in rows
        )
        attributes["1.2.840.113549.1.9.14"] = encode.set_of(encode.sequence(*encoded))
    parts = [encode.sequence(encode.oid(oid), values) for oid, values in attributes.items()]
    return encode.sequence(encode.integer(0), content.subject, spki, encode.tlv(0xA0, encode.in_order(parts)))


def check(content, tbs, said):
    """What the judges read is what the words mean."""
    assert all(answer["good"] for answer in said.values()), said
    for judge in ("openssl", "go"):
        assert said[judge]["subject"] == content.subject.hex(), judge
    assert said["gnutls"]["parts"] == [[oid, value.hex()] for oid, value in content.parts]
    for judge in ("openssl", "gnutls", "go"):
        read = {oid: rest for oid, *rest in said[judge]["extensions"]}
        assert read == extensions_of(content), judge
        assert sorted(said[judge]["names"]) == sorted(content.names), judge
    assert len(said["pyca"]["values"]) == len(content.parts)
    assert whole(content, said["pyca"]["spki"], [one[0] for one in said["go"]["extensions"]]) == tbs


def check_own(content, described):
    """p11csr shows its own requests as they are."""
    assert described["signature"]["verdict"] == "good"
    assert {one["oid"]: one["critical"] for one in described["extensions"]} == {
        oid: critical for oid, (critical, _) in content.extensions.items()
    }
    assert all("why" not in one for one in described["extensions"]), described
    shown = [one for one in described["extensions"] if one["name"] == "subjectAltName"]
    names = [[name["type"], name["value"]] for one in shown for name in one["value"]]
    for kind, value in content.names:
        assert kind == "ip" or [kind, value] in names, (kind, value, names)


def test_random_contents(make, judges, structure_errors):
    rng = random.Random(SEED)
    made = [contents.make(rng) for _ in range(COUNT)]
    answers = make([content.spec for content in made])
    for content, answer in zip(made, answers):
        assert "der" in answer, (content.spec, answer)
    requests = [answer["der"] for answer in answers]
    said = {judge: lines([program], requests) for judge, program in judges.items()}
    errors = structure_errors([bytes.fromhex(request) for request in requests])
    assert len(errors) == len(made)
    for number, (content, answer) in enumerate(zip(made, answers)):
        octets = bytes.fromhex(answer["der"])
        row = {judge: told[number] for judge, told in said.items()} | {"pyca": by_pyca(octets)}
        try:
            tbs = bytes.fromhex(answer["tbs"])
            assert answer["again"] and tbs in octets
            check(content, tbs, row)
            check_own(content, answer["json"])
            assert errors[number] == []
        except AssertionError as error:
            raise AssertionError(f"P11CSR_SEED={SEED}, content {number}: {content.spec}") from error


def test_every_fault_is_refused(make):
    rng = random.Random(SEED)
    made = [contents.make(rng) for _ in range(COUNT // 10)]
    words = [contents.spoil(rng, content) for content in made]
    for content, word, answer in zip(made, words, make([content.spec for content in made])):
        assert "error" in answer, (content.spec, answer)
        assert any(word in why for why in answer["why"]), (content.spec, word, answer)
