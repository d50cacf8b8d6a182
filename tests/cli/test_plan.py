# SPDX-License-Identifier: Apache-2.0
"""Ceremonies: what is going to be signed is written down, checked by others, and signed just so."""

import base64
import copy
import hashlib
import json

import pytest
from cryptography import x509

import support

CONTENT = (
    "--subject",
    "CN=www.example.com,O=Example,C=DE",
    "--dns",
    "www.example.com",
    "--dns",
    "example.com",
)
MORE = (
    *CONTENT,
    "--key-usage",
    "digitalSignature",
    "--ext-key-usage",
    "serverAuth",
    "--subject-key-id",
    "sha1",
)


def info_of(pem):
    return x509.load_pem_x509_csr(pem.encode()).tbs_certrequest_bytes


@pytest.fixture(name="planned")
def fixture_planned(token):
    """A plan for the key 'web', and the file that it is in."""
    token.make_key("p256", "web", "01")
    path = token.work / "plan.json"
    token.run("plan", *token.at, "--key-label", "web", *MORE, "-o", path).ok()
    return json.loads(path.read_text()), path


def test_plan_says_what_is_signed(token, planned):
    plan, path = planned
    support.validate({"p11csr": 1, "command": "plan", "ok": True, "plan": plan, "file": str(path)}, "plan")
    info = base64.b64decode(plan["tbs"], validate=True)
    assert hashlib.sha256(info).hexdigest() == plan["tbs-sha256"] == plan["content"]["tbs-sha256"]
    spki = base64.b64decode(plan["key"]["spki"], validate=True)
    assert hashlib.sha256(spki).hexdigest() == plan["key"]["spki-sha256"] and spki in info
    assert plan["content"]["subject"] == "CN=www.example.com,O=Example,C=DE"
    assert plan["evidence"]["protection"]["evidence"] == "module-reported"
    assert plan["scheme"] == "ecdsa-sha256"
    # The same bytes as without a plan, and each time; signatures differ.
    signed = [token.request(*MORE).out for _ in range(2)]
    assert info_of(signed[0]) == info_of(signed[1]) == info and signed[0] != signed[1]
    again = token.run("plan", *token.at, "--key-label", "web", *MORE, "--json").ok().json
    assert again["plan"] == plan and again["file"] is None
    printed = token.run("plan", *token.at, "--key-label", "web", *MORE).ok()
    assert printed.out == path.read_text() and plan["tbs-sha256"] in printed.err


def test_plan_is_signed(token, planned, verify_everywhere):
    plan, path = planned
    info = base64.b64decode(plan["tbs"])
    for way in ((), ("--key-label", "web"), ("--expect-tbs", plan["tbs-sha256"])):
        made = token.run("request", *token.at, *way, "--plan", path).ok()
        assert info_of(made.out) == info
        verify_everywhere(made.out)
    answer = token.run("request", *token.at, "--plan", "-", "--json", stdin=path.read_text()).ok().json
    assert answer["tbs-sha256"] == plan["tbs-sha256"] and answer["scheme"] == plan["scheme"]


def test_critical_names_are_planned(token):
    """Names that an earlier request wants critical beside a subject."""
    token.make_key("p256", "web", "01")
    (token.work / "web.cnf").write_text(
        "[req]\ndistinguished_name = dn\nprompt = no\nreq_extensions = e\n[dn]\nCN = x\n[e]\n"
        "subjectAltName = critical, DNS:k.example\n"
    )
    token.request("--key-label", "web", "--openssl-config", "web.cnf", "-o", "old.csr")
    at = (*token.at, "--key-label", "web")
    token.run("plan", *at, "--from-csr", "old.csr", "-o", "plan.json").ok()
    made = token.run("request", *at, "--plan", "plan.json").ok()
    assert info_of(made.out) == info_of((token.work / "old.csr").read_text())


