# SPDX-License-Identifier: Apache-2.0
"""
What no tool offers, by calling a PKCS#11 module directly.
raw.py MODULE TOKEN PIN SPEC LABEL ID [ATTRIBUTE=0|1 ...]: makes a key pair; attributes of the private key.
raw.py MODULE TOKEN PIN copy ID NEW_ID: copies both halves of a key pair.
raw.py MODULE TOKEN PIN show ID: prints subject, issuer and serial number of a certificate, in hex.
raw.py MODULE TOKEN PIN certificate LABEL ID VALUE: stores a certificate object of any content.
raw.py MODULE TOKEN PIN set ID ATTRIBUTE=0|1 ...: changes attributes of the private key.
"""

import ctypes
import sys

# Places in CK_FUNCTION_LIST behind its version.
INITIALIZE, FINALIZE, SLOT_LIST, TOKEN_INFO, OPEN_SESSION, LOGIN = 0, 1, 4, 6, 12, 18
CREATE_OBJECT, GET_ATTRIBUTE = 20, 24
COPY_OBJECT, SET_ATTRIBUTE, FIND_INIT, FIND, FIND_FINAL, GENERATE_KEY_PAIR = 21, 25, 26, 27, 28, 59
PRIVATE_KEY = (3).to_bytes(ctypes.sizeof(ctypes.c_ulong), sys.byteorder)
ATTRIBUTES = {
    "class": 0x0,
    "token": 0x1,
    "private": 0x2,
    "label": 0x3,
    "value": 0x11,
    "certificate-type": 0x80,
    "issuer": 0x81,
    "serial": 0x82,
    "subject": 0x101,
    "id": 0x102,
    "sensitive": 0x103,
    "decrypt": 0x105,
    "unwrap": 0x107,
    "sign": 0x108,
    "verify": 0x10A,
    "derive": 0x10C,
    "bits": 0x121,
    "exponent": 0x122,
    "extractable": 0x162,
    "params": 0x180,
    "always-authenticate": 0x202,
}
CURVES = {"p256": "06082a8648ce3d030107", "p384": "06052b81040022"}
RSA_KEY_PAIR_GEN, EC_KEY_PAIR_GEN = 0x0, 0x1040


CERTIFICATE = 1


def number(value):
    return value.to_bytes(ctypes.sizeof(ctypes.c_ulong), sys.byteorder)


