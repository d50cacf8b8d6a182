#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual pages from their skeletons, the program's rows, the error rows and the public headers.

make-manual.py 1 SKELETON PROGRAM ERRORS_DEF QUIRKS_DEF EXTENSIONS_DEF ATTRIBUTES_DEF README > p11csr.1
make-manual.py 3 SKELETON HEADER... EXAMPLE.c... > p11csr.3
"""
import datetime
import json
import os
import re
import subprocess
import sys


def roff(text):
    """Text that roff takes as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def words(text):
    """Text on the line of a macro, which takes quotes as its own."""
    return roff(text).replace('"', r"\(dq")


def option_item(option):
    letter = f"Fl {option['letter']} , " if option["letter"] else ""
    arg = f" Ar {roff(option['arg'])}" if option["arg"] else ""
    again = " May be repeated." if option["repeatable"] else ""
    names = f"\nNames: {', '.join(option['names'])}." if option["names"] else ""
    return f".It {letter}Fl \\-{roff(option['name'])}{arg}\n{roff(option['help'])}.{again}{names}"


def items(rows):
    return ".Bl -tag -width Ds\n" + "\n".join(rows) + "\n.El"


def command_item(command):
    options = " ".join(f"--{name}" for name in command["options"])
    own = f"\n.Pp\nOptions: {roff(options)}" if options else ""
    return f".It Cm {command['name']} {roff(command['args'])}\n{roff(command['help'])}.{own}"


