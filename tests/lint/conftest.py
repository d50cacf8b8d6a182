# SPDX-License-Identifier: Apache-2.0
"""Where the encoder lies, and what the tests of the command line share."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "cli"), str(TESTS / "lib")]

from fixtures import *  # noqa: E402,F403
