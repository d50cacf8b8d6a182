# SPDX-License-Identifier: Apache-2.0
"""A hint that is a command is one for the same token: it can be copied as it stands."""

import re

import pytest
import support
from shim import Shim

SUBJECT = support.SUBJECT


def command(result, box):
    """The words of the command that a hint, a remark or a note ends with."""
    return box.shell_words(re.search(r"p11csr ((?:keys|certs|tokens|algorithms|doctor).*)", result)[1])


@pytest.fixture
def named(token):
    """A token that is found by the command line alone: its module is in a configuration that is named."""
    token.env.pop("P11CSR_MODULE")
    token.config = token.dir / "it's mine.yaml"
    token.config.write_text(
        f'tokens:\n  prod: {{uri: "pkcs11:token=test%20token", module: {support.MODULE}}}\n'
    )
    token.by_alias = ("--config", str(token.config), "--token", "prod")
    return token


def test_hint_repeats_alias_and_configuration(named):
    """And what it says works."""
    named.run("keys", "generate", "p256", *named.by_alias, *named.login, "--key-label", "web").ok()
    refused = named.refused(
        "request",
        *named.by_alias,
        *named.login,
        *("--key-label", "none", *SUBJECT),
        status=3,
        code="KEY_NOT_FOUND",
        says="p11csr keys list --token prod --config",
    )
    words = command(refused.json["error"]["hint"], named)
    assert words == ["keys", "list", "--token", "prod", *named.by_alias[:2], *named.login]
    assert "web" in named.run(*words).ok().out


def test_hint_repeats_module_and_label(named):
    at = ("--module", support.MODULE, "--token", named.label)
    refused = named.refused(
        "request",
        *at,
        *named.login,
        *("--key-label", "none", *SUBJECT),
        status=3,
        code="KEY_NOT_FOUND",
        says="p11csr keys list --token 'test token' --module",
    )
    words = command(refused.json["error"]["hint"], named)
    assert words == ["keys", "list", *at[2:], *at[:2], *named.login]
    named.run(*words).ok()


def test_hint_repeats_the_token_of_a_uri_without_key_and_pin(token):
    uri = f"pkcs11:object=none;token=test%20token;id=%01?pin-value={support.PIN}"
    refused = token.run("request", uri, *SUBJECT)
    assert refused.status == 3
    hint = refused.err.splitlines()[-1]
    assert command(hint, token) == ["keys", "list", "--token", "pkcs11:token=test%20token"]


def test_hint_does_not_repeat_what_was_not_found(named):
    refused = named.refused(
        "keys",
        "list",
        *("--module", support.MODULE, "--token", "none"),
        status=3,
        code="TOKEN_NOT_FOUND",
        says="p11csr tokens list --module",
    )
    words = command(refused.json["error"]["hint"], named)
    assert words == ["tokens", "list", "--module", support.MODULE]
    assert named.label in named.run(*words).ok().out
    plain = named.run("keys", "list", "--module", "/no/such.so", "--token", "x")
    assert plain.status == 3 and "--module /path/to/module.so" in plain.err


def test_hint_knows_the_token_of_its_placeholder(token):
    config = token.dir / "softhsm2.conf"
    # SoftHSM2 2.6 does not see the first one behind the minus.
    config.write_text(config.read_text() + "slots.mechanisms = -CKM_DES_ECB,CKM_ECDSA\n")
    ask = ("request", *token.at, "--generate", "p256", "--key-label", "x", *SUBJECT)
    refused = token.refused(*ask, status=7, code="MECHANISM", says="p11csr algorithms --token 'test token'")
    words = command(refused.json["error"]["hint"], token)
    assert words == ["algorithms", "--token", token.label]
    assert "-    ecdsa-sha256" in token.run(*words).ok().out


def test_hint_repeats_only_what_is_a_pin_source(token):
    """Somebody gave the PIN itself, which nothing may print; and a descriptor can be read only once."""
    at = ("--token", token.label)
    for source in (support.PIN, "fd:9"):
        ask = ("request", *at, "--pin-source", source, "--key-id", "xyz", *SUBJECT)
        hint = token.run(*ask).err.splitlines()[-1]
        assert command(hint, token) == ["keys", "list", *at], hint


def test_a_token_that_is_not_there(token):
    """Said with its name, and with what the name was taken for."""
    token.refused(
        *("tokens", "show", "--token", "nix"),
        status=3,
        code="TOKEN_NOT_FOUND",
        says=[
            "no token matches nix",
            "no alias of the configuration",
            "see which tokens are there: p11csr tokens list",
        ],
    )
    shown = token.run("tokens", "show", "--token", f"pkcs11:token=nix?pin-value={token.pin}")
    assert shown.status == 3 and "no token matches pkcs11:token=nix" in shown.err and "alias" not in shown.err


def test_a_wrong_value_is_explained_by_its_command(token):
    for args in (
        ("certs", "list", *token.at, "--warn-days", "x"),
        ("keys", "list", *token.at, "--quirk", "a=b"),
    ):
        says = f"see p11csr {args[0]} {args[1]} --help"
        token.refused(*args, status=9, code="VALUE", says=says)


def test_hint_of_help_stays(token):
    refused = token.run("request", *token.at, "--dns", "a b", *SUBJECT)
    assert refused.status == 9 and "p11csr request --help" in refused.err


def test_advice_about_incomplete_keys_is_whole(token):
    """`keys list --incomplete` proposes commands as well."""
    shim = Shim(token)
    shim.script("C_GenerateKeyPair 1 crash")
    crashed = token.run(
        "keys", "generate", "p256", "--isolate", *token.at, "--key-label", "web", env=support.UNCAUGHT
    )
    assert crashed.status == 6 and "p11csr keys list" in crashed.err, crashed
    note = next(line for line in crashed.err.splitlines() if "--incomplete" in line)
    assert command(note, token)[:2] == ["keys", "list"] and "--pin-source" in note
