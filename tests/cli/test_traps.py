# SPDX-License-Identifier: Apache-2.0
"""Things that went wrong once: each was found by somebody who tried."""

import os
import pathlib

import pytest
import support

SUBJECT = ("--subject", "CN=www.example.com")


def test_init_soft_initialises_nothing_else(token):
    """A module that is set for other work must not have its first free slot initialised."""
    other = next(path for path in pathlib.Path("/usr/lib").rglob("opensc-pkcs11.so"))
    token.refused(
        "tokens",
        "init-soft",
        "trial",
        "--module",
        other,
        status=6,
        code="MODULE_LOAD",
        says=["OpenSC", "SoftHSM"],
    )
    token.run("tokens", "init-soft", "trial").ok()


def test_init_soft_without_its_pin_files(token):
    made = token.run("tokens", "init-soft", "trial", "--json").ok().json
    folder = pathlib.Path(made["alias-file"]).parent
    for path in folder.iterdir():
        path.unlink()
    token.refused(
        "tokens",
        "init-soft",
        "trial",
        status=11,
        code="TOKEN_EXISTS",
        says=["PIN files are gone", "choose another name"],
    )


def test_init_soft_goes_on_after_an_interruption(token):
    """Ended between C_InitToken and C_InitPIN: the token is there and has no user PIN."""
    made = token.run("tokens", "init-soft", "trial", "--json").ok().json
    alias = pathlib.Path(made["alias-file"])
    so_pin = alias.with_suffix(".so-pin").read_text()
    token.secrets.append(so_pin)
    token.env["SOFTHSM2_CONF"] = made["softhsm2-conf"]
    token.other("softhsm2-util", "--delete-token", "--token", "trial")
    token.other(
        "pkcs11-tool",
        "--module",
        support.MODULE,
        "--slot-index",
        "0",
        "--init-token",
        "--label",
        "trial",
        "--so-pin",
        so_pin,
    )
    alias.unlink()
    token.run("tokens", "init-soft", "trial").ok()
    token.run(
        "keys", "generate", "p256", "--token", "trial", "--key-label", "web", env={"SOFTHSM2_CONF": None}
    ).ok()


def test_a_new_key_has_no_old_public_key(token):
    token.make_key("p256", "web", "01")
    token.run("request", *token.at, "--key-label", "web", *SUBJECT, "-o", "web.csr").ok()
    for option in ("--key-for", "--pubkey"):
        for make in ("--generate", "--ensure"):
            token.refused(
                "request",
                *token.at,
                make,
                "p256",
                "--key-label",
                "new",
                option,
                "web.csr",
                *SUBJECT,
                status=64,
                code="USAGE",
                says="a new key cannot have a public key that is there already",
            )
    assert len(token.keys()) == 1


def test_pubkey_is_compared_with_key_for(token):
    for label, number in (("web", "01"), ("other", "02")):
        token.make_key("p256", label, number)
        token.run("request", *token.at, "--key-label", label, *SUBJECT, "-o", f"{label}.csr").ok()
    token.run("keys", "show", *token.at, "--key-for", "web.csr", "--pubkey", "web.csr").ok()
    token.refused(
        "keys",
        "show",
        *token.at,
        "--key-for",
        "web.csr",
        "--pubkey",
        "other.csr",
        status=12,
        code="PROOF_PUBLIC_KEY",
        says="show different public keys",
    )


@pytest.mark.parametrize("out", ["", "folder/", "link"])
def test_no_key_is_made_for_an_output_that_cannot_be(token, out):
    (token.work / "folder").mkdir()
    (token.work / "link").symlink_to("folder")
    token.refused(
        "request",
        *token.at,
        "--generate",
        "p256",
        "--key-label",
        "web",
        *SUBJECT,
        "-o",
        out,
        status=10,
        code="WRITE",
        says="the file cannot be written",
    )
    assert token.keys() == []


def test_printed_uris_fit_between_quotes(token):
    """Hints print commands with the URI in single quotes: a label must not end them."""
    label = "x'$(id)'"
    token.make_key("p256", label, "01")
    uri = token.keys()[0]["uri"]
    assert "'" not in uri and "%27" in uri
    token.run("request", uri, *token.login, *SUBJECT).ok()


def test_reading_commands_leave_the_pin_alone(token):
    token.make_key()
    made = token.request(*SUBJECT)
    env = {"P11CSR_PIN_SOURCE": "cred:not-there"}
    token.run("verify", stdin=made.out, env=env).ok()
    token.run("show", stdin=made.out, env=env).ok()
    token.refused(
        "keys",
        "list",
        "--token",
        token.label,
        env=env,
        status=4,
        code="PIN_SOURCE",
        says="CREDENTIALS_DIRECTORY",
    )


def test_relative_module(token):
    folder, name = os.path.split(support.MODULE)
    assert token.run("tokens", "list", "--module", f"./{name}", cwd=folder, env={"P11CSR_MODULE": None}).ok()


def test_a_pin_in_a_message_is_hidden_to_its_end(token):
    for value in ("12;secret", "12'secret", "12 secret"):
        result = token.run("keys", "list", "--token", "t", f"pkcs11:token=x?pin-value={value}")
        assert result.status == 64 and "secret" not in result.err and "12" not in result.err


@pytest.mark.parametrize("option", ["--token", "--module", "--key-label", "--config"])
def test_an_unset_variable_widens_nothing(token, option):
    token.make_key()
    token.refused(
        "request", *token.login, option, "", *SUBJECT, status=64, code="USAGE", says="has an empty value"
    )


def test_two_aliases_with_other_environments(token):
    """A module reads its environment once; the second alias must not get the first one's tokens."""
    token.run("tokens", "init-soft", "one").ok()
    token.run("tokens", "init-soft", "two").ok()
    for name in ("one", "two"):
        token.run(
            "keys", "generate", "p256", "--token", name, "--key-label", name, env={"SOFTHSM2_CONF": None}
        ).ok()
        shown = (
            token.run("keys", "list", "--token", name, "--json", env={"SOFTHSM2_CONF": None})
            .ok()
            .json["keys"]
        )
        assert [key["label"] for key in shown] == [name]


def test_alias_of_a_maker_lends_no_pin(token):
    """An alias that names only a maker fits every token of it: its PIN is not sent to them."""
    token.make_key()
    wrong = token.write_pin(token.dir / "wrong-pin", "not-the-pin")
    config = token.dir / "weak.yaml"
    config.write_text(
        f'tokens:\n  weak: {{ uri: "pkcs11:manufacturer=SoftHSM%20project", pin-source: "{wrong}" }}\n'
    )
    token.refused(
        "request",
        "pkcs11:token=test%20token;manufacturer=SoftHSM%20project;object=web",
        *SUBJECT,
        "--config",
        config,
        status=4,
        code="PIN_NEEDED",
        says="no PIN source is set",
    )
