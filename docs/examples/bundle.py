#!/usr/bin/env python3
"""Reads receipts (RGR1) and bundles (RGO1). Written from docs/offline.md alone; section numbers refer to that document.

usage: bundle.py FOLDER    runs the test vectors of the folder bundle/testdata/vectors, except the verdicts on scans

Needs the package cryptography (OpenSSL). A device keeps a Store and gives it bundles. Verdicts on codes are in verify.py.
"""
import glob
import hashlib
import json
import struct
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_BUNDLE = 16 << 20
PAGE = 65536
NEVER = 1 << 63


class Refused(Exception):
    """Refusal of a document. The argument is the code of section 5."""


def signed_by(public, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except InvalidSignature:
        return False


class Reader:
    """Reads bytes from the front. Faults are refused with the given code."""

    def __init__(self, raw, code):
        self.raw, self.at, self.code = raw, 0, code

    def require(self, ok):
        if not ok:
            raise Refused(self.code)

    def take(self, n):
        self.require(self.at + n <= len(self.raw))
        self.at += n
        return self.raw[self.at - n:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def time(self):
        value = self.uint(8)
        self.require(value < 1 << 63)
        return value

    def number(self, most=(1 << 63) - 1):
        """Section 3.2: LEB128 in its shortest form."""
        value = shift = 0
        while True:
            byte = self.uint(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                self.require((byte != 0 or shift == 7) and value <= most)
                return value
            self.require(shift < 64)

    def count(self, size):
        return self.number((len(self.raw) - self.at) // size)

    def text(self):
        return self.take(self.uint(1))

    def end(self):
        self.require(self.at == len(self.raw))


def number(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def page_form(indexes):
    """Section 3.2: the shortest form of a page with its content."""
    gaps, runs, count, last = b"", b"", 0, -1
    for i in indexes:
        gaps += number(i - last - 1)
        last = i
    end, i = -1, 0
    while i < len(indexes):
        j = i
        while j + 1 < len(indexes) and indexes[j + 1] == indexes[j] + 1:
            j += 1
        runs += number(indexes[i] - end - 1) + number(j - i)
        end, i, count = indexes[j], j + 1, count + 1
    bits = bytearray(PAGE // 8)
    for i in indexes:
        bits[i // 8] |= 1 << i % 8
    forms = [b"\0" + number(len(indexes) - 1) + gaps, b"\1" + bytes(bits), b"\2" + number(count - 1) + runs]
    return min(forms, key=len)


def read_page(r):
    start, indexes, following = r.at, [], 0
    form = r.uint(1)
    if form == 0:
        for _ in range(1 + r.count(1)):
            following += r.number(PAGE - 1)
            r.require(following < PAGE)
            indexes.append(following)
            following += 1
    elif form == 1:
        bits = r.take(PAGE // 8)
        indexes = [i for i in range(PAGE) if bits[i // 8] >> i % 8 & 1]
    else:
        r.require(form == 2)
        for _ in range(1 + r.count(2)):
            following += r.number(PAGE - 1)
            length = 1 + r.number(PAGE - 1)
            r.require(following + length <= PAGE)
            indexes += range(following, following + length)
            following += length
    r.require(bool(indexes) and page_form(indexes) == r.raw[start:r.at])
    return indexes


def read_serials(r):
    """Returns a set of (day, index)."""
    serials, day = set(), -1
    for _ in range(r.count(4)):
        day += 1 + r.number(65535)
        page = -1
        for _ in range(1 + r.count(3)):
            page += 1 + r.number(65535)
            r.require(day < 65536 and page < 65536)
            serials |= {(day, page * PAGE + i) for i in read_page(r)}
    r.require(bool(serials))
    return serials


def read_exempt(r):
    exempt, last = {}, -1
    for _ in range(r.count(2)):
        key = r.uint(2)
        r.require(key > last)
        exempt[key], last = read_serials(r), key
    r.require(bool(exempt))
    return exempt


def railway_day(second):
    return (second + 8 * 3600) // 86400


def read_closed(r):
    """Returns a set of ((day, index), start)."""
    closed, start = set(), -1
    for _ in range(r.count(3)):
        start += 1 + r.number()
        r.require(start < 1 << 32)
        name = -1
        for _ in range(1 + r.count(1)):
            name += 1 + r.number()
            r.require(name < 1 << 33)
            closed.add(((railway_day(start) - 1 + (name >> 32), name & 0xFFFFFFFF), start))
    r.require(bool(closed))
    return closed


def read_list(r, size, read):
    items = [read(r) for _ in range(r.count(size))]
    r.require(bool(items) and all(a[0] < b[0] for a, b in zip(items, items[1:])))
    return items


def read_amnesty(r):
    item = r.uint(1), r.take(8), r.uint(4), r.uint(4)
    r.require(0 < item[0] < 128 and item[2] < item[3])
    return (item,)


def read_policy(r):
    p = {"device": r.text(), "station": r.text(), "scopes": r.uint(1), "stale": r.uint(4), "expired": r.uint(4)}
    p["actions"] = list(r.take(3))
    p["passback"], p["window"], p["passback_actions"] = r.uint(1), r.uint(4), list(r.take(2))
    p["ticket"], p["opens"], p["ticket_action"] = r.uint(1), r.uint(4), r.uint(1)
    r.require(0 < len(p["device"]) <= 64 and len(p["station"]) <= 64 and 0 < p["scopes"] < 128 and 0 < p["stale"] < p["expired"])
    r.require(p["passback"] < 3 and p["ticket"] < 3 and (p["window"] == 0) == (p["passback"] == 0))
    r.require(max(p["actions"] + p["passback_actions"] + [p["ticket_action"]]) < 3)
    return p


def read_passages(r):
    since, reach, day, items = r.time(), r.uint(1), -1, []
    r.require(reach < 3)
    for _ in range(r.count(5)):
        day += 1 + r.number(65535)
        index = 0
        for _ in range(1 + r.count(3)):
            index += r.number((1 << 32) - 1)
            head = r.uint(1)
            r.require(day < 65536 and index < 1 << 32 and head >> 5 & 3 < 3 and head & 31 < 30)
            items.append((day, index, head, since + r.number(1 << 40)))
    r.require(all(a < b for a, b in zip(items, items[1:])))
    return {"since": since, "reach": reach, "list": items}


def read_bookings(r):
    b = {"train": r.text(), "watermark": r.time(), "whole": r.uint(1)}
    r.require(0 < len(b["train"]) <= 64 and b["whole"] < 2)
    b["lost"] = [r.uint(2) for _ in range(r.count(2))]
    b["bodies"] = [r.text() for _ in range(r.count(2))]
    r.require(all(x < y for x, y in zip(b["lost"], b["lost"][1:])) and all(x < y for x, y in zip(b["bodies"], b["bodies"][1:])))
    for body in b["bodies"]:
        # docs/tickets.md: form, day, ticket, subject, from, to, departs, arrives, train
        r.require(len(body) > 44 and body[0] == 1 and body[44:44 + body[43]] == b["train"])
    return b


SECTIONS = {
    2: ("policy", read_policy), 3: ("revoked", read_serials), 4: ("unrevoked", read_serials), 5: ("exempt", read_exempt),
    6: ("cutoffs", lambda r: read_list(r, 12, lambda r: (r.take(8), r.uint(4)))), 7: ("closed", read_closed),
    8: ("forgiven", lambda r: read_list(r, 14, lambda r: ((r.uint(2), r.uint(4)), r.time()))),
    9: ("amnesties", lambda r: read_list(r, 17, read_amnesty)), 10: ("passages", read_passages), 11: ("bookings", read_bookings),
}


class Keys:
    """The keys that the authority announced, from its signed control batches (docs/revocation.md)."""

    def __init__(self, authority):
        self.authority, self.batches = authority, {}

    def add(self, raw):
        """Verifies a batch and returns its place in the order of section 3.2, kind 1; None if it is not about keys."""
        if len(raw) < 108 or raw[:4] != b"RGC1" or raw[4:8] != hashlib.sha256(self.authority).digest()[:4] or not signed_by(
                self.authority, raw[-64:], raw[:-64]):
            raise Refused("proof")
        epoch, partition, count, first, issued, _ = struct.unpack(">QHHQQQ", raw[8:44])
        records, at = [], 44
        for _ in range(count):
            kind, size = raw[at], raw[at + 1]
            records.append((kind, raw[at + 10:at + 2 + size]))
            at += 2 + size
        if not any(kind in (3, 4, 9, 10) for kind, _ in records):
            return None
        place = issued, epoch, partition, first, raw
        self.batches[place] = records
        return place

    def gateway(self, number):
        """Returns public key and cutoff, Unix seconds; None if it was not announced."""
        public, cutoff = None, NEVER
        for place in sorted(self.batches):
            for kind, fields in self.batches[place]:
                if kind in (9, 10) and int.from_bytes(fields[:2], "big") == number:
                    if kind == 9:
                        public = public or fields[2:34]
                    else:
                        cutoff = min(cutoff, int.from_bytes(fields[2:6], "big"))
        return public and (public, cutoff)


def open_receipt(raw, keys):
    """Section 2. Returns the fields."""
    if raw[:3] != b"RGR" or len(raw) < 4:
        raise Refused("receipt_form")
    if raw[3:4] != b"1":
        raise Refused("receipt_version")
    r = Reader(raw[4:-64], "receipt_form")
    fields = {"gateway": r.uint(2), "hash": r.take(32), "scope": r.uint(1), "decision": r.uint(1), "scanned_ms": r.time(), "judged_ms": r.time(),
              "watermark_ms": r.time(), "reason": r.text().decode("latin-1"), "device": r.text()}
    r.end()
    reason = fields["reason"]
    r.require(len(raw) <= 258 and fields["scope"] in (1, 2, 4, 8, 16, 32, 64) and fields["decision"] < 3 and 0 < len(fields["device"]) <= 64)
    r.require(0 < len(reason) <= 64 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789_" for c in reason))
    r.require((fields["decision"] > 0) == (reason == "ok"))
    key = keys.gateway(fields["gateway"])
    if key is None:
        raise Refused("gateway_unknown")
    if not signed_by(key[0], raw[-64:], raw[:-64]):
        raise Refused("receipt_signature")
    if fields["judged_ms"] // 1000 >= key[1]:
        raise Refused("gateway_withdrawn")
    return fields


def open_bundle(raw, keys):
    """Section 3. Returns head and sections as one dictionary; adds the bundle's proofs to keys."""
    if len(raw) > MAX_BUNDLE:
        raise Refused("too_large")
    if raw[:3] != b"RGO" or len(raw) < 4:
        raise Refused("form")
    if raw[3:4] != b"1":
        raise Refused("version")
    r = Reader(raw, "form")
    r.take(4)
    b = {"gateway": r.uint(2), "authority": r.take(4), "epoch": r.uint(8), "made": r.time(), "watermark": r.time(), "since": r.time()}
    table = [(r.uint(1), r.uint(4), r.take(32)) for _ in range(r.uint(1))]
    signed = raw[:r.at]
    signature = r.take(64)
    bodies = [(kind, r.take(size), total) for kind, size, total in table]
    r.end()
    r.require(all(size > 0 for _, size, _ in table) and all(x[0] < y[0] for x, y in zip(table, table[1:])))
    if b["authority"] != hashlib.sha256(keys.authority).digest()[:4]:
        raise Refused("authority")
    r.require(bool(bodies) and bodies[0][0] == 1)
    p = Reader(bodies[0][1], "form")
    proofs = [p.take(p.number(65536)) for _ in range(p.count(2))]
    p.end()
    places = [keys.add(proof) for proof in proofs]
    key = keys.gateway(b["gateway"])
    if key is None:
        raise Refused("gateway_unknown")
    if not signed_by(key[0], signature, signed):
        raise Refused("signature")
    if b["made"] // 1000 >= key[1]:
        raise Refused("gateway_withdrawn")
    for kind, body, total in bodies:
        if hashlib.sha256(body).digest() != total:
            raise Refused("section")
    kinds = [kind for kind, _, _ in bodies]
    ordered = None not in places and all(x < y for x, y in zip(places, places[1:]))
    if not (0 < b["watermark"] <= b["made"] + 5000 and b["since"] <= b["watermark"] and 2 in kinds and ordered and (b["since"] or 4 not in kinds)):
        raise Refused("contradict")
    for kind, body, _ in bodies[1:]:
        if kind not in SECTIONS:
            raise Refused("version")
        name, read = SECTIONS[kind]
        s = Reader(body, "contradict")
        b[name] = read(s)
        s.end()
    if b.get("revoked", set()) & b.get("unrevoked", set()):
        raise Refused("contradict")
    return b


class Store:
    """Section 4.1 and 4.2: what a device has. clock: (wall ms, steady ms, boot), None for a bundle from a file."""

    def __init__(self, authority, device):
        self.keys, self.device, self.head, self.anchor = Keys(authority), device, None, None
        self.revoked, self.closed = set(), set()

    def accept(self, raw, clock):
        keys = Keys(self.keys.authority)
        keys.batches.update(self.keys.batches)
        b = open_bundle(raw, keys)
        if b["policy"]["device"] != self.device:
            raise Refused("device")
        if self.head and (b["epoch"] < self.head["epoch"] or b["watermark"] < self.head["watermark"]):
            raise Refused("rolled_back")
        if b["since"] and (not self.head or self.head["watermark"] < b["since"]):
            raise Refused("no_base")
        if clock and self.anchor and self.anchor[2] == clock[2] and clock[1] >= self.anchor[1]:
            if b["made"] > self.anchor[0] + clock[1] - self.anchor[1] + 60_000:
                raise Refused("ahead")
        if not b["since"]:
            self.revoked, self.closed = set(), set()
        self.revoked = (self.revoked | b.get("revoked", set())) - b.get("unrevoked", set())
        self.closed |= b.get("closed", set())
        self.keys, self.head = keys, b
        if clock:
            self.anchor = b["made"], clock[1], clock[2]


def outcome(action):
    try:
        return "ok", action()
    except Refused as refusal:
        return refusal.args[0], None


def run(folder):
    failed = total = 0
    for path in sorted(glob.glob(folder + "/*.json")):
        with open(path, encoding="utf-8") as file:
            v = json.load(file)
        authority = bytes.fromhex(v["authority"])
        results = []
        if "receipt" in v:
            keys = Keys(authority)
            for batch in v["keys"]:
                keys.add(bytes.fromhex(batch))
            code, fields = outcome(lambda: open_receipt(bytes.fromhex(v["receipt"]["raw"]), keys))
            results.append((code, v["receipt"]["expect"]))
            if fields:
                results += [(fields[name], v["receipt"][name]) for name in ("gateway", "reason", "scanned_ms", "judged_ms", "watermark_ms")]
                results.append((fields["hash"], hashlib.sha256(v["receipt"]["code"].encode()).digest()))
        store = Store(authority, v.get("device", "").encode())
        for d in v.get("bundles", []):
            clock = d.get("clock") and (d["clock"]["wall_ms"], d["clock"]["steady_ms"], d["clock"]["boot"])
            code, _ = outcome(lambda: store.accept(bytes.fromhex(d["raw"]), clock))
            results.append((code, d["expect"]))
        wrong = [(got, want) for got, want in results if got != want]
        total += 1
        failed += bool(wrong)
        for got, want in wrong:
            print(f"{v['name']}: {got}, want {want}")
    print(f"{total} vectors, {failed} failed")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1]))
