#!/usr/bin/env python3
"""A day at a ticket window over HTTP, with Python's standard library only.

A passenger registers, buys tickets, loses the ID card and shows a code. The window sells,
changes and refunds for a passenger who has only this code. A ticketing system gets the
account with a one-time code and finds the ticket for a gate's verdict by the subject.

Environment: ISSUER and GATE, base URLs; WINDOW, TICKETING and DEVICE, credentials;
TICKETING_NAME, the name of the ticketing system's credential; NUMBER, the resident ID
number of a test person. The issuer must use the sandbox for face checks.
"""
import base64
import hashlib
import json
import os
import secrets
import sys
import urllib.error
import urllib.request

ISSUER, GATE = os.environ["ISSUER"], os.environ["GATE"]
WINDOW, TICKETING, DEVICE = os.environ["WINDOW"], os.environ["TICKETING"], os.environ["DEVICE"]
NAME, NUMBER = "测试甲", os.environ["NUMBER"]


def call(method, path, token="", body=None, expect=(200, 201, 204)):
    """Sends one request to the issuer. Exits if the status is not expected."""
    request = urllib.request.Request(ISSUER + path, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        status, text = problem.code, problem.read()
    if status not in expect:
        sys.exit(f"{method} {path}: {status} {text.decode()}")
    return json.loads(text) if text else {}


def scan(code, scope):
    """Returns a gate's verdict on a code."""
    request = urllib.request.Request(f"{GATE}/v1/check?scope={scope}", data=code.encode(), method="POST")
    request.add_header("Authorization", "Bearer " + DEVICE)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, want {want!r}")
    print(f"  {what}: {got}")


print("The passenger registers, and the window verifies the identity with the original document.")
policy = call("GET", "/v1/privacy-policy")["version"]
login_name, password = "windowday_" + secrets.token_hex(4), "correct horse 蓝色"
identity = {"name": NAME, "document_type": "resident_id", "document_number": NUMBER}
account = call("POST", "/v1/accounts", body={
    **identity, "login_name": login_name, "password": password, "policy": policy, "phone": "13800000001"})["account"]
login = call("POST", "/v1/logins", body={"login_name": login_name, "password": password})["token"]
holder = {"account": account, "passenger": "holder"}
seen = call("POST", "/v1/counter/looks", WINDOW, holder)
verified = call("POST", "/v1/counter/verifications", WINDOW, {
    **holder, "version": seen["version"], "original": True, "in_date": True, "readable": True, "matches": True})
expect("status", verified["status"], "verified")

print("The ticketing system gets the account with a one-time code, for its own session with the passenger.")
verifier = secrets.token_urlsafe(48)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
code = call("POST", "/v1/account/codes", login, {"client": os.environ["TICKETING_NAME"], "challenge": challenge})["code"]
redeemed = call("POST", "/v1/account-codes", TICKETING, {"code": code, "verifier": verifier})["account"]
expect("the account", redeemed == account, True)
call("POST", "/v1/account-codes", TICKETING, {"code": code, "verifier": verifier}, expect=(404,))
print("  a second redemption is refused")

print("The ID card is lost. The passenger applies, passes the face check and shows a code.")
application = call("POST", "/v1/applications", login, {**identity, "policy": policy, "city": "北京", "location": {"latitude": 39.9, "longitude": 116.4}})["application"]
check = call("POST", f"/v1/applications/{application}/checks", login, {"evidence": "sandbox:pass"})["check"]
session = call("POST", f"/v1/applications/{application}/sessions", login, {"check": check, "mode": "hosted"})["session"]


def shown():
    """Returns the code on the passenger's screen, the only document at the window."""
    return call("GET", f"/v1/sessions/{session}/code", login)


now = shown()["server_time_ms"] // 1000


def ticket(reference, hours, train, seat):
    departs = now + hours * 3600
    return {"reference": reference, "ends_at": departs + 6 * 3600, "journey": {
        "train": train, "from": "北京南", "to": "上海虹桥", "departs_at": departs, "arrives_at": departs + 5 * 3600, "coach": "05", "seat": seat}}


def identify(purpose):
    return call("POST", "/v1/identifications", WINDOW, {"code": shown()["text"], "purpose": purpose})


def report(event):
    call("POST", "/v1/tickets", TICKETING, event)


order = "W" + secrets.token_hex(4)
print("Sale: the window gets the name and the account to book for; the ticketing system reports the sale.")
who = identify("sale")
expect("name", who["name"], NAME)
expect("number", who["document_number_masked"], NUMBER[:4] + "**********" + NUMBER[14:])
expect("tickets", len(who["bookings"]), 0)
if not call("POST", "/v1/decisions", TICKETING, {"kind": "buy", "account": account, "for": ["holder", "holder"]})["allowed"]:
    sys.exit("the rules do not allow the purchase")
report({"kind": "bought", "account": account, "order": order, "issued": [
    {**ticket(order + ":1", 24, "G101", "12F"), "passenger": "holder"}, {**ticket(order + ":2", 48, "G103", "03A"), "passenger": "holder"}]})

print("Change: the window gets the person's tickets and checks whether the change is allowed.")
booked = identify("change")["bookings"]
expect("tickets", [(b["reference"], b["state"], b["journey"]["train"]) for b in booked], [(order + ":1", "valid", "G101"), (order + ":2", "valid", "G103")])
may = call("POST", "/v1/counter/services", WINDOW, {"ticket": booked[0]["reference"], "service": "change", "order": order, "original": True}, expect=(200, 400))
if "allowed" not in may:  # an issuer without the fields order and original
    may = call("POST", "/v1/counter/services", WINDOW, {"ticket": booked[0]["reference"], "service": "change"})
expect("allowed", may["allowed"], True)
report({"kind": "changed", "order": order, "ticket": order + ":1", "issued": [ticket(order + ":3", 26, "G105", "07C")]})

print("Refund: the train of the other ticket is cancelled.")
report({"kind": "cancelled", "ticket": order + ":2"})
states = {b["reference"]: b["state"] for b in identify("refund")["bookings"]}
expect("the cancelled ticket", states[order + ":2"], "cancelled")
report({"kind": "refunded", "ticket": order + ":2"})
states = {b["reference"]: b["state"] for b in identify("verify")["bookings"]}
expect("at the end", states, {order + ":1": "changed", order + ":2": "refunded", order + ":3": "valid"})

print("The gate: its verdict contains the subject, and the ticketing system finds the ticket by it.")
verdict = scan(shown()["text"], "entry")
expect("verdict", verdict["verdict"], "allow")
day = int(verdict["serial"].split("-")[0])
tickets = {}
for d in (day, day - 1):  # credentials of one day of travel: issued on that day or the day before
    answer = call("POST", "/v1/subjects", TICKETING, {"day": d, "persons": [{"document_type": "resident_id", "document_number": NUMBER}]})
    tickets[answer["subjects"][0]] = order + ":3"
expect("the passenger's ticket", tickets.get(verdict["subject"]), order + ":3")

print("A bad code identifies no person.")
refused = call("POST", "/v1/identifications", WINDOW, {"code": "https://example.com/menu", "purpose": "verify"}, expect=(422,))
expect("reason", refused["reason"], "malformed")
print("done")
