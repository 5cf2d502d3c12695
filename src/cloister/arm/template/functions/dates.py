"""Date functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date.

Formats are .NET's standard and custom date formats in the culture en-US, as the page's own examples show. A duration's
year counts 365 days and its month 30, as .NET's ``XmlConvert.ToTimeSpan`` has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cloister.arm.template.errors import failed, not_expected
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import number, text

Arguments = Sequence[Any]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "U": "dddd, MMMM d, yyyy h:mm:ss tt",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
_PIECE = re.compile(
    r"""(?P<run>([dfFghHKmMstyz])\2*)|(?P<quoted>"[^"]*"|'[^']*')|\\(?P<escaped>.)|%(?=[A-Za-z])|(?P<other>.)""", re.S
)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_MOMENT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)


def _parts(moment: datetime) -> dict[str, Callable[[int], str]]:
    """What each letter of a custom format stands for, by how often it is repeated."""
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    fraction = f"{moment.microsecond:06d}0"
    zone = "Z" if minutes == 0 else f"{sign}{hours:02d}:{rest:02d}"
    twelve = moment.hour % 12 or 12
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return {
        "d": lambda n: (str(moment.day), f"{moment.day:02d}", day[:3], day)[min(n, 4) - 1],
        "f": lambda n: fraction[: min(n, 7)],
        "F": lambda n: fraction[: min(n, 7)].rstrip("0"),
        "g": lambda n: "A.D.",
        "h": lambda n: str(twelve) if n == 1 else f"{twelve:02d}",
        "H": lambda n: str(moment.hour) if n == 1 else f"{moment.hour:02d}",
        "K": lambda n: zone,
        "m": lambda n: str(moment.minute) if n == 1 else f"{moment.minute:02d}",
        "M": lambda n: (str(moment.month), f"{moment.month:02d}", month[:3], month)[min(n, 4) - 1],
        "s": lambda n: str(moment.second) if n == 1 else f"{moment.second:02d}",
        "t": lambda n: ("AM" if moment.hour < 12 else "PM")[: min(n, 2)],
        "y": lambda n: (str(moment.year % 100), f"{moment.year % 100:02d}")[n - 1] if n < 3 else f"{moment.year:0{min(n, 9)}d}",
        "z": lambda n: f"{sign}{hours}" if n == 1 else (f"{sign}{hours:02d}" if n == 2 else f"{sign}{hours:02d}:{rest:02d}"),
    }


def formatted(moment: datetime, style: str) -> str:
    """A moment in a standard (one letter) or custom .NET format."""
    parts = _parts(moment)
    out = []
    for found in _PIECE.finditer(STANDARD.get(style, style)):
        if found["run"]:
            out.append(parts[found["run"][0]](len(found["run"])))
        elif found["quoted"]:
            out.append(found["quoted"][1:-1])
        elif found[0] != "%":
            out.append(found["escaped"] or found["other"] or "")
    return "".join(out)


def moment_of(function: str, value: Any) -> datetime:
    """An ISO 8601 moment; UTC unless it says otherwise."""
    source = text(function, value).strip()
    found = _MOMENT.fullmatch(source)
    try:
        if not found:
            raise ValueError
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        zone = found[8] or "Z"
        offset = timedelta()
        if zone.upper() != "Z":
            digits = zone[1:].replace(":", "")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
        fraction = int((found[7] or "0")[:6].ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, fraction, tzinfo=timezone(offset))
    except ValueError:
        raise failed(function, f"'{source[:100]}' is no ISO 8601 date and time") from None


def duration_of(function: str, value: Any) -> timedelta:
    """An ISO 8601 duration, negative with a leading ``-``."""
    source = text(function, value)
    found = _DURATION.fullmatch(source)
    given = {name: float(part) for name, part in (found.groupdict() if found else {}).items() if part and name != "sign"}
    try:
        if found is None or not given:
            raise ValueError
        days = given.pop("years", 0) * 365 + given.pop("months", 0) * 30 + given.pop("days", 0)
        span = timedelta(days=days, **given)
    except (ValueError, OverflowError):
        raise failed(function, f"'{source[:100]}' is no ISO 8601 duration such as 'P1D' or '-PT2H'") from None
    return -span if found["sign"] else span


def date_time_add(frame: Frame, arguments: Arguments) -> str:
    """``dateTimeAdd(moment, duration, [format])``."""
    style = text("dateTimeAdd", arguments[2]) if len(arguments) > 2 else "G"
    try:
        moment = moment_of("dateTimeAdd", arguments[0]).astimezone(UTC) + duration_of("dateTimeAdd", arguments[1])
    except OverflowError:
        raise failed("dateTimeAdd", "its result lies outside the years 1 to 9999") from None
    return formatted(moment, style)


def date_time_from_epoch(frame: Frame, arguments: Arguments) -> str:
    """``dateTimeFromEpoch(seconds)``."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number("dateTimeFromEpoch", arguments[0]))
    except OverflowError:
        raise failed("dateTimeFromEpoch", "its result lies outside the years 1 to 9999") from None
    return formatted(moment, "yyyy-MM-ddTHH:mm:ssZ")


def date_time_to_epoch(frame: Frame, arguments: Arguments) -> int:
    """``dateTimeToEpoch(moment)``."""
    span = moment_of("dateTimeToEpoch", arguments[0]) - datetime(1970, 1, 1, tzinfo=UTC)
    return span // timedelta(seconds=1)


def utc_now(frame: Frame, arguments: Arguments) -> str:
    """``utcNow([format])``, in a parameter's default value only: the start of the deployment."""
    if not frame.defaults:
        raise not_expected("utcNow")
    style = text("utcNow", arguments[0]) if arguments else "yyyyMMddTHHmmssZ"
    return formatted(frame.context.now, style)


TABLE: dict[str, Function] = {
    "dateTimeAdd": Function(date_time_add, 2, 3),
    "dateTimeFromEpoch": Function(date_time_from_epoch, 1, 1),
    "dateTimeToEpoch": Function(date_time_to_epoch, 1, 1),
    "utcNow": Function(utc_now, 0, 1),
}
