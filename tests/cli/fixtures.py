# SPDX-License-Identifier: Apache-2.0
"""Fixtures: every test has a sandbox and, when it asks for one, a fresh token of its own."""

import os
import tempfile

import pytest

import support
import vendor


@pytest.fixture
def folder(tmp_path):
    """A folder on tmpfs when there is one: SoftHSM2 waits for the disk after every object."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    path = tempfile.mkdtemp(prefix="p11csr-cli-", dir="/dev/shm")
    yield path
    support.remove(path)


def check_secrets(box):
    assert box.results, "the test never ran p11csr"
    shown = box.shown_secrets()
    assert not shown, f"a PIN was printed: {shown}"


@pytest.fixture
def box(folder):
    """A sandbox without a token. Whatever the test does, no run may print a PIN."""
    made = support.Box(folder)
    yield made
    check_secrets(made)


@pytest.fixture
def token(folder):
    """A sandbox with a SoftHSM2 token; the same rule."""
    made = support.Token(folder)
    yield made
    check_secrets(made)


@pytest.fixture
def ready(token):
    """The token with a key 'web', and the words that ask for a request with it but say no PIN source."""
    token.make_key()
    token.ask = ("request", "--token", token.label, "--key-label", "web", *support.SUBJECT)
    return token


@pytest.fixture
def bench(token):
    """The token with a key 'code', and what a vendor would say about it."""
    return vendor.Bench(token)


@pytest.fixture(scope="session")
def judges(tmp_path_factory):
    return support.Judges(tmp_path_factory.mktemp("judges"))


@pytest.fixture
def verify_everywhere(judges):
    """Has every judge that knows the algorithm verify a request; returns it as pyca reads it."""

    def verify(pem):
        verdicts = judges.verdicts(pem)
        assert all(verdicts.values()), verdicts
        return support.x509.load_pem_x509_csr(pem.encode() if isinstance(pem, str) else pem)

    return verify


@pytest.fixture
def certify(tmp_path):
    """A certificate in DER for a key of the token, made by a CA of the test's own; returns its path."""

    def make(token, label="web", **more):
        return support.certify(token, tmp_path, label, **more)

    return make
