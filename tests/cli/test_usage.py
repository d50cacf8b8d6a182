# SPDX-License-Identifier: Apache-2.0
"""How p11csr is called: commands, options, help, environment, configuration."""

import json
import re

import pytest

import support

SUBJECT = ("--subject", "CN=www.example.com")
GLOBAL = {
    "--token",
    "--module",
    "--config",
    "--pin-source",
    "--accept-final-try",
    "--allow-weak",
    "--json",
    "--quiet",
    "--help",
    "--version",
}
COMMANDS = [
    "request",
    "show",
    "verify",
    "keys list",
    "keys show",
    "keys generate",
    "tokens list",
    "tokens show",
    "tokens init-soft",
    "uri explain",
    "algorithms",
    "completion",
]


# Help and version


def listed_commands(box):
    text = box.run("--help").ok().out
    block = text.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return [re.split(r"\s{2,}", line.strip())[0] for line in block.splitlines()]


def test_help_of_the_program(box):
    for args in (("--help",), ("-h",)):
        result = box.run(*args).ok()
        assert result.err == "" and "Usage: p11csr COMMAND" in result.out
    text = box.run("--help").ok().out
    assert set(COMMANDS) <= set(listed_commands(box))
    assert all(option in text for option in GLOBAL)


def test_help_of_every_command(box):
    for command in listed_commands(box):
        for args in ((*command.split(), "--help"), (*command.split(), "-h", "--token", "x")):
            result = box.run(*args).ok()
            assert result.err == "" and result.out.endswith("\n")
            assert f"Usage: p11csr {command}" in result.out, result
            assert GLOBAL <= set(re.findall(r"--[a-z-]+", result.out))
            long = [line for line in result.out.splitlines() if len(line) > 80]
            assert not long, long
            assert f"p11csr {command}" in result.out.split("Example:\n", 1)[1]


def test_help_in_front_of_a_command(box):
    """Global options stand before or behind the command, with the same effect."""
    assert box.run("--help", "request").ok().out == box.run("request", "--help").ok().out


def test_no_line_of_the_help_is_too_long(box):
    long = [line for line in box.run("--help").ok().out.splitlines() if len(line) > 80]
    assert not long, long


def test_help_names_every_option_that_works(box):
    """What the parser takes is what the help shows: a wrong value is no unknown option."""
    for command in listed_commands(box):
        text = box.run(*command.split(), "--help").ok().out
        options = re.findall(r"^ +(?:-., )?(--[a-z0-9-]+)( [A-Z|a-z]+)?", text, re.M)
        assert len(options) >= len(GLOBAL)
        for name, arg in options:
            if name not in ("--help", "--version", "--json"):
                given = (name,) if not arg else (name, "x")
                result = box.run(*command.split(), *given, "--help").ok()
                assert result.out == text


def test_help_as_json(box):
    """The same rows as in the help for people."""
    whole = box.run("--help", "--json").ok().json["help"]
    assert [row["name"] for row in whole["commands"]] == listed_commands(box)
    assert GLOBAL <= {"--" + row["name"] for row in whole["options"] if row["global"]}
    for command in whole["commands"]:
        text = box.run(*command["name"].split(), "--help").ok().out
        shown = set(re.findall(r"^ +(?:-., )?--([a-z0-9-]+)", text, re.M))
        assert shown == set(command["options"]) | {row["name"] for row in whole["options"] if row["global"]}
        assert command["help"] in text and command["example"] in text


def test_version(box):
    for args in (("--version",), ("request", "--version")):
        result = box.run(*args).ok()
        assert re.fullmatch(r"p11csr \d+\.\d+\.\d+\n", result.out) and result.err == ""
        assert result.out == f"p11csr {box.run(*args, '--json').ok().json['version']}\n"


# Mistakes


