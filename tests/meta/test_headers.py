# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone; the public ones as C11, C17 and C++."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import tree

PACKAGES = ["libcrypto", "libidn2", "p11-kit-1", "jansson", "yaml-0.1", "popt"]
STRICT = ["-fsyntax-only", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]
HEADERS = tree.code_files(".h")
PUBLIC = [path for path in HEADERS if tree.name(path).startswith("include/")]


def compile_alone(command, header, public):
    """The compiler's complaint about a file that holds nothing but this include; empty when it has none."""
    folders = ["include"] if public else ["include", "src", "."]
    include = f"-I{tree.SOURCE}/"
    base = tree.SOURCE / "include" if public else tree.SOURCE
    line = f'#include "{header.relative_to(base)}"\n'
    # Only C has the system's extensions switched on, as the build does; users of the library need not.
    flags = [] if public else ["-D_GNU_SOURCE", *system_flags()]
    run = subprocess.run(
        [*command, *STRICT, *(include + folder for folder in folders), *flags, "-"],
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr if run.returncode != 0 else ""


def system_flags():
    run = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True)
    # As system headers: they need not be as strict as ours.
    return [re.sub(r"^-I", "-isystem", flag) for flag in run.stdout.split()]


def complaints(command, headers, public):
    with ThreadPoolExecutor(2) as pool:
        return [text for text in pool.map(lambda h: compile_alone(command, h, public), headers) if text]


def cplusplus():
    found = shutil.which("g++") or shutil.which("clang++")
    assert found, "neither g++ nor clang++ is installed"
    return [found, "-x", "c++", "-std=c++17"]


def test_internal():
    faults = complaints(["gcc", "-x", "c", "-std=c17"], [h for h in HEADERS if h not in PUBLIC], False)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("standard", ["c11", "c17"])
def test_public_in_c(standard):
    assert PUBLIC
    faults = complaints(["gcc", "-x", "c", f"-std={standard}"], PUBLIC, True)
    assert not faults, "\n".join(faults)


def test_public_in_cplusplus():
    faults = complaints(cplusplus(), PUBLIC, True)
    assert not faults, "\n".join(faults)


def test_bad_examples(tmp_path, monkeypatch):
    (tmp_path / "include").mkdir()
    monkeypatch.setattr(tree, "SOURCE", tmp_path)
    header = tmp_path / "include/bad.h"
    header.write_text("size_t pc_count(void);\n")
    assert compile_alone(["gcc", "-x", "c", "-std=c17"], header, True)
    header.write_text("int pc_class(int class);\n")
    assert not compile_alone(["gcc", "-x", "c", "-std=c17"], header, True)
    assert compile_alone(cplusplus(), header, True)
