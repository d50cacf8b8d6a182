# SPDX-License-Identifier: Apache-2.0
"""
piv_card.py FOLDER PIN: a PIV card (NIST SP 800-73-4) in vpcd's reader. Its keys, their certificates and the
tries that are left for the PIN lie in the folder, so that the card can be taken out and put back.
Keys: 9A P-256 with the PIN, 9C RSA-2048 with the PIN before every use, 9E P-384 without.
"""

import datetime
import pathlib
import socket
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

PORT = 35963
ATR = bytes.fromhex("3b800181")
TRIES = 3
APPLICATION = bytes.fromhex("a00000030800001000")

# The card's answers.
OK, WRONG_DATA, NOT_FOUND = b"\x90\x00", b"\x6a\x80", b"\x6a\x82"
NOT_SATISFIED, BLOCKED, NO_KEY, NO_COMMAND = b"\x69\x82", b"\x69\x83", b"\x6a\x88", b"\x6d\x00"

# Instructions.
VERIFY, AUTHENTICATE, SELECT, GET_RESPONSE, GET_DATA = 0x20, 0x87, 0xA4, 0xC0, 0xCB

# Key references, the data objects of their certificates, and what they are used with.
AUTHENTICATION, SIGNATURE, CARD = 0x9A, 0x9C, 0x9E
CERTIFICATES = {AUTHENTICATION: "5fc105", SIGNATURE: "5fc10a", CARD: "5fc101"}
HASHES = {
    20: hashes.SHA1(),
    28: hashes.SHA224(),
    32: hashes.SHA256(),
    48: hashes.SHA384(),
    64: hashes.SHA512(),
}


def tlv(tag, value):
    size = len(value)
    if size < 0x80:
        length = bytes([size])
    elif size < 0x100:
        length = bytes([0x81, size])
    else:
        length = b"\x82" + struct.pack(">H", size)
    return bytes.fromhex(tag) + length + value


def read_tlv(data, at):
    """(tag, value, where the next one begins) of a tag of one octet."""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        octets = size & 0x7F
        size = int.from_bytes(data[at : at + octets], "big")
        at += octets
    return tag, data[at : at + size], at + size


def new_key(reference):
    if reference == SIGNATURE:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1() if reference == AUTHENTICATION else ec.SECP384R1())


