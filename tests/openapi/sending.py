"""The published request examples, sent to a cloud of our own: adapted by rules, with what they need made first.

An example is sent as published, in a cloud where everything it names was made: in our subscription and one region, names
that its type's rules refuse spelled so that they fit. Where that is refused it is sent once more in the world of the type's
own example (``tests/types/examples``): at that id, and with that example's ids at the places of the example's own.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cloister.arm.ids import IdError, key, parse
from cloister.arm.resource import ResourceType
from cloister.providers import TYPES
from tests.control.fake_cloud import SUBSCRIPTION
from tests.openapi.specs import Operation, all_operations
from tests.openapi.sync_cloud import Reply, SyncCloud
from tests.templates.making import EXAMPLES, NETWORKS, SUBNETS, WIDE, Maker, example
from tests.templates.needs import KNOWN, resource_of

REGION = "eastus2"
_REGION_MEMBERS = ("location", "computelocation")
_SUBSCRIPTION = re.compile(r"^/?subscriptions/[^/]+", re.IGNORECASE)
_GROUP = re.compile(r"^/subscriptions/([^/]+)/resourceGroups/([^/]+)", re.IGNORECASE)
_BRACED = re.compile(r"\{([^}]+)\}")
_IDENTITY = "/subscriptions/x/resourceGroups/g1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
"""Stands for a user assigned identity that an example names by a word."""
_EXAMPLES_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True)
class Sendable:
    """A published example as a request about ``kind``.

    ``place`` is the resource it is about, "" for none; ``collection`` the path of a listing, "" for anything else.
    """

    operation: Operation
    name: str
    kind: ResourceType
    path: str
    place: str
    collection: str
    body: Any
    query: dict[str, str]


def sendables() -> Iterator[tuple[Sendable, dict[str, Any]]]:
    """Every published example about a type of ours, with its published responses."""
    for operation in all_operations():
        for name, given in operation.examples():
            if (one := sendable(operation, name, given)) is not None:
                yield one, given["responses"]


def sendable(operation: Operation, name: str, given: dict[str, Any]) -> Sendable | None:
    """The example as a request to us; None where it is about no type of ours."""
    values = {member.lower(): value for member, value in given["parameters"].items()}
    values["subscriptionid"] = SUBSCRIPTION
    path = "/" + _BRACED.sub(lambda m: str(values.get(m[1].lower(), m[1])).strip("/"), operation.path).strip("/")
    path = _fitting(path)
    parts = path.split("/")
    first = max((n for n, part in enumerate(parts) if part.lower() == "providers"), default=0)
    rest = parts[first + 1 :]
    body = ours(copy.deepcopy(values.get(operation.body_name.lower()))) if operation.body_name else None
    query = {one: str(values[one.lower()]) for one in operation.query_names() if one.lower() in values and one != "api-version"}
    one = Sendable(operation, name, TYPES[0], path, "", "", body, query)
    if not first or [part.lower() for part in rest[:2]] == ["microsoft.resources", "tags"]:
        return _of_no_type(one)
    if len(rest) < 2:
        return None
    whole, above = "/".join([rest[0], *rest[1::2]]), "/".join([rest[0], *rest[1:-1:2]])
    if whole.lower() in KNOWN and operation.method != "post":
        kind = KNOWN[whole.lower()]
        if len(rest) % 2 == 0:
            return replace(one, kind=kind, collection=path)
        if operation.method == "put" and kind.location == "regional" and isinstance(body, dict):
            body.setdefault("location", REGION)
        return replace(one, kind=kind, place=path)
    if len(rest) % 2 == 0 and above.lower() in KNOWN and (operation.method == "post" or _reads(KNOWN[above.lower()], rest[-1])):
        return replace(one, kind=KNOWN[above.lower()], place=path.rsplit("/", 1)[0])
    for kind in TYPES:
        if kind.name.split("/")[0].lower() == rest[0].lower() and rest[-1].lower() in map(str.lower, kind.scope_actions):
            return replace(one, kind=kind)
    return None


def _of_no_type(one: Sendable) -> Sendable | None:
    """What Resource Manager answers for itself: subscriptions, groups, tags, listings."""
    if not re.match(r"/(subscriptions|tenants)\b", one.path):
        return None
    is_group = re.fullmatch(r"/subscriptions/[^/]+/resourceGroups/[^/]+", one.path, re.IGNORECASE)
    kind = KNOWN["microsoft.resources/resourcegroups" if is_group else "microsoft.resources/subscriptions"]
    return replace(one, kind=kind, place=one.path if is_group else "")


def _reads(kind: ResourceType, name: str) -> bool:
    return any(action.method == "GET" and name.lower() == one.lower() for one, action in kind.actions.items())


def ours(value: Any, member: str = "") -> Any:
    """``value`` in our subscription and region; ids without their leading slash get it."""
    if isinstance(value, dict):
        if member == "userassignedidentities":
            value = {name if name.startswith("/") else _IDENTITY: {} for name in value}
        return {_fitting(name): ours(item, name.lower()) for name, item in value.items()}
    if isinstance(value, list):
        return [ours(item) for item in value]
    if isinstance(value, str):
        return REGION if member in _REGION_MEMBERS and value.lower() != "global" else _fitting(value)
    return value


def _fitting(text: str) -> str:
    """An id moved into our subscription, with names that its types allow; any other text as it is."""
    if not _SUBSCRIPTION.match(text):
        return text
    parts = _SUBSCRIPTION.sub(f"/subscriptions/{SUBSCRIPTION}", text).split("/")
    named = [n for n, part in enumerate(parts) if part.lower() == "providers"]
    for first in named:
        for n in range(first + 3, len(parts), 2):
            kind = KNOWN.get("/".join([parts[first + 1], *parts[first + 2 : n : 2]]).lower())
            pattern = (kind.name_pattern if kind else "") or r"[^{}<>]+"
            if not re.fullmatch(pattern, parts[n]):
                parts[n] = re.sub(r"[^a-z0-9]", "", parts[n].lower()) or "x"
    return "/".join(parts)


class WorldMaker(Maker):
    """Networks do not overlap, since some are to be peered; any service may stand in a subnet."""

    def __init__(self, cloud: SyncCloud):
        super().__init__(cloud.ask)
        self._networks = 0

    def _body(self, model: dict[str, Any], id: str) -> dict[str, Any]:
        body = super()._body(model, id)
        if parse(id).type.lower() == NETWORKS:
            body["properties"]["addressSpace"]["addressPrefixes"] = [WIDE[self._networks % len(WIDE)]]
            self._networks += 1
        body.get("properties", {}).pop("dnsSettings", None)  # its label is one in the region, and several may be made
        if parse(id).type.lower() == SUBNETS:
            body["properties"]["privateLinkServiceNetworkPolicies"] = "Disabled"
        return body

    def make_group(self, path: str) -> None:
        """The group that a path stands in."""
        if found := _GROUP.match(path):
            self._group(found[1], found[2])

    def make_named(self, one: Sendable) -> None:
        """What the body names, unless it lies inside the resource itself."""
        for text in ids_in(one.body):
            found = resource_of(text)
            if found is not None and not (one.place and key(found.text).startswith(key(one.place))):
                self.make(found.text)


def send(one: Sendable) -> tuple[Reply, Sendable]:
    """The answer, and the request as it was sent in the end."""
    is_given = (one.kind.amend is not None or one.kind.listing is not None) and model_of(one.kind) is not None
    if not is_given:
        with SyncCloud() as cloud:
            _prepare(cloud, one)
            answer = _ask(cloud, one)
        if answer.ok or answer.code == "InvalidResourceType" or model_of(one.kind) is None:
            return answer, one
        if (other := _of_another(one)) is not None:
            return other, one
    with SyncCloud() as cloud:
        there = _in_own_world(cloud, one)
        WorldMaker(cloud).make_named(there)
        second = _ask(cloud, there)
        return (second, there) if is_given or second.ok else (answer, one)


def _of_another(one: Sendable) -> Reply | None:
    """An action's answer on the first resource that it fits, each made by another of the published PUTs; None: on none."""
    if one.operation.method != "post" or not one.place:
        return None
    for n in range(1, len(puts_of(one.kind.name, one.operation.version))):
        with SyncCloud() as cloud:
            _prepare(cloud, one, n)
            if (answer := _ask(cloud, one)).ok:
                return answer
    return None


