# SPDX-License-Identifier: Apache-2.0
"""
Changes requests at random: their octets, and their values as DER has them. Most are signed again, so that
what was changed is not hidden behind a signature that does not verify.
"""

import encode as der

DEPTH = 24


class Node:
    """A value: its tag, and its octets or the values in it."""

    def __init__(self, tag, octets=b"", children=None, lead=b""):
        self.tag = tag
        self.octets = octets
        self.children = children  # None: of octets
        self.lead = lead  # of a BIT STRING that holds values
        self.length = None  # the octets of the length, when they lie
        self.tail = b""  # behind the value, and counted by nobody

    def encode(self):
        octets = self.octets
        if self.children is not None:
            octets = self.lead + b"".join(child.encode() for child in self.children)
        if self.length is None:
            return der.tlv(self.tag, octets) + self.tail
        return bytes([self.tag]) + self.length + octets + self.tail

    def all(self):
        yield self
        for child in self.children or ():
            yield from child.all()

    def copy(self):
        children = None if self.children is None else [child.copy() for child in self.children]
        made = Node(self.tag, self.octets, children, self.lead)
        made.length, made.tail = self.length, self.tail
        return made


def take(octets, at):
    """Tag, content and end of the value at `at`; None when there is none."""
    if at + 2 > len(octets) or octets[at] & 0x1F == 0x1F:
        return None
    size, start = octets[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 3 or start + count > len(octets):
            return None
        size, start = int.from_bytes(octets[start : start + count], "big"), start + count
    if start + size > len(octets):
        return None
    return octets[at], octets[start : start + size], start + size


def parse_list(octets, depth=0):
    """The values that these octets consist of; None when they do not."""
    found, at = [], 0
    while at < len(octets):
        taken = take(octets, at)
        if taken is None or depth > DEPTH:
            return None
        found.append(parse_one(*taken[:2], depth))
        at = taken[2]
    return found


def parse_one(tag, content, depth):
    """Also goes into an OCTET STRING or a BIT STRING that holds a SEQUENCE."""
    lead = content[:1] if tag == 3 else b""
    inside = content[len(lead) :]
    if tag & 0x20 or (tag in (3, 4) and inside[:1] == b"\x30"):
        children = parse_list(inside, depth + 1)
        if children is not None and (children or tag & 0x20):
            return Node(tag, content, children, lead)
    return Node(tag, content)


def parse(octets):
    (root,) = parse_list(octets)
    return root


class NothingFits(Exception):
    """No value here can be changed in this way."""


def some(rng, node, wanted=lambda _: True):
    found = [one for one in node.all() if wanted(one)]
    if not found:
        raise NothingFits
    return rng.choice(found)


def parent_of(rng, root):
    return some(rng, root, lambda one: one.children)


def set_tag(rng, root):
    node = some(rng, root)
    node.tag = rng.choice(
        (2, 3, 4, 5, 6, 12, 0x13, 0x14, 0x16, 0x1E, 0x30, 0x31, 0x80, 0x82, 0xA0, 0xA3, node.tag ^ 0x20)
    )


def delete(rng, root):
    children = parent_of(rng, root).children
    del children[rng.randrange(len(children))]


def duplicate(rng, root):
    children = parent_of(rng, root).children
    at = rng.randrange(len(children))
    children.insert(rng.randrange(len(children) + 1), children[at].copy())


def swap(rng, root):
    node = some(rng, root, lambda one: one.children and len(one.children) > 1)
    first, second = rng.sample(range(len(node.children)), 2)
    node.children[first], node.children[second] = node.children[second], node.children[first]


def transplant(rng, root):
    children = parent_of(rng, root).children
    children[rng.randrange(len(children))] = some(rng, root).copy()


def empty(rng, root):
    node = some(rng, root)
    node.octets, node.children = b"", [] if node.children is not None else None


def lie(rng, root):
    """A length that is not the one it has."""
    node = some(rng, root)
    size = len(der.content(node.encode())) + rng.choice((-2, -1, 1, 2, 127, 65535))
    node.length = der.tlv(0, bytes(max(size, 0)))[1 : -size if size > 0 else None]


def lengthen(rng, root):
    node = some(rng, root)
    node.length = der.long_form(node.encode(), rng.choice((1, 2)))[1:]
    node.length = node.length[: 1 + (node.length[0] & 0x7F)]


def indefinite(rng, root):
    node = some(rng, root, lambda one: one.children is not None)
    node.length, node.tail = b"\x80", b"\0\0"


def value(rng, root):
    """An octet of a value: another, one more, or one less."""
    node = some(rng, root, lambda one: one.children is None)
    octets = bytearray(node.octets)
    at = rng.randrange(len(octets) + 1)
    kind = rng.randrange(3)
    if kind == 0 or at == len(octets):
        octets.insert(at, rng.choice((0, 1, 0x20, 0x7F, 0x80, 0xFF, rng.randrange(256))))
    elif kind == 1:
        del octets[at]
    else:
        octets[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, octets[at] ^ 1 << rng.randrange(8)))
    node.octets = bytes(octets)


def wrap(rng, root):
    node = some(rng, root)
    inner = Node(node.tag, node.octets, node.children, node.lead)
    node.tag, node.children, node.lead = rng.choice((0x30, 0x31, 0xA0)), [inner], b""


def append(rng, root):
    node = some(rng, root, lambda one: one.children is not None)
    node.children.append(Node(rng.choice((0, 1, 2, 5, 12, 0x30)), bytes(rng.randrange(2))))


STRUCTURE = (set_tag, delete, duplicate, swap, transplant, empty, lie, lengthen, indefinite, wrap, append)
# Most changes of the structure are refused by everybody.
VALUES = STRUCTURE + (value,) * 8


def change_octets(rng, octets):
    octets = bytearray(octets)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(octets))
        kind = rng.randrange(5)
        if kind == 0:
            octets[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            octets[at] = rng.choice((0, 1, 0x30, 0x7F, 0x80, 0x84, 0xFF))
        elif kind == 2:
            del octets[at]
        elif kind == 3:
            octets.insert(at, rng.randrange(256))
        else:
            octets[at:] = octets[at:][: rng.choice((0, 1, len(octets) - at - 1))]
        if not octets:
            return b"\0"
    return bytes(octets)


def sign_again(root, key):
    """Where there still are three parts, and the last is a BIT STRING."""
    if root.children and len(root.children) == 3 and root.children[2].tag == 3:
        root.children[2] = Node(3, b"\0" + key.sign(root.children[0].encode()))


def mutate(rng, octets, key=None):
    """One request made of another; `key` signs again what it can."""
    if rng.random() < 0.2:
        return change_octets(rng, octets)
    root = parse(octets)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        try:
            rng.choice(VALUES)(rng, rng.choice((root, root, *(root.children or ())[:2])))
        except NothingFits:
            continue
    if key is not None and rng.random() < 0.9:
        sign_again(root, key)
    return root.encode()
