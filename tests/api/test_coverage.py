# SPDX-License-Identifier: Apache-2.0
"""The C tests of this folder call every function that the library exports, and know only public headers."""

import os
import pathlib
import re

SOURCE = pathlib.Path(os.environ["P11CSR_SOURCE"])
# Is linked with the static library, and writes a file with what it has.
STATIC = "test_no_memory.c"
TESTS = {path.name: path.read_text() for path in (SOURCE / "tests/api").glob("*.[ch]") if path.name != STATIC}


def test_every_function_is_called():
    exported = set(re.findall(r"^\s+(p11csr_\w+);", (SOURCE / "src/lib/p11csr.map").read_text(), re.M))
    called = {name for text in TESTS.values() for name in re.findall(r"\b(p11csr_\w+)\(", text)}
    assert len(exported) > 50
    assert not exported - called, f"never called: {sorted(exported - called)}"


def test_nothing_but_public_headers():
    headers = {header for text in TESTS.values() for header in re.findall(r'#include ([<"].*[>"])', text)}
    own = {header for header in headers if header[0] == '"' or "p11csr" in header}
    assert own == {"<p11csr/p11csr.h>", '"place.h"'}
