# SPDX-License-Identifier: Apache-2.0
"""Where the PIN comes from, and that a wrong one is an answer and not a habit."""

import os

import pytest

import support

SUBJECT = support.SUBJECT
# Nowhere to remember a wrong PIN: every run sends it (see test_latch.py).
NO_LATCH = {"XDG_STATE_HOME": "/dev/null/none"}


# A wrong PIN


def test_wrong_pin(ready):
    wrong = ready.write_pin(ready.dir / "wrong", "Zq7-kestrel-94")
    ready.secrets.append("Zq7-kestrel-94")
    assert ready.pin_state() == "unknown"
    refused = ready.refused(
        *ready.ask,
        "--pin-source",
        wrong,
        status=4,
        code="PIN_INCORRECT",
        says=[
            "cannot log in to token 'test token'",
            "CKR_PIN_INCORRECT",
            "the token counts wrong PINs",
            "check the PIN before the next try",
        ],
        env=NO_LATCH,
    )
    assert refused.json["error"]["notes"]
    assert ready.pin_state() == "count-low"
    assert "a wrong PIN was sent since the last good one" in ready.run("tokens", "show").ok().out
    ready.run(*ready.ask, *ready.login).ok()
    assert ready.pin_state() == "unknown"


def test_pin_is_sent_once_per_run(ready):
    """A wrong PIN is not tried again, for another purpose neither: the module's own counter tells."""
    wrong = ready.write_pin(ready.dir / "wrong", "nope-nope")
    for command in (ready.ask, (*ready.ask, "--ensure", "p256"), ("keys", "list", "--token", ready.label)):
        result = ready.run(*command, "--pin-source", wrong, env=NO_LATCH)
        assert result.status == 4 and result.err.count("CKR_PIN_INCORRECT") == 1


@pytest.mark.parametrize("pin", ["123", "x" * 256])
def test_pin_of_wrong_length_is_not_sent(ready, pin):
    source = ready.write_pin(ready.dir / "other", pin)
    result = ready.run(*ready.ask, "--pin-source", source)
    assert result.status == 4 and ready.pin_state() == "unknown", result
    if len(pin) < 4:
        ready.refused(
            *ready.ask,
            "--pin-source",
            source,
            status=4,
            code="PIN_LENGTH",
            says=["the token takes 4 to 255 bytes", "was not sent"],
        )
    else:
        ready.refused(*ready.ask, "--pin-source", source, status=4, code="PIN_SOURCE", says="longer than 255")


# Files


@pytest.mark.parametrize(
    "content, good",
    [
        (support.PIN, True),
        (support.PIN + "\n", True),
        (support.PIN + "\r\n", True),
        (support.PIN + "\n\n", False),
        (support.PIN + "\nsecond\n", False),
        ("\n" + support.PIN, False),
        ("", False),
        ("\n", False),
        (support.PIN + "\0", False),
    ],
)
def test_content_of_a_pin_file(ready, content, good):
    path = ready.dir / "other"
    path.write_bytes(content.encode())
    path.chmod(0o600)
    if good:
        result = ready.run(*ready.ask, "--pin-source", f"file:{path}").ok()
        assert "warning" not in result.err
    else:
        says = "is empty" if not content.strip() and len(content) < 2 else "more than one line"
        ready.refused(
            *ready.ask, "--pin-source", f"file:{path}", status=4, code="PIN_SOURCE", says=[str(path), says]
        )
        assert ready.pin_state() == "unknown"


def test_pin_file_with_blanks_is_taken_as_it_is(ready):
    """Only the newline is not the PIN's: a blank may be."""
    source = ready.write_pin(ready.dir / "other", support.PIN + " ")
    assert ready.run(*ready.ask, "--pin-source", source).status == 4
    assert ready.pin_state() == "count-low"


@pytest.mark.parametrize(
    "mode, status, says",
    [
        (0o600, 0, None),
        (0o400, 0, None),
        (0o640, 0, None),
        (0o660, 0, None),
        (0o644, 0, "everybody on this machine"),
        (0o604, 0, "everybody on this machine"),
        (0o602, 4, "everybody can write"),
        (0o666, 4, "everybody can write"),
    ],
)
def test_mode_of_a_pin_file(ready, mode, status, says):
    source = ready.write_pin(ready.dir / "other", support.PIN, mode)
    result = ready.run(*ready.ask, "--pin-source", source)
    assert result.status == status
    if status != 0:
        ready.refused(
            *ready.ask,
            "--pin-source",
            source,
            status=4,
            code="PIN_SOURCE",
            says=[says, f"mode {mode:03o}", "other"],
        )
    elif says is not None:
        assert f"p11csr: warning: {says}" in result.err and f"mode {mode:03o}" in result.err
        assert "chmod 600" in result.err
    else:
        assert "warning" not in result.err


