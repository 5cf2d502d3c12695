"""What a caller who may not pass is told: Azure's own status, code and text, and behind it our reason and the way out.

Machine learning's data plane answers with the body of its management frontend (the text of the private link refusal is as
quoted in github.com/MicrosoftDocs/azure-docs/issues/90426); everything else has ARM's plain envelope.
"""

from __future__ import annotations

import json
import time
from typing import Any

from cloister.arm.errors import ArmError
from cloister.ipc.messages import Response
from cloister.limits import BODY_BYTES_MAX

COMPONENT = "managementfrontend"
PRIVATE_LINK_TEXT = "Access to workspace was denied based on workspace private link configuration."

REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 411: "Length Required", 412: "Precondition Failed",
    413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
    421: "Misdirected Request", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}  # fmt: skip


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    found = {"content-type": "application/json; charset=utf-8", "cache-control": "no-cache", **(headers or {})}
    return Response(status=status, headers=found, body=json.dumps(body).encode())


def refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """ARM's envelope: ``{"error": {"code", "message"}}``."""
    return answer(status, {"error": {"code": code, "message": message}}, headers)


def of_error(error: ArmError) -> Response:
    """An ArmError as an answer."""
    return answer(error.status, error.body(), error.headers)


def data_plane(
    status: int, message: str, *, inner: str, reason: str = "", target: str = "", region: str = "", headers: dict | None = None
) -> Response:
    """The envelope of machine learning's data plane. ``inner`` is the inner error's code; ``reason`` goes to ``details``."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    details = [{"code": inner, "message": reason, **({"target": target} if target else {}), "details": []}] if reason else []
    extra: list[dict[str, Any]] = [
        {"type": "ComponentName", "info": {"value": COMPONENT}},
        {"type": "Environment", "info": {"value": region}},
        {"type": "Location", "info": {"value": region}},
        {"type": "Time", "info": {"value": now}},
        {"type": "InnerError", "info": {"value": {"code": inner, "innerError": None}}},
    ]
    return answer(
        status, {"error": {"code": "UserError", "message": message, "details": details, "additionalInfo": extra}}, headers
    )


def private_link(*, reason: str, target: str, region: str = "") -> Response:
    """403: the resource's network policy does not let this way in."""
    return data_plane(403, PRIVATE_LINK_TEXT, inner="ForbiddenError", reason=reason, target=target, region=region)


def misdirected(host: str, name: str, reason: str) -> Response:
    """421: the name in the request is not the one this connection was made for (RFC 9110 15.5.20)."""
    text = f"cannot answer for '{host[:253]}' on a connection made for '{name}': {reason}; open a connection for that name"
    return refusal(421, "MisdirectedRequest", text)


def too_large() -> Response:
    """413 in ARM's words (learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling)."""
    text = (
        f"The request content size exceeds the maximum size of {BODY_BYTES_MAX // (1024 * 1024)} MB. "
        f"Send at most {BODY_BYTES_MAX} bytes."
    )
    return refusal(413, "RequestEntityTooLarge", text)


def unavailable(what: str, seconds: float) -> Response:
    """503: a process behind the edge is down and is being restarted."""
    text = f"cannot reach {what}: it did not answer within {seconds:g} seconds; it restarts by itself, try again"
    return refusal(503, "ServiceUnavailable", text, {"retry-after": "1"})


def uncertain(what: str) -> Response:
    """503: the process went away during a request that must not simply be sent twice."""
    text = f"cannot tell whether the request was done: {what} restarted meanwhile; look at the resource, then try again"
    return refusal(503, "ServiceUnavailable", text, {"retry-after": "1"})


def broken(what: str) -> Response:
    """500: a bug of ours; the log has the rest."""
    return refusal(500, "InternalServerError", f"cannot answer: {what} failed on this request; 'cloister doctor' shows the log")


def late(what: str, seconds: float) -> Response:
    """504: a process took too long."""
    text = f"cannot answer: {what} did not finish within {seconds:g} seconds; try again later"
    return refusal(504, "GatewayTimeout", text, {"retry-after": "5"})
