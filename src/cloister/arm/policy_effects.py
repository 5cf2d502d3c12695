"""What the effects Append and Modify do to a request's body, before anything else sees it. Pure.

    {"effect": "append", "details": [{"field": "tags['made']", "value": "here"}]}
    {"effect": "modify", "details": {"operations": [{"operation": "addOrReplace", "field": "tags['made']", "value": "here"}]}}

Fields are ``tags``, one tag, and aliases; one that ends in ``[*]`` gets items appended. Append of a field that has another
value is a Deny, as on Azure. ``conflictEffect`` decides where two policies want different values of one field.
Source: learn.microsoft.com/azure/governance/policy/concepts/effect-append, .../effect-modify.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from cloister.arm.policy import fits, unknown_words

APPEND, MODIFY = "append", "modify"
_TAG = re.compile(r"tags(?:\[\s*'?([^'\]]+)'?\s*\]|\.(.+))", re.IGNORECASE)
_ADD, _REPLACE, _REMOVE = "add", "addorreplace", "remove"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One change: ``verb`` is append, add, addorreplace or remove; ``condition`` an ``if`` of its own."""

    verb: str
    field: str
    value: Any = None
    condition: dict[str, Any] | None = None


class Conflict(Exception):
    """A field has another value than a policy wants to give it."""


def operations(effect: str, details: Any) -> list[Operation]:
    """The operations of an effect's details whose parameters are filled in."""
    if effect == APPEND:
        return [Operation(verb=APPEND, field=str(one["field"]), value=one.get("value")) for one in details]
    return [
        Operation(
            verb=str(one["operation"]).lower(),
            field=str(one["field"]),
            value=one.get("value"),
            condition=one.get("condition") if isinstance(one.get("condition"), dict) else None,
        )
        for one in details["operations"]
    ]


def conflict_effect(details: Any) -> str:
    """What becomes of a request that two policies would change differently."""
    found = details.get("conflictEffect") if isinstance(details, Mapping) else None
    return str(found or "deny").lower()


def problems(effect: str, details: Any) -> Iterator[str]:
    """What in an effect's details is wrong or not known, in words that follow "because"."""
    listed = details if effect == APPEND else details.get("operations") if isinstance(details, dict) else None
    if not isinstance(listed, list) or not listed:
        yield f"then.details of {effect} is {'a list of fields' if effect == APPEND else 'an object with a list operations'}"
        return
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("field"), str):
            yield "each of then.details names a field"
            continue
        verb = APPEND if effect == APPEND else str(one.get("operation") or "").lower()
        if verb not in (APPEND, _ADD, _REPLACE, _REMOVE):
            yield f"the operation '{one.get('operation')}' is none of add, addOrReplace, remove"
        elif verb != _REMOVE and "value" not in one:
            yield f"the operation on '{one['field']}' has no value"
        elif verb == _REMOVE and not one["field"].lower().startswith(("tags", "[")):
            yield f"only tags can be removed, not '{one['field']}'"
        elif "[*]" in one["field"].removesuffix("[*]"):
            yield f"the field '{one['field']}' changes inside items of an array"
        if isinstance(one.get("condition"), dict):
            yield from unknown_words(one["condition"])


def path_of(field: str, kind: str, members: Collection[str]) -> list[str]:
    """Where a field stands in the body of a type with these properties; empty for another type's alias."""
    if field.lower() == "tags":
        return ["tags"]
    if (tag := _TAG.fullmatch(field)) is not None:
        return ["tags", tag[1] or tag[2]]
    above, slash, last = field.rpartition("/")
    if not slash or above.lower() != kind.lower():
        return []
    steps = last.removesuffix("[*]").split(".")
    return ["properties", *steps] if steps[0].lower() in (name.lower() for name in members) else steps


def changed(
    body: dict[str, Any], resource: Mapping[str, Any], one: Operation, kind: str, members: Collection[str]
) -> dict[str, Any] | None:
    """The body with one operation done, None where there is nothing to do. ``resource`` is what the request would make.

    Raises Conflict where Append meets another value.
    """
    path = path_of(one.field, kind, members)
    if not path or (one.condition is not None and not fits(one.condition, resource)):
        return None
    before = _found(resource, path)
    if one.verb == _REMOVE:
        return _with(body, path, None) if before is not None else None
    if one.field.endswith("[*]"):
        items = one.value if isinstance(one.value, list) else [one.value]
        new = [item for item in items if not isinstance(before, list) or item not in before]
        return _with(body, path, [*(before if isinstance(before, list) else ()), *new]) if new else None
    if path == ["tags"] and isinstance(one.value, dict) and isinstance(before, dict) and one.verb != _REPLACE:
        missing = {name: item for name, item in one.value.items() if name not in before}
        return _with(body, path, {**before, **missing}) if missing else None
    if before is None or one.verb == _REPLACE:
        return _with(body, path, one.value) if before != one.value else None
    if one.verb == APPEND and before != one.value:
        raise Conflict(one.field)
    return None  # add: it is there


def _found(value: Any, path: list[str]) -> Any:
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = next((item for name, item in value.items() if name.lower() == step.lower()), None)
    return value


def _with(body: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """The body with a value at a path; None is null there, which a PATCH takes for "remove"."""
    out = copy.deepcopy(body)
    place: dict[str, Any] = out
    for step in path[:-1]:
        name = next((name for name in place if name.lower() == step.lower()), step)
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    last = next((name for name in place if name.lower() == path[-1].lower()), path[-1])
    place[last] = value
    return out
