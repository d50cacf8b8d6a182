# SPDX-License-Identifier: Apache-2.0
"""The public enum of codes = the rows of errors.def; their numbers, hints and exit statuses."""

import os
import re
from typing import NamedTuple

import tree

HEADER = tree.SOURCE / "include/p11csr/error.h"
ROWS = tree.SOURCE / "src/base/errors.def"
GOLDEN = tree.SOURCE / "tests/golden/errors.txt"


class Row(NamedTuple):
    code: str
    number: int
    kind: str
    exit: int
    retry: str
    text: str
    hint: str
    doc: str


def read_rows(text):
    rows = []
    text = tree.plain(text, keep_strings=True)
    for match in re.finditer(r"\bERR\(", text):
        fields, _ = tree.arguments(text, match.end() - 1)
        assert len(fields) == 8, f"a row with {len(fields)} columns: {fields}"
        texts = ["".join(re.findall(r'"((?:\\.|[^"\\])*)"', field)) for field in fields[5:]]
        rows.append(Row(fields[0], int(fields[1]), fields[2], int(fields[3]), fields[4], *texts))
    return rows


def read_enum(text):
    """Names and numbers of the codes that say something went wrong."""
    members = re.findall(r"\b(P11CSR_E_\w+)\s*=\s*(\d+)", tree.plain(text))
    return [(name, int(number)) for name, number in members]


def check(rows, members):
    faults = []
    in_rows = {(row.code, row.number) for row in rows}
    in_enum = set(members)
    faults += [f"{name} = {number} is only in error.h" for name, number in sorted(in_enum - in_rows)]
    faults += [f"{name} = {number} is only in errors.def" for name, number in sorted(in_rows - in_enum)]
    for what in ("code", "number"):
        values = [getattr(row, what) for row in rows]
        twice = sorted({value for value in values if values.count(value) > 1})
        faults += [f"{what} {value} is given away twice" for value in twice]
    exits = {}
    for row in rows:
        if not row.hint and row.kind != "INTERNAL":
            faults.append(f"{row.code} has no hint")
        if not row.text or not row.doc:
            faults.append(f"{row.code} has no text or no doc")
        if any(text.endswith((".", "!")) or "failed to" in text for text in (row.text, row.hint)):
            faults.append(f"{row.code}: its texts end without a period and do not say 'failed to'")
        if max(len(row.text), len(row.hint)) > 100:
            faults.append(f"{row.code} has a text of more than 100 columns")
        if row.retry not in ("RETRY", "NO_RETRY"):
            faults.append(f"{row.code}: {row.retry} is neither RETRY nor NO_RETRY")
        if exits.setdefault(row.kind, row.exit) != row.exit:
            faults.append(f"{row.code}: class {row.kind} ends with {exits[row.kind]}, not {row.exit}")
        if not 0 < row.exit < 256:
            faults.append(f"{row.code}: {row.exit} is not an exit status of a failure")
    return faults


def dump(rows):
    return "".join(f"{row.code} {row.number} {row.kind} {row.exit} {row.retry}\n" for row in rows)


GOOD = Row("P11CSR_E_A", 10, "USAGE", 64, "NO_RETRY", "text", "hint", "doc")


def test_bad_examples():
    both = [("P11CSR_E_A", 10)]
    assert check([GOOD], both) == []
    assert check([GOOD], [("P11CSR_E_A", 11)])
    assert check([GOOD], [])
    assert check([], both)
    assert check([GOOD, GOOD], both)
    changes = [{"hint": ""}, {"text": "failed to sign"}, {"hint": "do."}, {"retry": "MAYBE"}, {"exit": 0}]
    for change in [*changes, {"text": "x" * 101}]:
        assert check([GOOD._replace(**change)], both), change
    assert check([GOOD, GOOD._replace(code="P11CSR_E_B", number=11, exit=65)], [*both, ("P11CSR_E_B", 11)])
    assert check([GOOD._replace(kind="INTERNAL", hint="")], both) == []


def test_reading():
    text = '/* ERR(code) */\nERR(P11CSR_E_A, 10, USAGE, 64, NO_RETRY, "tex" "t",\n    "hint", "doc")\n'
    assert read_rows(text) == [GOOD]
    text = "enum {\n    P11CSR_OK = 0, // P11CSR_E_X = 3\n    P11CSR_E_A = 10,\n};"
    assert read_enum(text) == [("P11CSR_E_A", 10)]


def test_errors():
    rows = read_rows(ROWS.read_text())
    assert rows
    faults = check(rows, read_enum(HEADER.read_text()))
    assert not faults, "\n".join(faults)


def test_golden():
    """A change of numbers, classes, exit statuses shows in review. P11CSR_UPDATE_GOLDEN=1 writes the file."""
    text = dump(read_rows(ROWS.read_text()))
    if os.environ.get("P11CSR_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text, "tests/golden/errors.txt differs: P11CSR_UPDATE_GOLDEN=1 if it should"
