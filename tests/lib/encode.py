# SPDX-License-Identifier: Apache-2.0
"""DER as far as requests need it, written for the tests: nothing of it is p11csr's."""

import ipaddress


def tlv(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts):
    return tlv(0x30, b"".join(parts))


def set_of(*parts):
    """X.690 section 11.6: the encodings in ascending order, the shorter one padded with zeros."""
    return tlv(0x31, in_order(parts))


def in_order(parts):
    longest = max((len(part) for part in parts), default=0)
    return b"".join(sorted(parts, key=lambda part: part.ljust(longest, b"\0")))


def base128(number):
    octets = [number & 0x7F]
    while number > 0x7F:
        number >>= 7
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


def oid(text):
    first, second, *rest = (int(arc) for arc in text.split("."))
    return tlv(6, base128(40 * first + second) + b"".join(base128(arc) for arc in rest))


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=number < 0))


def null():
    return tlv(5, b"")


def boolean(value):
    return tlv(1, b"\xff" if value else b"\0")


def explicit(number, inner):
    return tlv(0xA0 + number, inner)


def bit_string(octets, unused=0):
    return tlv(3, bytes([unused]) + octets)


def long_form(encoded, extra=1):
    """The same value with a length of more octets than it needs."""
    inner = content(encoded)
    octets = len(inner).to_bytes(extra + (len(inner).bit_length() + 7) // 8, "big")
    return encoded[:1] + bytes([0x80 | len(octets)]) + octets + inner


def content(encoded):
    """What is in a value."""
    size = encoded[1] & 0x7F if encoded[1] & 0x80 else 0
    return encoded[2 + size :]


def utf8(text):
    return tlv(0x0C, text.encode())


def printable(text):
    return tlv(0x13, text.encode("ascii"))


def ia5(text):
    return tlv(0x16, text.encode("ascii"))


def bmp(text):
    return tlv(0x1E, text.encode("utf-16-be"))


def octet_string(octets):
    return tlv(4, octets)


def named_bits(bits):
    """Bit n is named bit n; trailing zeros are left out (X.690 section 11.2.2)."""
    last = max(bits)
    octets = bytearray(last // 8 + 1)
    for bit in bits:
        octets[bit // 8] |= 0x80 >> bit % 8
    return tlv(3, bytes([7 - last % 8]) + bytes(octets))


def teletex(octets):
    return tlv(0x14, octets)


def extension(kind, value, critical=b""):
    """`critical`: True, False, or the octets that stand there."""
    if isinstance(critical, bool):
        critical = boolean(True) if critical else b""
    return sequence(oid(kind), critical, octet_string(value))


def attribute(kind, *values):
    """Of a request (RFC 2986 section 4.1)."""
    return sequence(oid(kind), set_of(*values))


def other_name(type_id, value):
    return tlv(0xA0, oid(type_id) + tlv(0xA0, value))


def address(text):
    return tlv(0x87, ipaddress.ip_address(text).packed)


def name(rdns):
    """A Name of RDNs in DER order, each a list of (type's OID, encoded value)."""
    return sequence(*(set_of(*(sequence(oid(kind), value) for kind, value in rdn)) for rdn in rdns))
