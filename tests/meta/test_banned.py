# SPDX-License-Identifier: Apache-2.0
"""Calls that the library must not make, the licence line, the length of lines."""

import re

import tree

ALLOCATION = (
    "malloc calloc realloc reallocarray strdup strndup asprintf vasprintf aligned_alloc posix_memalign"
)
CALLS = {
    "prints; the library reports through errors and callbacks": "printf fprintf vprintf vfprintf dprintf"
    " puts fputs putchar fputc perror psignal error warn warnx err errx syslog vsyslog",
    "ends the program": "exit _exit _Exit quick_exit abort",
    "depends on or changes the process": "getenv secure_getenv setenv putenv unsetenv clearenv setlocale"
    " umask chdir signal sigaction atexit on_exit srand srandom",
    "starts a process in a way that is unsafe beside threads": "fork vfork clone system popen daemon wordexp",
    "has no limit or has static state": "strcpy strcat stpcpy sprintf vsprintf gets scanf fscanf sscanf"
    " strtok alloca strerror localtime gmtime ctime asctime readdir_r ttyname getlogin getpwnam getpwuid"
    " tmpnam tempnam mktemp",
    "ignores errors": "atoi atol atoll atof",
    "is not random": "rand random drand48",
}
# Files that may call what others may not, and why. An entry that is no longer needed fails.
ALLOWED = {
    ("src/lib/pin.c", "secure_getenv"): "cred: names a file in the folder that the service manager gives",
    ("src/lib/pin_read.c", "secure_getenv"): "env: asks for a variable by its name",
    ("src/lib/pin_read.c", "unsetenv"): "env: takes the PIN out of the environment",
    ("src/lib/pin.c", "secure_getenv"): "cred:NAME is a file in the folder that the service manager names",
    ("src/lib/pin_read.c", "secure_getenv"): "env:NAME is a PIN source that somebody asked for",
    ("src/lib/pin_read.c", "unsetenv"): "and no program that is started later inherits it",
    ("src/lib/target.c", "setenv"): "the configuration's env: is for the module that is loaded next",
    ("src/module/settings.c", "secure_getenv"): "what holds for p11csr(1) holds for the provider",
    ("src/lib/target.c", "secure_getenv"): "it compares env: with what the loaded module was given",
}
LINE, ROW_LINE = 110, 130  # the second where clang-format is off: rows of data
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def is_library(path):
    return path.startswith(("src/", "tokens/", "providers/", "include/")) and not path.startswith("src/cli/")


def calls(text, names):
    """(line, name) of each use of one of the functions; a member, or a name that ends like one, is none."""
    pattern = r"(?<![\w.])(?<!->)(" + "|".join(names.split()) + r")\s*\("
    text = tree.plain(text)
    return [(tree.line_of(text, match.start()), match.group(1)) for match in re.finditer(pattern, text)]


def check_calls(path, text, used=None):
    rules = {"is not pc_alloc() and its like": ALLOCATION} if path != "src/base/mem.c" else {}
    if is_library(path):
        rules |= CALLS
    faults = []
    for why, names in rules.items():
        for line, name in calls(text, names):
            if (path, name) in ALLOWED:
                if used is not None:
                    used.add((path, name))
            else:
                faults.append(f"{path}:{line}: {name}() {why}")
    for match in re.finditer(r"(?:->|\.)\s*(C_[A-Z]\w+)\s*\(", tree.plain(text)) if is_library(path) else ():
        line = tree.line_of(tree.plain(text), match.start())
        faults.append(f"{path}:{line}: {match.group(1)} is not called by PC_P11: nobody is told of it")
    if is_library(path) and re.search(r"\b(stdout|stderr)\b", tree.plain(text)):
        faults.append(f"{path}: stdout and stderr belong to the program, not to the library")
    return faults


def check_lines(path, text):
    lines = text.split("\n")
    faults, limit = [], LINE
    for number, line in enumerate(lines, 1):
        if "// clang-format o" in line:
            limit = ROW_LINE if "clang-format off" in line else LINE
        if len(line) > limit:
            faults.append(f"{path}:{number}: {len(line)} columns")
    bad = [n for n, line in enumerate(lines, 1) if re.search(r"\t|\s$", line)]
    faults += [f"{path}:{n}: a tab, or blanks at the end" for n in bad]
    first = lines[1:2] if lines[0].startswith("#!") else lines[:1]
    if not any(LICENCE in line for line in first):
        faults.append(f"{path}: the first line is not the licence line")
    return faults


def test_bad_examples():
    bad = ('printf("x")', "exit (1)", "getenv(n)", "strcpy(a, b)", "p = malloc(3)", "fork()", "f(stderr)")
    for call in bad:
        assert check_calls("src/csr/a.c", f"    {call};"), call
    assert check_calls("src/cli/a.c", "    p = strdup(a);")
    assert check_calls("tokens/a.c", "    rv = module->fn->C_Sign(session);")
    assert check_lines("src/a.c", "int a;\n")
    assert check_lines("src/a.c", f"// {LICENCE}\n" + "x" * 111)
    off = "// clang-format off\n// clang-format on\n"
    assert check_lines("src/a.c", f"// {LICENCE}\n{off}" + "x" * 111)
    assert check_lines("src/a.c", f"// {LICENCE}\nint a; \n")
    assert check_lines("dev", f"#!/bin/sh\n\n# {LICENCE}\n")


def test_good_examples():
    assert check_calls("tokens/a.c", "rv = PC_P11(module, C_Sign, session);") == []
    good = 'pc_buf_printf(b, "printf("); snprintf(a, 1, "x"); row->exit(1); // exit(1)\nint exit_status;'
    assert check_calls("src/csr/a.c", good) == []
    assert check_calls("src/base/mem.c", "p = calloc(1, 2);") == []
    assert check_calls("src/cli/a.c", 'printf("x"); exit(1);') == []
    assert check_lines("dev", f"#!/bin/sh\n# {LICENCE}\n") == []


def test_calls():
    faults, used = [], set()
    for path in tree.code_files(".c", ".h", ".def"):
        faults += check_calls(tree.name(path), path.read_text(), used)
    faults += [f"{path} does not call {name}() any more" for path, name in sorted(set(ALLOWED) - used)]
    assert not faults, "\n".join(faults)


def test_lines():
    faults = []
    scripts = [tree.SOURCE / "dev", tree.SOURCE / ".ci/run"]
    for path in [*tree.code_files(".c", ".h"), *tree.files(["tests"], ".c", ".h", ".py", ".sh"), *scripts]:
        faults += check_lines(tree.name(path), path.read_text())
    assert not faults, "\n".join(faults)
