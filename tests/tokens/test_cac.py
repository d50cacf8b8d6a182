# SPDX-License-Identifier: Apache-2.0
"""What a CAC card is known for: read-only, with keys and certificates that come from elsewhere."""

import cac


def request(token, key_id, *more):
    return ("request", *token.at, "--key-id", key_id, "--subject", "CN=x", *more)


def test_each_key_that_it_holds(token, proven):
    """The request is by the key of the certificate that certutil made."""
    listed = {row["id"]: row for row in token.keys()}
    assert sorted(listed) == ["0001", "0002", "0003"]
    database = ("-d", f"sql:{token.folder}", "-f", token.pin_file)
    for key_id, name in zip(sorted(listed), cac.CERTIFICATES):
        path = token.work / f"{name}.pem"
        path.write_bytes(token.other("certutil", "-L", *database, "-n", name, "-a").stdout)
        csr = proven(token.run(*request(token, key_id, "--key-for", path, "--json")).ok().json["pem"])
        assert (
            token.run("keys", "show", *token.at, "--key-for", path, "--json").ok().json["key"]["id"] == key_id
        )
        assert csr.subject.rfc4514_string() == "CN=x"


def test_nothing_is_written(token):
    """No kind of key is made on it, with or without a request."""
    before = token.keys()
    for spec in ("rsa-2048", "p256"):
        args = ("keys", "generate", spec, *token.at, "--key-label", "new")
        token.refused(*args, status=7, code="MECHANISM", says="does not generate")
        args = (
            "request",
            *token.at,
            "--ensure",
            spec,
            "--key-label",
            "new",
            "--subject",
            "CN=x",
            "-o",
            "x.csr",
        )
        token.refused(*args, status=7, code="MECHANISM", says="CKM_")
    assert token.keys() == before


def test_taken_out_within_one_context(token, proven):
    with token.library() as library:
        assert library.ask("open", token.label, "0x0001") == "OK open"
        assert library.ask("sign", "1.csr").startswith("OK ")
        token.remove()
        try:
            assert library.ask("sign", "2.csr").startswith("TOKEN_REMOVED ")
        finally:
            token.insert()
        assert library.ask("sign", "3.csr").startswith("OK ")
