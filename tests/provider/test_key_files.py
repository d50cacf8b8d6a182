# SPDX-License-Identifier: Apache-2.0
"""Key files that hold a URI, by hand: whoever wrote them, they are data."""

import base64

import pytest

KIND = "p256"


def length(content):
    size = len(content)
    return (
        bytes([size])
        if size < 128
        else b"\x81" + bytes([size])
        if size < 256
        else b"\x82" + size.to_bytes(2, "big")
    )


def value(tag, content):
    return bytes([tag]) + length(content) + content


def file_of(uri, description="PKCS#11 Provider URI v1.0", columns=64):
    body = value(0x30, value(0x1A, description.encode()) + value(0x0C, uri.encode()))
    text = base64.b64encode(body).decode()
    lines = [text[at : at + columns] for at in range(0, len(text), columns)]
    return "\n".join(
        ("-----BEGIN PKCS#11 PROVIDER URI-----", *lines, "-----END PKCS#11 PROVIDER URI-----", "")
    )


def public_of(place, text, env=None):
    place.write("key.pem", text)
    return place.openssl("pkey", "-in", "key.pem", "-pubout", env=env)


def refused(place, text, *says):
    path = place.write("key.pem", text)
    for command in (("pkey", "-in", path, "-pubout"), ("req", "-new", "-key", path, "-subj", "/CN=x")):
        done = place.execute(place.environment(None), 1, ["openssl", *command], None)
        assert done.stdout == b"" and all(word in done.stderr.decode() for word in says), done


def test_any_writer(place):
    key = place.key(KIND)
    public = key.public.read_bytes()
    for columns in (64, 76, 20):
        assert public_of(place, file_of(key.uri, columns=columns)) == public
    certificate = place.certificate(key).read_text()
    assert public_of(place, certificate + file_of(key.uri)) == public
    assert public_of(place, "in words\n" + file_of(key.uri) + certificate) == public


def test_pin_source_of_the_file(place):
    """It stands before that of the settings, which is of no use here."""
    key = place.key(KIND)
    broken = place.config().replace(f"file:{place.pin_file}", "file:/nonexistent/pin")
    env = {"OPENSSL_CONF": place.write("broken.cnf", broken)}
    right = f"{key.uri}?pin-source=file:{place.pin_file}"
    assert public_of(place, file_of(right), env) == key.public.read_bytes()
    place.write("key.pem", file_of(key.uri))
    assert (
        b"/nonexistent/pin"
        in place.execute(
            place.environment(env), 1, ["openssl", "pkey", "-in", "key.pem", "-pubout"], None
        ).stderr
    )


@pytest.mark.parametrize(
    "query, says",
    [
        ("module-path=/usr/lib/evil.so", "no module is loaded because a key file names it (module-path)"),
        ("module-name=evil", "no module is loaded because a key file names it (module-name)"),
        ("pin-source=exec:/bin/touch%20{work}/ran", "nothing that runs"),
        ("pin-source=%65xec:/bin/touch%20{work}/ran", "nothing that runs"),
        ("pin-source=|/bin/touch%20{work}/ran", "nothing that runs"),
        ("pin-source=env:HOME", "nothing that runs"),
    ],
)
def test_nothing_is_obeyed(place, query, says):
    refused(place, file_of(f"{place.key(KIND).uri}?{query.format(work=place.work)}"), says)
    assert not (place.work / "ran").exists()


def test_damaged(place):
    uri = place.key(KIND).uri
    good = file_of(uri)
    refused(place, good.replace("END PKCS#11", "END"), "it has no end")
    refused(place, good.replace("M", "?"), "it is not base64")
    refused(place, file_of(uri, description="PKCS#11 Provider URI v2.0"), "not of the one version")
    refused(place, file_of("file:/etc/passwd"), "not a pkcs11: URI")
    refused(
        place,
        file_of(uri.replace("object=", "objekt=")),
        "unknown attribute 'objekt'; the nearest is 'object'",
    )
    refused(
        place,
        file_of(uri.replace("type=private", "type=cert")),
        "cannot load the key that the key file names",
    )
    refused(place, file_of("pkcs11:object=nobody"), "no private key")
