# SPDX-License-Identifier: Apache-2.0
"""What opencryptoki is known for: PKCS#1 v1.5 without a mechanism that hashes, an old function list."""

import ctypes
import sys

import support


def test_function_list_is_old(token):
    """It says 2.1, and works."""
    pointer = ctypes.POINTER(ctypes.c_ubyte * 2)()
    assert ctypes.CDLL(token.MODULE).C_GetFunctionList(ctypes.byref(pointer)) == 0
    assert tuple(pointer.contents) == (2, 1)
    assert token.run("tokens", "list").ok()


def test_digest_info(token, proven, judges):
    """
    The module has CKM_RSA_PKCS alone, which wants the DigestInfo from its caller; without it the signature is
    wrong and nothing but a verifier notices.
    """
    select = token.key_of("rsa-2048")
    for digest in ("sha224", "sha256", "sha384", "sha512"):
        args = ("request", *token.at, *select, "--subject", "CN=x", "--hash", digest, "--json")
        answer = token.run(*args).ok().json
        assert answer["mechanism"] == "CKM_RSA_PKCS"
        proven(answer["pem"])
        assert f"Signature Algorithm: {digest}WithRSAEncryption" in judges.text(answer["pem"])


def test_always_authenticate_is_not_enforced(token, proven):
    """The attribute is stored, and the login for one use unknown: the key can be used all the same."""
    label = token.new_name()
    flag = "always-authenticate=1"
    token.other(
        sys.executable, support.RAW, token.MODULE, token.label, token.PIN, "rsa-2048", label, "a1", flag
    )
    args = ("request", *token.at, "--key-label", label, "--subject", "CN=x", "-o", "x.csr")
    for _ in range(2):
        _, sent = token.logins(*args, "--force", status=0)
        assert sent == [("user=1", "CKR_OK"), ("user=2", "CKR_USER_TYPE_INVALID")]
        proven((token.work / "x.csr").read_bytes())
