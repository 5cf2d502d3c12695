"""Object functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import array, object_of, text
from cloister.arm.template.functions.strings import json_of
from cloister.arm.template.values import find, is_int, kind

Arguments = Sequence[Any]


def create_object(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``createObject(key, value, key, value, ...)``."""
    if len(arguments) % 2:
        raise failed("createObject", "it expects pairs of a name and a value")
    return {text("createObject", name): value for name, value in zip(arguments[::2], arguments[1::2], strict=True)}


def items(frame: Frame, arguments: Arguments) -> list[dict[str, Any]]:
    """``items(object)``: ``[{key, value}]`` in the order of keys."""
    members = object_of("items", arguments[0])
    return [{"key": key, "value": members[key]} for key in sorted(members, key=_order)]


def object_keys(frame: Frame, arguments: Arguments) -> list[str]:
    """``objectKeys(object)``, in order."""
    return sorted(object_of("objectKeys", arguments[0]), key=_order)


def _order(key: str) -> tuple[str, str]:
    """Keys in alphabetical order, without case first."""
    return key.casefold(), key


def from_json(frame: Frame, arguments: Arguments) -> Any:
    """``json(text)``."""
    return json_of("json", text("json", arguments[0]))


def null(frame: Frame, arguments: Arguments) -> None:
    """``null()``."""
    return None


def shallow_merge(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``shallowMerge(array of objects)``: later members replace earlier ones whole."""
    out: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for part in array("shallowMerge", arguments[0]):
        for key, value in object_of("shallowMerge", part).items():
            out[spelled.setdefault(key.casefold(), key)] = value
    return out


def try_get(frame: Frame, arguments: Arguments) -> Any:
    """``tryGet(value, key or index, ...)``: null where any step of the way is missing."""
    value = arguments[0]
    for step in arguments[1:]:
        if value is None:
            return None
        if isinstance(value, dict) and isinstance(step, str):
            value = find(value, step)[1]
        elif isinstance(value, list) and is_int(step):
            value = value[step] if 0 <= step < len(value) else None
        else:
            raise failed("tryGet", f"a value of type '{kind(value)}' has no element by a key of type '{kind(step)}'")
    return value


TABLE: dict[str, Function] = {
    "createObject": Function(create_object, 0, None),
    "items": Function(items, 1, 1),
    "json": Function(from_json, 1, 1),
    "null": Function(null, 0, 0),
    "objectKeys": Function(object_keys, 1, 1),
    "shallowMerge": Function(shallow_merge, 1, 1),
    "tryGet": Function(try_get, 2, None),
}