def error_rows(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    pattern = r'ERR\(P11CSR_E_(\w+), \d+, (\w+), (\d+), \w+,\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\)'
    return re.findall(pattern, text)


def quirk_items(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    string = r'"((?:\\.|[^"\\])*)"'
    pattern = rf"^QUIRK\(\w+, {string}, (\w+), {string}, {string},\s*{string},\s*{string}\)"
    rows = re.findall(pattern, text, flags=re.M)
    return items(
        f".It Cm {word} Ns = Ns {' | '.join(choices.split()) or '...'}\n{roff(effect)} ({roff(doc)})."
        + (f" Default: {roff(default)}." if default else "")
        for word, _, choices, default, effect, doc in rows
    )


def item_items(extensions_def, attributes_def):
    """The words of extensions and attributes, with the form of their text."""
    string = r'((?:"[^"]*"\s*)+)'
    pattern = rf'^(EXT|ATTR)\("([^"]*)", "([^"]*)", "[^"]*", (.*?),\s*\w+, \w+, {string},\s*{string}\)'
    rows = []
    for path in (extensions_def, attributes_def):
        with open(path, encoding="utf-8") as file:
            for kind, word, name, flags, form, doc in re.findall(pattern, file.read(), flags=re.M | re.S):
                form, doc = ("".join(re.findall(r'"([^"]*)"', part)) for part in (form, doc))
                arg = f" Ar {roff(form)}" if form else ""
                critical = " Critical unless ':noncritical' follows." if "NONCRITICAL" not in flags else ""
                adds = " May be repeated." if "ADDS" in flags else ""
                rows.append(
                    f".It Fl \\-{roff(word)}{arg}\n{roff(name)}{', an attribute' if kind == 'ATTR' else ''}: "
                    f"{roff(doc)}.{critical if kind == 'EXT' else ''}{adds}"
                )
    return items(rows)


def readme_section(path, title):
    """A section of README.md: its paragraphs, and what stands indented as it is."""
    with open(path, encoding="utf-8") as file:
        text = file.read().split(f"\n## {title}\n")[1].split("\n## ")[0]
    out = []
    for block in text.strip().split("\n\n"):
        if block.startswith("    "):
            lines = [roff(line[4:]) for line in block.splitlines()]
            out += [".Bd -literal -offset indent", *lines, ".Ed"]
        else:
            out += [".Pp", roff(re.sub(r"`([^`]*)`", r"\1", block))]
    return "\n".join(out)


EXIT = {
    "CHECK": "a check said no",
    "NOTFOUND": "not found",
    "AUTH": "PIN or login",
    "AMBIGUOUS": "ambiguous",
    "TOKEN": "the token or its module failed",
    "UNSUPPORTED": "not supported",
    "POLICY": "refused by policy",
    "INPUT": "bad input",
    "IO": "a file or socket",
    "EXISTS": "already there",
    "WRONG": "the token's result is wrong; nothing was written",
    "PARTLY": "partly done",
    "USAGE": "usage",
    "INTERNAL": "a bug in p11csr",
    "TEMPORARY": "may work later",
    "CONFIG": "configuration",
    "INTERRUPTED": "interrupted",
}


def lint_items(rules):
    """The rules of each set."""
    parts = []
    for name in dict.fromkeys(rule["set"] for rule in rules):
        rows = [
            f".It Li {rule['id']} Pq {rule['severity']}\n{roff(rule['title'])} ({roff(rule['source'])}).\n"
            f"{roff(rule['explanation'])}"
            for rule in rules
            if rule["set"] == name
        ]
        parts.append(f".Ss {roff(name)}\n{items(rows)}")
    return "\n".join(parts)


def manual_1(skeleton, program, errors_def, quirks_def, extensions_def, attributes_def, readme):
    answer = subprocess.run([program, "--help", "--json"], check=True, capture_output=True, text=True)
    rows = json.loads(answer.stdout)["help"]
    listed = subprocess.run([program, "lint", "--list", "--json"], check=True, capture_output=True, text=True)
    errors = error_rows(errors_def)
    statuses = sorted({(int(exit_status), EXIT[kind]) for _, kind, exit_status, *_ in errors})
    used = {name for command in rows["commands"] for name in command["options"]}
    return fill(
        skeleton,
        {
            "COMMANDS": items(command_item(command) for command in rows["commands"]),
            "GLOBALS": items(option_item(option) for option in rows["options"] if option["global"]),
            "OPTIONS": items(option_item(option) for option in rows["options"] if option["name"] in used),
            "EXIT": items([".It 0\ndone"] + [f".It {number}\n{text}" for number, text in statuses]),
            "ERRORS": items(
                f".It Li {name}\n{roff(text)} ({roff(doc)})." for name, _, _, text, _, doc in errors
            ),
            "QUIRKS": quirk_items(quirks_def),
            "LINT": lint_items(json.loads(listed.stdout)["rules"]),
            "EXTENSIONS": item_items(extensions_def, attributes_def),
            "NEEDS": readme_section(readme, "Requests for what you need"),
            "EXAMPLES": "\n".join(
                f".Dl {words(command['example'].replace(chr(92) + chr(10), ' '))}"
                for command in rows["commands"]
            ),
        },
    )


def functions(header):
    """The comments and prototypes of a public header, in its order."""
    with open(header, encoding="utf-8") as file:
        text = file.read()
    for comment, code in re.findall(r"/\*((?:(?!\*/).)*)\*/\n((?:(?!/\*|\n\n).)*)", text, flags=re.S):
        prototypes = re.findall(r"P11CSR_API ([^;]+);", code)
        if prototypes:
            lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in comment.strip().splitlines()]
            yield prototypes, "\n".join(lines)


def program(path):
    """A program that is shown as it is; the tests compile and run it."""
    with open(path, encoding="utf-8") as file:
        text = file.read().split("\n", 1)[1]
    return f".Bd -literal\n{roff(text)}.Ed"


def manual_3(skeleton, inputs):
    out = []
    for header in (path for path in inputs if path.endswith(".h")):
        out.append(f".Ss p11csr/{os.path.basename(header)}")
        for prototypes, comment in functions(header):
            out.append(".Bd -literal")
            out += [roff(re.sub(r"\s+", " ", prototype)) + ";" for prototype in prototypes]
            out.append(".Ed")
            out.append(re.sub(r"\n\n+", "\n.Pp\n", roff(comment)))
    examples = [program(path) for path in inputs if path.endswith(".c")]
    return fill(skeleton, {"FUNCTIONS": "\n".join(out), "EXAMPLES": "\n".join(examples)})


def fill(skeleton, parts):
    with open(skeleton, encoding="utf-8") as file:
        text = file.read()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", os.stat(skeleton).st_mtime))
    day = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    text = text.replace("@DATE@", f"{day:%B} {day.day}, {day:%Y}")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


if __name__ == "__main__":
    if sys.argv[1] == "1":
        print(manual_1(*sys.argv[2:9]), end="")
    else:
        print(manual_3(sys.argv[2], sys.argv[3:]), end="")