@pytest.mark.parametrize(
    "args, says",
    [
        ((), "command"),
        (("reqest",), "the nearest is 'request'"),
        (("frobnicate",), "unknown command 'frobnicate'"),
        (("keys",), "p11csr keys list"),
        (("keys", "lst"), "keys list"),
        (("key", "list"), "the nearest is 'keys list'"),
        (("token", "list"), "tokens list"),
        (("list",), "list"),
        (("uri",), "p11csr uri explain"),
        (("",), "''"),
        (("tokens", "init"), "tokens init-soft"),
        (("keys", "generate"), "needs SPEC"),
        (("uri", "explain"), "needs URI"),
        (("request", "a", "b"), "unexpected argument 'b'"),
        (("algorithms", "x"), "unexpected argument 'x'"),
        (("show", "a", "b"), "unexpected argument 'b'"),
        (("verify", "a", "b"), "unexpected argument 'b'"),
    ],
)
def test_wrong_command(box, args, says):
    box.refused(*args, status=64, code="USAGE", says=[says, "--help"])


@pytest.mark.parametrize(
    "args, says",
    [
        (("request", "--sbject", "CN=x"), "the nearest is '--subject'"),
        (("request", "--foo"), "'--foo'"),
        (("request", "-x"), "'-x'"),
        (("show", "--dns", "a.example"), "'--dns'"),
        (("--dns", "a.example", "request"), "--dns"),
        (("request", "--subject"), "needs a value"),
        (("request", "-o"), "needs a value"),
        (("request", "--ca=yes"), "takes no value"),
        (("--tokn", "x", "request"), "the nearest is '--token'"),
        (("request", "--key_label", "x"), "the nearest is '--key-label'"),
        (("request", "--sub", "CN=x"), "'--sub'"),
        (("request", "-subject", "CN=x"), "--subject"),
    ],
)
def test_wrong_option(box, args, says):
    """The JSON form is asked for in front: what stands behind a mistake may be part of it."""
    plain = box.run(*args)
    assert plain.status == 64 and plain.out == "" and says in plain.err and "  hint:  " in plain.err
    machine = box.run("--json", *args)
    error = machine.json["error"]
    assert (machine.status, error["code"], error["exit"]) == (64, "USAGE", 64)
    assert says in "\n".join([error["message"], *error["cause"], *error["notes"], error["hint"]])


@pytest.mark.parametrize(
    "args",
    [
        ("request", "--sbject", "CN=x"),
        ("reqest",),
        ("keys",),
        ("request", "a", "b"),
        (),
        ("algorithms", "x"),
        ("keys", "generate"),
    ],
)
def test_json_behind_a_mistake(box, args):
    """A program that always says --json gets JSON, wherever it says so."""
    for way in ((*args, "--json"), ("--json", *args)):
        result = box.run(*[arg for arg in way if arg != "--json"])
        assert result.status == 64
        result = box.run(*way)
        assert result.status == 64 and result.json["error"]["code"] == "USAGE"


@pytest.mark.parametrize(
    "option",
    [
        "--subject",
        "--key-label",
        "--key-id",
        "--generate",
        "--scheme",
        "--form",
        "-o",
        "--key-usage",
        "--path-length",
        "--token",
        "--pin-source",
        "--module",
        "--config",
    ],
)
def test_option_twice(box, option):
    name = "--out" if option == "-o" else option
    box.refused("request", option, "a", option, "b", status=64, code="USAGE", says=f"'{name}' is there twice")
    if option in GLOBAL:
        box.refused(
            option, "a", "request", option, "b", status=64, code="USAGE", says=f"'{name}' is there twice"
        )


def test_values_that_look_like_options(token):
    """A value is a value, whatever it starts with; `--` ends the options."""
    token.run("keys", "generate", "p256", *token.at, "--key-label", "--force", "--key-id", "01").ok()
    assert token.keys()[0]["label"] == "--force"
    token.run("request", *token.at, "--key-label=--force", *SUBJECT).ok()
    token.run("request", *token.at, "--key-label", "--force", *SUBJECT, "-o", "-x.csr").ok()
    assert "the signature is good" in token.run("verify", "--", "-x.csr").ok().out
    token.refused("verify", "-x.csr", status=64, code="USAGE", says="'-x")