def test_pin_file_that_cannot_be_read(ready):
    ready.refused(
        *ready.ask,
        "--pin-source",
        f"file:{ready.dir}/none",
        status=4,
        code="PIN_SOURCE",
        says=["/none", "No such file", "--pin-source file:PATH"],
    )
    ready.refused(
        *ready.ask, "--pin-source", f"file:{ready.dir}", status=4, code="PIN_SOURCE", says="is a folder"
    )
    ready.refused(*ready.ask, "--pin-source", "file:", status=4, code="PIN_SOURCE", says="path")


# The other sources


def test_bare_path(ready):
    ready.run(*ready.ask, "--pin-source", str(ready.pin_file)).ok()


@pytest.mark.parametrize(
    "source, says",
    [
        ("files:/x", "the nearest is 'file:'"),
        ("", "there is no"),
        ("fil", "file:PATH"),
        ("Prompt", "prompt"),
        ("emptyx", "empty"),
        ("fd:", "number"),
        ("fd:x", "number"),
        ("fd:-1", "number"),
        ("env:", "''"),
        ("exec:cat", "full path"),
        ("exec:", "path"),
        ("cred:x", "CREDENTIALS_DIRECTORY"),
    ],
)
def test_unusable_source(ready, source, says):
    if source == "":
        ready.refused(*ready.ask, "--pin-source", source, status=4, code="PIN_NEEDED", says="no PIN source")
        return
    ready.refused(*ready.ask, "--pin-source", source, status=4, code="PIN_SOURCE", says=says)


def test_a_pin_in_place_of_a_source_is_not_repeated(ready):
    """Somebody writes the PIN itself behind --pin-source."""
    result = ready.refused(
        *ready.ask, "--pin-source", support.PIN, status=4, code="PIN_SOURCE", says="file:PATH"
    )
    assert support.PIN not in result.out


def test_credential(ready):
    folder = ready.dir / "credentials"
    folder.mkdir()
    ready.write_pin(folder / "hsm-pin", support.PIN, 0o400)
    env = {"CREDENTIALS_DIRECTORY": folder}
    ready.run(*ready.ask, "--pin-source", "cred:hsm-pin", env=env).ok()
    ready.refused(
        *ready.ask, "--pin-source", "cred:none", env=env, status=4, code="PIN_SOURCE", says="No such file"
    )
    for bad in ("cred:", "cred:../pin", "cred:/etc/passwd"):
        ready.refused(
            *ready.ask, "--pin-source", bad, env=env, status=4, code="PIN_SOURCE", says="credential"
        )


def script(token, name, text):
    path = token.dir / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)
    return f"exec:{path}"


def test_program(ready):
    ready.run(*ready.ask, "--pin-source", script(ready, "good", f"echo {support.PIN}\n")).ok()
    ready.run(*ready.ask, "--pin-source", script(ready, "bare", f"printf %s {support.PIN}\n")).ok()
    word = script(ready, "args", f'[ "$1:$2:$#" = "a:b;c:2" ] && echo {support.PIN}\n')
    ready.run(*ready.ask, "--pin-source", f"{word}  a b;c").ok()
    for text, says in (
        (f"echo {support.PIN}; exit 3", "ended with status 3"),
        ("exit 0", "is empty"),
        ("kill -9 $$", "signal 9"),
        ("echo a; echo b", "more than one line"),
        ("head -c 100000 /dev/zero", ""),
    ):
        ready.refused(
            *ready.ask,
            "--pin-source",
            script(ready, "bad", text + "\n"),
            status=4,
            code="PIN_SOURCE",
            says=says,
        )
    ready.refused(
        *ready.ask,
        "--pin-source",
        "exec:/no/such/program",
        status=4,
        code="PIN_SOURCE",
        says=["/no/such/program", "No such file"],
    )


def test_program_sees_no_terminal_input(ready):
    """What the program inherits: not our stdin."""
    source = script(ready, "reads", f'read -r line; [ -z "$line" ] && echo {support.PIN}\n')
    ready.run(*ready.ask, "--pin-source", source, stdin="stolen\n").ok()