@pytest.mark.parametrize(
    "spec,more", [("rsa-2048", ("--pss",)), ("ed25519", ()), ("p384", ("--hash", "sha512"))]
)
def test_scheme_is_planned(token, spec, more):
    token.make_key(spec, "web", "01")
    path = token.work / "plan.json"
    planned = (
        token.run("plan", *token.at, "--key-label", "web", *CONTENT, *more, "-o", path, "--json").ok().json
    )
    made = token.run("request", *token.at, "--plan", path, "--json").ok().json
    assert made["scheme"] == planned["plan"]["scheme"] and made["tbs-sha256"] == planned["plan"]["tbs-sha256"]


def test_another_key_is_refused(token, planned):
    plan, path = planned
    other = token.make_key("p256", "other", "02")
    for way in ((*token.at, "--key-label", "other"), (other["uri"], *token.login)):
        token.refused(
            "request",
            *way,
            "--plan",
            path,
            "-o",
            "x.csr",
            status=8,
            code="NOT_PLANNED",
            says=[plan["key"]["spki-sha256"], other["spki-sha256"]],
        )
    token.run("keys", "delete", plan["key"]["uri"], *token.login, "--yes").ok()
    token.refused("request", *token.at, "--plan", path, status=3, code="KEY_NOT_FOUND", says="no private key")


def other_subject(plan):
    """Somebody else's bytes, with the digest that belongs to them, below the same readable content."""
    info = base64.b64decode(plan["tbs"]).replace(b"www.example.com", b"www.exbmple.com")
    plan["tbs"] = base64.b64encode(info).decode()
    plan["tbs-sha256"] = hashlib.sha256(info).hexdigest()


def set_at(*path, value):
    def change(plan):
        for step in path[:-1]:
            plan = plan[step]
        plan[path[-1]] = value

    return change


def drop(name):
    return lambda plan: plan.pop(name)


@pytest.mark.parametrize(
    "change,code,says",
    [
        (other_subject, "NOT_PLANNED", "its readable content is not that of"),
        (set_at("tbs-sha256", value="0" * 64), "NOT_PLANNED", "0" * 64),
        (set_at("key", "spki-sha256", value="1" * 64), "NOT_PLANNED", "of its public key"),
        (set_at("content", "subject", value="CN=www.example.org"), "NOT_PLANNED", "its readable content"),
        (set_at("scheme", value="ecdsa-sha1024"), "ALGORITHM", "ecdsa-sha1024"),
        (set_at("tbs", value="MAA="), "NOT_PLANNED", "the SHA-256 of its CertificationRequestInfo"),
        (set_at("tbs", value="MA A"), "VALUE", "'tbs' of the plan cannot be read"),
        (set_at("tbs", value="MAB="), "VALUE", "not in its one form"),
        (set_at("tbs", value=""), "VALUE", "'tbs'"),
        (set_at("tbs", value=7), "VALUE", "'tbs' is not a text"),
        (set_at("p11csr-plan", value=2), "VALUE", "'p11csr-plan' is not 1"),
        (set_at("approved", value=True), "VALUE", "a member that plans do not have"),
        (drop("evidence"), "VALUE", "a part is missing"),
        (drop("key"), "VALUE", "a part is missing"),
    ],
)
def test_changed_plan_is_refused(token, planned, change, code, says):
    plan, path = planned
    changed = copy.deepcopy(plan)
    change(changed)
    path.write_text(json.dumps(changed))
    status = {"NOT_PLANNED": 8, "VALUE": 9, "ALGORITHM": 9}[code]
    token.refused("request", *token.at, "--plan", path, "-o", "x.csr", status=status, code=code, says=says)


def rewritten(plan, info):
    """A plan that is consistent in itself, around other bytes."""
    plan["tbs"] = base64.b64encode(info).decode()
    plan["tbs-sha256"] = plan["content"]["tbs-sha256"] = hashlib.sha256(info).hexdigest()
    return plan


