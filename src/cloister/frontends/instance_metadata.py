"""The metadata service of machines: /metadata/identity/oauth2/token, /metadata/instance, /metadata/versions.

The edge hands over requests that came to 169.254.169.254 in a network, with the network's namespace and the asker's address;
these say which machine asks. There is no other proof, as on Azure: what runs on the machine may use its identities.

Source: learn.microsoft.com/azure/virtual-machines/instance-metadata-service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloister.arm.identity import ManagedIdentity, identities_of
from cloister.arm.resource import Row, View
from cloister.ipc.messages import Request, Response
from cloister.providers.compute import instance_metadata

SERVICE = "metadata"
"""What the edge calls this service in a request's facts."""

VERSIONS = (
    "2017-03-01", "2017-04-02", "2017-08-01", "2017-10-01", "2017-12-01", "2018-02-01", "2018-04-02", "2018-10-01",
    "2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01",
    "2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01",
    "2021-05-01", "2021-08-01", "2021-10-01", "2021-11-01", "2021-11-15", "2021-12-13",
)  # fmt: skip
"""What /metadata/versions lists. Any date serves; all are answered in one schema."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_ROOT = ["metadata", "instance"]
_TOKEN = ["metadata", "identity", "oauth2", "token"]

Tokens = Callable[[Sequence[ManagedIdentity], Mapping[str, str], str], Response]
"""``(identities, query, who) -> answer``: the token service, see ``services.identity.managed``."""


def answer(request: Request, view: View, tokens: Tokens) -> Response:
    """Answer whatever a machine asks about itself."""
    parts = [part for part in request.path.split("/") if part]
    words = [part.lower() for part in parts]
    if request.method != "GET":
        return _error(405, f"Method not allowed. The metadata service knows GET only, not {request.method}.")
    if words == ["metadata", "versions"]:
        return _json(200, {"apiVersions": VERSIONS})
    if words != _TOKEN and words[:2] != _ROOT:
        return _error(404, f"Not found. There is no '{request.path[:200]}' here: ask for {_paths()}.")
    if not _DATE.fullmatch(request.query.get("api-version", "")):
        why = "is invalid" if request.query.get("api-version") else "was not specified in the request"
        return _json(400, {"error": f"Bad request. api-version {why}.", "newest-versions": VERSIONS[:-4:-1]})
    machine = instance_metadata.machine_at(request.facts.get("namespace", ""), request.origin.address, view)
    found = instance_metadata.virtual_machine_of(machine, view) if machine is not None else None
    if words == _TOKEN:
        return tokens(identities_of(found, view) if found is not None else (), request.query, _who(found, request))
    if found is None:
        return _error(404, f"Not found. {_who(found, request)} has no such document; run it on one's interface (--nic).")
    return _part(instance_metadata.document(found, view), parts[2:], request.query.get("format", "json").lower())


def _who(found: Row | None, request: Request) -> str:
    if found is not None:
        return f"The virtual machine '{found.name}'"
    return f"The machine at {request.origin.address} is no virtual machine (none has the network interface it runs on): it"


def _part(value: Any, keys: Sequence[str], form: str) -> Response:
    """What the rest of the path leads to; text for a leaf, or a list of names below."""
    for name in keys:
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = next((item for known, item in value.items() if known.lower() == name.lower()), None) if value else None
        if value is None or (not isinstance(value, dict | list) and name != keys[-1]):
            return _error(404, f"Not found. There is no '{'/'.join(keys)[:200]}' below /metadata/instance.")
    if form == "text":
        return Response(status=200, headers={"content-type": "text/plain; charset=utf-8"}, body=_listed(value).encode())
    if form != "json" or not isinstance(value, dict | list):
        return _error(400, "Bad request. A single value comes as text: add 'format=text'; anything else as 'json' or 'text'.")
    return _json(200, value)


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(name + "/" * isinstance(item, dict | list) for name, item in value.items())
    return "\n".join(f"{n}/" for n in range(len(value))) if isinstance(value, list) else str(value)


def _paths() -> str:
    return "/metadata/identity/oauth2/token, /metadata/instance or /metadata/versions"


def _error(status: int, text: str) -> Response:
    return _json(status, {"error": text})


def _json(status: int, found: Any) -> Response:
    return Response(status=status, headers={"content-type": "application/json; charset=utf-8"}, body=json.dumps(found).encode())
