#!/usr/bin/env python3
"""Compares docs/examples/verify.py with a running gateway: both check genuine and altered codes of the demo's passengers.

usage: demo.py DEMO [SECONDS]    DEMO is the built cmd/demo; SECONDS is the duration of the comparison (default 75)

The demo prints the issuer's key. The exit status is 1 if an answer differs.
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"))
import verify  # noqa: E402

UP = 120  # seconds for the start of the demo on a busy machine
STEPS = 4  # steps of a session whose codes are compared
FAULTY = 12  # codes with random faults, for each phone and round


def call(method, url, token, body=None, data=None):
    if body is not None:
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data)
    request.add_header("Content-Type", "application/json" if body is not None else "text/plain")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    for retries in range(60, -1, -1):
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            if problem.code not in (429, 503) or retries == 0:  # a busy machine: try again
                raise
        time.sleep(0.5)


def write_text(wire):
    """Section 3."""
    text = "RG1:"
    for i in range(0, 125, 2):
        value, places = int.from_bytes(wire[i:i + 2], "big"), len(wire[i:i + 2]) + 1
        text += "".join(chr(verify.ALPHABET[value // 45**place % 45]) for place in range(places))
    return text


class Passenger:
    """A phone. In anchor mode it stores the seed; in hosted mode the issuer does."""

    def __init__(self, issuer, n, mode):
        digits = f"110105190001{1 + n % 28:02d}{n:03d}"
        check = sum(int(d) * w for d, w in zip(digits, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11
        form = {"name": "测试旅客", "document_type": "resident_id", "document_number": digits + "10X98765432"[check], "city": "北京",
                "location": {"latitude": 39.865, "longitude": 116.378}, "policy": call("GET", issuer + "/v1/privacy-policy", None)["version"]}
        applied = call("POST", issuer + "/v1/applications", None, form)
        path, self.access = f"{issuer}/v1/applications/{applied['application']}", applied["access_token"]
        face = call("POST", path + "/checks", self.access, {"evidence": "sandbox:pass"})
        self.serial = face["application"]["serial"]
        opening = {"check": face["check"], "mode": mode}
        if mode == "anchor":
            opening["anchor"] = self.draw()
        opened = call("POST", path + "/sessions", self.access, opening)
        if mode == "anchor":
            self.signed = bytes.fromhex(opened["pass"])
        else:
            self.code = f"{issuer}/v1/sessions/{opened['session']}/code"

    def draw(self):
        """Sections 1 and 6: the links of 30 steps from a new seed; returns the anchor."""
        day, index = map(int, self.serial.split("-"))
        links = [secrets.token_bytes(16)]
        for step in range(29, -1, -1):
            hashed = b"railgate/link/v1" + day.to_bytes(2, "big") + index.to_bytes(4, "big") + bytes([step]) + links[0]
            links.insert(0, hashlib.sha256(hashed).digest()[:16])
        self.links = links[1:]
        return links[0].hex()

    def wire(self, step):
        return self.signed + bytes([step]) + self.links[step]

    def hosted(self):
        return call("GET", self.code, self.access)["text"]


def altered(wire):
    """Yields altered texts of the code, which every gate must refuse."""
    def flipped(offset, by=1):
        return write_text(wire[:offset] + bytes([wire[offset] ^ by]) + wire[offset + 1:])
    text = write_text(wire)
    for offset in (1, 5, 9, 20, 24, 25, 26, 27, 28, 43, 44, 75, 76, 107, 108, 109, 124):
        yield flipped(offset)
    yield flipped(107, 0x80)
    yield from (text + "\n", text.lower(), "]Q1" + text, "RG2:" + text[4:], "RG\u0662:" + text[4:], text[:-1], text + "0", text + "\0")


def with_fault(random, wire):
    """Returns a text with a random fault in its bytes, or in its characters."""
    if random.random() < 0.7:
        i = random.randrange(1, 125)
        return write_text(wire[:i] + bytes([random.randrange(256)]) + wire[i + 1:])
    text, i = write_text(wire), random.randrange(192)
    return text[:i] + random.choice(["", "0", " ", ":", "a", "\u0663", "\0", text[i] * 2, chr(random.randrange(32, 127))]) + text[i + 1:]


class Comparison:
    def __init__(self, target, keys):
        self.target, self.reasons, self.faults = target, collections.Counter(), []
        self.gate = verify.Gate(keys, set(), {}, set())

    def scan(self, text):
        """Returns the gateway's verdict, and the reasons of verify.py for the seconds of the request."""
        before = int(time.time())
        verdict = call("POST", self.target["gateway"] + "/v1/check?scope=entry", self.target["device"], data=text.encode())
        seconds = range(before, int(time.time()) + 1)
        return verdict, [verify.answer(verify.read_text, text.encode(), now, "entry", self.gate) for now in seconds]

    def check(self, text):
        """Records a fault unless gateway and verify.py give the same answer."""
        verdict, own = self.scan(text)
        agree = [code for reason, code in own if reason == verdict["reason"]]
        if not agree:
            self.faults.append(f"the gateway says {verdict['reason']}, verify.py {own[0][0]}: {text!r}")
        elif agree[0] and (f"{agree[0].day}-{agree[0].index}", agree[0].subject.hex()) != (verdict["serial"], verdict["subject"]):
            self.faults.append(f"another serial or subject: {text!r}")
        self.reasons[verdict["reason"]] += 1


