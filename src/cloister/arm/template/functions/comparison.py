"""Comparison functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.values import is_int, kind, same

Arguments = Sequence[Any]


def coalesce(frame: Frame, arguments: Arguments) -> Any:
    """``coalesce(a, b, ...)``: the first that is not null; empty ones count."""
    return next((argument for argument in arguments if argument is not None), None)


def equal(frame: Frame, arguments: Arguments) -> bool:
    """``equals(a, b)``: deep, strings with case."""
    return same(arguments[0], arguments[1])


def _order(function: str, arguments: Arguments) -> int:
    """-1, 0 or 1; two numbers, or two strings by their code points."""
    left, right = arguments
    numbers = all(is_int(value) or isinstance(value, float) for value in arguments)
    if not numbers and not all(isinstance(value, str) for value in arguments):
        raise failed(function, f"it compares two numbers or two strings and got '{kind(left)}' and '{kind(right)}'")
    return (left > right) - (left < right)


def greater(frame: Frame, arguments: Arguments) -> bool:
    """``greater(a, b)``."""
    return _order("greater", arguments) > 0


def greater_or_equals(frame: Frame, arguments: Arguments) -> bool:
    """``greaterOrEquals(a, b)``."""
    return _order("greaterOrEquals", arguments) >= 0


def less(frame: Frame, arguments: Arguments) -> bool:
    """``less(a, b)``."""
    return _order("less", arguments) < 0


def less_or_equals(frame: Frame, arguments: Arguments) -> bool:
    """``lessOrEquals(a, b)``."""
    return _order("lessOrEquals", arguments) <= 0


TABLE: dict[str, Function] = {
    "coalesce": Function(coalesce, 1, None),
    "equals": Function(equal, 2, 2),
    "greater": Function(greater, 2, 2),
    "greaterOrEquals": Function(greater_or_equals, 2, 2),
    "less": Function(less, 2, 2),
    "lessOrEquals": Function(less_or_equals, 2, 2),
}
