# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures known to pytest."""

from fixtures import *  # noqa: F403