def test_equals_sign_and_no_value(token):
    token.make_key()
    token.run(
        "request",
        f"--token={token.label}",
        f"--pin-source=file:{token.pin_file}",
        "--key-label=web",
        "--subject=CN=a=b",
    ).ok()


def test_global_options_before_and_behind(token):
    token.make_key()
    wanted = ("--key-label", "web", *SUBJECT)
    ways = [
        ("request", *token.at, *wanted, "--json"),
        ("--json", *token.at, "request", *wanted),
        ("--token", token.label, "request", *wanted, *token.login, "--json"),
        ("--json", "-q", *token.login, "request", *wanted, "--token", token.label),
    ]
    answers = {token.run(*way).ok().json["tbs-sha256"] for way in ways}
    assert len(answers) == 1
    token.refused(
        "--key-label", "web", "request", *token.at, *SUBJECT, status=64, code="USAGE", says="--key-label"
    )


# Environment


def test_environment(token):
    token.make_key()
    wanted = ("request", "--key-label", "web", *SUBJECT)
    env = {"P11CSR_TOKEN": token.label, "P11CSR_PIN_SOURCE": f"file:{token.pin_file}"}
    token.run(*wanted, env=env).ok()
    token.run("request", *SUBJECT, env={**env, "P11CSR_TOKEN": "pkcs11:token=test%20token;object=web"}).ok()
    token.refused(*wanted, env={**env, "P11CSR_TOKEN": "none"}, status=3, code="TOKEN_NOT_FOUND", says="none")
    token.refused(
        *wanted, env={**env, "P11CSR_PIN_SOURCE": "file:/none"}, status=4, code="PIN_SOURCE", says="/none"
    )
    token.refused(
        *wanted, env={**env, "P11CSR_MODULE": "/none.so"}, status=3, code="MODULE_NOT_FOUND", says="/none.so"
    )
    token.refused(
        *wanted, env={**env, "P11CSR_CONFIG": "/none.yaml"}, status=10, code="READ", says="/none.yaml"
    )
    bad = {name: "/none" for name in ("P11CSR_PIN_SOURCE", "P11CSR_MODULE")}
    token.run(*wanted, *token.at, "--module", support.MODULE, env={**bad, "P11CSR_TOKEN": "none"}).ok()
    token.run(
        *wanted, *token.at, env={name: "" for name in ("P11CSR_TOKEN", "P11CSR_PIN_SOURCE", "P11CSR_CONFIG")}
    ).ok()


# Configuration


def write(box, text, where="config/p11csr/p11csr.yaml"):
    path = box.home / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def alias(token, name="prod", **more):
    words = {"uri": "pkcs11:token=test%20token", "pin-source": f"file:{token.pin_file}", **more}
    rows = "".join(f"    {word}: {json.dumps(value)}\n" for word, value in words.items())
    return f"tokens:\n  {name}:\n{rows}"


