"""Adds to generated requests what a generator cannot invent: credentials, and IDs of existing objects.

Three of four requests get the required kind of credential. Every second request gets an existing ID.
"""

import atexit
import collections
import itertools
import json
import os
import urllib.error
import urllib.request

import schemathesis

with open(os.environ["RAILGATE_TARGET"], encoding="utf-8") as file:
    TARGET = json.load(file)
LOGINS = 6  # made first: wrong passwords of later requests lock the login name for a while
PASSWORD = "correct horse battery staple 12306"
turn = itertools.count()


def call(method, path, body=None, token=None):
    request = urllib.request.Request(TARGET["issuer"] + path, method=method, data=json.dumps(body).encode() if body is not None else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Passenger:
    """A person with an account, a login, an approved application and a session."""

    def __init__(self, n):
        digits = f"110105190001{1 + n % 28:02d}{n:03d}"
        check = sum(int(d) * w for d, w in zip(digits, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11
        self.person = {"name": "测试旅客", "document_type": "resident_id", "document_number": digits + "10X98765432"[check]}
        self.login_name = f"schemathesis_{n}"
        policy = call("GET", "/v1/privacy-policy")["version"]
        applied = call("POST", "/v1/applications", self.person | {"city": "北京", "location": {"latitude": 39.865, "longitude": 116.378},
                                                                  "policy": policy})
        self.application, self.access = applied["application"], applied["access_token"]
        checked = call("POST", f"/v1/applications/{self.application}/checks", {"evidence": "sandbox:pass"}, self.access)
        self.serial = checked["application"]["serial"]
        opened = call("POST", f"/v1/applications/{self.application}/sessions", {"check": checked["check"], "mode": "hosted"}, self.access)
        self.session = opened["session"]
        call("POST", "/v1/accounts", self.person | {"login_name": self.login_name, "password": PASSWORD, "phone": "13800000001",
                                                     "policy": policy})
        self.logins = [self.log_in() for _ in range(LOGINS)]

    def log_in(self):
        return call("POST", "/v1/logins", {"login_name": self.login_name, "password": PASSWORD})["token"]

    def token(self, kind):
        if kind == "access":
            return self.access
        return self.logins[-1] if self.logins else None


passenger = None
wait_until = 0  # number of the request that may create the next passenger
people = itertools.count(411)


statuses_of = collections.defaultdict(collections.Counter)  # statuses by operation


@schemathesis.hook
def after_call(ctx, case, response):
    if case.method.upper() == case.operation.method.upper():
        statuses_of[case.operation.label][response.status_code] += 1
    global passenger
    if passenger is None or response.status_code >= 300:
        return
    path, method = case.operation.path, case.operation.method.upper()
    if path == "/v1/logins" and method == "DELETE":
        passenger.logins = []
    elif path == "/v1/logins/current" and passenger.logins:
        passenger.logins.pop()
    elif path.endswith("/leave") or path == "/v1/account/close" and method == "POST":
        passenger = None  # the next request creates another


@atexit.register
def write_statuses():
    """Writes the statuses of each operation: generated requests that all fail would prove nothing."""
    if os.environ.get("RAILGATE_STATUSES"):
        with open(os.environ["RAILGATE_STATUSES"], "w", encoding="utf-8") as file:
            successful = sum(1 for statuses in statuses_of.values() if any(status < 300 for status in statuses))
            file.write(f"{successful}\n")
            for label, statuses in sorted(statuses_of.items()):
                file.write(f"{label}: {dict(sorted(statuses.items()))}\n")


@schemathesis.hook
def before_call(ctx, case, kwargs):
    global passenger, wait_until
    n = next(turn)
    if passenger is None and os.environ["RAILGATE_API"] == "issuer" and n >= wait_until:
        try:
            passenger = Passenger(next(people))
        except urllib.error.HTTPError:
            wait_until = n + 50  # creation is throttled: the next requests use no passenger
    path = case.operation.path
    kinds = [kind for scheme in case.operation.definition.raw.get("security", []) for kind in scheme]
    if kinds and n % 4 != 3:
        kind = kinds[n % len(kinds)]
        token = TARGET.get(kind) or passenger and passenger.token(kind)
        if token:
            case.headers["Authorization"] = "Bearer " + token
    if passenger and n % 2 == 0 and case.path_parameters:
        if "{serial}" in path:
            case.path_parameters["serial"] = passenger.serial
        elif path.startswith("/v1/applications/"):
            case.path_parameters["id"] = passenger.application
        elif path.startswith("/v1/sessions/"):
            case.path_parameters["id"] = passenger.session
