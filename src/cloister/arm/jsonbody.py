"""A request's body as JSON, however hostile: bounded in size and depth, always ending in a value or Azure's 400.

Repeated keys are legal JSON and the last one wins (RFC 8259, section 4). Template deployments have a reader of their
own (``arm/template``): what ``az`` sends there is not strict JSON.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from cloister.arm.errors import ArmError
from cloister.limits import BODY_BYTES_MAX, JSON_DEPTH_MAX

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_body(raw: bytes) -> Any:
    """The JSON value of ``raw``; None for an empty body.

    Raises ArmError 413 ``RequestEntityTooLarge`` and 400 ``InvalidRequestContent``.
    """
    check_size(raw)
    text = raw.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        return None
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise _invalid(f"it is not JSON ({error}); send UTF-8 JSON") from error
    check_value(value)
    return value


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of ``raw``. Raises as ``parse_body``, and for an empty body or any other kind of value."""
    return require_object(parse_body(raw))


def require_object(value: Any) -> dict[str, Any]:
    """``value`` if it is a JSON object. Raises ArmError 400 ``InvalidRequestContent``."""
    if value is None:
        raise _invalid("it is empty; send a JSON object")
    if not isinstance(value, dict):
        raise _invalid("it is JSON but no object; send a JSON object")
    return value


def check_made(value: Any) -> None:
    """``check_value`` for a value made inside (by a template): also what JSON cannot carry at all is a 400."""
    check_value(value)
    try:
        orjson.dumps(value)
    except (TypeError, RecursionError) as error:
        raise _invalid(f"it cannot be written as JSON ({error}); use other values") from error


def check_size(raw: bytes) -> None:
    """Raises ArmError 413 for a body over Resource Manager's 4 MiB."""
    if len(raw) > BODY_BYTES_MAX:
        message = (
            f"cannot accept the request: its body has {len(raw)} bytes and the limit is {BODY_BYTES_MAX}; "
            "send it in smaller parts"
        )
        raise ArmError(413, "RequestEntityTooLarge", message)


def check_value(value: Any) -> None:
    """Raises ArmError 400 for a value nested too deeply, or with numbers that JSON cannot say."""
    level: list[Any] = [value]
    for _ in range(JSON_DEPTH_MAX + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise _invalid("it has a number too large to keep; send it as a string")
        if not below:
            return
        level = below
    raise _invalid(f"it is nested more than {JSON_DEPTH_MAX} levels deep; flatten it")


def _invalid(why: str) -> ArmError:
    return ArmError(400, "InvalidRequestContent", f"cannot read the request content: {why}.")
