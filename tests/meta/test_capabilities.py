# SPDX-License-Identifier: Apache-2.0
"""README's table of tokens, the packages of `./dev` and the list of required tokens agree with the rows."""

import re
import sys

import tree

sys.path.insert(0, str(tree.SOURCE / "tests" / "tokens"))

import capabilities
import run


def rows_without_test(rows, text):
    """Tokens that are said to be tested and that no run of the meson file is for."""
    names = re.findall(r"'(\w+)'", text[text.index("foreach") :].split("]")[0])
    tested = {row.name for row in rows if row.proof != capabilities.ENACTED}
    return sorted(tested ^ set(names))


def packages_of(dev, group):
    return set(re.search(rf'(?s)\[{group}\]="(.*?)"', dev).group(1).split())


def test_bad_examples():
    row = capabilities.Row(name="lost", title="Lost", proof=capabilities.REAL, generates=("p256",))
    readme = f"# x\n{capabilities.BEGIN}\n| old |\n{capabilities.END}\nend\n"
    made = capabilities.renewed(readme, [row])
    assert "| Lost | tested on the real module | P-256 |" in made and "old" not in made
    assert made.startswith("# x\n") and made.endswith(f"{capabilities.END}\nend\n")
    assert rows_without_test([row], "foreach name : ['other']\n") == ["lost", "other"]
    assert packages_of('    [a]="b"\n    [tokens]="x\n        y"\n', "tokens") == {"x", "y"}
    assert run.required("# none\nsofthsm2\nroot piv # two\n") == {"softhsm2": False, "piv": True}


def test_readme_is_renewed():
    readme = (tree.SOURCE / "README.md").read_text()
    assert readme == capabilities.renewed(readme), "run: tests/tokens/capabilities.py README.md"


def test_every_row_is_tested():
    assert rows_without_test(capabilities.ROWS, (tree.SOURCE / "tests/tokens/meson.build").read_text()) == []
    names = {row.name for row in capabilities.ROWS if row.proof != capabilities.ENACTED}
    required = run.required((tree.SOURCE / "tests/tokens/required").read_text())
    assert set(required) == names
    assert [name for name, root in required.items() if root != capabilities.row_named(name).private] == []


def test_packages():
    wanted = {package for row in capabilities.ROWS for package in row.packages}
    assert wanted <= packages_of((tree.SOURCE / "dev").read_text(), "tokens")
