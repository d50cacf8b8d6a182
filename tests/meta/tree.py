# SPDX-License-Identifier: Apache-2.0
"""Where the project lies, and reading its C text. Shared by the checks in this folder."""

import os
import re
from pathlib import Path

SOURCE = Path(os.environ.get("P11CSR_SOURCE") or Path(__file__).resolve().parents[2]).resolve()
BUILD = Path(os.environ.get("P11CSR_BUILD") or SOURCE / "build").resolve()

# Folders with the project's own code, and those of them that end up in the library.
CODE = ("include", "src", "tokens", "providers")
COMMENT_OR_LITERAL = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def files(folders, *suffixes):
    """All files below the folders with one of the suffixes, sorted."""
    found = []
    for folder in folders:
        found += [p for p in (SOURCE / folder).rglob("*") if p.suffix in suffixes and p.is_file()]
    return sorted(found)


def name(path):
    """The path as people write it, relative to the project."""
    return path.relative_to(SOURCE).as_posix()


def code_files(*suffixes):
    found = files(CODE, *suffixes)
    assert found, f"no {suffixes} files in {CODE}: the check would say nothing"
    return found


def plain(text, keep_strings=False):
    """C text with comments, and literals' contents, blanked; lines and columns stay where they were."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return COMMENT_OR_LITERAL.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def arguments(text, start):
    """The arguments of a call whose bracket opens at text[start], and the offset behind the closing one."""
    depth, begin, found, i = 0, start + 1, [], start
    while i < len(text):
        literal = COMMENT_OR_LITERAL.match(text, i)
        if literal:
            i = literal.end()
            continue
        char = text[i]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                found.append(text[begin:i].strip())
                return ([] if found == [""] else found), i + 1
        elif char == "," and depth == 1:
            found.append(text[begin:i].strip())
            begin = i + 1
        i += 1
    raise ValueError(f"line {line_of(text, start)}: a bracket is not closed")
