# SPDX-License-Identifier: Apache-2.0
"""A PIN lives in struct pc_secret and nowhere else, and no secret reaches a function that makes text."""

import re

import tree

# Where a PIN's bytes may have a name of their own: where they are kept, sent to the token, typed in, or come
# from libcrypto's passphrase callback.
ALLOWED = {
    "src/base/secret.c",
    "src/base/secret.h",
    "tokens/login.c",
    "src/cli/prompt.c",
    "providers/stored.c",
}

BYTES = r"(?:unsigned\s+char|char|uint8_t|CK_(?:UTF8CHAR|BYTE)(?:_PTR)?)\b(?:\s|\*|const\b)*"
# Names of the thing itself; pin_source, pin_file or pin_len are about it.
NAMES = r"(?:\w+_)?(?:pin|puk|password|passwd|passphrase)(?:_(?:text|value|bytes|buf|buffer|str))?"
VARIABLE = re.compile(rf"\b(?:{BYTES})(?<=[\s*])({NAMES})\s*[\[;,=)]", re.I)
FORMATTERS = re.compile(
    r"\b(pc_fail\w*|pc_frame|pc_hint|pc_note|pc_trace\w*|pc_buf_(?:printf|text|add|add_span)|pc_asprintf"
    r"|json_\w+|pc_strn?dup|\w*printf|\w*puts|fwrite|write)\s*\("
)
SECRET = re.compile(r"\bstruct\s+pc_secret\b(?:\s|\*|const\b)*(\w+)\s*[;,)=\[]")


def check(path, text):
    text = tree.plain(text)
    if path in ALLOWED:
        return []
    faults = [
        f"{path}:{tree.line_of(text, match.start())}: '{match.group(1)}' holds a PIN, not a struct pc_secret"
        for match in VARIABLE.finditer(text)
    ]
    secrets = set(SECRET.findall(text))
    for call in FORMATTERS.finditer(text):
        given, _ = tree.arguments(text, call.end() - 1)
        # The first argument of pc_frame() is the call whose failure it describes.
        for argument in given[1:] if call.group(1) == "pc_frame" else given:
            words = set(re.findall(r"\w+", argument))
            if words & secrets or "pc_secret_bytes" in words:
                line = tree.line_of(text, call.start())
                faults.append(f"{path}:{line}: a secret reaches {call.group(1)}(): {argument}")
    return faults


def test_bad_examples():
    bad = [
        "const char *pin = read();",
        "int login(char *user_pin, size_t len);",
        "unsigned char so_pin[64];",
        "CK_UTF8CHAR_PTR pin = NULL;",
        "char *const password;",
        "char pin_buf[8];",
        'struct pc_secret *one = a;\nreturn pc_fail(err, CODE, "%p", (void *)one);',
        'struct s {\n    struct pc_secret *two;\n};\nfprintf(f, "%s", x->two);',
        "pc_buf_add_span(&buf, pc_secret_bytes(x));",
    ]
    for text in bad:
        assert check("src/csr/a.c", text), text


def test_good_examples():
    good = [
        "const char *pin_source = NULL; const char *pin_file; size_t pin_len;",
        'struct pc_secret *pin = pc_secret_new(); pc_fail(err, CODE, "the pin is wrong");',
        "const char *opinion; char *spin;",
        "bool login(struct pc_secret *pin);",
        'struct pc_secret *pin = get(); return pc_frame(send(pin), err, "log in");',
    ]
    for text in good:
        assert check("src/csr/a.c", text) == [], text
    assert check("tokens/login.c", "const char *pin;") == []


def test_secrets():
    faults = []
    for path in tree.code_files(".c", ".h"):
        faults += check(tree.name(path), path.read_text())
    assert not faults, "\n".join(faults)