def _ask(cloud: SyncCloud, one: Sendable) -> Reply:
    return cloud.ask(one.operation.method.upper(), one.path, one.body, one.operation.version, one.query)


def _prepare(cloud: SyncCloud, one: Sendable, skipped: int = 0) -> None:
    """All that the request needs, by the names that it has; what it is about as a later published PUT makes it."""
    maker = WorldMaker(cloud)
    maker.make_group(one.path)
    maker.make_named(one)
    if one.collection:
        model, above = model_of(one.kind), parse_or_none(one.collection.rsplit("/", 1)[0])
        if above is not None and above.provider:
            maker.make(above.text)
        if _GROUP.match(one.collection) and model is not None:
            _make(cloud, maker, f"{one.collection}/{model['id'].rsplit('/', 1)[-1]}", one)
    elif one.place and one.operation.method == "put":
        wanted = parse_or_none(one.place)
        if wanted is not None and wanted.parent is not None and len(wanted.names) > 1:
            maker.make(wanted.parent.text)
        if wanted is not None and wanted.parent_scope:
            maker.make(wanted.parent_scope)
    elif one.place:
        _make(cloud, maker, one.place, one, skipped)


def _make(cloud: SyncCloud, maker: WorldMaker, id: str, one: Sendable, skipped: int = 0) -> None:
    """The resource as a published PUT of the same description makes it, or as the type's own example."""
    wanted = parse_or_none(id)
    if wanted is None or model_of(one.kind) is None:
        return
    if len(wanted.names) > 1 and wanted.parent is not None:
        maker.make(wanted.parent.text)
    if wanted.parent_scope:
        maker.make(wanted.parent_scope)
    for put in puts_of(one.kind.name, one.operation.version)[skipped:]:
        body = json.loads(json.dumps(put.body).replace(put.place, id))
        maker.make_named(replace(put, body=body, place=id))
        if cloud.ask("PUT", id, body, put.operation.version).ok:
            return
    maker.make(id)


