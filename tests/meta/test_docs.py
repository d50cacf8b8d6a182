# SPDX-License-Identifier: Apache-2.0
"""README.md maps the folders that are there, CONTRIBUTING.md explains the tasks of ./dev that are there."""

import re
import subprocess

import tree


def folders(entries):
    """Top-level folders that people see, with a file in them; what is generated lies in build and build-*."""
    names = [path.name for path in entries if path.is_dir() and any(p.is_file() for p in path.rglob("*"))]
    return sorted(n for n in names if not re.fullmatch(r"\..*|build(-.*)?|__pycache__", n))


def missing_folders(readme, names):
    """Those that the first cell of no row of a table names, alone or with what is in them."""
    return [name for name in names if not re.search(rf"(?m)^\|[^|\n]*`{re.escape(name)}[`/]", readme)]


def tasks(listing):
    return re.findall(r"(?m)^  ([a-z]+) ", listing)


def missing_tasks(text, names):
    return [name for name in names if not re.search(rf"\./dev {name}\b", text)]


def unknown_tasks(text, names):
    return sorted(set(re.findall(r"\./dev ([a-z]+)", text)) - set(names))


def test_bad_examples(tmp_path):
    for name in ("src", "build", "build-asan", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    (tmp_path / "empty").mkdir()
    assert folders(tmp_path.iterdir()) == ["src"]
    readme = "| `include/p11csr`, `src` | x |\n| `tokens` | for `tests` |\n"
    assert missing_folders(readme, ["include", "src", "tests", "tokens"]) == ["tests"]
    assert tasks("usage: x\n  demo      show\n  test      run\n") == ["demo", "test"]
    assert missing_tasks("`./dev demo`", ["demo", "test"]) == ["test"]
    assert unknown_tasks("`./dev lint`", ["demo"]) == ["lint"]


def test_folder_map():
    assert missing_folders((tree.SOURCE / "README.md").read_text(), folders(tree.SOURCE.iterdir())) == []


def test_tasks():
    run = subprocess.run([tree.SOURCE / "dev"], capture_output=True, text=True, check=True)
    names = tasks(run.stdout)
    assert len(names) >= 11
    assert missing_tasks((tree.SOURCE / "CONTRIBUTING.md").read_text(), names) == []
    for document in ("README.md", "CONTRIBUTING.md"):
        assert unknown_tasks((tree.SOURCE / document).read_text(), names) == [], document
