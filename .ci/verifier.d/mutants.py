#!/usr/bin/env python3
"""Proves that the vectors catch wrong verifiers: each mutant of docs/examples/verify.py must fail at least one.

usage: mutants.py VECTOR.json...    prints the first vector that catches each mutant; exit status 1 if one is not caught
"""
import hashlib
import pathlib
import sys
import types

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"
sys.path.insert(0, str(EXAMPLES))
import run_vectors  # noqa: E402
import verify  # noqa: E402

SOURCE = (EXAMPLES / "verify.py").read_text(encoding="utf-8")
READ = '    if text[:2] != b"RG"'  # the first line of read_text
PREFIX = '''not b"0" <= text[2:3] <= b"9" or text[3:4] != b":"'''
LIVE = "    serial, key = "  # the first line of check after the bounds

# The error, the text in verify.py, and its replacement in the mutant.
MUTANTS = [
    ("only the first 8 anchor bytes are compared", "link != c.anchor", "link[:8] != c.anchor[:8]"),
    ("only the last 8 anchor bytes are compared", "link != c.anchor", "link[8:] != c.anchor[8:]"),
    ("the first anchor byte is not compared", "link != c.anchor", "link[1:] != c.anchor[1:]"),
    ("the last anchor byte is not compared", "link != c.anchor", "link[:-1] != c.anchor[:-1]"),
    ("the link is not checked", "link != c.anchor", "False"),
    ("one hash too few", "range(c.step, -1, -1)", "range(c.step, 0, -1)"),
    ("the step counts up", "range(c.step, -1, -1)", "range(c.step + 1)"),
    ("the step is not hashed", "bytes([step])", 'b"\\0"'),
    ("the serial is not hashed", "wire[3:9] + bytes", "bytes"),
    ("the link's domain is omitted", 'b"railgate/link/v1" + ', ""),
    ("the last half of each hash is kept", ".digest()[:16]", ".digest()[16:]"),
    ("digits of other scripts are digits", PREFIX, 'not text.decode()[2:3].isdigit() or text.decode()[3:4] != ":"'),
    ("any character is a version", PREFIX, 'text[3:4] != b":"'),
    ("only version 2 is another version", "b\"0\" <= text[2:3] <= b\"9\"", "b\"1\" <= text[2:3] <= b\"2\""),
    ("zero bytes at the end are removed", READ, '    text = text.rstrip(b"\\0")\n' + READ),
    ("the text ends at the first zero byte", READ, '    text = text.split(b"\\0")[0]\n' + READ),
    ("white space around is removed", READ, "    text = text.strip()\n" + READ),
    ("a line end is removed", READ, '    text = text.rstrip(b"\\r\\n")\n' + READ),
    ("a scanner's symbology identifier is removed", READ, '    text = text.removeprefix(b"]Q1")\n' + READ),
    ("a byte order mark is removed", READ, '    text = text.decode("utf-8-sig").encode()\n' + READ),
    ("quotation marks are removed", READ, "    text = text.strip(b'\"')\n" + READ),
    ("letters are made upper case", READ, "    text = text.decode().upper().encode()\n" + READ),
    ("ASCII letters are made upper case", READ, "    text = text.upper()\n" + READ),
    ("case is folded both ways", READ, "    text = text.decode().lower().upper().encode()\n" + READ),
    ("compatibility forms are folded", READ, '    import unicodedata\n    text = unicodedata.normalize("NFKC", text.decode()).encode()\n' + READ),
    ("percent signs are decoded", READ, "    from urllib.parse import unquote\n    text = unquote(text).encode()\n" + READ),
    ("plus is a space", READ, '    text = text.replace(b"+", b" ")\n' + READ),
    ("unknown characters are skipped", READ, "    text = text[:4] + bytes(b for b in text[4:] if b in ALPHABET)\n" + READ),
    ("unknown characters count as 0", "or -1 in values", ""),
    ("the length is not checked", "len(text) != 192 or ", ""),
    ("text after a code is removed", READ, "    text = text[:192]\n" + READ),
    ("another version has this length too", "    if text[2:3] != b\"1\":", "    if len(text) != 192:\n        raise Refused(\"malformed\")\n    if text[2:3] != b\"1\":"),
    ("overflow wraps", "        if value >= 256**size:\n            raise Refused(\"malformed\")\n        wire += value", "        wire += (value % 256**size)"),
    ("overflow is checked in triples only", "value >= 256**size:", "size == 2 and value >= 65536:\n            raise Refused(\"malformed\")\n        value %= 256**size\n        if False:"),
    ("overflow is off by one", "value >= 256**size:", "value > 256**size:\n            raise Refused(\"malformed\")\n        value %= 256**size\n        if False:"),
    ("the most significant character is first", "enumerate(group)", "enumerate(reversed(group))"),
    ("prefix and body may differ", "    if wire[0] != 1:\n        raise Refused(\"malformed\")\n    return wire", "    return wire"),
    ("other bytes are malformed", 'raise Refused("unsupported_version")\n    c = ', 'raise Refused("malformed")\n    c = '),
    ("bytes may be longer", "len(wire) != 125:", "len(wire) < 125:\n        raise Refused(\"malformed\")\n    wire = wire[:125]\n    if False:"),
    ("a period may be 61", "<= 60", "<= 61"),
    ("a period may be 14", "15 <=", "14 <="),
    ("a length may be 31", "<= 30", "<= 31"),
    ("the product alone is bounded", "15 <= c.period <= 60 and 1 <= c.length <= 30", "0 < c.period * c.length <= 1800"),
    ("scopes may be 0", "0 < c.scopes", "0 <= c.scopes"),
    ("the reserved bit is ignored", "c.scopes < 128", "c.scopes < 256"),
    ("a step may be the length", "c.step < c.length", "c.step <= c.length"),
    ("a step is below 30, whatever the length", "c.step < c.length", "c.step < 30"),
    ("the day is not checked", "c.day == (approval + 28800) // 86400", "True"),
    ("the day is that of UTC", "approval + 28800", "approval"),
    ("the day is that of the start", "(approval + 28800)", "(c.start + 28800)"),
    ("the day is truncated to 16 bits", "(approval + 28800) // 86400", "(approval + 28800) // 86400 % 65536"),
    ("the day is rounded to zero", "(approval + 28800) // 86400", "int((approval + 28800) / 86400)"),
    ("approval is truncated to 32 bits", "c.expiry - 86400", "(c.expiry - 86400) % 2**32"),
    ("a session may start before approval", "approval <= c.start", "True"),
    ("no session starts at approval", "approval <= c.start", "approval < c.start"),
    ("a session may start at expiry", "c.start < c.expiry", "c.start <= c.expiry"),
    ("a key id has 8 bits", "gate.keys.get(c.key)", "gate.keys.get(c.key % 256)"),
    ("the first known key is used", "gate.keys.get(c.key)", "next(iter(gate.keys.values()), None)"),
    ("weak keys are accepted", "or not good_key(key.public)", ""),
    ("one weak key disables all keys", "not good_key(key.public)", "not all(good_key(k.public) for k in gate.keys.values())"),
    ("keys of mixed order are accepted", "return total[0] == 0 and total[1] == total[2]", "return True"),
    ("keys are multiplied by 8 only", "return total[0] == 0 and total[1] == total[2]",
     "point = (x, y, 1, x * y % P)\n    for _ in range(3):\n        point = add(point, point)\n    return point[0] != 0 or point[1] != point[2]"),
    ("the sign of the key is ignored", "from_public_bytes(key.public)", "from_public_bytes(key.public[:31] + bytes([key.public[31] & 127]))"),
    ("a weak key with a cutoff is retired", "key is None or not good_key(key.public)", "key is None or key.cut_off is None and not good_key(key.public)"),
    ("a cutoff is one second late", "c.start >= key.cut_off", "c.start > key.cut_off"),
    ("a cutoff is compared with now", "c.start >= key.cut_off", "now >= key.cut_off"),
    ("a cutoff of 0 means none", "key.cut_off is not None", "key.cut_off"),
    ("a cutoff has 32 bits", "c.start >= key.cut_off", "c.start >= key.cut_off % 2**32"),
    ("no serial is exempt", " and serial not in key.exempt", ""),
    ("a serial exempt under another key is exempt", "serial not in key.exempt", "all(serial not in k.exempt for k in gate.keys.values())"),
    ("an index is exempt on every day", "serial not in key.exempt", "str(c.index) not in [s.split('-')[1] for s in key.exempt]"),
    ("a day is exempt as a whole", "serial not in key.exempt", "str(c.day) not in [s.split('-')[0] for s in key.exempt]"),
    ("a key with exempt serials accepts no other", "key.cut_off is not None and c.start >= key.cut_off", "(key.exempt or key.cut_off is not None and c.start >= key.cut_off)"),
    ("an exempt serial is not revoked", "serial in gate.revoked", "serial not in key.exempt and serial in gate.revoked"),
    ("an exempt serial ignores the cutoff of its subject", "or c.start < gate", "or serial not in key.exempt and c.start < gate"),
    ("an exempt serial needs no signature", "    try:\n        Ed", "    if serial in key.exempt:\n        return c\n    try:\n        Ed"),
    ("expiry is one second late", "now >= c.expiry", "now > c.expiry"),
    ("expiry has the tolerance", "now >= c.expiry", "now >= c.expiry + 5"),
    ("now has 32 bits", LIVE, "    now %= 2**32\n" + LIVE),
    ("now may not be negative", LIVE, "    now = max(now, 0)\n" + LIVE),
    ("no tolerance before the start", "now < c.start - 5", "now < c.start"),
    ("six seconds before the start", "now < c.start - 5", "now < c.start - 6"),
    ("the start's tolerance wraps", "now < c.start - 5", "now < (c.start - 5) % 2**32"),
    ("no tolerance before a step", "now < begins - 5", "now < begins"),
    ("six seconds before a step", "now < begins - 5", "now < begins - 6"),
    ("the tolerance shrinks with the period", "now < begins - 5", "now < begins - c.period // 12"),
    ("a step's begin has 32 bits", "begins = c.start + c.step * c.period", "begins = (c.start + c.step * c.period) % 2**32"),
    ("a step's end has 32 bits", "now >= begins + 2 * c.period", "now >= (begins + 2 * c.period) % 2**32"),
    ("no previous step", "begins + 2 * c.period", "begins + c.period"),
    ("a second too long", "now >= begins + 2", "now > begins + 2"),
    ("periods have 60 s", "begins + 2 * c.period", "begins + 120"),
    ("the session is over a period later", "c.start + c.length * c.period", "c.start + (c.length + 1) * c.period"),
    ("the session is over a second later", "now >= c.start + c.length * c.period", "now > c.start + c.length * c.period"),
    ("a session has 30 minutes", "c.start + c.length * c.period", "c.start + 1800"),
    ("every old code is stale", '"session_over" if now >= c.start + c.length * c.period else "code_stale"', '"code_stale"'),
    ("the scope is not checked", "not c.scopes >> SCOPES.index(scope) & 1", "False"),
    ("scopes count from the top", "c.scopes >> SCOPES.index(scope)", "c.scopes >> 6 - SCOPES.index(scope)"),
    ("an index is revoked on every day", "serial in gate.revoked", "str(c.index) in [s.split('-')[1] for s in gate.revoked]"),
    ("a day is revoked as a whole", "serial in gate.revoked", "str(c.day) in [s.split('-')[0] for s in gate.revoked]"),
    ("an index has 16 bits", "serial in gate.revoked", "f'{c.day}-{c.index % 65536}' in [f'{s.split(chr(45))[0]}-{int(s.split(chr(45))[1]) % 65536}' for s in gate.revoked]"),
    ("subjects have no cutoff", " or c.start < gate.subjects.get(c.subject.hex(), 0)", ""),
    ("a subject's cutoff is one second early", "c.start < gate.subjects", "c.start <= gate.subjects"),
    ("a subject's cutoff is compared with now", "c.start < gate.subjects", "now < gate.subjects"),
    ("a subject's cutoff applies only after its time", "c.start < gate.subjects.get(c.subject.hex(), 0)", "c.start < gate.subjects.get(c.subject.hex(), 0) <= now"),
    ("a subject's cutoff has 32 bits", "gate.subjects.get(c.subject.hex(), 0)", "gate.subjects.get(c.subject.hex(), 0) % 2**32"),
    ("a subject's cutoff is compared like a key's", "c.start < gate.subjects.get(c.subject.hex(), 0)", "c.start >= gate.subjects.get(c.subject.hex(), 2**63)"),
    ("half of the subject is compared", "gate.subjects.get(c.subject.hex(), 0)", "max([e for s, e in gate.subjects.items() if s[:8] == c.subject.hex()[:8]], default=0)"),
    ("the other half of the subject is compared", "gate.subjects.get(c.subject.hex(), 0)", "max([e for s, e in gate.subjects.items() if s[8:] == c.subject.hex()[8:]], default=0)"),
    ("a subject of zero bytes is ignored", "c.start < gate.subjects", "any(c.subject) and c.start < gate.subjects"),
    ("closed sessions are not checked", "(serial, c.start) in gate.closed", "False"),
    ("every session of the credential is closed", "(serial, c.start) in gate.closed", "serial in [s for s, _ in gate.closed]"),
    ("every session of the second is closed", "(serial, c.start) in gate.closed", "c.start in [s for _, s in gate.closed]"),
    ("sessions that started before are closed too", "(serial, c.start) in gate.closed", "any(s == serial and c.start <= at for s, at in gate.closed)"),
    ("sessions that started later are closed too", "(serial, c.start) in gate.closed", "any(s == serial and c.start >= at for s, at in gate.closed)"),
    ("a closed session of start 0 is ignored", "(serial, c.start) in gate.closed", "c.start and (serial, c.start) in gate.closed"),
    ("a session of an exempt serial is not closed", "(serial, c.start) in gate.closed", "serial not in key.exempt and (serial, c.start) in gate.closed"),
    ("a closed session is revoked", 'raise Refused("session_closed")', 'raise Refused("revoked")'),
    ("the signature is not verified", "except InvalidSignature:\n        raise Refused(\"bad_signature\") from None", "except InvalidSignature:\n        pass"),
    ("R may be the identity", "if c.signature[:32] == bytes([1]) + bytes(31):", "if False:"),
    ("the domain is omitted", 'b"RGP" + wire[:44]', "wire[:44]"),
    ("the domain is the prefix", 'b"RGP" + wire[:44]', 'b"RG1:" + wire[:44]'),
    ("numbers are little-endian", 'LAYOUT = ">', 'LAYOUT = "<'),
]

