# SPDX-License-Identifier: Apache-2.0
"""
Many at once on one token: 16 at a time, each with five requests one after the other, or fifty with
P11CSR_ROUNDS=10. Threads that share a context are in tests/api/test_context.c.
"""

import concurrent.futures
import os
import subprocess
import time

import pytest
import support
from shim import Shim

# With the sanitizers a start takes 30 times as long, and a turn no longer than two seconds is waited for.
WORKERS = 4 if "ASAN_OPTIONS" in os.environ else 16
REQUESTS = 5 * int(os.environ.get("P11CSR_ROUNDS", "1"))


def make_requests(token, worker):
    """
    One after the other; what each said, where it was not as it has to be. Each worker has a file of its own
    with the PIN: the one who reads it has it for himself until the token has answered.
    """
    wrong = []
    source = token.write_pin(token.dir / f"pin{worker}", token.pin)
    for number in range(REQUESTS):
        name = f"w{worker}n{number}.example.com"
        made = token.run(
            "request",
            "--token",
            token.label,
            "--pin-source",
            source,
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


def test_sixteen_processes(token):
    """On SoftHSM2, which shows no token, or one without a PIN, to who looks while another logs in."""
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


def test_the_same_key_is_made_once(token):
    """Whoever comes second finds the key there; a second one of the same name is made by nobody."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        ask = ("request", *token.at, "--ensure", "p256", "--key-label", "one", "--subject", "CN=x")
        first = token.run(*ask).ok()
        others = list(pool.map(lambda _: token.run(*ask), range(WORKERS)))
    assert [other.status for other in [first, *others]] == [0] * (WORKERS + 1)
    assert len(token.keys()) == 1


@pytest.fixture
def shim(token):
    shim = Shim(token)
    shim.move()
    return shim


def wait_for(child, done):
    while not done():
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)


def test_a_pin_is_got_before_the_turn(token, shim):
    """A program may take long. For one use of a key it is run when the module is there already."""
    token.make_key()
    seen = token.dir / "seen"
    program = token.dir / "program"
    program.write_text(f"#!/bin/sh\nflock -n -x {shim.module} echo free >> {seen}\necho {token.pin}\n")
    program.chmod(0o700)
    shim.script(f"always-authenticate {token.pin}")
    at = ("--token", token.label, "--pin-source", f"exec:{program}")
    token.run("request", *at, "--key-label", "web", "--subject", "CN=x").ok()
    assert seen.read_text() == "free\n" * 2 and shim.count("C_Login") == 2


def test_a_token_that_is_being_written_is_read_again(token, shim):
    """Programs other than p11csr wait for nobody."""
    shim.script("C_GetTokenInfo 1 return CKR_GENERAL_ERROR")
    token.run("keys", "list", *token.at).ok()
    failed = token.run("keys", "list", *token.at, "--quirk", "login-writes=no")
    assert failed.status == 6 and "C_GetTokenInfo: CKR_GENERAL_ERROR" in failed.err, failed


def test_a_token_that_is_being_written_is_looked_for_again(token, shim):
    shim.script("C_GetSlotList 1 remove", "C_Finalize * delay 1000")
    missing = ("keys", "list", *token.at, "--quirk", "login-writes=no")
    assert token.run(*missing).status == 3 and shim.count("C_Initialize") == 1
    shim.script("C_GetSlotList 1 remove", "C_Finalize * delay 1000")
    child = token.start("keys", "list", *token.at, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(child, lambda: shim.count("C_GetSlotList"))
    shim.script()  # which it reads when it starts anew
    _, err = child.communicate(timeout=support.TIMEOUT)
    assert child.returncode == 0, err
    assert shim.count("C_Login") == 1


def test_a_pin_is_not_sent_again(token, shim):
    """Whatever the token says, and however often it is looked at again."""
    for answer in ("CKR_GENERAL_ERROR", "CKR_USER_PIN_NOT_INITIALIZED", "CKR_TOKEN_NOT_PRESENT"):
        shim.script(f"C_Login * return {answer}")
        assert token.run("keys", "list", *token.at).status != 0
        assert shim.count("C_Login") == 1
