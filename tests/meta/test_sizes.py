# SPDX-License-Identifier: Apache-2.0
"""Limits for what a person has to keep in mind at once. They are read from text in the project's format."""

import re

import pytest
import tree

SOURCE_LINES, HEADER_LINES, PUBLIC_HEADER_LINES = 800, 300, 350
FUNCTION_LINES, PARAMETERS, NESTING = 80, 6, 3
PROFILE_LINES = 200

# An opening control statement; its indentation says how deep it stands.
CONTROL = re.compile(r"^( *)(?:\} else )?(?:if|for|while|switch|do)\b")

PROTOTYPE = re.compile(r"^(?!typedef|static|\s|#|\}|extern \").*?\b\w+\s*\([^;{]*\)[^;{]*;", re.M)


def functions(text):
    """(first line, last line, signature, body) of every function; its braces stand in the first column."""
    lines = tree.plain(text).split("\n")
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start
            while head > 0 and lines[head - 1].strip() and not re.match(r"[}#]|.*;$", lines[head - 1]):
                head -= 1
            yield head + 1, number + 1, " ".join(lines[head:start]), lines[start + 1 : number]
            start = None


def parameters(signature):
    """How many parameters a prototype's outermost list has. PKCS#11 and libcrypto decide for their own."""
    theirs = ("OSSL_CORE_BIO *", "OSSL_CMP_SRV_CTX *")
    if signature.startswith(("CK_RV ", "static CK_RV ")) or any(kind in signature for kind in theirs):
        return 0
    signature = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", signature)
    opening = signature.find("(")
    if opening < 0:
        return 0
    found, _ = tree.arguments(signature, opening)
    return 0 if found in ([], ["void"]) else len(found)


def prototypes(text):
    """(line, text) of the prototypes in a header."""
    text = tree.plain(text)
    for match in PROTOTYPE.finditer(text):
        yield tree.line_of(text, match.start()), match.group(0)


def check(path, text):
    """The faults of one file."""
    faults = []
    count = text.count("\n")
    limit = SOURCE_LINES if path.endswith(".c") else HEADER_LINES
    if path.startswith("include/"):
        limit = PUBLIC_HEADER_LINES
    if path.startswith("tokens/profiles/"):
        limit = PROFILE_LINES
    if count > limit:
        faults.append(f"{path}: {count} lines, the limit is {limit}")
    for first, last, signature, body in functions(text):
        length = last - first + 1
        if length > FUNCTION_LINES:
            faults.append(f"{path}:{first}: a function of {length} lines, the limit is {FUNCTION_LINES}")
        if parameters(signature) > PARAMETERS:
            faults.append(f"{path}:{first}: {parameters(signature)} parameters, the limit is {PARAMETERS}")
        depth = max((len(m.group(1)) // 4 for m in map(CONTROL.match, body) if m), default=0)
        if depth > NESTING:
            faults.append(f"{path}:{first}: nesting of {depth}, the limit is {NESTING}")
    if path.endswith(".h"):
        for line, prototype in prototypes(text):
            if parameters(prototype) > PARAMETERS:
                faults.append(f"{path}:{line}: {parameters(prototype)} parameters, the limit is {PARAMETERS}")
    return faults


def nested(depth):
    lines = ["    " * i + "if (a) {" for i in range(1, depth + 1)]
    lines += ["    " * i + "}" for i in range(depth, 0, -1)]
    return "int a(void)\n{\n" + "\n".join(lines) + "\n}\n"


@pytest.mark.parametrize(
    "path, text",
    [
        ("src/a.c", "\n" * 801),
        ("src/a.h", "\n" * 301),
        ("include/p11csr/a.h", "\n" * 351),
        ("tokens/profiles/a.c", "\n" * 201),
        ("src/a.c", "int a(void)\n{\n" + "    x();\n" * 78 + "}\n"),
        ("src/a.c", nested(4)),
        ("src/a.c", "static int a(int a, int b, int c,\n             int d, int e, int f, int g)\n{\n}\n"),
        ("src/a.h", "int a(int a, int b, int c, int d, int e,\n      int f, int g);\n"),
    ],
)
def test_bad_examples(path, text):
    assert len(check(path, text)) == 1


@pytest.mark.parametrize(
    "path, text",
    [
        ("src/a.c", "\n" * 800),
        ("src/a.c", "int a(void)\n{\n" + "    x();\n" * 77 + "}\n"),
        ("src/a.c", nested(3)),
        ("src/a.h", "int a(int (*f)(int, int), int b, int c, int d, int e, int f) __attribute__((x));\n"),
        ("src/a.h", "CK_RV a(int a, int b, int c, int d, int e, int f, int g);\n"),
        ("src/a.h", "struct x {\n    int a;\n};\n#define X(a, b, c, d, e, f, g) (a)\nint b(void);\n"),
    ],
)
def test_good_examples(path, text):
    assert check(path, text) == []


def test_sizes():
    faults = []
    for path in [*tree.code_files(".c", ".h"), *tree.files(["tests"], ".c", ".h")]:
        faults += check(tree.name(path), path.read_text())
    assert not faults, "\n".join(faults)
