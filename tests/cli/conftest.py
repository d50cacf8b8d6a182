# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures known to pytest."""

from fixtures import *  # noqa: F403


@pytest.fixture
def certify(tmp_path):
    """A certificate in DER for a key of the token, made by a CA of the test's own; returns its path."""

    def make(token, label="web", **more):
        return support.certify(token, tmp_path, label, **more)

    return make
