# SPDX-License-Identifier: Apache-2.0
"""Help, manual and completion come from the same rows and say the same."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

MANUAL = pathlib.Path(os.environ["P11CSR_MANUAL"])


def complete(box, *words):
    return box.run("complete", "--", *words).ok().out.split()


def page(section):
    """The manual page as people read it, without bold and line breaks."""
    done = subprocess.run(
        ["man", "-l", "--warnings=w", MANUAL / f"p11csr.{section}"],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "4000"},
    )
    assert done.stderr == b"", done.stderr.decode()
    return re.sub(r".\x08", "", done.stdout.decode())


def rows(box):
    return box.run("--help", "--json").ok().json["help"]


def test_manual_names_everything(box):
    assert shutil.which("man"), "man-db is missing"
    text = page(1)
    for option in rows(box)["options"]:
        assert re.search(rf"--{option['name']}\b", text), option
        assert re.sub(r"\s+", " ", option["help"]) in re.sub(r"\s+", " ", text), option
        for name in option["names"] or ():
            assert re.search(rf"\b{name}\b", text), name
    for command in rows(box)["commands"]:
        assert f"{command['name']} {command['args']}".strip() in text, command
        assert command["help"] in text, command
        example = re.sub(r"(\\?\s)+", " ", command["example"])
        assert example in re.sub(r"\s+", " ", text), example  # with its quotes
    for name in ("AMBIGUOUS", "PIN_LOCKED", "PROOF_SIGNATURE"):
        assert name in text


def test_manual_of_the_library_names_every_function():
    text = page(3)
    headers = pathlib.Path(os.environ["P11CSR_HEADERS"])
    names = {
        name
        for path in headers.glob("*.h")
        for name in re.findall(r"\b(p11csr_\w+)\(", path.read_text())
        if not name.endswith(("_callback", "_visitor"))
    }
    assert len(names) > 50
    assert not {name for name in names if f"{name}(" not in text}


def test_help_and_rows_agree(box):
    for command in rows(box)["commands"]:
        text = box.run(*command["name"].split(), "--help").ok().out
        shown = set(re.findall(r"--([a-z][a-z0-9-]+)", text.split("Example:")[0].split("\n\n", 2)[2]))
        expected = set(command["options"]) | {o["name"] for o in rows(box)["options"] if o["global"]}
        assert expected <= shown, (command["name"], expected - shown)


def test_names_of_usages(token):
    """Help and completion list just what a request takes, each by itself and all at once."""
    listed = {row["name"]: row["names"] for row in rows(token)["options"] if row["names"]}
    assert len(listed["key-usage"]) == 9 and {"serverAuth", "documentSigning"} < set(listed["ext-key-usage"])
    text = token.run("request", "--help").ok().out
    token.make_key()
    request = ("request", *token.at, "--key-label", "web", "--subject", "CN=x")
    for option, names in listed.items():
        block = text.split(f"Names for --{option}:\n", 1)[1].split("\n\n", 1)[0]
        assert block.split() == names and all(len(line) < 80 for line in block.splitlines())
        assert complete(token, "request", f"--{option}", "") == names
        asked = token.run(*request, f"--{option}", ",".join(names))
        # Every word was known: what is refused is a use that the key itself does not have.
        assert asked.status == 0 or "asked for, and the key may" in asked.err, asked


def test_completion_of_commands(box):
    assert "request" in complete(box, "") and "complete" not in complete(box, "")
    assert complete(box, "tok") == ["tokens"]
    assert complete(box, "keys", "") == ["list", "show", "generate", "delete", "label", "public"]
    assert complete(box, "keys", "x") == []


def test_completion_of_options_and_values(box):
    assert "--generate" in complete(box, "request", "--g")
    assert "--generate" not in complete(box, "verify", "--")
    assert complete(box, "request", "--generate", "p5") == ["p521"]
    assert complete(box, "keys", "generate", "ed2") == ["ed25519"]
    assert complete(box, "request", "--scheme", "rsa-pss-sha2") == ["rsa-pss-sha256"]
    assert complete(box, "request", "--form", "") == ["pem", "der"]
    assert complete(box, "request", "-o", "") == []
    assert complete(box, "keys", "public", "--form", "s") == ["spki-pem", "spki-der", "spki-sha256", "ssh"]


def test_completion_of_tokens_loads_no_module(box):
    config = box.home / "config" / "p11csr"
    config.mkdir(parents=True)
    (config / "p11csr.yaml").write_text('tokens:\n  prod: { uri: "pkcs11:", module: /no/such/module.so }\n')
    assert complete(box, "request", "--token", "") == ["prod"]
    assert complete(box, "request", "--token", "x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(box, shell):
    script = box.run("completion", shell).ok().out
    assert "p11csr complete --" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done


def test_script_for_bash_works(box):
    script = box.run("completion", "bash").ok().out
    folder = pathlib.Path(os.environ["P11CSR_PROGRAM"]).parent
    done = subprocess.run(
        ["bash", "-c", script + 'COMP_WORDS=(p11csr keys li); COMP_CWORD=2; _p11csr; echo "${COMPREPLY[*]}"'],
        capture_output=True,
        check=True,
        env={**box.env, "PATH": f"{folder}:/usr/bin:/bin"},
    )
    assert done.stdout == b"list\n"


def test_no_script_for_others(box):
    box.refused("completion", "csh", status=64, code="USAGE", says="bash, zsh and fish")
