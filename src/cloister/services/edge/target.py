"""What a request asks for: the authority, the path and the query of its target, read strictly (RFC 9112 3.2, RFC 3986)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote_to_bytes

from cloister.services.edge.conversation import Asked

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_QUERY_FIELDS_MAX = 256


class Unreadable(ValueError):
    """A request target or Host that cannot be understood; its text begins with "cannot"."""


def read_target(asked: Asked) -> tuple[str, str, dict[str, str]]:
    """``(authority, path, query)`` of a request: the authority asked for, the decoded path with one leading slash.

    An absolute target's authority counts instead of the Host header (RFC 9112 3.2.2).
    """
    target, authority = asked.target, asked.headers.get("host", "")
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute:
        authority, target = absolute[1].decode("latin-1"), absolute[2] or b"/"
        target = target if target.startswith(b"/") else b"/" + target
    if not target.startswith(b"/"):
        raise Unreadable("cannot read the request target: it must begin with '/'")
    if not authority:
        raise Unreadable("cannot tell which name is asked for: the header 'Host' is missing")
    raw, _, query = target.partition(b"#")[0].partition(b"?")
    try:
        path = unquote_to_bytes(raw).decode()
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise Unreadable("cannot read the URL: it must be percent-encoded UTF-8 with at most 256 query fields") from error
    if _CONTROL_CHARACTERS.search(path):
        raise Unreadable("cannot read the URL: it has control characters")
    return authority, "/" + path.lstrip("/"), dict(pairs)


def host_of(authority: str) -> str:
    """The name in an authority: lower case, without port, user and final dot."""
    name = authority.rpartition("@")[2].lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.removesuffix(".")
