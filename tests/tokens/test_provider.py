# SPDX-License-Identifier: Apache-2.0
"""
Every token under openssl, which knows nothing of PKCS#11, through the provider. What it signs is verified by
OpenSSL's own software, and openssl ends with 0: no module brings it down at its exit.
"""

import pytest

import openssl
import real

PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


@pytest.fixture
def ssl(token):
    return openssl.Openssl(token)


def options(scheme):
    """How openssl dgst is told of this scheme."""
    return (f"-{scheme.rsplit('-', 1)[1]}", *(PSS if scheme.startswith("rsa-pss-") else ()))


def sign(ssl, spec, scheme, uri, check=True):
    """A signature of the file `message` in the file `signature`, and the command that verifies it."""
    (ssl.token.work / "message").write_bytes(b"some words to be signed\n" * 99)
    if spec in real.capabilities.EDWARDS:
        what = ("-rawin", "-in", "message")
        done = ssl.run("pkeyutl", "-sign", "-inkey", uri, *what, "-out", "signature", check=check)
        return done, ("pkeyutl", "-verify", "-pubin", "-inkey", "public", *what, "-sigfile", "signature")
    how = options(scheme)
    done = ssl.run("dgst", *how, "-sign", uri, "-out", "signature", "message", check=check)
    return done, ("dgst", *how, "-verify", "public", "-signature", "signature", "message")


def test_request(token, ssl, proven, spec):
    """openssl req -new, and the public key that it has from the provider is the token's."""
    select = token.key_of(spec)
    ssl.run("req", "-new", "-key", ssl.uri(select), "-subj", "/CN=x", "-out", "x.csr")
    proven((token.work / "x.csr").read_bytes())
    ours = token.run("request", *token.at, *select, "--subject", "CN=x", "--json").ok().json["pem"]
    (token.work / "ours.csr").write_text(ours)
    keys = [ssl.judge("req", "-in", name, "-noout", "-pubkey").stdout for name in ("x.csr", "ours.csr")]
    assert keys[0] == keys[1] and b"BEGIN PUBLIC KEY" in keys[0]


def test_every_scheme(token, ssl, spec):
    """Signatures by each scheme that fits; where the token cannot, openssl fails and makes none."""
    uri = ssl.uri(token.key_of(spec))
    ssl.run("pkey", "-in", uri, "-pubout", "-out", "public")
    for scheme in real.schemes_for(spec):
        (token.work / "signature").unlink(missing_ok=True)
        able = scheme not in token.row.lacks + token.row.fails
        done, verify = sign(ssl, spec, scheme, uri, check=able)
        if able:
            ssl.judge(*verify)
        else:
            assert done.returncode == 1 and done.stderr, done
            path = token.work / "signature"
            assert not path.exists() or path.read_bytes() == b""


def test_a_changed_signature_is_bad(token, ssl):
    """The judge of the tests above says no as well."""
    spec = token.row.specs()[0]
    scheme = real.KEYS[spec]["default-scheme"]
    uri = ssl.uri(token.key_of(spec))
    ssl.run("pkey", "-in", uri, "-pubout", "-out", "public")
    _, verify = sign(ssl, spec, scheme, uri)
    (token.work / "message").write_bytes(b"other words\n")
    judged = ssl.judge(*verify, check=False)
    assert judged.returncode == 1 and b"ailure" in judged.stdout + judged.stderr, judged


def test_store(token, ssl):
    """storeutl: one key by its URI; all that the token has, by the token's."""
    select = token.key_of(token.row.specs()[0])
    uri = ssl.uri(select)
    assert b"Total found: 1" in ssl.run("storeutl", "-keys", uri).stdout
    listed = token.run("tokens", "show", "--token", token.name, "--json").ok().json["token"]["uri"]
    found = ssl.run("storeutl", "-noout", listed + ssl.pin).stdout.splitlines()
    assert len([line for line in found if line.endswith(b": Pkey")]) == len(token.keys()), found


def test_no_such_key(token, ssl):
    """Said so, and openssl ends with a failure, not with a signal."""
    listed = token.run("tokens", "show", "--token", token.name, "--json").ok().json["token"]["uri"]
    uri = f"{listed};object=no%20such%20key{ssl.pin}"
    done = ssl.run("req", "-new", "-key", uri, "-subj", "/CN=x", "-out", "x.csr", check=False)
    assert done.returncode == 1 and b"no such key" in done.stderr, done
    assert not (token.work / "x.csr").exists()


def test_wrong_pin_is_sent_once(token, ssl):
    """One openssl that tries in all ways it has sends the wrong PIN once; the good one works after that."""
    select = token.key_of(token.row.specs()[0])
    uri = ssl.uri(select)
    wrong = token.write_pin(token.new_name(), token.WRONG_PIN)
    wrongly = uri.split("?")[0] + f"?pin-source=file:{wrong}"
    done, sent = ssl.logins("req", "-new", "-key", wrongly, "-subj", "/CN=x", "-out", "x.csr", check=False)
    assert done.returncode == 1 and sent == [("user=1", "CKR_PIN_INCORRECT")], (done, sent)
    ssl.run("req", "-new", "-key", uri, "-subj", "/CN=x", "-out", "x.csr")
