# SPDX-License-Identifier: Apache-2.0
"""One token for the tests of a file; each runs in an empty folder, with the providers in both orders."""

import pathlib
import sys
import tempfile

import pytest

# What the tests of the command line share.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import place as places
import support


@pytest.fixture(scope="session")
def authority():
    return places.Authority()


@pytest.fixture(scope="session")
def the_place(authority):
    folder = tempfile.mkdtemp(prefix="p11csr-provider-", dir="/dev/shm")
    made = places.Place(folder, authority)
    try:
        yield made
    finally:
        support.remove(folder)
    shown = made.shown_secrets()
    assert not shown, f"a PIN was printed: {shown}"


@pytest.fixture(params=places.ORDERS, ids=lambda order: f"{order[0]}-first")
def place(the_place, request):
    the_place.begin(request.param)
    yield the_place
    the_place.end()
