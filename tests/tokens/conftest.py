# SPDX-License-Identifier: Apache-2.0
"""The token that this run is for, started once; every test makes keys of its own on it."""

import importlib
import os
import pathlib
import sys
import tempfile

import pytest

# What the tests of the command line share.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import capabilities
import support


def pytest_generate_tests(metafunc):
    """`spec` runs over the kinds of keys that the token has or makes."""
    if "spec" in metafunc.fixturenames:
        metafunc.parametrize("spec", capabilities.row_named(os.environ["P11CSR_REAL_TOKEN"]).specs())


@pytest.fixture(scope="session")
def real_token():
    module = importlib.import_module(os.environ["P11CSR_REAL_TOKEN"])
    folder = tempfile.mkdtemp(prefix="p11csr-token-", dir="/dev/shm")
    token = module.Token(folder)
    try:
        token.set_up()
        yield token
    finally:
        token.tear_down()
        support.remove(folder)
    shown = token.shown_secrets()
    assert not shown, f"a PIN was printed: {shown}"


@pytest.fixture
def token(real_token):
    """The token, with an empty working folder and all tries for its PIN."""
    for path in real_token.work.iterdir():
        path.unlink()
    real_token.forget_tries()
    return real_token


@pytest.fixture(scope="session")
def judges(tmp_path_factory):
    return support.Judges(tmp_path_factory.mktemp("judges"))


@pytest.fixture
def proven(judges):
    """Has every judge that knows the algorithm verify a request, two of them without OpenSSL."""

    def verify(pem):
        verdicts = judges.verdicts(pem)
        assert all(verdicts.values()), verdicts
        return support.x509.load_pem_x509_csr(pem.encode() if isinstance(pem, str) else pem)

    return verify
