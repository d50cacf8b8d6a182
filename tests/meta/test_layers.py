# SPDX-License-Identifier: Apache-2.0
"""No file includes anything above its layer, or another layer's library: layers.txt is the table."""

import re
from typing import NamedTuple

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:<([^>\n]+)>|"([^"\n]+)"|(\S+))', re.M)
# The C library's headers that may appear anywhere; one that is missing here is a question for the review.
LIBC = set(
    "arpa/inet.h assert.h ctype.h dirent.h errno.h fcntl.h grp.h inttypes.h langinfo.h limits.h locale.h"
    " poll.h pthread.h pwd.h signal.h spawn.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h"
    " stdlib.h string.h strings.h sys/file.h sys/mman.h sys/prctl.h sys/random.h sys/resource.h"
    " sys/signalfd.h sys/socket.h sys/stat.h sys/types.h sys/un.h sys/utsname.h"
    " sys/wait.h termios.h time.h unistd.h".split()
)


class Layer(NamedTuple):
    name: str
    folder: str
    sees: set
    public: set
    libraries: tuple


def read_table(text):
    layers = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, folder, sees, public, libraries = line.split()
            sees = set() if sees == "-" else set(sees.split(","))
            assert sees <= set(layers), f"{name} sees {sees - set(layers)}, which are not below it"
            public = set() if public == "-" else set(public.split(","))
            libraries = () if libraries == "-" else tuple(libraries.split(","))
            layers[name] = Layer(name, folder, sees, public, libraries)
    return layers


LAYERS = read_table((tree.SOURCE / "tests/meta/layers.txt").read_text())


def layer_of(path):
    """The layer of a file, by the longest folder that holds it."""
    holders = [layer for layer in LAYERS.values() if path.startswith(layer.folder + "/")]
    return max(holders, key=lambda layer: len(layer.folder), default=None)


def judge_project(layer, header):
    """Why this layer may not include a header of the project; None when it may."""
    first, _, rest = header.partition("/")
    if not rest:
        return None  # a neighbour in the same folder
    if first == "p11csr":
        allowed = "all" in layer.public or rest.removesuffix(".h") in layer.public
        return None if allowed else f"layer {layer.name} does not see the public header {header}"
    if first not in LAYERS:
        return f"{header} belongs to no layer"
    if first != layer.name and first not in layer.sees:
        return f"layer {layer.name} does not see layer {first} ({header})"
    return None


def judge_system(layer, header):
    if header.startswith("p11csr/"):
        return judge_project(layer, header)
    for library in layer.libraries:
        if header == library or (library.endswith("/") and header.startswith(library)):
            return None
    if header in LIBC:
        return None
    return f"layer {layer.name} does not use <{header}>"


def check(path, text):
    """The faults of one file."""
    layer = layer_of(path)
    if layer is None:
        return [f"{path}: its folder has no row in layers.txt"]
    faults = []
    text = tree.plain(text, keep_strings=True)
    for match in INCLUDE.finditer(text):
        system, own, macro = match.groups()
        if macro:
            fault = f"an include through the macro {macro}"
        elif own and ".." in own.split("/"):
            fault = f"{own} climbs out of its folder"
        else:
            fault = judge_system(layer, system) if system else judge_project(layer, own)
        if fault:
            faults.append(f"{path}:{tree.line_of(text, match.start())}: {fault}")
    return faults


def test_bad_examples():
    bad = {
        "src/base/a.c": '#include "der/reader.h"',
        "src/der/a.c": '#  include "alg/rows.h"',
        "src/alg/a.c": "#include <openssl/evp.h>",
        "src/csr/a.c": '#include "tokens/session.h"',
        "tokens/profiles/a.c": "#include <openssl/evp.h>",
        "providers/a.c": "#include <p11-kit/pkcs11.h>",
        "src/lib/a.c": '#include "cli/command.h"',
        "src/cli/a.c": '#include "lib/context.h"',
        "src/cli/b.c": '#include "../lib/context.h"',
        "src/base/b.h": '#include "p11csr/request.h"',
        "include/p11csr/a.h": '#include "base/buf.h"',
        "src/other/a.c": "#include <stdio.h>",
    }
    for path, text in bad.items():
        assert check(path, text), f"not noticed: {path}: {text}"


def test_good_examples():
    good = {
        "src/base/a.c": '#include "base/buf.h"\n#include "p11csr/error.h"\n// #include "lib/context.h"',
        "src/csr/a.c": '#include "name.h"\n#include "der/writer.h"\n#include <openssl/evp.h>',
        "tokens/profiles/a.c": '#include "tokens/quirks.h"\n#include <p11-kit/pkcs11.h>',
        "src/cli/a.c": "#include <p11csr/p11csr.h>\n#include <popt.h>",
    }
    for path, text in good.items():
        assert check(path, text) == []


def test_layers():
    faults = []
    for path in tree.code_files(".c", ".h", ".def"):
        faults += check(tree.name(path), path.read_text())
    assert not faults, "\n".join(faults)


def test_neighbours_exist():
    """A name without a folder is a file of the same folder, not whatever the include path finds."""
    faults = []
    for path in tree.code_files(".c", ".h"):
        for _, own, _ in INCLUDE.findall(tree.plain(path.read_text(), keep_strings=True)):
            if own and "/" not in own and not (path.parent / own).is_file():
                faults.append(f"{tree.name(path)}: {own} is not in its folder")
    assert not faults, "\n".join(faults)