@cache
def puts_of(type_name: str, version: str) -> tuple[Sendable, ...]:
    """The published PUTs of a type and version, in the description's order."""
    found = []
    for operation in all_operations():
        if operation.method == "put" and operation.version == version:
            for name, given in operation.examples():
                one = sendable(operation, name, given)
                if one is not None and one.kind.name == type_name and one.place == one.path:
                    found.append(one)
    return tuple(found)


def parse_or_none(text: str) -> Any:
    """The id, or None for what is none."""
    try:
        return parse(text)
    except IdError:
        return None


def model_of(kind: ResourceType) -> dict[str, Any] | None:
    """The type's own example in our subscription."""
    if not (EXAMPLES / f"{kind.name.replace('/', '.')}.json").exists():
        return None
    return json.loads(example(kind.name).replace(_EXAMPLES_SUBSCRIPTION, SUBSCRIPTION))


def own_world(cloud: SyncCloud, kind: ResourceType) -> dict[str, Any]:
    """Make what the type's own example needs; the example, with the id that the server chose where it says ``*``."""
    model = model_of(kind)
    assert model is not None
    cloud.ask("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g1", {"location": REGION}, "2022-09-01")
    for need in model.get("needs", ()):
        cloud.ask("PUT", need["id"], need["body"], need["api_version"])
    if model.get("derived"):
        rows = [row.id for row in cloud.cloud.engine.view().of_type(kind.name)]
        model["id"] = next(id for id in rows if fnmatch.fnmatch(id.lower(), model["id"].lower()))
    return model


def _in_own_world(cloud: SyncCloud, one: Sendable) -> Sendable:
    """The request about the type's own example, which is made unless the request makes it."""
    model = own_world(cloud, one.kind)
    id = model["id"]
    if one.operation.method != "put" and model.get("body") is not None:
        cloud.ask("PUT", id, model["body"], model["api_version"])
    body = _merged(one.body, model.get("body"))
    if one.collection:
        collection = id.rsplit("/", 1)[0] if _GROUP.match(one.collection) else one.collection
        return replace(one, path=collection, collection=collection, body=body)
    return replace(one, path=id + one.path[len(one.place) :], place=id, body=body)


def _merged(body: Any, model: Any) -> Any:
    """``body`` with the model's ids where both have one at the same place."""
    if isinstance(body, dict) and isinstance(model, dict):
        return {name: _merged(item, model.get(name)) for name, item in body.items()}
    if isinstance(body, list) and isinstance(model, list) and model:
        return [_merged(item, model[min(n, len(model) - 1)]) for n, item in enumerate(body)]
    is_id = isinstance(body, str) and isinstance(model, str) and model.startswith("/") and body.startswith("/")
    return model if is_id else body


def ids_in(value: Any) -> list[str]:
    """Every id in a body."""
    if isinstance(value, str):
        return [value] if value.startswith("/subscriptions/") and "/providers/" in value else []
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    return [text for item in value for text in ids_in(item)] if isinstance(value, list) else []
