# SPDX-License-Identifier: Apache-2.0
"""Quirks that the administrator sets: in the configuration, by alias and by match, and with --quirk."""

import pytest

SUBJECT = ("--subject", "CN=www.example.com")


def write_config(token, text):
    path = token.dir / "quirks.yaml"
    path.write_text(text)
    return path


def list_keys(token, config, *more):
    return token.run("keys", "list", "--token", token.label, "--config", config, *token.login, *more)


@pytest.mark.parametrize(
    "setting, text",
    [
        ("touch", "quirk 'touch' is not like 'word=value'"),
        ("tuoch=yes", "unknown quirk 'tuoch'; the nearest is 'touch'"),
        ("xyzzy=yes", "unknown quirk 'xyzzy'"),
        ("xyzzy=yes", "there are: "),
        ("touch=maybe", "quirk 'touch': 'maybe' is none of: no yes"),
        ("retry-on=CKR_X", "byte 1 of 'CKR_X': like CKR_NAME"),
    ],
)
def test_option_refused(token, setting, text):
    result = token.run("keys", "list", "--token", token.label, "--quirk", setting)
    assert result.status == 9 and text in result.err, result


@pytest.mark.parametrize(
    "text, place, why",
    [
        (
            "tokens:\n  a:\n    uri: 'pkcs11:token=a'\n    quirks: {tuoch: 'yes'}\n",
            "4:14",
            "nearest is 'touch'",
        ),
        ("tokens:\n  a:\n    uri: 'pkcs11:token=a'\n    quirks: [touch]\n", "4:13", "a mapping"),
        ("quirks:\n  touch: 'yes'\n", "2:3", "a list of rules"),
        ("quirks:\n  - set: {touch: 'yes'}\n", "2:5", "a rule has a 'match' and a 'set'"),
        ("quirks:\n  - match: {model: x}\n", "2:5", "a rule has a 'match' and a 'set'"),
        ("quirks:\n  - match: {}\n    set: {touch: 'yes'}\n", "2:12", "an empty match"),
        ("quirks:\n  - match: {mmodel: x}\n    set: {}\n", "2:13", "nearest is 'model'"),
        ("quirks:\n  - match: {model: x, firmware: new}\n    set: {}\n", "2:12", "'new' is no version"),
        ("quirks:\n  - match: {library-version: '-'}\n    set: {}\n", "2:12", "'-' is no version"),
        ("quirks:\n  - match: {firmware: 1.256}\n    set: {}\n", "2:12", "'1.256' is no version"),
        ("quirks:\n  - match: {model: x}\n    set: {touch: maybe}\n", "3:11", "none of: no yes"),
        ("quirks:\n  - match: {model: x}\n    set: {xyzzy: maybe}\n", "3:11", "there are: login,"),
        ("quirks:\n  - match: {model: x}\n    set: {touch: [a]}\n", "3:18", "a text is expected"),
        ("quirks:\n  - match: {model: x}\n    sets: {touch: a}\n", "3:5", "nearest is 'set'"),
    ],
)
def test_configuration_refused(token, text, place, why):
    config = write_config(token, text)
    result = list_keys(token, config)
    assert result.status == 78, result
    assert f"{config}:{place}: " in result.err and why in result.err, result
