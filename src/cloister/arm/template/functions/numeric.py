"""Numeric functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric.

Whole numbers are Int64 as in Azure; division cuts toward zero and a remainder has the dividend's sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import ExpressionError, failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import number, text
from cloister.arm.template.values import INT_MAX, INT_MIN, is_int, kind, whole

Arguments = Sequence[Any]


def add(frame: Frame, arguments: Arguments) -> int:
    """``add(a, b)``."""
    return whole(number("add", arguments[0]) + number("add", arguments[1]))


def sub(frame: Frame, arguments: Arguments) -> int:
    """``sub(a, b)``."""
    return whole(number("sub", arguments[0]) - number("sub", arguments[1]))


def mul(frame: Frame, arguments: Arguments) -> int:
    """``mul(a, b)``."""
    return whole(number("mul", arguments[0]) * number("mul", arguments[1]))


def div(frame: Frame, arguments: Arguments) -> int:
    """``div(a, b)``, cut toward zero."""
    dividend, divisor = number("div", arguments[0]), number("div", arguments[1])
    if divisor == 0:
        raise failed("div", "it cannot divide by zero")
    quotient = abs(dividend) // abs(divisor)
    return whole(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def mod(frame: Frame, arguments: Arguments) -> int:
    """``mod(a, b)``, with the sign of ``a``."""
    dividend, divisor = number("mod", arguments[0]), number("mod", arguments[1])
    if divisor == 0:
        raise failed("mod", "it cannot divide by zero")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def to_int(frame: Frame, arguments: Arguments) -> int:
    """``int(text or number)``."""
    value = arguments[0]
    if is_int(value):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return whole(int(value))
    if isinstance(value, str):
        digits = value.strip()
        if 0 < len(digits) <= 20 and digits.lstrip("+-").isascii() and digits.lstrip("+-").isdigit():
            found = int(digits)
            if INT_MIN <= found <= INT_MAX:
                return found
        raise failed("int", f"'{value[:100]}' cannot be read as a whole number")
    raise failed("int", f"a value of type '{kind(value)}' cannot be read as a whole number")


def to_float(frame: Frame, arguments: Arguments) -> float:
    """``float(text or number)``."""
    value = arguments[0]
    try:
        if isinstance(value, bool):
            raise ValueError
        found = float(value if is_int(value) or isinstance(value, float) else text("float", value))
    except (ValueError, OverflowError):
        raise failed("float", f"'{str(value)[:100]}' cannot be read as a number") from None
    if not math.isfinite(found):
        raise failed("float", f"'{str(value)[:100]}' is no finite number")
    return found


def copy_index(frame: Frame, arguments: Arguments) -> int:
    """``copyIndex([loop], [offset])``: without a loop's name the resource's own loop, else the innermost one."""
    name = ""
    rest = list(arguments)
    if rest and isinstance(rest[0], str):
        name = rest.pop(0)
    offset = number("copyIndex", rest[0]) if rest else 0
    for loop in reversed(frame.loops):
        if name and loop.name.casefold() == name.casefold():
            return whole(loop.index + offset)
    outer = [loop for loop in frame.loops if not loop.inner] or list(frame.loops)
    if name or not outer:
        called = f" with the name '{name}'" if name else ""
        raise ExpressionError(
            f"The template function 'copyIndex' is not expected at this location. The function can only be used in a resource "
            f"with copy specified{called}. Please see https://aka.ms/arm-copy for usage details."
        )
    return whole(outer[-1].index + offset)


TABLE: dict[str, Function] = {
    "add": Function(add, 2, 2),
    "copyIndex": Function(copy_index, 0, 2),
    "div": Function(div, 2, 2),
    "float": Function(to_float, 1, 1),
    "int": Function(to_int, 1, 1),
    "mod": Function(mod, 2, 2),
    "mul": Function(mul, 2, 2),
    "sub": Function(sub, 2, 2),
}
