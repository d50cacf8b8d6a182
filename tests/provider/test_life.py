# SPDX-License-Identifier: Apache-2.0
"""Programs that fork, have threads, unload the provider, or end while they use a key: see life.c."""

import os
import re

import pytest

from place import PROVIDER

KINDS = ("rsa-2048", "p256", "ed25519")
kinds = pytest.mark.parametrize("spec", KINDS)


def live(place, *args, env=None):
    done = place.execute(place.environment(env), 0, [os.environ["P11CSR_PROVIDER_LIFE"], *args], None)
    assert done.stderr == b"", done
    return done.stdout.decode()


@kinds
@pytest.mark.parametrize("what", ["fork", "threads", "exit", "contexts"])
def test_life(place, what, spec):
    assert live(place, what, place.key(spec).uri) == ""


def test_fork_of_many_threads(place):
    """The child of a busy process is served or refused."""
    said = live(place, "busy-fork", place.key("p256").uri)
    assert re.fullmatch(r"[0-9]+ children signed\n", said), said


@pytest.mark.parametrize("what", ["exit-late", "exit-early"])
def test_use_at_exit(place, what):
    """A handler of the program's own uses the key: it gets a signature or an error."""
    said = live(place, what, place.key("p256").uri)
    assert said in ("signed at exit\n", "refused at exit\n")


@kinds
def test_unload(place, spec):
    own = {"OPENSSL_CONF": "/dev/null", "XDG_CONFIG_HOME": place.configured, "P11CSR_MODULE": None}
    assert live(place, "unload", place.key(spec).uri, PROVIDER.parent, env=own) == ""