def test_what_goes_before_what(token):
    """The command line, be it an option or a URI; the environment; the alias."""
    token.make_key()
    env = {"P11CSR_MODULE": None}
    bad_env = {"P11CSR_MODULE": "/env.so", "P11CSR_PIN_SOURCE": "file:/env"}
    wanted = ("request", "--key-label", "web", *SUBJECT)
    good_pin = f"file:{token.pin_file}"
    missing = {"status": 3, "code": "MODULE_NOT_FOUND"}
    no_pin = {"status": 4, "code": "PIN_SOURCE"}
    write(token, alias(token, module="/alias.so"))
    token.refused(*wanted, "--token", "prod", env=env, says="/alias.so", **missing)
    token.refused(*wanted, "--token", "prod", env=bad_env, says="/env.so", **missing)
    token.refused(*wanted, "--token", "prod", "--module", "/opt.so", env=bad_env, says="/opt.so", **missing)
    token.run(*wanted, "--token", "prod", "--module", support.MODULE, env=env).ok()
    write(token, alias(token, module=support.MODULE, **{"pin-source": "file:/alias"}))
    env_pin = {"P11CSR_PIN_SOURCE": "file:/env"}
    token.refused(*wanted, "--token", "prod", env=env, says="/alias", **no_pin)
    token.refused(*wanted, "--token", "prod", env={**env, **env_pin}, says="/env", **no_pin)
    token.run(*wanted, "--token", "prod", "--pin-source", good_pin, env={**env, **env_pin}).ok()
    # What a URI says on the command line was said there.
    uri = f"pkcs11:token=test%20token?module-path={support.MODULE}&pin-source={good_pin}"
    for way in ((*wanted, "--token", uri), ("request", uri, "--key-label", "web", *SUBJECT)):
        token.run(*way, env=bad_env).ok()
    token.refused(*wanted, "--token", uri, "--module", "/opt.so", env=bad_env, says="/opt.so", **missing)
    # In a variable it is one of them.
    token.refused(*wanted, env={**bad_env, "P11CSR_TOKEN": uri}, says="/env.so", **missing)
    uri = f"pkcs11:token=test%20token?pin-value={token.pin}"
    token.run(*wanted, "--token", uri, env={**env_pin, "P11CSR_MODULE": support.MODULE}).ok()
    uri = f"pkcs11:token=test%20token?module-path={support.MODULE}"
    token.run("doctor", "--token", uri, env=bad_env).ok()


def test_alias(token):
    token.make_key()
    write(token, alias(token, module=support.MODULE, env={"SOFTHSM2_CONF": token.env["SOFTHSM2_CONF"]}))
    env = {"P11CSR_MODULE": None, "SOFTHSM2_CONF": None}
    token.run("request", "--token", "prod", "--key-label", "web", *SUBJECT, env=env).ok()
    token.run("request", "--key-label", "web", *SUBJECT, env={**env, "P11CSR_TOKEN": "prod"}).ok()
    token.refused(
        "request",
        "--token",
        "prdo",
        "--key-label",
        "web",
        *SUBJECT,
        env=env,
        status=3,
        code="TOKEN_NOT_FOUND",
        says="prdo",
    )


def test_init_args(token):
    """They are handed to the module, and SoftHSM2 wants none; without a module nobody takes them."""
    write(token, alias(token, **{"init-args": "configdir='/nowhere'"}))
    says = "C_Initialize: CKR_ARGUMENTS_BAD"
    token.refused("keys", "list", "--token", "prod", status=6, code="TOKEN", says=says)
    env = {"P11CSR_MODULE": None}
    says = "alias 'prod' has init-args and no module"
    token.refused("keys", "list", "--token", "prod", env=env, status=78, code="CONFIG", says=says)


def test_alias_goes_before_a_label(token):
    token.make_key()
    write(token, alias(token, name="test token", uri="pkcs11:token=other"))
    token.refused(
        "request", *token.at, "--key-label", "web", *SUBJECT, status=3, code="TOKEN_NOT_FOUND", says="other"
    )
    token.run("request", "pkcs11:token=test%20token", *token.login, "--key-label", "web", *SUBJECT).ok()


def test_order_of_configurations(token):
    """p11csr.yaml, then p11csr.d by name, then --config; an alias is replaced whole."""
    token.make_key()
    ask = ("request", "--token", "prod", "--key-label", "web", *SUBJECT)
    other = token.dir / "named.yaml"
    other.write_text(alias(token, uri="pkcs11:token=from-option"))
    write(token, alias(token, uri="pkcs11:token=from-main"))
    token.refused(*ask, status=3, code="TOKEN_NOT_FOUND", says="from-main")
    write(token, alias(token, uri="pkcs11:token=from-b"), "config/p11csr/p11csr.d/b.yaml")
    write(token, alias(token, uri="pkcs11:token=from-a"), "config/p11csr/p11csr.d/a.yaml")
    write(token, "no yaml: [", "config/p11csr/p11csr.d/ignored.txt")
    token.refused(*ask, status=3, code="TOKEN_NOT_FOUND", says="from-b")
    token.refused(*ask, "--config", other, status=3, code="TOKEN_NOT_FOUND", says="from-option")
    token.refused(*ask, env={"P11CSR_CONFIG": other}, status=3, code="TOKEN_NOT_FOUND", says="from-option")
    other.write_text('tokens:\n  prod: { uri: "pkcs11:token=test%20token" }\n')
    token.refused(*ask, "--config", other, status=4, code="PIN_NEEDED", says="no PIN source")
    token.run(*ask, "--config", other, *token.login).ok()


