"""Responses: JSON with Azure's headers, the end of a write, and what goes wrong."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
import orjson

from cloister.arm import shortage
from cloister.arm.errors import ArmError
from cloister.arm.ids import key
from cloister.control import operations
from cloister.control.distrust import Bug
from cloister.control.passage import Passage
from cloister.control.rendering import etag_of
from cloister.ipc.messages import Request, Response
from cloister.limits import APPLY_WAIT_SECONDS, DELETE_WAIT_SECONDS

log = logging.getLogger("cloister.engine")

JSON = "application/json; charset=utf-8"


def reply(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; ``body`` may be bytes that are JSON already, None for no body."""
    raw = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    own = {"content-type": JSON} if raw else {}
    return Response(status=status, headers={**own, **(headers or {})}, body=raw)


def refused(error: ArmError) -> Response:
    """Azure's error body."""
    return reply(error.status, error.body(), {**{name.lower(): value for name, value in error.headers.items()}})


def failed(error: Exception, asked: str, correlation: str) -> Response:
    """What a request is answered that ended so. A fault of ours is logged, with what was ``asked``."""
    if isinstance(error, ArmError):
        return refused(error)
    if (told := shortage.refusal(error, "control")) is not None:
        log.error("%s request=%s id=%s", error, asked, correlation)
        return refused(told)
    text = str(error) if isinstance(error, Bug) else "internal error: bug in the engine"
    log.error("%s request=%s id=%s", text, asked, correlation, exc_info=error)
    return broken(text, correlation)


def broken(text: str, correlation: str) -> Response:
    """500: the fault is ours. The log has the rest under the same id."""
    message = f"{text}. The log has more under {correlation}; nothing was changed."
    return reply(500, {"error": {"code": "InternalServerError", "message": message}})


def unauthenticated(tenant_id: str, has_header: bool) -> ArmError:
    """401 for a request without a bearer token."""
    how = (
        "The 'Authorization' header is provided in an invalid format." if has_header else "The 'Authorization' header is missing."
    )
    challenge = (
        f'Bearer authorization_uri="https://login.microsoftonline.com/{tenant_id}", error="invalid_token", '
        "error_description=\"The authentication failed because of missing 'Authorization' header.\""
    )
    return ArmError(401, "AuthenticationFailed", f"Authentication failed. {how}", headers={"www-authenticate": challenge})


def dressed(response: Response, correlation: str, request: Request) -> Response:
    """With the headers that every answer of Resource Manager has."""
    given = request.headers.get("x-ms-correlation-request-id", "")[:128]
    own = {
        "x-ms-request-id": correlation,
        "x-ms-correlation-request-id": given if given.isascii() and given.isprintable() and given else correlation,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }
    client = request.headers.get("x-ms-client-request-id", "")[:128]
    if client and client.isascii() and client.isprintable():
        own["x-ms-client-request-id"] = client
    return msgspec.structs.replace(response, headers={**own, **response.headers})


async def written(p: Passage) -> Response:
    """The answer to a write that is on disk: at once if it is applied in time, else with the URLs to poll."""
    if p.outcome is not None:
        polled = _polling(p, [p.id.text]) if p.outcome.status == 202 else None
        return reply(p.outcome.status, p.outcome.body, polled)
    if p.method == "DELETE":
        return await _deleted(p)
    row = p.engine.index.rows.get(p.id.key)
    if row is None:  # deleted again while this answer was on its way
        raise p.not_found()
    if p.changes:
        await p.engine.loop.applied(row.id, p.revision, APPLY_WAIT_SECONDS)
    row = p.engine.index.rows.get(p.id.key) or row
    view = p.engine.view(p.caller, shown=True)
    status = p.kind.put_status[0] if p.created else p.kind.put_status[1] if p.method == "PUT" else 200
    headers = {"etag": etag_of(row, view, p.engine.types)}
    if p.kind.polled or p.engine.loop.state(row.id)[0] != "Succeeded":  # Failed too: its reason is told by the operation
        headers |= _polling(p, [row.id])
    return reply(status, p.engine.renderer.bytes(row, view, p.api_version), headers)


async def _deleted(p: Passage) -> Response:
    """200 or 204 for a type that answers at once, else 202 with Location; what is withdrawn gets a moment to be gone."""
    gone = [old.id for _, old, new in p.changes if new is None and old is not None and key(old.id) != p.id.key]
    rows = [p.id.text, *gone]
    is_asynchronous = p.kind.delete_status == 202
    timeout = APPLY_WAIT_SECONDS if is_asynchronous else DELETE_WAIT_SECONDS
    loop = p.engine.loop
    waiting = [loop.applied(id, p.revision, timeout) for id in rows[: operations.IDS_MAX]]
    await asyncio.gather(*waiting)
    if is_asynchronous:
        return reply(202, None, _polling(p, rows))
    shown = None
    if p.kind.delete_shows and p.old is not None:
        shown = p.engine.renderer.bytes(p.old, p.engine.view(p.caller, shown=True), p.api_version)
    return reply(p.kind.delete_status, shown, _polling(p, rows) if p.kind.polled else None)


def _polling(p: Passage, rows: list[str]) -> dict[str, str]:
    verb = "DELETE" if p.method == "DELETE" else "PUT"
    operation = operations.begin(verb, p.id, p.revision, p.now, rows)
    name = p.engine.operations.name(operation)
    row = p.old or p.engine.index.rows.get(p.id.key)
    location = str(row.body.get("location") or "") if row is not None else ""
    return operations.headers(name, operation, p.id, location, p.authority, p.api_version)
