# SPDX-License-Identifier: Apache-2.0
"""What people are told when a token fails: nothing is hidden, and what may have happened is on record."""

import re

import pytest

GENERATE = ("p256", "--key-label", "new")


def generate(token):
    return token.run("keys", "generate", *GENERATE[:1], *token.at, *GENERATE[1:])


def incomplete(token):
    return token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"]


@pytest.mark.parametrize(
    "answer",
    ["CKR_DEVICE_ERROR", "CKR_DEVICE_REMOVED", "CKR_FUNCTION_FAILED", "CKR_GENERAL_ERROR", "CKR_HOST_MEMORY"],
)
def test_unknown_outcome_of_generation(token, shim, answer):
    """The token makes the key, and its answer is lost: the record says which key to look for."""
    shim.script(f"C_GenerateKeyPair 1 answer {answer}")
    made = generate(token)
    assert made.status in (6, 70, 75) and answer in made.err and "may have made the key" in made.err, made
    assert re.search("keys list .*--incomplete", made.err) and shim.count("C_GenerateKeyPair") == 1
    shim.script()
    (record,) = incomplete(token)
    (key,) = token.keys()
    assert (record["id"], record["label"], record["spec"]) == (key["id"], "new", "p256")
    # It is whole, as it turns out.
    token.run("request", key["uri"], *token.login, "--subject", "CN=www.example.com").ok()


@pytest.mark.parametrize(
    "answer", ["CKR_TEMPLATE_INCONSISTENT", "CKR_DEVICE_MEMORY", "CKR_MECHANISM_INVALID"]
)
def test_known_outcome_of_generation(token, shim, answer):
    """A refusal is an outcome, and so is success: no record is left of either."""
    shim.script(f"C_GenerateKeyPair 1 return {answer}")
    refused = generate(token)
    assert refused.status != 0 and answer in refused.err and "--incomplete" not in refused.err, refused
    assert incomplete(token) == []
    shim.script()
    generate(token).ok()
    assert incomplete(token) == []


@pytest.mark.parametrize("code", ["CKR_DEVICE_ERROR", "CKR_DEVICE_REMOVED", "CKR_GENERAL_ERROR"])
def test_a_list_is_whole_or_an_error(token, shim, code):
    """Whatever call fails while keys are listed, no key is left out and none is shown as less than it is."""
    token.make_key("p256", "web", "01")
    token.make_key("rsa-2048", "mail", "02")
    shim.script()
    whole = token.keys()
    assert len(whole) == 2
    calls = [call.name for call in shim.calls()]
    for nth, name in enumerate(calls, 1):
        shim.script(f"any {nth} return {code}")
        listed = token.run("keys", "list", *token.at, "--json")
        assert shim.calls()[nth - 1].answer == code, (nth, name)
        if listed.status == 0:
            assert listed.json["keys"] == whole, (nth, name, listed)
        else:
            gone = code == "CKR_DEVICE_REMOVED" and listed.json["error"]["code"] == "TOKEN_NOT_FOUND"
            assert gone or code in listed.out, (nth, name, listed)


def test_a_module_that_does_not_tell_of_protection(token, shim):
    """The request is made; that the module does not say how its key is protected is not passed over."""
    token.make_key()
    shim.script("attribute CKA_WRAP_WITH_TRUSTED private refuse CKR_GENERAL_ERROR")
    answer = token.run("request", *token.at, "--key-label", "web", "--subject", "CN=x", "--json").ok().json
    assert answer["key"]["protection"] is None
    assert answer["key"]["protection-error"]["code"] == "TOKEN", answer
    assert "CKR_GENERAL_ERROR" in "".join(answer["key"]["protection-error"]["cause"]), answer
    (warning,) = answer["warnings"]
    assert warning.startswith("cannot tell how the key 'web' is protected: ") and "CKR_GENERAL" in warning
    # A report without it would be none.
    for options in (("--report", "r.json"), ("--evidence", "e")):
        token.refused(
            "request", *token.at, "--key-label", "web", "--subject", "CN=x", *options, status=6, code="TOKEN",
            says="cannot tell how the key 'web' is protected",
        )  # fmt: skip