@pytest.mark.parametrize(
    "text, place, says",
    [
        ("tokns: {}\n", "1:1", "unknown word 'tokns'; the nearest is 'tokens'"),
        ('tokens:\n  prod:\n    uri: "pkcs11:"\n    pin-sorce: x\n', "4:5", "the nearest is 'pin-source'"),
        ("tokens:\n  prod: { module: x }\n", "2:3", "the alias has no 'uri'"),
        ("tokens:\n  prod: text\n", "2:9", "a mapping"),
        ("tokens: [a]\n", "1:9", "a mapping"),
        ('tokens:\n  a: { uri: "pkcs11:" }\n  a: { uri: "pkcs11:" }\n', "3:3", "there twice"),
        ("tokens:\n  a: { uri: }\n", "2:", "a text is expected"),
        ("log: { fil: /x }\n", "1:8", "the nearest is 'file'"),
        ("log: { file: relative }\n", "1:", "absolute path"),
        ("tokens: {\n", "", ":"),
        ("\ttokens:\n", "1:1", ""),
        ("- a\n", "1:1", "a mapping"),
        ('tokens:\n  a: { uri: "pkcs11:", env: [x] }\n', "2:", "a mapping"),
    ],
)
def test_wrong_configuration(token, text, place, says):
    path = write(token, text)
    for command in (("tokens", "list"), ("request", *token.at, *SUBJECT)):
        token.refused(
            *command,
            status=78,
            code="CONFIG",
            says=["cannot use the configuration", f"{path.name}:{place}", says],
        )
    path.write_text("")
    token.run("tokens", "list").ok()


def test_paths_are_written_as_people_write_them(token):
    path = write(token, "tokns: {}\n")
    token.refused("tokens", "list", status=78, code="CONFIG", says=[f"'{path}'", f"{path}:1:1"])


def test_wrong_uri_of_an_alias(token):
    """The mistake is in the configuration, so the exit status and the place are the configuration's."""
    path = write(token, alias(token, uri="pkcs11:tokn=x"))
    token.refused(
        "tokens",
        "show",
        "--token",
        "prod",
        status=78,
        code="CONFIG",
        says=[str(path), "'prod'", "the nearest is 'token'"],
    )


def test_configuration_that_cannot_be_read(token):
    token.refused(
        "tokens",
        "list",
        "--config",
        token.dir / "none.yaml",
        status=10,
        code="READ",
        says=["none.yaml", "No such file"],
    )
    token.run("tokens", "list", "--config", write(token, "{}\n", "empty.yaml")).ok()