class Attribute(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("len", ctypes.c_ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("parameter", ctypes.c_void_p), ("len", ctypes.c_ulong)]


class FunctionList(ctypes.Structure):
    _fields_ = [("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68)]


class Module:
    def __init__(self, path):
        pointer = ctypes.POINTER(FunctionList)()
        assert ctypes.CDLL(path).C_GetFunctionList(ctypes.byref(pointer)) == 0
        self.list = pointer.contents
        self.call(INITIALIZE, None)

    def call(self, index, *args):
        function = ctypes.CFUNCTYPE(
            ctypes.c_ulong, *[ctypes.c_void_p if a is None else type(a) for a in args]
        )
        rv = function(self.list.functions[index])(*args)
        assert rv == 0, f"function {index} answered {rv:#x}"

    def slot_of(self, label):
        count = ctypes.c_ulong(64)
        slots = (ctypes.c_ulong * 64)()
        self.call(SLOT_LIST, ctypes.c_ubyte(1), ctypes.pointer(slots), ctypes.pointer(count))
        for slot in slots[: count.value]:
            info = ctypes.create_string_buffer(512)
            self.call(TOKEN_INFO, ctypes.c_ulong(slot), ctypes.pointer(info))
            if info.raw[:32].rstrip(b" \0").decode() == label:
                return slot
        raise AssertionError(f"no token {label}")


def template(values):
    rows = (Attribute * len(values))()
    kept = []
    for row, (name, value) in zip(rows, values.items()):
        data = ctypes.create_string_buffer(value, len(value))
        kept.append(data)
        row.type = ATTRIBUTES[name]
        row.value = ctypes.cast(data, ctypes.c_void_p)
        row.len = len(value)
    return rows, kept


class Session:
    """Logged in to one token."""

    def __init__(self, path, label, pin):
        self.module = Module(path)
        self.handle = ctypes.c_ulong(0)
        slot = ctypes.c_ulong(self.module.slot_of(label))
        self.module.call(OPEN_SESSION, slot, ctypes.c_ulong(6), None, None, ctypes.pointer(self.handle))
        self.call(LOGIN, ctypes.c_ulong(1), ctypes.c_char_p(pin.encode()), ctypes.c_ulong(len(pin)))

    def call(self, index, *args):
        self.module.call(index, self.handle, *args)

    def find(self, values):
        rows, kept = template(values)
        handles = (ctypes.c_ulong * 16)()
        count = ctypes.c_ulong(0)
        self.call(FIND_INIT, ctypes.pointer(rows), ctypes.c_ulong(len(kept)))
        self.call(FIND, ctypes.pointer(handles), ctypes.c_ulong(16), ctypes.pointer(count))
        self.call(FIND_FINAL)
        return handles[: count.value]

    def copy(self, key_id, new_id):
        found = self.find({"id": bytes.fromhex(key_id)})
        assert len(found) == 2, found
        for handle in found:
            rows, kept = template({"id": bytes.fromhex(new_id)})
            new = ctypes.c_ulong(0)
            self.call(
                COPY_OBJECT,
                ctypes.c_ulong(handle),
                ctypes.pointer(rows),
                ctypes.c_ulong(len(kept)),
                ctypes.pointer(new),
            )

    def set(self, key_id, *flags):
        (handle,) = self.find({"class": PRIVATE_KEY, "id": bytes.fromhex(key_id)})
        values = dict(flag.split("=") for flag in flags)
        rows, kept = template({name: bytes([int(value)]) for name, value in values.items()})
        self.call(SET_ATTRIBUTE, ctypes.c_ulong(handle), ctypes.pointer(rows), ctypes.c_ulong(len(kept)))

    def show(self, key_id):
        found = self.find({"id": bytes.fromhex(key_id), "class": number(CERTIFICATE)})
        assert len(found) == 1, found
        for name in ("subject", "issuer", "serial"):
            rows, kept = template({name: bytes(4096)})
            self.call(GET_ATTRIBUTE, ctypes.c_ulong(found[0]), ctypes.pointer(rows), ctypes.c_ulong(1))
            print(kept[0].raw[: rows[0].len].hex())

    def certificate(self, label, key_id, value):
        rows, kept = template(
            {
                "class": number(CERTIFICATE),
                "certificate-type": number(0),
                "token": b"\1",
                "private": b"\0",
                "label": label.encode(),
                "id": bytes.fromhex(key_id),
                "subject": b"\x30\x00",
                "value": bytes.fromhex(value),
            }
        )
        new = ctypes.c_ulong(0)
        self.call(CREATE_OBJECT, ctypes.pointer(rows), ctypes.c_ulong(len(kept)), ctypes.pointer(new))

    def generate(self, spec, key_label, key_id, *flags):
        names = {"label": key_label.encode(), "id": bytes.fromhex(key_id), "token": b"\1"}
        public = {**names, "private": b"\0", "verify": b"\1"}
        private = {
            **names,
            "private": b"\1",
            "sensitive": b"\1",
            "extractable": b"\0",
            "sign": b"\1",
            "decrypt": b"\0",
            "unwrap": b"\0",
            "derive": b"\0",
        }
        for flag in flags:
            name, value = flag.split("=")
            private[name] = bytes([int(value)])
        mechanism = Mechanism(EC_KEY_PAIR_GEN if spec in CURVES else RSA_KEY_PAIR_GEN, None, 0)
        if spec in CURVES:
            public["params"] = bytes.fromhex(CURVES[spec])
        else:
            public["bits"] = number(int(spec.split("-")[1]))
            public["exponent"] = b"\1\0\1"
        public_rows, kept_public = template(public)
        private_rows, kept_private = template(private)
        handles = (ctypes.c_ulong(0), ctypes.c_ulong(0))
        self.call(
            GENERATE_KEY_PAIR,
            ctypes.pointer(mechanism),
            ctypes.pointer(public_rows),
            ctypes.c_ulong(len(kept_public)),
            ctypes.pointer(private_rows),
            ctypes.c_ulong(len(kept_private)),
            ctypes.pointer(handles[0]),
            ctypes.pointer(handles[1]),
        )


def main(path, label, pin, *words):
    session = Session(path, label, pin)
    if words[0] in ("copy", "show", "certificate"):
        getattr(session, words[0])(*words[1:])
    elif words[0] == "set":
        session.set(*words[1:])
    else:
        session.generate(*words)
    session.module.call(FINALIZE, None)


if __name__ == "__main__":
    main(*sys.argv[1:])
