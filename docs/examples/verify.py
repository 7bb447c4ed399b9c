#!/usr/bin/env python3
"""Verifies codes of the format RG1. Written from docs/token-format.md alone; section numbers refer to that document.

usage: verify.py CODE SCOPE NOW ID=KEY...

Prints the reason and, if it is ok, serial and subject. NOW is in Unix seconds, KEY has 64 hexadecimal digits. Needs the package
cryptography (OpenSSL). Revocations come from the control stream and are passed in Gate. run_vectors.py runs the test vectors.
"""
import functools
import hashlib
import struct
import sys
from collections import namedtuple
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SCOPES = ["sale", "refund", "change", "verify", "entry", "exit", "onboard"]
LAYOUT = ">BHHI8sIIBBB16s64sB16s"  # section 2
Code = namedtuple("Code", "version key day index subject start expiry period length scopes anchor signature step link")
Key = namedtuple("Key", "public cut_off exempt")  # cut_off: None while in service; exempt: set of serials
# keys: by id; revoked: set of serials; subjects: cutoffs by subject in hexadecimal; closed: set of (serial, start)
Gate = namedtuple("Gate", "keys revoked subjects closed")
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


class Refused(Exception):
    """Refusal of a code. The argument is the reason."""


def add(a, b):
    """Returns the sum of two points in extended coordinates, RFC 8032 section 5.1.4."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    c, d = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = (n - m) % P, (d - c) % P, (d + c) % P, (n + m) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


@functools.cache
def good_key(public):
    """Section 7: whether public is the canonical encoding of a point of prime order. Call it once per key."""
    number = int.from_bytes(public, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if len(public) != 32 or y >= P:
        return False
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or x == 0:  # not a point, or a point with x = 0, which has order 1 or 2
        return False
    if x % 2 != sign:
        x = P - x
    total = (0, 1, 1, 0)
    for bit in f"{L:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, (x, y, 1, x * y % P))
    return total[0] == 0 and total[1] == total[2]


def read_text(text):
    """Section 3. text is bytes; returns 125 bytes."""
    if text[:2] != b"RG" or not b"0" <= text[2:3] <= b"9" or text[3:4] != b":":
        raise Refused("malformed")
    if text[2:3] != b"1":
        raise Refused("unsupported_version")
    values = [ALPHABET.find(character) for character in text[4:]]
    if len(text) != 192 or -1 in values:
        raise Refused("malformed")
    wire = b""
    for i in range(0, 188, 3):
        group = values[i:i + 3]
        value, size = sum(v * 45**place for place, v in enumerate(group)), len(group) - 1
        if value >= 256**size:
            raise Refused("malformed")
        wire += value.to_bytes(size, "big")
    if wire[0] != 1:
        raise Refused("malformed")
    return wire


def read_wire(wire):
    """Sections 2 and 8. Returns the fields of the code."""
    if len(wire) != 125:
        raise Refused("malformed")
    if wire[0] != 1:
        raise Refused("unsupported_version")
    c = Code(*struct.unpack(LAYOUT, wire))
    approval = c.expiry - 86400
    if not (15 <= c.period <= 60 and 1 <= c.length <= 30 and 0 < c.scopes < 128 and c.step < c.length
            and c.day == (approval + 28800) // 86400 and approval <= c.start < c.expiry):
        raise Refused("malformed")
    return c


def check(wire, now, scope, gate):
    """Section 10. Returns the fields of the code or raises Refused. now is rounded down to whole seconds."""
    c = read_wire(wire)
    serial, key = f"{c.day}-{c.index}", gate.keys.get(c.key)
    if key is None or not good_key(key.public):
        raise Refused("unknown_key")
    if key.cut_off is not None and c.start >= key.cut_off and serial not in key.exempt:
        raise Refused("key_retired")
    if now >= c.expiry:
        raise Refused("credential_expired")
    if now < c.start - 5:
        raise Refused("not_yet_valid")
    begins = c.start + c.step * c.period
    if now < begins - 5:
        raise Refused("code_ahead")
    if now >= begins + 2 * c.period:
        raise Refused("session_over" if now >= c.start + c.length * c.period else "code_stale")
    if not c.scopes >> SCOPES.index(scope) & 1:
        raise Refused("wrong_scope")
    if serial in gate.revoked or c.start < gate.subjects.get(c.subject.hex(), 0):
        raise Refused("revoked")
    if (serial, c.start) in gate.closed:
        raise Refused("session_closed")
    link = c.link
    for step in range(c.step, -1, -1):
        link = hashlib.sha256(b"railgate/link/v1" + wire[3:9] + bytes([step]) + link).digest()[:16]
    if link != c.anchor:
        raise Refused("link_mismatch")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(c.signature, b"RGP" + wire[:44])
    except InvalidSignature:
        raise Refused("bad_signature") from None
    if c.signature[:32] == bytes([1]) + bytes(31):  # R is the identity
        raise Refused("bad_signature")
    return c


def answer(read, code, now, scope, gate):
    """Returns the reason, and the fields if it is ok."""
    try:
        return "ok", check(read(code), now, scope, gate)
    except Refused as refusal:
        return refusal.args[0], None


if __name__ == "__main__":
    text, use, moment, *key_args = sys.argv[1:]
    keys = {int(number): Key(bytes.fromhex(digits), None, set()) for number, digits in (k.split("=") for k in key_args)}
    reason, code = answer(read_text, text.encode(), int(moment), use, Gate(keys, set(), {}, set()))
    print(reason, f"{code.day}-{code.index} {code.subject.hex()}" if code else "")