def test_file_descriptor(ready):
    def from_fd(data):
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        try:
            return ready.run(*ready.ask, "--pin-source", f"fd:{reader}", pass_fds=[reader])
        finally:
            os.close(reader)

    from_fd(support.PIN.encode()).ok()
    from_fd(support.PIN.encode() + b"\n").ok()
    for data in (b"", b"\n", b"a\nb"):
        result = from_fd(data)
        assert result.status == 4 and "file descriptor" in result.err
    ready.run(*ready.ask, "--pin-source", "fd:0", stdin=support.PIN).ok()
    ready.refused(
        *ready.ask, "--pin-source", "fd:57", status=4, code="PIN_SOURCE", says="Bad file descriptor"
    )


def test_environment_variable(ready):
    ready.run(*ready.ask, "--pin-source", "env:HSM_PIN", env={"HSM_PIN": support.PIN}).ok()
    ready.refused(
        *ready.ask,
        "--pin-source",
        "env:HSM_PIN",
        status=4,
        code="PIN_SOURCE",
        says="the environment variable 'HSM_PIN' is not set",
    )
    ready.refused(
        *ready.ask,
        "--pin-source",
        "env:HSM_PIN",
        env={"HSM_PIN": ""},
        status=4,
        code="PIN_SOURCE",
        says="empty",
    )


def test_pin_of_the_environment_reaches_no_program(ready):
    """env:NAME is overwritten before anything is started, the PIN program of another token for one."""
    seen = ready.dir / "seen"
    source = script(ready, "spy", f"env > {seen}; echo {support.PIN}\n")
    uri = f"pkcs11:token=test%20token;object=web?pin-source={source}"
    env = {"HSM_PIN": support.PIN, "P11CSR_PIN_SOURCE": None}
    ready.run("request", uri, *SUBJECT, env=env).ok()
    assert support.PIN in seen.read_text()  # nobody named the variable: it is the caller's
    seen.unlink()
    ready.run(*ready.ask, "--pin-source", "env:HSM_PIN", env=env).ok()
    assert not seen.exists()


def test_empty(ready):
    ready.refused(*ready.ask, "--pin-source", "empty", status=4, code="PIN_LENGTH", says="4 to 255 bytes")


def test_pin_source_of_a_uri(ready):
    base = "pkcs11:token=test%20token;object=web"
    ready.run("request", f"{base}?pin-source=file:{ready.pin_file}", *SUBJECT).ok()
    ready.run("request", f"{base}?pin-source={ready.pin_file}", *SUBJECT).ok()
    ready.refused(
        "request",
        f"{base}?pin-source=file:{ready.dir}/none",
        *SUBJECT,
        status=4,
        code="PIN_SOURCE",
        says="No such file",
    )
    wrong = ready.write_pin(ready.dir / "wrong", "nope-nope")
    ready.run("request", f"{base}?pin-source={wrong}", *ready.login, *SUBJECT).ok()  # the option goes before


def test_pin_value_of_a_uri(ready):
    uri = f"pkcs11:token=test%20token;object=web?pin-value={support.PIN}"
    result = ready.run("request", uri, *SUBJECT).ok()
    assert "warning: a PIN in a URI can be seen by others" in result.err
    ready.refused(
        "request",
        f"{uri}&pin-source=file:{ready.pin_file}",
        *SUBJECT,
        status=9,
        code="URI",
        says="pin-source and pin-value exclude each other",
    )
    explained = ready.run("uri", "explain", uri).ok()
    assert "(not shown)" in explained.out
    assert ready.run("uri", "explain", uri, "--json").ok().json["attributes"]["pin-value"] == "(not shown)"


URI_WITH_PIN = f"pkcs11:token=test%20token;object=web?pin-value={support.PIN}"


@pytest.mark.parametrize(
    "command",
    [
        ("uri", "explain", URI_WITH_PIN + "%zz"),
        ("uri", "explain", URI_WITH_PIN + "&x=y"),
        ("request", URI_WITH_PIN.replace("web", "none"), *SUBJECT),
        ("request", URI_WITH_PIN.replace("test%20token", "none"), *SUBJECT),
        ("request", URI_WITH_PIN, "extra"),
        ("request", "extra", URI_WITH_PIN),
        ("request", URI_WITH_PIN, "--token", "x", *SUBJECT),
        ("request", URI_WITH_PIN, "--key-label", "x", *SUBJECT),
        ("request", URI_WITH_PIN, "-o", "/no/file", *SUBJECT),
        ("keys", "list", URI_WITH_PIN),
        ("tokens", "show", URI_WITH_PIN),
        ("show", URI_WITH_PIN),
        ("verify", URI_WITH_PIN),
        (URI_WITH_PIN,),
        ("keys", URI_WITH_PIN),
        ("keys", "generate", URI_WITH_PIN),
        ("algorithms", URI_WITH_PIN),
        ("request", "--token", URI_WITH_PIN, "--dns", URI_WITH_PIN),
        ("request", "--pin-source", URI_WITH_PIN),
        ("request", "--module", URI_WITH_PIN, *SUBJECT),
        ("request", "--subjct", URI_WITH_PIN),
    ],
)
def test_pin_value_is_never_printed(ready, command):
    """Whatever is wrong with a command line that holds a PIN: the fixture looks at every output."""
    for args in (command, ("--json", *command)):
        assert URI_WITH_PIN not in ready.run(*args).err
    assert ready.shown_secrets() == []


