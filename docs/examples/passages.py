#!/usr/bin/env python3
"""Reads batches of passages (RGP1) and finds conflicts. Written from docs/passback.md; section numbers refer to that document.

usage: passages.py FOLDER    runs the test vectors of the folder passage/testdata; exit status 1 if an answer differs

Needs the package cryptography (OpenSSL).
"""
import json
import sys
import unicodedata
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_BATCH = 64 << 10
CODE_LIFE, REPEAT_FOR, MAX_SKEW = 125_000, 10_000, 5_000  # ms
WAYS, STATES = ["entry", "exit"], ["passed", "held", "released"]


class Refused(Exception):
    """Refusal of a message. The argument is the name in section 4."""


class Reader:
    """Reads bytes from the front. Faults are refused as "form"."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, n):
        require(self.at + n <= len(self.raw))
        self.at += n
        return self.raw[self.at - n:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def name(self):
        length = self.uint(1)
        require(length <= 64)
        try:
            name = self.take(length).decode()
        except UnicodeDecodeError:
            raise Refused("form") from None
        require(not any(unicodedata.category(c) == "Cc" for c in name))
        return name


def require(ok):
    if not ok:
        raise Refused("form")


def parse(signed):
    """Section 4: the header and the passages of a message without its signature."""
    r = Reader(signed)
    r.take(4)
    batch = {"gateway": r.uint(2), "partition": r.uint(2), "session_ms": r.uint(8), "sequence": f"{r.uint(8):016x}", "issued_ms": r.uint(8)}
    places, batch["count"] = r.uint(2), r.uint(2)
    require(batch["session_ms"] < 1 << 63 and batch["issued_ms"] < 1 << 63 and int(batch["sequence"], 16) > 0)
    require(1 <= batch["count"] <= 1024 and 1 <= places <= batch["count"])
    names = [(r.name(), r.name()) for _ in range(places)]
    require(all(device for _, device in names) and len(set(names)) == places)
    passages, used = [], 0
    for _ in range(batch["count"]):
        p = {"day": r.uint(2), "index": r.uint(4), "start": r.uint(4)}
        use = r.uint(1)
        require(use >> 5 & 3 < 3 and use & 31 < 30)
        p |= {"step": use & 31, "way": WAYS[use >> 7], "state": STATES[use >> 5 & 3]}
        age = int.from_bytes(r.take(4), "big", signed=True)
        require(age >= -MAX_SKEW and batch["issued_ms"] >= age)
        p |= {"at_ms": batch["issued_ms"] - age, "error_ms": r.uint(2), "gateway": batch["gateway"]}
        place = r.uint(2)
        if place >> 15:
            p["upload"] = f"{r.uint(8):016x}"
            require(int(p["upload"], 16) != 0)
        place &= (1 << 15) - 1
        require(place <= used and place < places)
        used = max(used, place + 1)
        p["station"], p["device"] = names[place]
        passages.append(p)
    require(used == places and r.at == len(signed))
    return batch, passages


def read_batch(raw, keys, now_ms):
    """Section 4. keys: the public key and the cutoff (None: not withdrawn) of each announced gateway."""
    require(70 <= len(raw) <= MAX_BATCH and raw[:3] == b"RGP")
    signed, signature = raw[:-64], raw[-64:]
    newer = raw[3:4] != b"1"
    batch, passages = (None, None) if newer else parse(signed)
    gateway = int.from_bytes(raw[4:6], "big")
    if gateway not in keys:
        raise Refused("foreign")
    public, cutoff = keys[gateway]
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        raise Refused("signature") from None
    if newer:
        raise Refused("newer_version")
    if cutoff is not None and batch["issued_ms"] // 1000 >= cutoff:
        raise Refused("withdrawn")
    if batch["issued_ms"] > now_ms + MAX_SKEW:
        raise Refused("future")
    return batch, passages


def order(p):
    """Section 6: by time, then device, then station, in bytes of UTF-8. The rest is for passages that are equal in these."""
    return (p["at_ms"], p["device"].encode(), p["station"].encode(), p.get("upload", ""), p["step"], p["start"])


def distinct(reports):
    """Section 6: reports of one upload number of one device are one passage, the first, in the latest of their states."""
    known = {}
    for p in reports:
        named = (p["device"], p["upload"]) if "upload" in p else (p["device"], p["station"], p["at_ms"], p["step"], p["start"])
        known.setdefault((p["day"], p["index"], p["way"]) + named, []).append(p)
    for same in known.values():
        states = {p["state"] for p in same}
        yield min(same, key=order) | {"state": next(s for s in ("passed", "released", "held") if s in states)}


def conflicts(reports, window_ms):
    """Section 6: yields pairs of passages, in order of the second."""
    passed = sorted((p for p in distinct(reports) if p["state"] == "passed"), key=order)
    last = {}
    for p in passed:
        serial = (p["day"], p["index"])
        before = last.get((serial, p["way"]))
        if before:
            gap = p["at_ms"] - before["at_ms"]
            same_code = (p["step"], p["start"]) == (before["step"], before["start"])
            if gap < REPEAT_FOR and same_code and (p["device"], p["station"]) == (before["device"], before["station"]):
                continue
            left = any((o["day"], o["index"]) == serial and o["way"] != p["way"] and before["at_ms"] < o["at_ms"] <= p["at_ms"] for o in passed)
            if gap < CODE_LIFE or gap < window_ms and not left:
                doubt = before["error_ms"] + p["error_ms"]
                fraud = same_code and p["station"] != before["station"] and gap < CODE_LIFE
                yield before, p, {"gap_ms": gap, "low_ms": gap - doubt, "high_ms": gap + doubt, "certain": gap > doubt,
                                  "class": "fraud" if fraud else "passenger"}
        last[serial, p["way"]] = p


def batch_faults(v):
    key = v["key"]
    keys = {key["gateway"]: (bytes.fromhex(key["public"]), key.get("cutoff"))}
    try:
        batch, passages = read_batch(bytes.fromhex(v["raw"]), keys, v["now_ms"])
    except Refused as refusal:
        return [] if str(refusal) == v["expect"] else [f"{v['name']}: {refusal}, want {v['expect']}"]
    if v["expect"] != "ok" or batch != v["batch"] or passages != v.get("passages", passages):
        return [f"{v['name']}: accepted as {batch} with {passages[:3]}, want {v['expect']}"]
    return []


def conflict_faults(v):
    reports = v["passages"] or []
    want = [(reports[c.pop("first")], reports[c.pop("second")], c) for c in v["conflicts"]]
    got = list(conflicts(reports[::-1], v["window_ms"]))
    return [] if got == want else [f"{v['name']}: {got}, want {want}"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    done, faults = 0, []
    for name, run in ("batches", batch_faults), ("conflicts", conflict_faults):
        with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
            for vector in json.load(file):
                done, faults = done + 1, faults + run(vector)
    sys.exit("\n".join(faults) if faults or not done else print(f"{done} vectors: every answer is as expected"))