def test_bytes_of_others_are_refused(token, planned):
    plan, path = planned
    info = base64.b64decode(plan["tbs"])
    # Not DER: a length that takes more octets than it needs.
    assert info[:2] == b"\x30\x82"
    for bad, code, says in (
        (b"\x30\x83\x00" + info[2:], "REQUEST", "byte"),
        (info + b"\x00", "REQUEST", "byte"),
        (info[:-1], "REQUEST", "byte"),
        (info.replace(b"\x02\x01\x00\x30", b"\x02\x01\x01\x30", 1), "NOT_PLANNED", "readable content"),
    ):
        path.write_text(json.dumps(rewritten(copy.deepcopy(plan), bad)))
        status = 8 if code == "NOT_PLANNED" else 9
        token.refused("request", *token.at, "--plan", path, status=status, code=code, says=says)
    # Version 1, and consistent: it is still nothing that p11csr writes.
    changed = rewritten(copy.deepcopy(plan), info.replace(b"\x02\x01\x00\x30", b"\x02\x01\x01\x30", 1))
    changed["content"]["version"] = 1
    path.write_text(json.dumps(changed))
    token.refused(
        "request", *token.at, "--plan", path, status=8, code="NOT_PLANNED", says="this p11csr would not write"
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"p11csr-plan":1,"p11csr-plan":1}', "CN=x", "[" * 3000])
def test_what_is_no_plan(token, text):
    (token.work / "plan.json").write_text(text)
    token.refused("request", *token.at, "--plan", "plan.json", status=9, code="VALUE", says="this is no plan")


def test_large_plan(token):
    (token.work / "plan.json").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    token.refused("request", *token.at, "--plan", "plan.json", status=9, code="LIMIT", says="plan.json")


def test_nothing_beside_a_plan(token, planned):
    for more in (("--dns", "a.example"), ("--subject", "CN=x"), ("--generate", "p256"), ("--pss",)):
        token.refused(
            "request",
            *token.at,
            "--plan",
            planned[1],
            *more,
            status=64,
            code="USAGE",
            says=f"{more[0]} does not go with it",
        )


def test_expected_digest(token, planned):
    wanted = planned[0]["tbs-sha256"]
    for good in (wanted, wanted.upper(), ":".join(wanted[i : i + 2] for i in range(0, 64, 2))):
        token.request(*MORE, "--expect-tbs", good)
    other = hashlib.sha256(info_of(token.request(*CONTENT).out)).hexdigest()
    machine = token.refused(
        "request",
        *token.at,
        "--key-label",
        "web",
        *CONTENT,
        "--expect-tbs",
        wanted,
        "-o",
        "x.csr",
        status=8,
        code="NOT_PLANNED",
        says=[wanted, other],
    )
    assert "p11csr plan" in machine.json["error"]["hint"]
    for bad in ("", "12", wanted[:-1], wanted + "00", "g" * 64):
        token.refused(
            "request",
            *token.at,
            "--key-label",
            "web",
            *CONTENT,
            "--expect-tbs",
            bad,
            status=9,
            code="VALUE",
            says="is no SHA-256 in hex",
        )


def test_token_is_not_asked_to_sign(token, planned):
    """The digests are compared before C_Sign, as the trace of the calls shows."""
    refused = token.run("request", *token.at, "--key-label", "web", *CONTENT, "--expect-tbs", "0" * 64, "-v")
    assert refused.status == 8 and "C_Sign" not in refused.err and "C_GetAttributeValue" in refused.err
    assert "C_Sign" in token.request(*CONTENT, "-v").err


def test_plan_needs_content_and_a_key(token):
    token.make_key("p256", "web", "01")
    token.refused("plan", *token.at, "--key-label", "web", status=9, code="SUBJECT", says="neither a subject")
    token.refused(
        "plan",
        *token.at,
        "--key-label",
        "wep",
        *CONTENT,
        status=3,
        code="KEY_NOT_FOUND",
        says="no private key",
    )
    token.run("plan", *token.at, "--key-label", "web", *CONTENT, "-o", "plan.json").ok()
    token.refused(
        "plan",
        *token.at,
        "--key-label",
        "web",
        *CONTENT,
        "-o",
        "plan.json",
        status=11,
        code="FILE_EXISTS",
        says="plan.json",
    )
