"""JSON values as template expressions see them: kinds, property look-up without case, text forms, sameness.

Values are Python's str, int, float, bool, None, list and dict, and ``UNKNOWN``: what only a running deployment can tell
(the result of ``reference()`` before anything is deployed). An unknown argument makes an unknown result.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from cloister.arm.template.errors import ExpressionError
from cloister.limits import TEMPLATE_TEXT_MAX, TEMPLATE_VALUE_NODES_MAX

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class Unknown:
    """The one value that is not known yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()

_KINDS = {str: "String", bool: "Boolean", int: "Integer", float: "Float", type(None): "Null", list: "Array", dict: "Object"}


def kind(value: Any) -> str:
    """The name of a value's type as Azure's messages give it: String, Integer, Boolean, Array, Object, Null, Float."""
    return _KINDS.get(type(value), "Unknown")


def is_int(value: Any) -> bool:
    """A whole number, and not a boolean."""
    return type(value) is int


def find(members: dict[str, Any], name: str) -> tuple[bool, Any]:
    """A member by name, without case when no exact one exists: ``(found, value)``."""
    if name in members:
        return True, members[name]
    folded = name.casefold()
    for key, value in members.items():
        if key.casefold() == folded:
            return True, value
    return False, None


def get(members: Any, name: str, default: Any = None) -> Any:
    """A member of an object by name without case, else ``default`` (also where ``members`` is no object)."""
    if not isinstance(members, dict):
        return default
    found, value = find(members, name)
    return value if found else default


def has_unknown(value: Any) -> bool:
    """Whether a value is, or holds anywhere, ``UNKNOWN``."""
    return survey(value)[1]


def measured(value: Any) -> Any:
    """The value itself, if as written out it stays within limits; raises ExpressionError where it does not."""
    weight(value)
    return value


def weight(value: Any) -> int:
    """How many members a value has, written out; raises ExpressionError beyond the limits."""
    return survey(value)[0]


def survey(value: Any) -> tuple[int, bool]:
    """How many members a value has, written out, and whether one of them is ``UNKNOWN``. Raises ExpressionError.

    Expressions share values instead of copying them, so a few lines can describe an object of astronomic size;
    the walk stops at the limit.
    """
    if type(value) is str:
        return len(_short(value)) >> 6, False
    if type(value) is not dict and type(value) is not list:
        return 0, value is UNKNOWN
    nodes, unknown = 0, False
    stack = [value]
    while stack:
        item = stack.pop()
        nodes += 1 + len(item)
        if nodes > TEMPLATE_VALUE_NODES_MAX:
            raise ExpressionError(
                f"cannot evaluate an expression: its value has more than {TEMPLATE_VALUE_NODES_MAX} members; make it smaller"
            )
        inner = item.values() if type(item) is dict else item
        for one in inner:
            if type(one) is dict or type(one) is list:
                stack.append(one)
            elif one is UNKNOWN:
                unknown = True
    return nodes, unknown


def _short(text: str) -> str:
    if len(text) > TEMPLATE_TEXT_MAX:
        raise ExpressionError(
            f"cannot evaluate an expression: its text is longer than {TEMPLATE_TEXT_MAX} characters; make it shorter"
        )
    return text


def whole(value: int) -> int:
    """A whole number that fits 64 bits, else ExpressionError (Azure computes in Int64)."""
    if not INT_MIN <= value <= INT_MAX:
        raise ExpressionError("cannot evaluate an expression: a whole number does not fit into 64 bits; use smaller numbers")
    return value


def text_of(value: Any) -> str:
    """The text form that ``string`` and ``concat`` give: True/False for booleans, compact JSON for arrays and objects."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "True" if value else "False"
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return number_text(value)
    return json_text(value)


def number_text(value: float) -> str:
    """A fraction as .NET prints it: no trailing zero, ``E+16`` exponents."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace("e", "E") if math.isfinite(value) else str(value)


def json_text(value: Any) -> str:
    """Compact JSON."""
    try:
        return orjson.dumps(measured(value)).decode()
    except (TypeError, ValueError):
        raise ExpressionError("cannot write a value as JSON: it is nested too deeply or holds a broken string") from None


def mark(value: Any) -> Any:
    """A hashable thing that is equal for values that are the same."""
    if isinstance(value, dict | list):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except (TypeError, ValueError):
            raise ExpressionError("cannot compare values: one is nested too deeply or holds a broken string") from None
    return kind(value), value


def same(left: Any, right: Any) -> bool:
    """Deep equality of JSON values: numbers by value, strings exactly, booleans never equal numbers."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return len(left) == len(right) and all(key in right and same(value, right[key]) for key, value in left.items())
    return bool(left == right)
