"""Azure Policy's language: whether a resource fits the ``if`` of a rule.

    {"if": {"allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                      {"field": "Microsoft.Storage/storageAccounts/publicNetworkAccess", "notEquals": "Disabled"}]},
     "then": {"effect": "[parameters('effect')]"}}

A resource is the JSON of its GET. Known: allOf, anyOf, not; ``field``, ``value`` and ``count`` (of a field, with ``where``);
the operators of OPERATORS; the expressions of ``policy_expressions``. Strings compare without case. What is not
known is told by ``unknown_words``, so that no rule is taken that would be judged wrongly.
Source: learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloister.arm.policy_expressions import NOWHERE, Around, evaluated, unknown

Operator = Any
_TAG = re.compile(r"tags\[\s*'?([^'\]]+)'?\s*\]")
_PLAIN = ("type", "name", "fullname", "kind", "location", "id", "tags")
_DEPTH_MAX = 30


def _plain(value: Any) -> Any:
    """A value as it is compared: text and truth without case."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.lower() if isinstance(value, str) else value


def _less(one: Any, other: Any) -> bool:
    one, other = _plain(one), _plain(other)
    return type(one) is type(other) and one < other


def _like(value: Any, pattern: Any) -> bool:
    text = re.sub(r"([\[\]?])", r"[\1]", str(_plain(pattern)))  # only * stands for anything
    return value is not None and fnmatch.fnmatchcase(str(_plain(value)), text)


def _among(value: Any, wanted: Any) -> bool:
    return isinstance(wanted, list) and _plain(value) in [_plain(one) for one in wanted]


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return _plain(wanted) in [_plain(one) for one in value]
    return isinstance(value, str) and str(_plain(wanted)) in value.lower()


def _has_key(value: Any, wanted: Any) -> bool:
    return isinstance(value, Mapping) and str(wanted).lower() in (name.lower() for name in value)


OPERATORS: Mapping[str, Operator] = {
    "equals": lambda value, wanted: _plain(value) == _plain(wanted),
    "notequals": lambda value, wanted: _plain(value) != _plain(wanted),
    "like": _like,
    "notlike": lambda value, wanted: not _like(value, wanted),
    "in": _among,
    "notin": lambda value, wanted: not _among(value, wanted),
    "contains": _contains,
    "notcontains": lambda value, wanted: not _contains(value, wanted),
    "containskey": _has_key,
    "notcontainskey": lambda value, wanted: not _has_key(value, wanted),
    "exists": lambda value, wanted: (value is not None) == (_plain(wanted) == "true"),
    "less": _less,
    "lessorequals": lambda value, wanted: _plain(value) == _plain(wanted) or _less(value, wanted),
    "greater": lambda value, wanted: _less(wanted, value),
    "greaterorequals": lambda value, wanted: _plain(value) == _plain(wanted) or _less(wanted, value),
}
"""What stands beside ``field``, ``value`` or ``count``, by lower-case name: ``(value, wanted) -> bool``."""


def filled(value: Any, parameters: Mapping[str, Any], around: Around = NOWHERE) -> Any:
    """``value`` with its expressions replaced by what they say, at any depth."""
    if isinstance(value, str):
        return evaluated(value, parameters, around)
    if isinstance(value, dict):
        return {name: filled(item, parameters, around) for name, item in value.items()}
    return [filled(item, parameters, around) for item in value] if isinstance(value, list) else value


