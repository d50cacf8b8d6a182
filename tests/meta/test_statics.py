# SPDX-License-Identifier: Apache-2.0
"""No writable statics in the project's own objects: all hangs on the context. Exceptions: statics.txt."""

import json
import re
import subprocess

import tree

ROW = re.compile(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+\s+(?:\.hidden )?(\S+)$")
WRITABLE = re.compile(r"^(\.data|\.bss|\.tdata|\.tbss|\.ldata|\.lbss|\*COM\*)")


def writable(text):
    """Symbols in sections that stay writable after the loader has done its work, from objdump -t."""
    names = []
    for line in text.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        section, symbol = match.groups()
        if WRITABLE.match(section) and not section.startswith(".data.rel.ro") and symbol != section:
            names.append(symbol)
    return names


def own_objects():
    """Object and source of the product, as the build knows them: what an older build left does not count."""
    commands = json.loads((tree.BUILD / "compile_commands.json").read_text())
    found = {}
    for entry in commands:
        source = (tree.BUILD / entry["file"]).resolve()
        if source.is_relative_to(tree.SOURCE):
            found[tree.BUILD / entry["output"]] = tree.name(source)
    folders = ("src/", "tokens/", "providers/")
    own = {path: source for path, source in found.items() if source.startswith(folders)}
    assert own, f"{tree.BUILD} builds nothing of the project's own"
    return own


def exceptions(text):
    rows = [line.split(maxsplit=2) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for row in rows:
        assert len(row) == 3, f"statics.txt: an exception without a reason: {row}"
    return {(row[0], row[1]) for row in rows}


def compile_text(tmp_path, text):
    (tmp_path / "a.c").write_text(text)
    subprocess.run(["gcc", "-c", "-fPIC", "-o", tmp_path / "a.o", tmp_path / "a.c"], check=True)
    return objdump([tmp_path / "a.o"])


def objdump(objects):
    run = subprocess.run(["objdump", "-t", "-w", *objects], capture_output=True, text=True, check=True)
    return run.stdout


def test_bad_examples(tmp_path):
    bad = "static int used = 1; int *a(void) { static int n; n++; return used++ ? &n : &used; }\n"
    bad += "_Thread_local int t;"
    assert sorted(s.split(".")[0] for s in writable(compile_text(tmp_path, bad))) == ["n", "t", "used"]


def test_good_example(tmp_path):
    good = 'static const char *const words[] = {"a", "b"}; const char *a(int i) { return words[i]; }'
    assert writable(compile_text(tmp_path, good)) == []


def test_statics():
    found = set()
    for path, source in own_objects().items():
        found |= {(source, re.sub(r"\.\d+$", "", symbol)) for symbol in writable(objdump([path]))}
    allowed = exceptions((tree.SOURCE / "tests/meta/statics.txt").read_text())
    faults = [f"{source}: {symbol} is writable" for source, symbol in sorted(found - allowed)]
    faults += [f"statics.txt: {source} {symbol} is gone" for source, symbol in sorted(allowed - found)]
    assert not faults, "\n".join(faults)
