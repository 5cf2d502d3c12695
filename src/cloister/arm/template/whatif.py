"""What a deployment would change: resources before and after, down to single properties. Pure.

Source of the shapes: azure-rest-api-specs, Microsoft.Resources/resources.json 2024-03-01 (``WhatIfChange``,
``WhatIfPropertyChange``); learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cloister.arm.template.declared import Planned
from cloister.arm.template.values import UNKNOWN, find, same

# What every answer carries and no deployment decides.
_OUTER = frozenset({"id", "name", "type", "apiversion"})
_RESTLESS = frozenset({"etag", "systemdata", "provisioningstate"})
_BY_NAME = ("name", "id", "key")


def change(id: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, whole: bool = True) -> dict[str, Any]:
    """One entry of ``changes``: Create, Delete, NoChange or Modify with its ``delta``.

    ``whole`` false: ``after`` is what the template says, not all that the resource will be, so what it does not mention
    is left out of the comparison.
    """
    old, new = dict(before) if before is not None else None, dict(after) if after is not None else None
    if old is None or new is None:
        kind = "Create" if old is None else "Delete"
        return {"resourceId": id, "changeType": kind, **({"after": new} if old is None else {"before": old})}
    delta = differences(_settled(old), _settled(new), whole)
    kind = "Modify" if delta else "NoChange"
    return {"resourceId": id, "changeType": kind, "before": old, "after": new, **({"delta": delta} if delta else {})}


def aside(id: str, kind: str, reason: str = "", before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An entry that compares nothing: Ignore (not in the template), Unsupported (cannot be told), Deploy."""
    out: dict[str, Any] = {"resourceId": id, "changeType": kind}
    if before is not None:
        out |= {"before": dict(before), "after": dict(before)}
    return out | ({"unsupportedReason": reason} if reason else {})


def _settled(resource: dict[str, Any]) -> dict[str, Any]:
    return _calm({name: value for name, value in resource.items() if name.lower() not in _OUTER})


def _calm(value: Any) -> Any:
    """Without what tells of every write, at whatever depth: children inside a resource have entity tags of their own."""
    if isinstance(value, dict):
        return {name: _calm(inner) for name, inner in value.items() if name.lower() not in _RESTLESS}
    return [_calm(item) for item in value] if isinstance(value, list) else value


def differences(before: Mapping[str, Any], after: Mapping[str, Any], whole: bool = True) -> list[dict[str, Any]]:
    """The property changes that lead from one object to another, by path from here: ``properties.sku``."""
    return list(_object_changes(before, after, "", whole))


def _object_changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str, whole: bool) -> Iterable[dict[str, Any]]:
    for name, new in after.items():
        here = f"{path}.{name}" if path else name
        found, old = find(dict(before), name)
        if not found or old is None:
            if not is_empty(new) and new is not UNKNOWN:
                yield {"path": here, "propertyChangeType": "Create", "after": new}
        else:
            yield from _value_changes(old, new, here, whole)
    for name, old in before.items():
        if whole and not find(dict(after), name)[0] and not is_empty(old):
            yield {"path": f"{path}.{name}" if path else name, "propertyChangeType": "Delete", "before": old}


def _value_changes(old: Any, new: Any, path: str, whole: bool) -> Iterable[dict[str, Any]]:
    if new is UNKNOWN or alike(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _object_changes(old, new, path, whole)
    elif isinstance(old, list) and isinstance(new, list):
        children = list(_array_changes(old, new, whole))
        if children:
            yield {"path": path, "propertyChangeType": "Array", "children": children}
    elif new is None:
        if not is_empty(old):
            yield {"path": path, "propertyChangeType": "Delete", "before": old}
    else:
        yield {"path": path, "propertyChangeType": "Modify", "before": old, "after": new}


def _array_changes(old: list[Any], new: list[Any], whole: bool) -> Iterable[dict[str, Any]]:
    """Items are paired by their name, id or key where all have one, else by their place."""
    by = next((key for key in _BY_NAME if _all_have(old, key) and _all_have(new, key)), "")
    pairs = _pairs_by(old, new, by) if by else [(n, n) for n in range(max(len(old), len(new)))]
    for left, right in pairs:
        if left is None or left >= len(old):
            yield {"path": str(right), "propertyChangeType": "Create", "after": new[right]}
        elif right is None or right >= len(new):
            yield {"path": str(left), "propertyChangeType": "Delete", "before": old[left]}
        else:
            changes = list(_value_changes(old[left], new[right], "", whole))
            if len(changes) == 1 and not changes[0]["path"]:
                yield {**changes[0], "path": str(right)}
            elif changes:
                yield {"path": str(right), "propertyChangeType": "Modify", "children": changes}


def _all_have(items: list[Any], key: str) -> bool:
    names = [item.get(key) for item in items if isinstance(item, dict)]
    return len(names) == len(items) > 0 and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _pairs_by(old: list[Any], new: list[Any], key: str) -> list[tuple[Any, Any]]:
    left = {item[key].lower(): at for at, item in enumerate(old)}
    right = {item[key].lower(): at for at, item in enumerate(new)}
    return [(left.get(name), right.get(name)) for name in dict.fromkeys([*left, *right])]


def alike(old: Any, new: Any) -> bool:
    """The same to a service: ids and regions without case, numbers and booleans also as text (old templates write so)."""
    if same(old, new):
        return True
    if isinstance(old, str) and isinstance(new, str):
        return old.startswith("/") and old.lower() == new.lower()
    if isinstance(old, bool | int) and isinstance(new, str):
        return str(old).lower() == new.lower()
    if isinstance(new, bool | int) and isinstance(old, str):
        return str(new).lower() == old.lower()
    return False


def is_empty(value: Any) -> bool:
    """Nothing in it: null, ``""``, ``[]``, ``{}``, and arrays or objects of nothing."""
    if isinstance(value, dict):
        return all(is_empty(inner) for inner in value.values())
    return value in (None, "") or value == []


def readable(source: Any, value: Any) -> Any:
    """A value for people: what is unknown is shown as the expression that will make it."""
    if value is UNKNOWN:
        return source if isinstance(source, str) else "[unknown]"
    if isinstance(value, dict):
        inner = source if isinstance(source, dict) else {}
        return {name: readable(find(inner, name)[1], item) for name, item in value.items()}
    if isinstance(value, list):
        items = source if isinstance(source, list) and len(source) == len(value) else [None] * len(value)
        return [readable(one, item) for one, item in zip(items, value, strict=True)]
    return value


def shown(one: Planned, body: Mapping[str, Any]) -> dict[str, Any]:
    """A resource that a template makes, as ``after`` shows it."""
    made: dict[str, Any] = readable(dict(one.source), dict(body))
    names = {"id": one.target.id, "name": one.target.name.rsplit("/", 1)[-1], "type": one.target.type}
    return {**names, "apiVersion": one.target.api_version, **made}