def fits(condition: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """Whether the resource fits a condition whose parameters are filled in and whose words are known."""
    words = {name.lower(): item for name, item in condition.items()}
    if "allof" in words:
        return all(fits(one, resource) for one in words["allof"])
    if "anyof" in words:
        return any(fits(one, resource) for one in words["anyof"])
    if "not" in words:
        return not fits(words["not"], resource)
    name = next(word for word in words if word in OPERATORS)
    operator, wanted = OPERATORS[name], words[name]
    if "count" in words:
        return operator(_counted(words["count"], resource), wanted)
    if "value" in words:
        return operator(words["value"], wanted)
    found = values_of(resource, str(words["field"]))
    return all(operator(value, wanted) for value in found) if "[*]" in words["field"] else operator(found[0], wanted)


def _counted(count: Mapping[str, Any], resource: Mapping[str, Any]) -> int:
    """How many items of an array fit ``where``, whose fields begin with the array's own."""
    array, where = str(count["field"]), count.get("where")
    items = values_of(resource, array)
    if where is None:
        return len(items)
    return sum(fits(where, {**resource, "properties": {"_item": item}, "_array": array.lower()}) for item in items)


def values_of(resource: Mapping[str, Any], field: str) -> list[Any]:
    """The values that a field names: one, None where it is missing; with ``[*]`` each of an array.

    An alias is the type, a slash, and the path below ``properties`` (or beside it, as for ``sku.name``).
    """
    lower = field.lower()
    if lower in _PLAIN:
        return [_member(resource, "name" if lower == "fullname" else lower)]
    if lower.startswith("tags"):
        tag = found[1] if (found := _TAG.fullmatch(field)) else field[5:]
        return [_member(resource.get("tags") or {}, tag)]
    array = resource.get("_array")
    if array and lower.startswith(array):
        return _below([resource["properties"]["_item"]], lower[len(array) :].lstrip("."))
    path = field.rsplit("/", 1)[-1]
    if str(_member(resource, "type") or "").lower() != lower.rsplit("/", 1)[0]:
        return [] if "[*]" in path else [None]  # an alias of another type
    first = path.split(".")[0].removesuffix("[*]")
    top = resource if _member(resource.get("properties") or {}, first) is None and _member(resource, first) else None
    return _below([top if top is not None else resource.get("properties") or {}], path)


def _below(values: list[Any], path: str) -> list[Any]:
    for step in filter(None, path.split(".")):
        values = [_setting(value, step.removesuffix("[*]")) for value in values]
        if step.endswith("[*]"):
            values = [item for value in values if isinstance(value, list) for item in value]
    return values


def _member(value: Any, name: str) -> Any:
    """A member, matched without case."""
    if not isinstance(value, Mapping):
        return None
    return next((item for known, item in value.items() if known.lower() == name.lower()), None)


def _setting(value: Any, name: str) -> Any:
    """A member, or one below ``properties``, which aliases leave out within arrays of resources."""
    found = _member(value, name)
    return found if found is not None else _member(_member(value, "properties"), name)


def unknown_words(condition: Any, depth: int = 0) -> Iterator[str]:
    """What in a condition is not known here, in words that follow "because"."""
    if not isinstance(condition, dict) or depth > _DEPTH_MAX:
        yield "a condition is an object, at most 30 deep"
        return
    words = {name.lower(): item for name, item in condition.items()}
    joined = [word for word in ("allof", "anyof") if word in words]
    if joined or "not" in words:
        if len(words) != 1:
            yield f"'{next(iter(condition))}' must stand alone"
        inner = words[joined[0]] if joined else [words["not"]]
        if not isinstance(inner, list):
            yield f"'{joined[0]}' takes a list"
            return
        for one in inner:
            yield from unknown_words(one, depth + 1)
        return
    yield from _unknown_comparison(words, depth)


def _unknown_comparison(words: Mapping[str, Any], depth: int) -> Iterator[str]:
    subjects = [word for word in words if word in ("field", "value", "count")]
    operators = [word for word in words if word in OPERATORS]
    if len(subjects) != 1 or len(operators) != 1 or len(words) != 2:
        yield f"'{', '.join(words)}' is not one of field, value and count with one operator"
        return
    if "field" in words and not isinstance(words["field"], str):
        yield "a field is a string"
    if "count" in words:
        count = words["count"]
        if not isinstance(count, dict) or not isinstance(count.get("field"), str) or set(count) - {"field", "where"}:
            yield "count takes a field and where"
        elif "where" in count:
            yield from unknown_words(count["where"], depth + 1)
    for value in (words[operators[0]], words.get("value"), words.get("field")):
        if isinstance(value, str) and (why := unknown(value)):
            yield why