def test_no_home(token):
    """A service without a home works; it keeps no records."""
    env = {name: None for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    token.run("request", *token.at, "--generate", "p256", "--key-label", "web", *SUBJECT, env=env).ok()


def test_unwritable_state_is_a_warning(token):
    (token.home / "state").write_text("in the way")
    result = token.run("request", *token.at, "--generate", "p256", "--key-label", "web", *SUBJECT).ok()
    assert "warning: no record of the key" in result.err and "Not a directory" in result.err


# Answers


def test_json_is_the_only_output(token):
    """With --json nothing is on stderr, nothing else on stdout, also when it fails."""
    token.make_key()
    for args in (
        ("request", *token.at, "--key-label", "web", *SUBJECT),
        ("keys", "list", *token.at),
        ("keys", "show", *token.at, "--key-label", "none"),
        ("tokens", "list"),
        ("algorithms",),
        ("uri", "explain", "pkcs11:"),
        ("uri", "explain", "pkcs12:"),
        ("show", "none"),
        ("tokens", "show"),
    ):
        result = token.run(*args, "--json")
        assert result.err == "" and result.json["p11csr"] == 1
        assert result.json["ok"] is (result.status == 0) and result.json["command"] == " ".join(
            word for word in args[:2] if word in result.json["command"].split()
        )


def test_schemas_are_strict():
    """The schemas refuse what they do not name, so that a new field is a decision."""
    for name, schema in support.SCHEMA.items():
        if name == "common":
            continue
        for part in schema.get("oneOf", [schema]):
            assert part["additionalProperties"] is False and part["type"] == "object", name
    lint = {"file": "a", "errors": 0, "warnings": 0, "infos": 0, "not-judged": 0}
    lint.update({"sets": ["structure"], "ignored": [], "findings": []})
    answer = {"p11csr": 1, "command": "verify", "ok": True, "verdict": "good", "lint": lint}
    support.validate(answer, "verify")
    for change in ({"extra": 1}, {"verdict": "bad"}, {"p11csr": 2}, {"ok": False}):
        with pytest.raises(AssertionError):
            support.validate({**answer, **change}, "verify")
    assert set(support.SCHEMA) >= {command.replace(" ", "-") for command in COMMANDS} | {"error", "common"}


@pytest.mark.parametrize(
    "option, hint",
    [
        ("--pin", "--pin-source"),
        ("--san", "--dns"),
        ("--cn", "--subject 'CN="),
        ("--eku", "--ext-key-usage"),
        ("--label", "--key-label"),
        ("--slot", "--token"),
        ("--key", "--key-label"),
        ("--output", "--out"),
    ],
)
def test_options_of_other_tools(box, option, hint):
    """People bring the words of the tool they used before; the nearest spelling would mislead."""
    box.refused("request", option, "value", status=64, code="USAGE", says=[option, hint])
    assert "value" not in box.run("request", option, "value").err


def test_help_as_a_word(box):
    assert box.run("help").ok().out == box.run("--help").ok().out
    assert box.run("help", "request").ok().out == box.run("request", "--help").ok().out


def test_the_mistake_comes_first(box):
    assert box.run("request", "--foo").err.startswith("p11csr: error: unknown option '--foo'")


@pytest.mark.parametrize(
    "args, says",
    [
        (("--dns", "a.example,b.example"), "repeat the option"),
        (("--subject", "www.example.com"), "CN=www.example.com"),
        (("--subject", "CN=a;O=b"), "separated by ','"),
        (("--subject", "CN=x", "--path-length", "1"), "add --ca"),
        (("--subject", "CN=x", "--generate", "ec", "--key-label", "k"), "known: rsa-2048"),
        (("--subject", "CN=x", "--key-id", "1"), "odd number of hex digits"),
    ],
)
def test_first_guesses(token, args, says):
    token.refused(
        "request",
        *token.at,
        *args,
        status=9,
        code=token.run("request", *token.at, *args, "--json").json["error"]["code"],
        says=says,
    )


def test_warnings_in_json(token):
    """A program is warned like a person: about a PIN file that everybody can read."""
    token.make_key()
    source = token.write_pin(token.dir / "open-pin", token.pin, 0o644)
    ask = (
        "request",
        "--token",
        token.label,
        "--key-label",
        "web",
        "--subject",
        "CN=x",
        "--pin-source",
        source,
    )
    assert "warning: everybody on this machine can read" in token.run(*ask).ok().err
    answer = token.run(*ask, "--json").ok()
    assert "everybody on this machine can read" in answer.json["warnings"][0] and answer.err == ""
    assert "warnings" not in token.run(*ask[:-1], f"file:{token.pin_file}", "--json").ok().json
