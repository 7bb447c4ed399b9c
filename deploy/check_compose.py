"""Checks rules of compose.yaml that a schema cannot express; prints one line per fault and exits 1 if there is one.

Further files are merged into the first, as `docker compose -f FILE -f FILE` does.

The rules: every name refers to a declaration and every declaration is used; every service has this project's
hardening; foreign images are named by digest; no gateway reaches the issuer or its database over a network, or has the
secret of another gateway. It does not check that the containers start: that needs a container engine.
"""

import re
import sys

from ruamel.yaml import YAML

DECLARED = ("networks", "volumes", "configs", "secrets")


def used(service, kind):
    """Yields the names of one kind that a service uses; long forms have the name in "source"."""
    for entry in service.get(kind) or ():
        if isinstance(entry, dict):
            if kind != "volumes" or entry.get("type") == "volume":
                yield entry.get("source")
        elif kind != "volumes":
            yield entry
        elif not entry.startswith((".", "/", "~")):
            yield entry.split(":")[0]


def references(compose):
    services = compose["services"]
    for kind in DECLARED:
        declared = set(compose.get(kind) or ())
        names = {name: service for service, body in services.items() for name in used(body, kind)}
        for name in names.keys() - declared:
            yield f"{names[name]}: {kind} has no {name}"
        for name in declared - names.keys():
            yield f"{kind}: {name} is declared and not used"
    for name, service in services.items():
        for other, terms in (service.get("depends_on") or {}).items():
            if other not in services:
                yield f"{name}: depends on {other}, which is not a service"
            elif terms["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                yield f"{name}: waits for {other}, which has no healthcheck"


def hardening(compose):
    for name, service in compose["services"].items():
        if service.get("read_only") is not True:
            yield f"{name}: read_only is not true"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add") or service.get("privileged"):
            yield f"{name}: must drop all capabilities and add none"
        if "no-new-privileges:true" not in service.get("security_opt", ()):
            yield f"{name}: security_opt lacks no-new-privileges:true"
        for key in ("mem_limit", "pids_limit", "healthcheck", "restart", "stop_grace_period"):
            if not service.get(key):
                yield f"{name}: {key} is missing"
        for port in service.get("ports", ()):
            if str(port).split(":")[-1].startswith("90"):
                yield f"{name}: publishes an admin port: {port}"


def digests(compose):
    for name, service in compose["services"].items():
        if "build" not in service and not re.search(r":[^@]+@sha256:[0-9a-f]{64}$", service.get("image", "")):
            yield f"{name}: the image has no tag and digest: {service.get('image')}"


def separation(compose):
    services = compose["services"]
    for gateway in (name for name in services if name.startswith("gateway")):
        for other in ("issuer", "postgres"):
            for network in set(used(services[gateway], "networks")) & set(used(services[other], "networks")):
                yield f"{gateway}: shares the network {network} with {other}"
        for secret in used(services[gateway], "secrets"):
            if secret != f"{gateway}-key":
                yield f"{gateway}: has the secret {secret}; its only secret is its own key"


def merged(value, other):
    """Returns value with the other file's content: mappings are merged, lists joined, other values replaced."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {**value, **{key: merged(value[key], o) if key in value else o for key, o in other.items()}}
    return value + other if isinstance(value, list) and isinstance(other, list) else other


def main(path, *further):
    compose = {}
    for name in (path, *further):
        with open(name, encoding="utf-8") as file:
            compose = merged(compose, YAML(typ="safe").load(file))
    faults = [*references(compose), *hardening(compose), *digests(compose), *separation(compose)]
    for fault in faults:
        print(f"{(path, *further)[-1]}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
