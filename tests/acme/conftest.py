# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share, and an ACME server."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import pebble
from fixtures import *  # noqa: F403


@pytest.fixture(scope="session")
def acme(tmp_path_factory):
    server = pebble.Pebble(tmp_path_factory.mktemp("pebble"))
    try:
        yield server
    finally:
        server.stop()