def compare(target, keys, seconds):
    c = Comparison(target, keys)
    phones = [Passenger(target["issuer"], 300 + n, "anchor") for n in range(2)]
    screens = [Passenger(target["issuer"], 310 + n, "hosted") for n in range(2)]
    for p in phones:
        for text in altered(p.wire(0)):
            c.check(text)
    until = time.monotonic() + seconds
    while True:
        for p in phones:
            for step in range(STEPS):
                c.check(write_text(p.wire(step)))
            for _ in range(FAULTY):
                c.check(with_fault(random, p.wire(random.randrange(2))))
        for p in screens:
            c.check(p.hosted())
        left = until - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(5, left))
    revoke(c, screens[0])
    return c


def revoke(c, passenger):
    """Revocations are only in the control stream: without it verify.py answers ok, with it revoked."""
    code = passenger.hosted()
    call("POST", f"{c.target['issuer']}/v1/credentials/{passenger.serial}/revoke", c.target["staff"], {"reason": "lost_phone"})
    bound = time.monotonic() + 30
    while True:
        verdict, own = c.scan(code)
        if verdict["reason"] != "ok" or time.monotonic() > bound:
            break
        time.sleep(0.1)
    c.gate.revoked.add(passenger.serial)
    after = c.scan(code)[1]
    if (verdict["reason"], own[0][0], after[0][0]) != ("revoked", "ok", "revoked"):
        c.faults.append(f"a revoked code: the gateway {verdict['reason']}, verify.py {own[0][0]}, and {after[0][0]} with the revocation")
    c.reasons[verdict["reason"]] += 1


def start(demo, scratch):
    """Starts the demo. Returns its process, its target file and its issuer's keys."""
    out = pathlib.Path(scratch, "out")
    with open(out, "wb") as file:
        free = [flag for name in ("gateway", "gateway-admin", "issuer", "issuer-admin") for flag in ("-" + name, "127.0.0.1:0")]
        process = subprocess.Popen([demo, "-serve", "-no-story", *free], stdout=file, stderr=subprocess.STDOUT, env=os.environ | {"TMPDIR": scratch})
    bound = time.monotonic() + UP
    while "railgate is up" not in out.read_text() or "verify.py" not in out.read_text():
        if process.poll() is not None or time.monotonic() > bound:
            process.kill()
            sys.exit("demo.py: the demo did not start\n" + out.read_text())
        time.sleep(0.2)
    time.sleep(0.5)  # the remaining lines
    found = re.findall(r" (\d+)=([0-9a-f]{64})\b", out.read_text())
    target, = pathlib.Path(scratch).glob("railgate-demo-*/target.json")
    return process, json.loads(target.read_text()), {int(n): verify.Key(bytes.fromhex(k), None, set()) for n, k in found}


def main(demo, seconds=75):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("demo.py: out of time"))
    with tempfile.TemporaryDirectory() as scratch:
        process, target, keys = start(demo, scratch)
        try:
            c = compare(target, keys, float(seconds))
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
    print(f"demo: {c.reasons.total()} codes checked by the gateway and by verify.py: " + ", ".join(f"{n} {r}" for r, n in sorted(c.reasons.items())))
    missing = {"ok", "malformed", "unsupported_version", "unknown_key", "code_ahead", "link_mismatch", "bad_signature", "revoked"} - set(c.reasons)
    if missing:
        c.faults.append(f"no code had the reason {', '.join(sorted(missing))}: the comparison is incomplete")
    if c.faults:
        printed = " ".join(f"{n}={k.public.hex()}" for n, k in keys.items())
        sys.exit("\n".join(c.faults) + f"\nthe keys: {printed}")


if __name__ == "__main__":
    main(*sys.argv[1:])
