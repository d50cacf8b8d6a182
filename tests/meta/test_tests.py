# SPDX-License-Identifier: Apache-2.0
"""No test lies around unused: every file of tests/ that is one is named by a meson.build above it."""

import re

import tree

KINDS = ("test_*.c", "test_*.py", "fuzz_*.c", "bench_*.c")


def named(path, texts):
    """Whether one of the meson files names this one: whole, without its ending, or without its kind too."""
    stem = path.stem
    names = (path.name, stem, stem.split("_", 1)[1])
    return any(re.search(rf"'(?:[^'\n]*/)?{re.escape(name)}'", text) for text in texts for name in names)


def meson_texts(path, top):
    """The meson files of the folder and of those above it, up to the tests' own, without comments."""
    texts = []
    for folder in path.parents:
        if (folder / "meson.build").is_file():
            texts.append(re.sub(r"(?m)#.*$", "", (folder / "meson.build").read_text()))
        if folder == top:
            break
    return texts


def unnamed(top):
    found = sorted(path for kind in KINDS for path in top.rglob(kind))
    assert found, f"no tests below {top}"
    return [path.relative_to(top).as_posix() for path in found if not named(path, meson_texts(path, top))]


def test_bad_examples(tmp_path):
    (tmp_path / "unit").mkdir()
    (tmp_path / "meson.build").write_text("# 'unit/test_lost.c'\nsubdir('unit')\n")
    (tmp_path / "unit/meson.build").write_text("rows = ['buf', 'test_two.c', 'test_three']\n")
    for name in ("test_buf.c", "test_two.c", "test_three.py", "test_lost.c", "fuzz_buffer.c"):
        (tmp_path / "unit" / name).write_text("")
    assert unnamed(tmp_path) == ["unit/fuzz_buffer.c", "unit/test_lost.c"]


def test_all_are_named():
    faults = unnamed(tree.SOURCE / "tests")
    assert not faults, "no meson.build names " + ", ".join(faults)