def certificate(key, name):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=datetime.datetime(2020, 1, 1),
        not_valid_after=datetime.datetime(2049, 1, 1),
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Store:
    """What lasts while the card is out of the reader."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.keys = {reference: self.key(reference) for reference in CERTIFICATES}

    def key(self, reference):
        path = self.folder / f"{reference:02X}.pem"
        if not path.exists():
            private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            path.write_bytes(new_key(reference).private_bytes(serialization.Encoding.PEM, *private))
        return serialization.load_pem_private_key(path.read_bytes(), None)

    def certificate(self, reference):
        path = self.folder / f"{reference:02X}.crt"
        if not path.exists():
            path.write_bytes(certificate(self.keys[reference], f"piv-{reference:02X}"))
        return path.read_bytes()

    @property
    def tries(self):
        path = self.folder / "tries"
        return int(path.read_text()) if path.exists() else TRIES

    @tries.setter
    def tries(self, left):
        (self.folder / "tries").write_text(str(left))


class Card:
    """The PIV application: takes a command APDU, gives the response."""

    def __init__(self, store, pin):
        self.store = store
        self.pin = pin.encode().ljust(8, b"\xff")
        identifier = bytes.fromhex("d4e739da739ced39ce739d836858210842108421c84210c3eb")
        capability = bytes.fromhex("a000000116ff02") + b"capabilities.."
        empty = tlv("fe", b"")
        self.data = {
            "5fc102": tlv("30", identifier) + tlv("34", b"p11csr-piv-card-") + tlv("35", b"20491231") + empty,
            "5fc107": tlv("f0", capability) + tlv("f1", b"\x21") + tlv("f2", b"\x21") + empty,
        }
        for reference, name in CERTIFICATES.items():
            self.data[name] = tlv("70", store.certificate(reference)) + tlv("71", b"\0") + empty
        self.reset()

    def reset(self):
        self.answer = self.chained = b""
        self.verified = self.fresh = False

    def more(self, wanted):
        size = wanted or 256
        part, self.answer = self.answer[:size], self.answer[size:]
        return part + (OK if not self.answer else bytes([0x61, min(len(self.answer), 0xFF)]))

    def give(self, data):
        self.answer = data
        return self.more(0)

    def command(self, apdu):
        kind, instruction, _, last = apdu[:4]
        data = b""
        if len(apdu) > 7 and apdu[4] == 0:
            data = apdu[7 : 7 + int.from_bytes(apdu[5:7], "big")]
        elif len(apdu) > 5:
            data = apdu[5 : 5 + apdu[4]]
        if kind & 0x10:
            self.chained += data
            return OK
        data, self.chained = self.chained + data, b""
        if instruction == GET_RESPONSE:
            return self.more(apdu[4] if len(apdu) == 5 else 0)
        handlers = {SELECT: self.select, GET_DATA: self.get_data, VERIFY: self.verify}
        if instruction in handlers:
            return handlers[instruction](data)
        return self.authenticate(last, data) if instruction == AUTHENTICATE else NO_COMMAND

    def select(self, name):
        if len(name) < 5 or not APPLICATION.startswith(name[: len(APPLICATION)]):
            return NOT_FOUND
        authority = tlv("79", tlv("4f", APPLICATION[:5]))
        return self.give(tlv("61", tlv("4f", bytes.fromhex("000010000100")) + authority))

    def get_data(self, data):
        found = self.data.get(data[2 : 2 + data[1]].hex())
        return self.give(tlv("53", found)) if found else NOT_FOUND

    def verify(self, pin):
        tries = self.store.tries
        if not pin:
            return OK if self.verified else bytes([0x63, 0xC0 | tries])
        if tries == 0:
            return BLOCKED
        self.verified = self.fresh = pin == self.pin
        self.store.tries = TRIES if self.verified else tries - 1
        return OK if self.verified else bytes([0x63, 0xC0 | (tries - 1)])

    def authenticate(self, reference, data):
        key = self.store.keys.get(reference)
        if key is None:
            return NO_KEY
        if (reference != CARD and not self.verified) or (reference == SIGNATURE and not self.fresh):
            return NOT_SATISFIED
        self.fresh = False
        _, template, _ = read_tlv(data, 0)
        challenge, at = None, 0
        while at < len(template):
            tag, value, at = read_tlv(template, at)
            challenge = value if tag == 0x81 else challenge
        if isinstance(key, rsa.RSAPrivateKey):
            numbers = key.private_numbers()
            raised = pow(int.from_bytes(challenge, "big"), numbers.d, numbers.public_numbers.n)
            signature = raised.to_bytes(key.key_size // 8, "big")
        elif len(challenge) in HASHES:
            signature = key.sign(challenge, ec.ECDSA(utils.Prehashed(HASHES[len(challenge)])))
        else:
            return WRONG_DATA
        return self.give(tlv("7c", tlv("82", signature)))


class Reader:
    """The connection to vpcd: two octets of length, then an APDU or one octet that is no APDU."""

    OFF, ON, RESET, GET_ATR = 0, 1, 2, 4

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, size):
        data = b""
        while len(data) < size:
            # vpcd writes length and body apart: without this each APDU waits for a delayed acknowledgement.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self.socket.recv(size - len(data))
            if not part:
                sys.exit(0)
            data += part
        return data

    def serve(self, card):
        while True:
            data = self.receive(struct.unpack(">H", self.receive(2))[0])
            if len(data) == 1 and data[0] in (self.OFF, self.ON, self.RESET):
                card.reset()
                continue
            answer = ATR if len(data) == 1 and data[0] == self.GET_ATR else card.command(data)
            self.socket.sendall(struct.pack(">H", len(answer)) + answer)


if __name__ == "__main__":
    Reader().serve(Card(Store(sys.argv[1]), sys.argv[2]))
