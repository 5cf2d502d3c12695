"""``format()``'s strings, as .NET's composite formatting in the invariant culture.

Source: learn.microsoft.com/dotnet/standard/base-types/composite-formatting, standard-numeric-format-strings and
custom-numeric-format-strings.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.values import text_of
from cloister.limits import TEMPLATE_TEXT_MAX

_ITEM = re.compile(r"\{\{|\}\}|\{(\d{1,4})\s*(?:,\s*(-?\d{1,6})\s*)?(?::([^{}]*))?\}|[{}]")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_PRECISION_MAX = 99


def composite(pattern: str, values: list[Any]) -> str:
    """``pattern`` with ``{n}``, ``{n,width}`` and ``{n:format}`` replaced. Raises ExpressionError."""
    size = 0

    def item(found: re.Match[str]) -> str:
        nonlocal size
        whole = found[0]
        if whole in ("{{", "}}"):
            return whole[0]
        if found[1] is None:
            raise failed("format", f"'{pattern[:100]}' has a brace that is not doubled and begins no item such as '{{0}}'")
        if int(found[1]) >= len(values):
            raise failed("format", f"'{pattern[:100]}' names item {found[1]} and only {len(values)} were given")
        out = formatted(values[int(found[1])], found[3] or "")
        width = int(found[2] or 0)
        out = out.rjust(width) if width >= 0 else out.ljust(-width)
        size += len(out)
        if size > TEMPLATE_TEXT_MAX:
            raise failed("format", f"its result would be longer than {TEMPLATE_TEXT_MAX} characters")
        return out

    return _ITEM.sub(item, pattern)


def formatted(value: Any, style: str) -> str:
    """One value in one style; values other than numbers take no style."""
    if not style or isinstance(value, bool) or not isinstance(value, int | float):
        return text_of(value)
    found = _STANDARD.fullmatch(style)
    if found:
        return _standard(value, found[1], int(found[2]) if found[2] else None, style)
    return _custom(Decimal(str(value)), style)


def _standard(value: int | float, letter: str, precision: int | None, style: str) -> str:
    kind = letter.upper()
    if kind in "DX" and not isinstance(value, int):
        raise failed("format", f"the style '{style}' is for whole numbers only")
    if kind == "D":
        return ("-" if value < 0 else "") + str(abs(value)).rjust(precision or 0, "0")
    if kind == "X":
        digits = format(int(value) & 0xFFFFFFFFFFFFFFFF, letter)
        return digits.rjust(precision or 0, "0")
    exact = Decimal(str(value))
    if kind in "FN":
        return _fixed(exact, 2 if precision is None else precision, grouped=kind == "N")
    if kind == "P":
        return _fixed(exact * 100, 2 if precision is None else precision, grouped=True) + " %"
    if kind == "C":
        out = _fixed(abs(exact), 2 if precision is None else precision, grouped=True)
        return f"(¤{out})" if value < 0 else f"¤{out}"
    if kind == "E":
        head, _, power = format(exact, f".{6 if precision is None else precision}E").partition("E")
        return f"{head}{letter}{power[0]}{int(power[1:]):03d}"
    if kind in "GR":
        return text_of(value)
    raise failed("format", f"the style '{style}' is no numeric format")


def _fixed(value: Decimal, places: int, grouped: bool) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-min(places, _PRECISION_MAX)), ROUND_HALF_UP)
    return format(rounded, ",f" if grouped else "f")


def _custom(value: Decimal, style: str) -> str:
    """Custom patterns of ``0``, ``#``, ``.``, ``,`` and literal text, with ``;`` between positive, negative and zero."""
    sections = style.split(";")
    if value < 0 and len(sections) > 1 and sections[1]:
        value, style = -value, sections[1]
    elif value == 0 and len(sections) > 2 and sections[2]:
        style = sections[2]
    else:
        style = sections[0]
    found = re.search(r"[0#][0#,.]*", style)
    if not found:
        return style
    whole, _, fraction = found[0].partition(".")
    places = len(fraction.replace(",", ""))
    wanted = fraction.replace(",", "").rfind("0") + 1
    digits = format(abs(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")
    left, _, right = digits.partition(".")
    least = whole.replace(",", "")
    needed = len(least) - least.index("0") if "0" in least else 0
    left = left.lstrip("0").rjust(needed, "0")
    if "," in whole.rstrip(",") and left:
        left = format(int(left), ",") if len(left) > needed else left
    while len(right) > wanted and right.endswith("0"):
        right = right[:-1]
    number = left + (f".{right}" if right else "")
    sign = "-" if value < 0 else ""
    return style[: found.start()] + sign + number + style[found.end() :]
