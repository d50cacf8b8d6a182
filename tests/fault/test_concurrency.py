# SPDX-License-Identifier: Apache-2.0
"""
Many at once on one token: 16 at a time, each with five requests one after the other, or fifty with
P11CSR_ROUNDS=10. Threads that share a context are in tests/api/test_context.c.
"""

import concurrent.futures
import os

import pytest
import support

WORKERS = 16
REQUESTS = 5 * int(os.environ.get("P11CSR_ROUNDS", "1"))


def make_requests(token, worker):
    """One after the other; what each said, where it was not as it has to be."""
    wrong = []
    for number in range(REQUESTS):
        name = f"w{worker}n{number}.example.com"
        made = token.run(
            "request",
            *token.at,
            "--key-label",
            f"web{worker % 3}",
            "--subject",
            f"CN={name}",
            "-o",
            f"{name}.csr",
        )
        if made.status != 0:
            wrong.append(made)
    return wrong


@pytest.fixture
def steady(token, shim):
    """
    SoftHSM2 writes a token's file in place at each login. Who reads it at that moment sees no token, or one
    without a PIN: one start in a hundred here. With its calls one after the other what is left is p11csr's.
    """
    shim.script(f"one-at-a-time {token.dir}/turn")
    return token


def test_sixteen_processes(steady):
    token = steady
    for number, spec in enumerate(("p256", "rsa-2048", "p384")):
        token.make_key(spec, f"web{number}", f"0{number}")
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        wrong = sum(pool.map(lambda worker: make_requests(token, worker), range(WORKERS)), [])
    assert not wrong, (len(wrong), [made.err.splitlines()[1] for made in wrong], wrong[:3])
    found = sorted(path for path in token.work.iterdir())
    assert len(found) == WORKERS * REQUESTS
    for path in found:
        csr = support.x509.load_pem_x509_csr(path.read_bytes())
        assert csr.is_signature_valid and csr.subject.rfc4514_string() == f"CN={path.stem}", path


def test_the_same_key_is_made_once(steady):
    """Whoever comes second finds the key there; a second one of the same name is made by nobody."""
    token = steady
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        ask = ("request", *token.at, "--ensure", "p256", "--key-label", "one", "--subject", "CN=x")
        first = token.run(*ask).ok()
        others = list(pool.map(lambda _: token.run(*ask), range(WORKERS)))
    assert [other.status for other in [first, *others]] == [0] * (WORKERS + 1)
    assert len(token.keys()) == 1
