# SPDX-License-Identifier: Apache-2.0
"""p11csr.so on SoftHSM2, used by lives.c: threads, child processes, unloading, every way to end."""

import re

import pytest

import support
from place import AS_PLUGIN, WEB

ENDS = (
    "exit free cleanup free-cleanup cleanup-first cleanup-last free-first sign-first open-first unload-first"
)
OTHERS = "reload contexts threads exit-beside-threads"


@pytest.mark.parametrize("mode", f"{ENDS} {OTHERS}".split())
def test_lives(either, mode):
    either.lives(mode, f"{WEB}?pin-source={either.file}")


@pytest.mark.parametrize("mode", ENDS.split())
def test_plugin(either, mode):
    """In a program that does not know libcrypto, and unloads what does before it ends."""
    kept = mode not in ("free", "unload-first")  # by variables that are gone with the plug-in
    either.lives(mode, f"{WEB}?pin-source={either.file}", command=AS_PLUGIN, leaks=kept)


@pytest.mark.parametrize("source", ("pin-source=file:{file}", "pin-value={pin}", "pin-source=env:SECRET"))
def test_fork(either, source):
    """However the PIN came, once the parent has it. The child leaves what is the parent's where it is."""
    source = source.format(file=either.pin_file, pin=support.PIN)
    either.lives("fork", f"{WEB}?{source}", leaks=True, SECRET=support.PIN)


def test_fork_beside_threads(either):
    """A child signs or gets an error, whatever the other threads of its parent were doing; that goes on."""
    done = either.lives("fork-threads", f"{WEB}?pin-source={either.file}", leaks=True)
    signed, others = map(int, re.search(rb"(\d+) of (\d+) children signed", done.stdout).groups())
    assert done.stderr.count(b"another thread was using a token") == others - signed, done
