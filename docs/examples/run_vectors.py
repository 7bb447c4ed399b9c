#!/usr/bin/env python3
"""Runs the test vectors of tokens/testdata/vectors with verify.py.

usage: run_vectors.py VECTOR.json...    exit status 1 if an answer differs from the vector
"""
import json
import sys

import verify


def gate(vector):
    keys = {k["id"]: verify.Key(bytes.fromhex(k["public"]), k.get("cut_off"), set(k.get("exempt", []))) for k in vector["keys"]}
    subjects = {s["subject"]: s["earliest_start"] for s in vector.get("subject_cut_offs", [])}
    closed = {(s["serial"], s["start"]) for s in vector.get("closed_sessions", [])}
    return verify.Gate(keys, set(vector.get("revoked", [])), subjects, closed)


def differences(vector, verifier=verify):
    """Yields the differences between the verifier's answers and the vector."""
    inputs = [(verifier.read_text, vector["text"].encode())] if "text" in vector else []
    inputs += [(bytes, bytes.fromhex(vector["wire"]))] if "wire" in vector else []
    want = vector["expect"]["reason"]
    for read, code in inputs:
        reason, fields = verifier.answer(read, code, vector["now"], vector["scope"], gate(vector))
        if reason != want:
            yield f"{vector['name']}: {reason}, want {want}"
        for name, value in vector.get("fields", {}).items() if fields else ():
            got = getattr(fields, name)
            if isinstance(got, bytes):
                got = got.hex()
            if name == "scopes":
                got = [scope for bit, scope in enumerate(verify.SCOPES) if got >> bit & 1]
            if got != value:
                yield f"{vector['name']}: {name} is {got}, want {value}"


def load(paths):
    for path in paths:
        with open(path, encoding="utf-8") as file:
            yield json.load(file)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("no vectors: name their files, such as tokens/testdata/vectors/*.json")
    faults = [fault for vector in load(sys.argv[1:]) for fault in differences(vector)]
    sys.exit("\n".join(faults) if faults else print(f"{len(sys.argv) - 1} vectors: every answer is as expected"))