# Steps of the check in another order: the first text moves in front of the second.
SWAPS = [
    ("closed sessions are checked before revocation", '    if (serial, c.start) in gate.closed:\n        raise Refused("session_closed")\n', "    if serial in gate.revoked"),
    ("closed sessions are checked before the scope", '    if (serial, c.start) in gate.closed:\n        raise Refused("session_closed")\n', "    if not c.scopes"),
    ("closed sessions are checked before the window", '    if (serial, c.start) in gate.closed:\n        raise Refused("session_closed")\n', "    begins = "),
    ("the key is checked after the times", '    if now >= c.expiry:\n        raise Refused("credential_expired")\n', "    if key is None"),
    ("revocation is checked before the scope", '    if serial in gate.revoked or c.start < gate.subjects.get(c.subject.hex(), 0):\n        raise Refused("revoked")\n', "    if not c.scopes"),
    ("revocation is checked before the times", '    if serial in gate.revoked or c.start < gate.subjects.get(c.subject.hex(), 0):\n        raise Refused("revoked")\n', "    if now >= c.expiry"),
    ("the scope is checked before the window", '    if not c.scopes >> SCOPES.index(scope) & 1:\n        raise Refused("wrong_scope")\n', "    begins = "),
    ("the scope is checked before expiry", '    if not c.scopes >> SCOPES.index(scope) & 1:\n        raise Refused("wrong_scope")\n', "    if now >= c.expiry"),
    ("the link is checked after the signature", SOURCE[SOURCE.index("    try:\n        Ed"):SOURCE.index("    if c.signature[:32]")], "    link = c.link"),
    ("the signature is verified before revocation", SOURCE[SOURCE.index("    try:\n        Ed"):SOURCE.index("    if c.signature[:32]")], "    if serial in gate.revoked"),
    ("the signature is verified before the window", SOURCE[SOURCE.index("    try:\n        Ed"):SOURCE.index("    if c.signature[:32]")], "    begins = "),
    ("expiry is checked after the window", SOURCE[SOURCE.index("    begins = "):SOURCE.index("    if not c.scopes")], "    if now >= c.expiry"),
]


