"""Logical functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-logical.

``if``, ``and`` and ``or`` evaluate only what they need, so that ``if(exists, reference(...), ...)`` works. While the
condition itself is not known yet, both branches are evaluated for what they refer to, and the result is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import ExpressionError, failed
from cloister.arm.template.evaluator import Frame, Function, evaluate
from cloister.arm.template.functions.arguments import boolean
from cloister.arm.template.parser import Node
from cloister.arm.template.values import UNKNOWN, is_int, kind

Arguments = Sequence[Any]
Trees = Sequence[Node]


def _record(frame: Frame, trees: Trees) -> None:
    """Evaluate for the sake of what is referred to; errors will show once the condition is known."""
    for tree in trees:
        try:
            evaluate(tree, frame)
        except ExpressionError:
            continue


def choose(frame: Frame, trees: Trees) -> Any:
    """``if(condition, then, else)``."""
    condition = evaluate(trees[0], frame)
    if condition is UNKNOWN:
        _record(frame, trees[1:])
        return UNKNOWN
    return evaluate(trees[1] if boolean("if", condition) else trees[2], frame)


def _until(function: str, frame: Frame, trees: Trees, decides: bool) -> Any:
    """``and`` (decided by false) and ``or`` (decided by true)."""
    unknown = False
    for tree in trees:
        value = evaluate(tree, frame)
        if value is UNKNOWN:
            unknown = True
        elif boolean(function, value) is decides:
            return decides
    return UNKNOWN if unknown else not decides


def all_of(frame: Frame, trees: Trees) -> Any:
    """``and(a, b, ...)``."""
    return _until("and", frame, trees, decides=False)


def one_of(frame: Frame, trees: Trees) -> Any:
    """``or(a, b, ...)``."""
    return _until("or", frame, trees, decides=True)


def negated(frame: Frame, arguments: Arguments) -> bool:
    """``not(value)``."""
    return not boolean("not", arguments[0])


def to_bool(frame: Frame, arguments: Arguments) -> bool:
    """``bool(value)``: a boolean, a number (0 is false), or the words true and false, 1 and 0."""
    value = arguments[0]
    if isinstance(value, bool):
        return value
    if is_int(value):
        return bool(value != 0)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in ("true", "1"):
        return True
    if word in ("false", "0"):
        return False
    shown = f"'{value[:100]}'" if isinstance(value, str) else f"a value of type '{kind(value)}'"
    raise failed("bool", f"{shown} cannot be read as a boolean")


def true(frame: Frame, arguments: Arguments) -> bool:
    """``true()``."""
    return True


def false(frame: Frame, arguments: Arguments) -> bool:
    """``false()``."""
    return False


TABLE: dict[str, Function] = {
    "and": Function(all_of, 1, None, lazy=True),
    "bool": Function(to_bool, 1, 1),
    "false": Function(false, 0, 0),
    "if": Function(choose, 3, 3, lazy=True),
    "not": Function(negated, 1, 1),
    "or": Function(one_of, 1, None, lazy=True),
    "true": Function(true, 0, 0),
}
