"""Types that need no code of their own: checked by their schema and their references, kept and shown.

    TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no tunnel is built")

What is done for each of them: an id in a field marked ``ref`` must name a resource that exists, or a part of one
(``InvalidResourceReference``); named items of arrays show their ids; a type with ``resourceGuid`` gets one for life; what
``used_by`` names forbids deletion. Those that stand in subnets are made by ``network/placing.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import IdError, key, parse
from cloister.arm.resource import Action, Call, Change, Outcome, ResourceType, Row, View, stored
from cloister.arm.schema import Array, Field, Object, Text
from cloister.providers import identity, private_link

Check = Callable[[Change, View], Iterable[Problem]]
Settle = Callable[[Change, View], Row]
Show = Callable[[Row, View, str], dict[str, Any]]


def references(field: Field, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """``(path, id)`` of every id in ``value`` that its field says must name a resource."""
    if isinstance(field, Text):
        if field.ref and isinstance(value, str) and value:
            yield path, value
    elif isinstance(field, Object) and isinstance(value, dict):
        for name, member in field.members.items():
            if not member.read_only and value.get(name) is not None:
                yield from references(member, value[name], f"{path}.{name}")
    elif isinstance(field, Array) and isinstance(value, list):
        for n, item in enumerate(value):
            yield from references(field.items, item, f"{path}[{n}]")


def is_there(id: str, view: View) -> bool:
    """Whether ``id`` names a resource, or a named item in an array of one (a load balancer's frontend)."""
    if view.get(id) is not None:
        return True
    try:
        named = parse(id)
    except IdError:
        return False
    above = named.parent
    row = view.get(above.text) if above is not None and len(named.names) > 1 else None
    if row is None:
        return False
    items = next((value for name, value in row.properties.items() if name.lower() == named.types[-1].lower()), None)
    return isinstance(items, list) and any(
        isinstance(item, dict) and str(item.get("name", "")).lower() == named.name.lower() for item in items
    )


def reference_problems(change: Change, view: View, properties: Object) -> Iterator[Problem]:
    """A problem for each reference that leads nowhere."""
    if change.written is None:
        return
    leaf = change.row.type.rsplit("/", 1)[-1]
    for path, id in references(properties, change.row.properties, "properties"):
        if not is_there(id, view):
            yield Problem(
                "InvalidResourceReference",
                path,
                f"cannot write {leaf} '{change.row.name}': the resource '{id}' that it names was not found; make it first.",
            )


def shown_items(row: Row, properties: Object) -> dict[str, Any]:
    """The arrays whose items are parts of this resource with an id of their own, each item with it."""
    out: dict[str, Any] = {}
    for name, field in properties.members.items():
        value = row.properties.get(name)
        if not isinstance(field, Array) or not isinstance(field.items, Object) or not isinstance(value, list):
            continue
        own = field.items.members.get("id")
        if own is None or not own.read_only:
            continue
        inner = field.items.members.get("properties")
        states = isinstance(inner, Object) and "provisioningState" in inner.members
        out[name] = [_shown_item(row, name, item, states) for item in value]
    return out


def _shown_item(row: Row, array: str, item: Any, states: bool) -> Any:
    if not isinstance(item, dict) or not item.get("name"):
        return item
    shown = {**item, "id": f"{row.id}/{array}/{item['name']}", "type": f"{row.type}/{array}"}
    if states:
        shown["properties"] = {**(item.get("properties") or {}), "provisioningState": "Succeeded"}
    return shown


def plain(
    name: str,
    api_versions: tuple[str, ...],
    properties: Object,
    *,
    lacks: str,
    check: Check | None = None,
    settle: Settle | None = None,
    show: Show | None = None,
    used_by: tuple[str, ...] = (),
    **more: Any,
) -> ResourceType:
    """A type that is stored. ``check``, ``settle`` and ``show`` are what it adds; ``used_by`` names the
    types whose references forbid deletion; ``more`` goes to ``ResourceType`` as it is."""

    def checked(change: Change, view: View) -> Iterator[Problem]:
        yield from reference_problems(change, view, properties)
        if change.written is not None and "identity" in change.row.body:
            yield from identity.check(change.row, view)
        if check is not None:
            yield from check(change, view)

    def settled(change: Change, view: View) -> Row:
        row = change.row
        if "resourceGuid" in properties.members and "guid" not in row.facts:
            row = row.with_facts(guid=view.new_id(f"{row.id} resourceGuid {view.now}"))
        if settle is None:
            return row
        return settle(Change(old=change.old, row=row, written=change.written, api_version=change.api_version), view)

    def shown(row: Row, view: View, api_version: str) -> dict[str, Any]:
        out = shown_items(row, properties)
        if "guid" in row.facts:
            out["resourceGuid"] = row.facts["guid"]
        if "privateEndpointConnections" in properties.members and more.get("private_link"):
            out["privateEndpointConnections"] = private_link.shown_connections(row, view)
        if show is not None:
            out.update(show(row, view, api_version))
        return out

    def blockers(row: Row, view: View) -> Iterator[str]:
        for kind in used_by:
            for user in view.referring(row.id, kind):
                if key(user.id) != key(row.id):
                    yield user.id

    more.setdefault("blockers", blockers)
    coverage = more.pop("coverage", stored(lacks))
    return ResourceType(
        name=name,
        api_versions=api_versions,
        properties=properties,
        coverage=coverage,
        check=checked,
        settle=settled,
        show=shown,
        **more,
    )


def children(parent: str, api_versions: tuple[str, ...], table: Mapping[str, Object], *, lacks: str) -> tuple[ResourceType, ...]:
    """Child types of ``parent`` that differ in their properties only: segment to properties."""
    return tuple(plain(f"{parent}/{leaf}", api_versions, fields, lacks=lacks, location="none") for leaf, fields in table.items())


def keys(members: Mapping[str, str]) -> Action:
    """An action that lists keys: answer member to the purpose its value is made for, the same for a resource's life."""

    def run(call: Call, view: View) -> Outcome:
        made = {name: view.secret(f"{call.row.id} {purpose} {call.row.created}") for name, purpose in members.items()}
        return Outcome(body=made)

    return Action(run=run)
