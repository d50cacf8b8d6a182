# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from fixtures import *  # noqa: E402,F403
