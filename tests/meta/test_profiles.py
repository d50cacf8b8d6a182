# SPDX-License-Identifier: Apache-2.0
"""The rows of what is known about tokens are data and nothing else, and each rests on something public."""

import re

import tree

VOCABULARY = tree.SOURCE / "tokens/quirks.def"
FOLDER = tree.SOURCE / "tokens/profiles"
INCLUDE = '#include "tokens/profiles/row.h"'
# Who is to log in the administrator knows alone.
CHOSEN = {"user-type", "so-type"}
TYPES = {"CHOICE", "TEXT", "NUMBER", "CKRS", "MECHS", "ATTRS", "VALUES", "HINTS"}


def strings(field):
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', field))


def read_words(text):
    """{word: (id, type, effect, doc)} of quirks.def."""
    words = {}
    text = tree.plain(text, keep_strings=True)
    for match in re.finditer(r"\bQUIRK\(", text):
        fields, _ = tree.arguments(text, match.end() - 1)
        assert len(fields) == 7, f"a row with {len(fields)} columns: {fields}"
        words[strings(fields[1])] = (fields[0], fields[2], strings(fields[5]), strings(fields[6]))
    return words


def check_words(words):
    faults = []
    for word, (name, kind, effect, doc) in words.items():
        if name != word.upper().replace("-", "_"):
            faults.append(f"{word} is called {name}")
        if kind not in TYPES:
            faults.append(f"{word} has the type {kind}")
        if not effect or not doc:
            faults.append(f"{word} has no effect or no doc")
    return faults


def rows_of(text):
    """The initialisers of the rows: what stands between the outermost inner braces."""
    plain = tree.plain(text, keep_strings=True)
    depth, start, rows = 0, 0, []
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|[{}]', plain):
        if match.group() == "{":
            depth += 1
            start = match.end() if depth == 2 else start
        elif match.group() == "}":
            if depth == 2:
                rows.append(plain[start : match.start()])
            depth -= 1
    return rows


def field(row, name):
    match = re.search(rf"\.{name}\s*=\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+|NULL)", row)
    return strings(match.group(1)) if match else ""


def used_words(row):
    return re.findall(r'\{\s*"([^"]*)",', row)


def is_followable(evidence):
    """An issue is named with its project, and with what it says."""
    issues = re.finditer(r"(?<!PKCS )#\d+", evidence)
    return all(
        re.search(r"[\w-]+/[\w.-]+", evidence[: issue.start()]) and "(" in evidence[issue.end() :]
        for issue in issues
    )


def check_file(name, text, words):
    faults = []
    code = tree.plain(text)
    if re.findall(r"#[ \t]*include[^\n]*", text) != [INCLUDE]:
        faults.append(f"{name}: it includes row.h and nothing else")
    if re.search(r"\bstatic\b|\breturn\b|\)\s*\{|#[ \t]*define", code):
        faults.append(f"{name}: it holds more than constant rows")
    if len(re.findall(r";", code)) != 1 or "const struct pc_profile pc_profiles_" not in code:
        faults.append(f"{name}: it is not one array of constant rows")
    rows = rows_of(text)
    if not rows or field(rows[-1], "name") or ".name = NULL" not in rows[-1]:
        faults.append(f"{name}: the last row has to be one without a name")
    for row in rows[:-1]:
        label = f"{name}: row {field(row, 'name')}"
        for what in ("name", "since", "evidence"):
            if not field(row, what):
                faults.append(f"{label} has no {what}")
        if not is_followable(field(row, "evidence")):
            faults.append(f"{label}: an issue in its evidence has no project, or nothing says what it shows")
        if not re.search(r"\.match\s*=\s*\{\s*\.(manufacturer|model|library)\s*=\s*\"[^\"]*[A-Za-z]", row):
            faults.append(f"{label} matches no text")
        if not used_words(row):
            faults.append(f"{label} sets nothing")
        faults += [f"{label}: unknown word {word}" for word in used_words(row) if word not in words]
    return faults


GOOD = """// SPDX
#include "tokens/profiles/row.h"
const struct pc_profile pc_profiles_a[] = {
    {.name = "a", .match = {.manufacturer = "A*"}, .quirks = {{"login", "never"}}, .since = "1",
     .evidence = "x/y #1 (why)"},
    {.name = NULL},
};
"""


def test_bad_examples():
    words = {"login": ("LOGIN", "CHOICE", "effect", "doc")}
    assert check_file("a.c", GOOD, words) == []
    changes = [
        ('"x/y #1 (why)"', '""'),
        ('"x/y #1 (why)"', '"y #1 (why)"'),
        ('"x/y #1 (why)"', '"x/y #1, x/y #2"'),
        ('"login"', '"logon"'),
        ('{"login", "never"}', ""),
        ('.manufacturer = "A*"', '.manufacturer = "*"'),
        ('.since = "1",', ""),
        ("    {.name = NULL},\n", ""),
        ("const struct", "static const struct"),
        ("// SPDX", "#include <stdio.h>"),
        ("};", "};\nint a(void)\n{\n    return 1;\n}"),
    ]
    for before, after in changes:
        assert before in GOOD
        assert check_file("a.c", GOOD.replace(before, after), words), (before, after)
    assert check_words(words) == []
    assert check_words({"login": ("LOGON", "CHOICE", "e", "d")})
    assert check_words({"login": ("LOGIN", "DATE", "e", "d")})
    assert check_words({"login": ("LOGIN", "CHOICE", "", "d")})
    text = '/* QUIRK(id) */ QUIRK(A_B, "a-b", TEXT, "", "", "x"\n "y", "z")'
    assert read_words(text) == {"a-b": ("A_B", "TEXT", "xy", "z")}


def read_by(words, sources):
    """The words whose identifier the code looks at."""
    text = "\n".join(sources)
    return {word for word, row in words.items() if re.search(rf"\bPC_QUIRK_{row[0]}\b", text)}


def proved_by(words, sources):
    """The words that have a test of their effect."""
    text = "\n".join(sources)
    return {word for word in words if re.search(rf"^def test_quirk_{word.replace('-', '_')}\(", text, re.M)}


def test_reading():
    words = {"a-b": ("A_B", "TEXT", "e", "d"), "a": ("A", "TEXT", "e", "d")}
    assert read_by(words, ["x(PC_QUIRK_A_B)"]) == {"a-b"}
    assert proved_by(words, ["x", "def test_quirk_a(token, shim):"]) == {"a"}
    assert proved_by(words, ["# def test_quirk_a_b(token):", "    test_quirk_a(token)"]) == set()


def test_words_do_something():
    words = read_words(VOCABULARY.read_text())
    code = [tree.plain(path.read_text()) for path in tree.files(("tokens", "src"), ".c")]
    tests = [(tree.SOURCE / "tests/fault/test_words.py").read_text()]
    faults = [f"no code reads the word {word}" for word in sorted(set(words) - read_by(words, code))]
    faults += [
        f"the word {word} has no test_quirk_... through the shim"
        for word in sorted(set(words) - proved_by(words, tests))
    ]
    assert not faults, "\n".join(faults)


def test_profiles():
    words = read_words(VOCABULARY.read_text())
    assert words
    faults = check_words(words)
    files = sorted(FOLDER.glob("*.c"))
    assert files
    used = set()
    for path in files:
        faults += check_file(tree.name(path), path.read_text(), words)
        for row in rows_of(path.read_text()):
            used |= set(used_words(row))
    faults += [f"no row uses the word {word}" for word in sorted(set(words) - used - CHOSEN)]
    assert not CHOSEN & used and CHOSEN <= set(words)
    assert not faults, "\n".join(faults)