def times(scalar, point):
    total = (0, 1, 1, 0)
    for bit in f"{scalar:b}":
        total = verify.add(total, total)
        if bit == "1":
            total = verify.add(total, point)
    return total


def decode(encoded):
    """Returns the point, also of an encoding that is not canonical; None if there is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % verify.P
    square = (y * y - 1) * pow(verify.D * y * y + 1, -1, verify.P) % verify.P
    x = pow(square, (verify.P + 3) // 8, verify.P)
    if x * x % verify.P != square:
        x = x * pow(2, (verify.P - 1) // 4, verify.P) % verify.P
    if x * x % verify.P != square:
        return None
    if x % 2 != sign:
        x = -x % verify.P
    return x, y, 1, x * y % verify.P


BASE = decode(bytes([0x58]) + bytes([0x66]) * 31)


def equation(cofactor=1, below_order=True, canonical=True):
    """The key class of a library that compares points, multiplied by a cofactor, and may skip the checks of the size of s or the form of R."""
    class LaxKey:
        def __init__(self, public):
            self.public = public

        @classmethod
        def from_public_bytes(cls, public):
            return cls(public)

        def verify(self, signature, message):
            r, a, s = decode(signature[:32]), decode(self.public), int.from_bytes(signature[32:], "little")
            h = int.from_bytes(hashlib.sha512(signature[:32] + self.public + message).digest(), "little") % verify.L
            if r is None or a is None or below_order and s >= verify.L:
                raise verify.InvalidSignature
            if canonical and (r[1] | (r[0] % 2) << 255).to_bytes(32, "little") != signature[:32]:
                raise verify.InvalidSignature
            left, right = times(cofactor, times(s, BASE)), times(cofactor, verify.add(r, times(h, a)))
            if (left[0] * right[2] - right[0] * left[2]) % verify.P or (left[1] * right[2] - right[1] * left[2]) % verify.P:
                raise verify.InvalidSignature
    return LaxKey


EQUATIONS = [
    ("the library multiplies by the cofactor", {"cofactor": 8}),
    ("the library accepts an R that is not canonical", {"canonical": False}),
    ("the library accepts s above l", {"below_order": False}),
]


def verifier(source, **names):
    module = types.ModuleType("mutant")
    exec(compile(source, "mutant of verify.py", "exec"), module.__dict__)
    module.__dict__.update(names)
    return module


def mutants():
    for what, old, new in MUTANTS:
        if SOURCE.count(old) == 0:
            sys.exit(f"mutants.py: verify.py has no {old!r} ({what})")
        yield what, verifier(SOURCE.replace(old, new, 1))
    for what, moved, before in SWAPS:
        if SOURCE.count(moved) != 1 or SOURCE.index(before) > SOURCE.index(moved):
            sys.exit(f"mutants.py: verify.py does not have {moved!r} behind {before!r} ({what})")
        yield what, verifier(SOURCE.replace(moved, "").replace(before, moved + before, 1))
    for what, options in EQUATIONS:
        yield what, verifier(SOURCE, Ed25519PublicKey=equation(**options))


def first_difference(mutant, vectors):
    for vector in vectors:
        try:
            if next(run_vectors.differences(vector, mutant), None):
                return vector["name"]
        except Exception:  # an exception counts as caught
            return vector["name"]
    return None


def main(paths):
    vectors = list(run_vectors.load(paths))
    lax = first_difference(verifier(SOURCE, Ed25519PublicKey=equation()), [v for v in vectors if v["expect"]["reason"] == "ok"])
    if lax:
        sys.exit(f"mutants.py: its own equation is wrong: it refuses {lax}")
    total, missed = 0, []
    for what, mutant in mutants():
        name = first_difference(mutant, vectors)
        total += 1
        if name is None:
            missed.append(what)
        print(f"  {what}: {name or 'NOT CAUGHT'}")
    print(f"mutants: {total} wrong verifiers, {total - len(missed)} caught by a vector")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
