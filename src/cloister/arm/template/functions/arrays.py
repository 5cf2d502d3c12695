"""Array functions, and those that take arrays, objects or strings alike.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import array, number, text
from cloister.arm.template.values import find, is_int, kind, mark, same, text_of
from cloister.limits import TEMPLATE_RANGE_MAX

Arguments = Sequence[Any]


def to_array(frame: Frame, arguments: Arguments) -> list[Any]:
    """``array(value)``: the value itself if it is an array, else an array of it."""
    return arguments[0] if isinstance(arguments[0], list) else [arguments[0]]


def contains(frame: Frame, arguments: Arguments) -> bool:
    """``contains(array | object | text, item)``: items exactly, keys without case, parts of texts with case."""
    container, item = arguments
    if isinstance(container, list):
        return any(same(element, item) for element in container)
    if isinstance(container, dict):
        return find(container, text("contains", item))[0]
    if isinstance(container, str):
        if not isinstance(item, str | int) or isinstance(item, bool):
            raise failed("contains", f"a string cannot hold a value of type '{kind(item)}'")
        return text_of(item) in container
    raise failed("contains", f"it searches arrays, objects and strings and got a value of type '{kind(container)}'")


def create_array(frame: Frame, arguments: Arguments) -> list[Any]:
    """``createArray(a, b, ...)``."""
    return list(arguments)


def empty(frame: Frame, arguments: Arguments) -> bool:
    """``empty(array | object | text | null)``."""
    value = arguments[0]
    if value is None or isinstance(value, str | list | dict):
        return not value
    raise failed("empty", f"it expects an array, object or string and got a value of type '{kind(value)}'")


def _sequence(function: str, value: Any) -> str | list[Any]:
    if isinstance(value, str | list):
        return value
    raise failed(function, f"it expects an array or a string and got a value of type '{kind(value)}'")


def first(frame: Frame, arguments: Arguments) -> Any:
    """``first(array | text)``; nothing gives ``""`` for a text and null for an array."""
    value = _sequence("first", arguments[0])
    return value[0] if value else ("" if isinstance(value, str) else None)


def last(frame: Frame, arguments: Arguments) -> Any:
    """``last(array | text)``; nothing gives ``""`` for a text and null for an array."""
    value = _sequence("last", arguments[0])
    return value[-1] if value else ("" if isinstance(value, str) else None)


def flatten(frame: Frame, arguments: Arguments) -> list[Any]:
    """``flatten(array of arrays)``."""
    return [item for inner in array("flatten", arguments[0]) for item in array("flatten", inner)]


def _positions(function: str, container: Any, item: Any) -> list[int]:
    if isinstance(container, list):
        return [at for at, element in enumerate(container) if same(element, item)]
    whole, part = text(function, container).lower(), text(function, item).lower()
    return [at for at in (whole.find(part), whole.rfind(part)) if at >= 0]


def index_of(frame: Frame, arguments: Arguments) -> int:
    """``indexOf(array | text, item)``: texts without case; -1 for none."""
    found = _positions("indexOf", *arguments)
    return found[0] if found else -1


def last_index_of(frame: Frame, arguments: Arguments) -> int:
    """``lastIndexOf(array | text, item)``: texts without case; -1 for none."""
    found = _positions("lastIndexOf", *arguments)
    return found[-1] if found else -1


def intersection(frame: Frame, arguments: Arguments) -> Any:
    """``intersection(a, b, ...)``: common items of arrays, or members that are the same in all objects."""
    if all(isinstance(argument, list) for argument in arguments):
        common = set.intersection(*({mark(item) for item in argument} for argument in arguments))
        return _distinct([item for item in arguments[0] if mark(item) in common])
    if all(isinstance(argument, dict) for argument in arguments):
        first_one, *others = arguments
        return {
            key: value for key, value in first_one.items() if all(key in other and same(value, other[key]) for other in others)
        }
    raise failed("intersection", "it expects only arrays or only objects")


def length(frame: Frame, arguments: Arguments) -> int:
    """``length(array | object | text)``."""
    value = arguments[0]
    if isinstance(value, str | list | dict):
        return len(value)
    raise failed("length", f"it expects an array, object or string and got a value of type '{kind(value)}'")


def _numbers(function: str, arguments: Arguments) -> list[int]:
    given = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else list(arguments)
    if not given:
        raise failed(function, "it expects at least one number")
    return [number(function, item) for item in given]


def maximum(frame: Frame, arguments: Arguments) -> int:
    """``max(array)`` or ``max(a, b, ...)``."""
    return max(_numbers("max", arguments))


def minimum(frame: Frame, arguments: Arguments) -> int:
    """``min(array)`` or ``min(a, b, ...)``."""
    return min(_numbers("min", arguments))


def numbers_from(frame: Frame, arguments: Arguments) -> list[int]:
    """``range(start, count)``: at most 10,000 numbers, up to 2147483647."""
    start, count = number("range", arguments[0]), number("range", arguments[1])
    if count < 0 or count > TEMPLATE_RANGE_MAX or start + count > 2147483647:
        raise failed(
            "range",
            f"the count must be from 0 to {TEMPLATE_RANGE_MAX} and the sum of start and count at most 2147483647; "
            f"they are '{start}' and '{count}'",
        )
    return list(range(start, start + count))


def skip(frame: Frame, arguments: Arguments) -> Any:
    """``skip(array | text, count)``."""
    value, count = _sequence("skip", arguments[0]), number("skip", arguments[1])
    return value[max(count, 0) :]


def take(frame: Frame, arguments: Arguments) -> Any:
    """``take(array | text, count)``."""
    value, count = _sequence("take", arguments[0]), number("take", arguments[1])
    return value[: max(count, 0)]


def merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Two objects as one: nested objects merge, anything else of the right one wins; names meet without case."""
    out = dict(left)
    spelled = {key.casefold(): key for key in out}
    for key, value in right.items():
        own = spelled.setdefault(key.casefold(), key)
        old = out.get(own)
        out[own] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def union(frame: Frame, arguments: Arguments) -> Any:
    """``union(a, b, ...)``: arrays without doubles, or objects merged from left to right."""
    if all(isinstance(argument, list) for argument in arguments):
        return _distinct([item for argument in arguments for item in argument])
    if all(isinstance(argument, dict) for argument in arguments):
        out = arguments[0]
        for other in arguments[1:]:
            out = merged(out, other)
        return out
    raise failed("union", "it expects only arrays or only objects")


