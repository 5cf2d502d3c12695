"""Configurations that stand in a subnet and hold an address of it: gateways, firewalls, load balancers, bastions.

Each item of such an array is ``{"name", "properties": {"subnet": {"id"}, "privateIPAddress", "privateIPAllocationMethod"}}``.
The addresses are facts by the configuration's name, as ``addresses.py`` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View
from cloister.arm.schema import Object
from cloister.providers.network import addresses
from cloister.providers.plain import Check, Show, plain, shown_items


def configurations(row: Row, arrays: tuple[str, ...]) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """``(path, name, properties, subnet id)`` of each configuration that stands in a subnet."""
    for array in arrays:
        items = row.properties.get(array)
        for n, item in enumerate(items if isinstance(items, list) else ()):
            inner = item.get("properties") if isinstance(item, dict) else None
            subnet = inner.get("subnet") if isinstance(inner, dict) else None
            if isinstance(subnet, dict) and isinstance(subnet.get("id"), str):
                assert isinstance(inner, dict)
                yield f"properties.{array}[{n}].properties", f"{array}/{item.get('name') or n}", inner, subnet["id"]


def _wish(inner: dict[str, Any]) -> str:
    """The static address that a configuration asks for, ``""`` for none."""
    is_static = str(inner.get("privateIPAllocationMethod") or "").lower() == "static"
    return str(inner.get("privateIPAddress") or "") if is_static else ""


def problems(change: Change, view: View, arrays: tuple[str, ...]) -> Iterator[Problem]:
    """Static addresses lie in their subnet and are free."""
    if change.written is None:
        return
    for path, _, inner, home in configurations(change.row, arrays):
        subnet, wish = view.get(home), _wish(inner)
        if subnet is not None and wish:
            problem = addresses.wish_problem(wish, subnet, view, change.row.id, f"{path}.privateIPAddress")
            if problem:
                yield problem


def settled(row: Row, view: View, arrays: tuple[str, ...]) -> Row:
    """An address for each configuration: the static one, the one it had, or the first free one of its subnet."""
    if not arrays:
        return row
    before, homes = row.facts.get("addresses") or {}, row.facts.get("subnets") or {}
    now: dict[str, str] = {}
    places: dict[str, str] = {}
    for _, name, inner, home in configurations(row, arrays):
        places[name] = home
        subnet, wish = view.get(home), _wish(inner)
        if wish:
            now[name] = wish
        elif name in before and key(homes.get(name, "")) == key(home):
            now[name] = before[name]
        elif subnet is not None:
            now = addresses.choose(subnet, view, row.id, [name], now)
    return row.with_facts(addresses=now, subnets=places)


def shown(row: Row, out: dict[str, Any], arrays: tuple[str, ...]) -> dict[str, Any]:
    """The arrays with the address of each configuration; ``out`` has what is already shown of them."""
    given = row.facts.get("addresses") or {}
    laid: dict[str, Any] = {}
    for array in arrays:
        items = out.get(array, row.properties.get(array))
        if not isinstance(items, list):
            continue
        laid[array] = []
        for n, item in enumerate(items):
            address = given.get(f"{array}/{item.get('name') or n}") if isinstance(item, dict) else None
            inner = item.get("properties") if isinstance(item, dict) else None
            if address and isinstance(inner, dict):
                item = {**item, "properties": {**inner, "privateIPAddress": address}}
            laid[array].append(item)
    return laid


def standing(
    name: str,
    api_versions: tuple[str, ...],
    properties: Object,
    arrays: tuple[str, ...],
    *,
    check: Check | None = None,
    also: Show | None = None,
    **more: Any,
) -> ResourceType:
    """A plain type whose configurations in ``arrays`` stand in subnets; ``also`` shows more; the rest as in ``plain``."""

    def checked(change: Change, view: View) -> Iterator[Problem]:
        yield from problems(change, view, arrays)
        if check is not None:
            yield from check(change, view)

    def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
        out = shown(row, shown_items(row, properties), arrays)
        return {**out, **also(row, view, api_version)} if also is not None else out

    def settle(change: Change, view: View) -> Row:
        return settled(change.row, view, arrays)

    return plain(name, api_versions, properties, check=checked, settle=settle, show=show, **more)
