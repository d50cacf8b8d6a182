# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the command line's tests, and a token behind the shim module."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from fixtures import *  # noqa: E402, F403
from shim import Shim  # noqa: E402


@pytest.fixture
def shim(token):
    """Stands before the token's module; the test may change its script at any time."""
    return Shim(token)
