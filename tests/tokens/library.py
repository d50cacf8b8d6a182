# SPDX-License-Identifier: Apache-2.0
"""
library.py LIBRARY PIN_SOURCE [--config FILE]...: uses libp11csr with one context until its input ends. A line
is a command, its words parted by tabs; the answer is a line too: OK and more, or an error's name and text.
    list TOKEN         how many tokens there are
    open TOKEN LABEL   the key that later requests are for; an id "0x01" instead of a label is one
    sign FILE          a request by this key, as DER
"""

import ctypes
import os
import sys


class Select(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("token", ctypes.c_char_p),
        ("label", ctypes.c_char_p),
        ("id", ctypes.c_char_p),
        ("id_len", ctypes.c_size_t),
        ("spki", ctypes.c_char_p),
        ("spki_len", ctypes.c_size_t),
        ("pubkey", ctypes.c_char_p),
        ("pubkey_len", ctypes.c_size_t),
    ]


class Failed(Exception):
    pass


class Library:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.context = self.new("p11csr_ctx_new")
        self.key = None

    def call(self, name, *args):
        """Calls a function whose last argument is where errors go."""
        error = ctypes.c_void_p()
        code = getattr(self.library, name)(*args, ctypes.byref(error))
        if code == 0:
            return
        texts = []
        count = self.library.p11csr_error_cause_count(error)
        for function, index in [("message", None), *[("cause", i) for i in range(count)]]:
            of = getattr(self.library, f"p11csr_error_{function}")
            of.restype = ctypes.c_char_p
            texts.append((of(error) if index is None else of(error, ctypes.c_size_t(index))).decode())
        self.library.p11csr_error_free(ctypes.byref(error))
        self.library.p11csr_code_name.restype = ctypes.c_char_p
        raise Failed(self.library.p11csr_code_name(code).decode() + " " + ": ".join(texts))

    def new(self, name, *args):
        made = ctypes.c_void_p()
        self.call(name, *args, ctypes.byref(made))
        return made

    def do_list(self, token):
        tokens = self.new("p11csr_tokens_list", self.context, token.encode())
        count = self.library.p11csr_token_list_count(tokens)
        self.library.p11csr_token_list_free(ctypes.byref(tokens))
        return f"{count}"

    def do_open(self, token, name):
        select = Select(struct_size=ctypes.sizeof(Select), token=token.encode())
        if name.startswith("0x"):
            select.id = bytes.fromhex(name[2:])
            select.id_len = len(name) // 2 - 1
        else:
            select.label = name.encode()
        key = self.new("p11csr_key_open", self.context, ctypes.byref(select))
        self.close()
        self.key = key
        return "open"

    def do_sign(self, path):
        request = self.new("p11csr_request_new")
        try:
            self.call("p11csr_request_set_subject", request, b"CN=library")
            csr = self.new("p11csr_request_sign", request, self.key)
        finally:
            self.library.p11csr_request_free(ctypes.byref(request))
        size = ctypes.c_size_t()
        self.library.p11csr_csr_get_der.restype = ctypes.c_void_p
        der = ctypes.string_at(self.library.p11csr_csr_get_der(csr, ctypes.byref(size)), size.value)
        self.library.p11csr_csr_free(ctypes.byref(csr))
        with open(path, "wb") as file:
            file.write(der)
        return f"{len(der)}"

    def close(self):
        if self.key is not None:
            self.library.p11csr_key_free(ctypes.byref(self.key))
            self.key = None


def main(path, source, *options):
    library = Library(path)
    for option, value in zip(options[::2], options[1::2]):
        assert option == "--config"
        library.call("p11csr_ctx_load_config", library.context, value.encode())
    module = os.environ.get("P11CSR_MODULE")
    if module and not options:
        library.call("p11csr_ctx_set_module", library.context, module.encode())
    library.call("p11csr_ctx_set_pin_source", library.context, source.encode())
    for line in sys.stdin:
        command, *words = line.rstrip("\n").split("\t")
        try:
            print("OK", getattr(library, f"do_{command}")(*words), flush=True)
        except Failed as failed:
            print(failed, flush=True)
    library.close()
    library.library.p11csr_ctx_free(ctypes.byref(library.context))


if __name__ == "__main__":
    main(*sys.argv[1:])