def _distinct(items: list[Any]) -> list[Any]:
    """Items without repeats, the first of each, in order."""
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(mark(item), item)
    return list(seen.values())


def index_from_end(frame: Frame, arguments: Arguments) -> Any:
    """``indexFromEnd(array, n)``: the n-th item from the end, from 1."""
    items, at = array("indexFromEnd", arguments[0]), number("indexFromEnd", arguments[1])
    if not 1 <= at <= len(items):
        raise failed("indexFromEnd", f"the index '{at}' is out of bounds for {len(items)} item(s)")
    return items[-at]


def try_index_from_end(frame: Frame, arguments: Arguments) -> Any:
    """``tryIndexFromEnd(array, n)``: null where there is no such item."""
    items, at = arguments
    return items[-at] if isinstance(items, list) and is_int(at) and 1 <= at <= len(items) else None


TABLE: dict[str, Function] = {
    "array": Function(to_array, 1, 1),
    "contains": Function(contains, 2, 2),
    "createArray": Function(create_array, 0, None),
    "empty": Function(empty, 1, 1),
    "first": Function(first, 1, 1),
    "flatten": Function(flatten, 1, 1),
    "indexFromEnd": Function(index_from_end, 2, 2),
    "indexOf": Function(index_of, 2, 2),
    "intersection": Function(intersection, 2, None),
    "last": Function(last, 1, 1),
    "lastIndexOf": Function(last_index_of, 2, 2),
    "length": Function(length, 1, 1),
    "max": Function(maximum, 1, None),
    "min": Function(minimum, 1, None),
    "range": Function(numbers_from, 2, 2),
    "skip": Function(skip, 2, 2),
    "take": Function(take, 2, 2),
    "tryIndexFromEnd": Function(try_index_from_end, 2, 2),
    "union": Function(union, 1, None),
}
