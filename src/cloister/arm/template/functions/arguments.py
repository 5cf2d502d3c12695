"""Checks of arguments that many functions share: each returns the value or raises ExpressionError naming the function."""

from __future__ import annotations

from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.values import is_int, kind


def text(function: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise failed(function, f"it expects a string and got a value of type '{kind(value)}'")
    return value


def number(function: str, value: Any) -> int:
    """A whole number."""
    if not is_int(value):
        raise failed(function, f"it expects a whole number and got a value of type '{kind(value)}'")
    return int(value)


def array(function: str, value: Any) -> list[Any]:
    """An array."""
    if not isinstance(value, list):
        raise failed(function, f"it expects an array and got a value of type '{kind(value)}'")
    return value


def object_of(function: str, value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise failed(function, f"it expects an object and got a value of type '{kind(value)}'")
    return value


def boolean(function: str, value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise failed(function, f"it expects a boolean and got a value of type '{kind(value)}'")
    return value
