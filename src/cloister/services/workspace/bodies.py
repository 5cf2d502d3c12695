"""Reading what clients send: JSON bodies, their fields, times; writing JSON and times back.

Every refusal is an ArmError 400 whose text begins with "cannot" and names the field.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from cloister.arm.errors import ArmError
from cloister.limits import BODY_BYTES_MAX, JSON_DEPTH_MAX

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_INTEGER_MAX = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def refuse(message: str, code: str = "ValidationError", status: int = 400, target: str = "") -> ArmError:
    """The error for a request that must be changed before it can work."""
    return ArmError(status, code, message, target=target)


def read_json(body: bytes) -> Any:
    """The body's value; an empty body is None. ``NaN`` and ``Infinity`` pass, as Python's clients write them."""
    if len(body) > BODY_BYTES_MAX:
        limit = BODY_BYTES_MAX // (1024 * 1024)
        raise refuse(f"cannot read the body: it is larger than {limit} MiB; send it in parts", "RequestTooLarge", 413)
    if not body.strip():
        return None
    try:
        value = json.loads(body)
        if b"\\u" in body:  # a lone surrogate is valid JSON, but no text that could be stored
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep() from None
    except (ValueError, UnicodeError) as error:
        raise refuse(f"cannot read the body as JSON: {error}", "InvalidRequestContent") from None
    if _deeper_than(value, JSON_DEPTH_MAX):
        raise _too_deep()
    return value


def _too_deep() -> ArmError:
    return refuse(f"cannot read the body: its JSON is nested deeper than {JSON_DEPTH_MAX} levels", "InvalidRequestContent")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        inner = (one for outer in level for one in (outer.values() if isinstance(outer, dict) else outer))
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return bool(level)


def read_object(body: bytes) -> dict[str, Any]:
    """The body's object; an empty body is ``{}``."""
    value = read_json(body)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse("cannot read the body: a JSON object is expected", "InvalidRequestContent")
    return value


def text(source: dict[str, Any], key: str, limit: int = BODY_BYTES_MAX) -> str | None:
    """A string field, None if absent or null."""
    value = source.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise refuse(f"cannot read '{key}': a string is expected", target=key)
    if len(value) > limit:
        raise refuse(f"cannot accept '{key}': it is longer than {limit} characters; shorten it", target=key)
    return value


def integer(source: dict[str, Any], key: str) -> int | None:
    """A 64-bit integer field, None if absent or null. A string of digits is taken too."""
    value = source.get(key)
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _INTEGER_MAX:
        raise refuse(f"cannot read '{key}': a 64-bit integer is expected", target=key)
    return value


def objects(source: dict[str, Any], key: str, limit: int) -> list[dict[str, Any]]:
    """A field that is a list of objects, empty if absent or null."""
    value = source.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise refuse(f"cannot read '{key}': a list of objects is expected", target=key)
    if len(value) > limit:
        raise refuse(f"cannot accept '{key}': {len(value)} at once, and {limit} is the limit; send them in parts", target=key)
    return value


def strings(value: Any, key: str, limit: int) -> list[str]:
    """A list of strings, empty for null."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise refuse(f"cannot read '{key}': a list of strings is expected", target=key)
    if len(value) > limit:
        raise refuse(f"cannot accept '{key}': {len(value)} at once, and {limit} is the limit", target=key)
    return value


def string_map(source: dict[str, Any], key: str, key_limit: int, value_limit: int) -> dict[str, str | None]:
    """A field that is a map of strings, such as tags; a value may be null, numbers and booleans become text."""
    value = source.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(f"cannot read '{key}': an object of strings is expected", target=key)
    out: dict[str, str | None] = {}
    for name, entry in value.items():
        if not name or len(name) > key_limit or _CONTROL.search(name):
            raise refuse(f"cannot accept the key '{name[:80]}' in '{key}': use 1 to {key_limit} printable characters", target=key)
        if isinstance(entry, bool | int | float):
            entry = str(entry)
        if entry is not None and not isinstance(entry, str):
            raise refuse(f"cannot read '{key}.{name}': a string is expected", target=f"{key}.{name}")
        if entry is not None and len(entry) > value_limit:
            message = f"cannot accept the value of '{key}.{name}': it is longer than {value_limit} characters; shorten it"
            raise refuse(message, target=f"{key}.{name}")
        out[name] = entry
    return out


def moment(value: Any, key: str) -> int | None:
    """A time in ISO 8601 as microseconds since 1970, UTC unless it says otherwise; None for null."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
        return (time.replace(tzinfo=time.tzinfo or UTC) - _EPOCH) // timedelta(microseconds=1)
    except (TypeError, ValueError, OverflowError):
        raise refuse(f"cannot read '{key}': a time such as 2026-01-31T12:00:00Z is expected", target=key) from None


def iso(microseconds: int | None) -> str | None:
    """Microseconds since 1970 as Azure writes times; None for None. Times before year 1 or after 9999 are cut there."""
    if microseconds is None:
        return None
    microseconds = max(_EARLIEST, min(microseconds, _LATEST))
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "+00:00"


def to_json(value: Any) -> bytes:
    """JSON as clients read it; there is no NaN in ``value``."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
