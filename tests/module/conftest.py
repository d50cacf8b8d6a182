# SPDX-License-Identifier: Apache-2.0
"""Finds what the tests of the command line share, and makes one token for the tests of a file."""

import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import place as places
import support


@pytest.fixture(scope="module")
def the_place():
    folder = tempfile.mkdtemp(prefix="p11csr-module-", dir="/dev/shm")
    yield places.Place(folder)
    support.remove(folder)


@pytest.fixture
def place(the_place):
    """The token, in the usual order of providers, and with the environment as it was."""
    the_place.order = places.ORDERS[0]
    env = dict(the_place.env)
    yield the_place
    the_place.env = env


@pytest.fixture(params=places.ORDERS, ids=lambda order: f"{order[0]}-first")
def either(place, request):
    place.order = request.param
    return place