def test_no_source_and_no_terminal(ready):
    ready.refused(
        *ready.ask, status=4, code="PIN_NEEDED", says=["'test token'", "no PIN source", "--pin-source"]
    )
    result = ready.refused(
        *ready.ask, "--pin-source", "prompt", status=4, code="PIN_NEEDED", says="'test token'"
    )
    assert "PIN of token" not in result.err


AT = "pkcs11:token=test%20token"


def write_alias(ready, text, encoding="utf-8"):
    path = ready.dir / "own.yaml"
    path.write_bytes(text.encode(encoding))
    return ("request", "--config", path, "--token", "prod", "--key-label", "web", *SUBJECT)


@pytest.mark.parametrize(
    "before, uri",
    [
        ("", f"'{AT}?pin-value={support.PIN}'"),
        ("", f'"{AT}?pin-value={support.PIN}"'),
        ("", f"{AT}?pin-value={support.PIN}"),
        ("", f"{AT}?pin-value={support.PIN}&module-name=other"),
        ("", f"{AT}?x=y&pin-value={''.join(f'%{ord(c):02x}' for c in support.PIN)}"),
        ("", f">-\n      {AT}?pin-value={support.PIN}\n"),
        (f"# {AT}?pin-value=1111, as for Käthe\nlog: {{}}\n", f"{AT}?pin-value={support.PIN}"),
        ("\ufeff# Käthe\r\n", f"{AT}?pin-value={support.PIN}\r"),
        (f"# Käthe\ntokens:\n  a: {{uri: {AT}?pin-value=1111}}\n", f"{AT}?pin-value={support.PIN}"),
    ],
)
def test_pin_value_of_an_alias(ready, before, uri):
    """Taken out of the file before YAML is read, from the right place."""
    tokens = "" if "tokens:" in before else "tokens:\n"
    ready.run(*write_alias(ready, f"{before}{tokens}  prod:\n    uri: {uri}\n")).ok()


def test_pin_value_of_an_anchor(ready):
    text = f"tokens:\n  a: {{uri: &it '{AT}?pin-value={support.PIN}'}}\n  prod: {{uri: *it}}\n"
    ready.run(*write_alias(ready, text)).ok()


@pytest.mark.parametrize(
    "text, place, says",
    [
        ("uri: 'pkcs11:token=a?pin-value=12,34'", "3:10", "of letters, digits and '-._~'"),
        ("uri: 'pkcs11:token=a?pin-value=12''34'", "3:10", "in one piece"),
        ("uri: 'pkcs11:token=a?pin-value=%4'", "3:10", "two hex digits"),
        ("uri: 'pkcs11:token=a?pin-value='", "3:10", "in one piece"),
        ("uri: 'pkcs11:token=a?pin-value=1234&pin-value=1234'", "3:10", "there once"),
        ('uri: "pkcs11:token=a?pin\\x2dvalue=1234"', "3:10", "in one piece"),
        ('uri: "pkcs11:token=a?pin-value=12\\x334"', "3:10", "in one piece"),
        ('uri: "pkcs11:token=a?pin-value=12\\\n      34"', "3:10", "in one piece"),
        ("init-args: 'pin-value=1234'", "3:16", "stands in the 'uri' of an alias alone"),
        ("env: {A: 'pin-value=1234'}", "3:14", "stands in the 'uri' of an alias alone"),
    ],
)
def test_pin_value_of_an_alias_refused(ready, text, place, says):
    ask = write_alias(ready, f"tokens:\n  prod:\n    {text}\n")
    result = ready.refused(*ask, status=78, code="CONFIG", says=says)
    assert f"own.yaml:{place}: " in "\n".join(result.json["error"]["cause"]), result
    assert "1234" not in result.out + result.err


def test_pin_value_in_utf16(ready):
    """Which libyaml reads, and nobody looks through before."""
    uri = f"tokens:\n  prod:\n    uri: '{AT}?pin-value={support.PIN}'\n"
    ready.refused(*write_alias(ready, uri, "utf-16"), status=78, code="CONFIG", says="in one piece")
