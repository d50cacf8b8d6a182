# SPDX-License-Identifier: Apache-2.0
"""
run.py NAME [argument of pytest]...: the tests of one token, in namespaces of its own where it needs them.
What cannot run is said in a line "not run: ..."; that is a failure for the tokens that the file `required`
names.
"""

import os
import pathlib
import subprocess
import sys

import capabilities

FOLDER = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # what meson takes for "skipped"


def required(text):
    """name -> whether only where root can be had."""
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {words[-1]: words[0] == "root" for words in lines if words}


def can_sudo():
    try:
        return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def as_root(command):
    """The command run by sudo, with what the tests need of the environment."""
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(("P11CSR_", "PYTHON"))]
    return ["sudo", "-n", "env", *kept, *command]


def why_not(row, is_root):
    """Why the tests of this token cannot run, and whether that is for want of root alone."""
    missing = [path for path in row.files if not pathlib.Path(path).exists()]
    if missing:
        return f"missing: {', '.join(missing)} (Debian: {' '.join(row.packages)})", False
    if row.private and not is_root:
        return (
            "needs root for namespaces of its own: run it as root, or where sudo asks for no password",
            True,
        )
    return None, False


def main(name, *args):
    row = capabilities.row_named(name)
    root = os.geteuid() == 0
    may_be_root = root or (row.private and can_sudo())
    why, for_root = why_not(row, may_be_root)
    if why is not None:
        demanded = required((FOLDER / "required").read_text())
        excused = name not in demanded or (for_root and demanded[name])
        print(f"not run: {name}: {why}{'' if excused else '; tests/tokens/required demands it'}")
        return SKIPPED if excused else 1
    os.environ["P11CSR_REAL_TOKEN"] = name
    files = [str(FOLDER / f"test_{what}.py") for what in ("matrix", "provider", name)]
    tests = [path for path in files if os.path.exists(path)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *args]
    if row.private:
        command = [str(FOLDER / "private.sh"), *command]
    if row.private and not root:
        command = as_root(command)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
