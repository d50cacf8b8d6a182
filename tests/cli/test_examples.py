# SPDX-License-Identifier: Apache-2.0
"""What README.md and the manual show: each example on a token, in the order of the page."""

import os
import pathlib
import re
import shlex
import subprocess

import pytest

import support

README = support.TESTS.parent / "README.md"
SECTION = "## Requests for what you need"


def examples():
    """The command lines of the section, p11csr's alone, each as words."""
    text = README.read_text().split(SECTION)[1].split("\n## ")[0]
    blocks = re.findall(r"(?m)(?:^    .*\n)+", text)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.split()[0] == "p11csr"]


@pytest.fixture
def demo(token):
    """The token 'demo' of the examples, as an alias; and a certificate as the CA of the examples gives it."""
    config = token.home / "config/p11csr"
    config.mkdir(parents=True)
    (config / "p11csr.yaml").write_text(
        f'tokens: {{ demo: {{ uri: "pkcs11:token={token.label.replace(" ", "%20")}",'
        f' pin-source: "file:{token.pin_file}" }} }}\n'
    )
    return token


def request_of(token, words):
    return support.x509.load_pem_x509_csr((token.work / words[words.index("-o") + 1]).read_bytes())


def names_of(request, kind):
    san = request.extensions.get_extension_for_class(support.x509.SubjectAlternativeName)
    return san.value.get_values_for_type(kind)


def by_file(words):
    return words[words.index("-o") + 1] if "-o" in words else None


def test_requests(demo):
    """All but those that want hardware, or a certificate first."""
    ran = {}
    for words in examples():
        if words[0] == "request" and "demo" in words:
            demo.run(*words).ok()
            ran[by_file(words)] = request_of(demo, words)
            assert ran[by_file(words)].is_signature_valid
    dns, email = support.x509.DNSName, support.x509.RFC822Name
    assert names_of(ran["web2.csr"], dns) == ["www.example.com", "xn--bcher-kva.example"]
    assert names_of(ran["acme.csr"], dns) == ["www.example.com", "example.com"]
    assert names_of(ran["mail.csr"], email) == ["jo@example.com"]
    oids = {one.oid.dotted_string for one in ran["logon.csr"].extensions}
    assert {"1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.25.2", "2.5.29.17", "2.5.29.37"} <= oids


def test_code_signing_wants_hardware(demo):
    """SoftHSM2 says of itself that it is none."""
    (words,) = [words for words in examples() if "code-signing" in words]
    words[words.index("hsm")] = "demo"
    result = demo.run(*words)
    assert result.status == 8 and "hardware" in result.err
    assert not (demo.work / "signing.csr").exists()


def test_renewals(demo, certify):
    demo.make_key()
    (demo.work / "web.crt").write_bytes(pathlib.Path(certify(demo)).read_bytes())
    demo.run("certs", "install", "web.crt", "--token", "demo").ok()
    renewals = [words for words in examples() if words[0] == "renew"]
    assert len(renewals) == 3
    for words in renewals:
        demo.run(*words).ok()
    again = request_of(demo, renewals[0])
    new = request_of(demo, renewals[1])
    assert again.is_signature_valid and new.is_signature_valid
    assert again.public_key().public_numbers() != new.public_key().public_numbers()
    assert again.subject == new.subject


def test_program_of_the_manual(token):
    """p11csr(3) shows the program whole; OpenSSL's request with the token's key is good."""
    token.make_key(label="evp")
    program = (support.TESTS.parent / "man/examples/evp.c").read_text().split("\n", 1)[1]
    page = pathlib.Path(os.environ["P11CSR_MANUAL"], "p11csr.3")
    shown = subprocess.run(
        ["man", "-l", page],
        env=os.environ | {"MANWIDTH": "200", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    lines = [line.strip() for line in program.splitlines() if line.strip()]
    shown_lines = [line.strip() for line in re.sub(r".\x08", "", shown).splitlines()]
    assert [line for line in lines if line not in shown_lines] == []
    place = f"token={token.label.replace(' ', '%20')};object=evp"
    query = f"module-path={support.MODULE}&pin-source=file:{token.pin_file}"
    done = token.other(os.environ["P11CSR_EXAMPLE_EVP"], f"pkcs11:{place}?{query}")
    request = support.x509.load_pem_x509_csr(done.stdout)
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=www.example.com"
    wrong = token.other(os.environ["P11CSR_EXAMPLE_EVP"], f"pkcs11:{place}x?{query}", check=False)
    assert wrong.returncode == 1
    assert b"cannot use key 'evpx'" in wrong.stderr
