# SPDX-License-Identifier: Apache-2.0
"""
What libp11csr.so exports = what the version script names = what the public headers declare; the OpenSSL
provider exports what libcrypto looks for.
"""

import re
import subprocess

import tree

LIBRARY = tree.BUILD / "src/lib/libp11csr.so"
MAP = tree.SOURCE / "src/lib/p11csr.map"
PROVIDER = tree.BUILD / "src/module/p11csr.so"
PROVIDER_MAP = tree.SOURCE / "src/module/module.map"


def declared(text):
    """Names of the functions that a header marks with P11CSR_API."""
    text = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", "", tree.plain(text), flags=re.M)
    names = []
    for declaration in re.findall(r"\bP11CSR_API\b([^;{]*)", text):
        declaration = re.sub(r"__attribute__\s*\(\(.*\)\)", "", declaration, flags=re.S)
        match = re.search(r"\b(\w+)\s*\(", declaration)
        assert match, f"P11CSR_API without a function: {declaration}"
        names.append(match.group(1))
    return names


def mapped(text):
    """Names that the version script makes global."""
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", text, flags=re.S)
    names = []
    for block in re.findall(r"\{(.*?)\}", text, re.S):
        section = "global"
        for word in re.findall(r"[^\s;:]+\s*:|[^\s;]+", block):
            if word.rstrip(": ") in ("global", "local") and word.endswith(":"):
                section = word.rstrip(": ")
            elif section == "global":
                names.append(word)
    return names


def exported(text):
    """Names of functions and data that nm -D reports; the version nodes themselves are absolute symbols."""
    rows = [line.split() for line in text.splitlines()]
    return [row[-1].split("@")[0] for row in rows if len(row) >= 2 and row[-2] != "A"]


def symbols(path):
    run = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True)
    return run.stdout


def compare(**lists):
    """What the lists do not have in common, and what one holds twice."""
    faults = []
    everything = set().union(*lists.values())
    for where, names in lists.items():
        faults += [f"{name} is not {where}" for name in sorted(everything - set(names))]
        faults += [f"{name} is {where} twice" for name in sorted(set(names)) if names.count(name) > 1]
    return faults


def test_bad_examples():
    header = "P11CSR_API int p11csr_a(int x);\nP11CSR_API const char *p11csr_b(void (*f)(int));\nint c(void);"
    assert declared(header) == ["p11csr_a", "p11csr_b"]
    script = "P11CSR_0 {\nglobal:\n  p11csr_a; /* p11csr_x; */\n  p11csr_b;\nlocal: *;\n};"
    assert mapped(script) == ["p11csr_a", "p11csr_b"]
    assert exported("0001 T p11csr_a@@P11CSR_0\n0000 A P11CSR_0@@P11CSR_0\n") == ["p11csr_a"]
    assert compare(one=["a", "b"], two=["a"]) == ["b is not two"]
    assert compare(one=["a", "a"], two=["a"]) == ["a is one twice"]


def test_exports():
    headers = [path for path in tree.code_files(".h") if tree.name(path).startswith("include/")]
    in_headers = [symbol for path in headers for symbol in declared(path.read_text())]
    in_library, in_map = exported(symbols(LIBRARY)), mapped(MAP.read_text())
    assert in_headers, "no public header declares a function"
    faults = compare(declared=in_headers, mapped=in_map, exported=in_library)
    faults += [f"{symbol} lacks the prefix" for symbol in in_headers if not symbol.startswith("p11csr_")]
    assert not faults, "\n".join(faults)


def test_provider():
    wanted = ["OSSL_provider_init"]
    faults = compare(
        wanted=wanted, mapped=mapped(PROVIDER_MAP.read_text()), exported=exported(symbols(PROVIDER))
    )
    assert not faults, "\n".join(faults)
