"""GET, HEAD and LIST: what is published, as JSON, in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson

from cloister.arm.errors import ArmError
from cloister.arm.filters import read_filter
from cloister.arm.ids import ResourceId, key, parse
from cloister.arm.resource import Call, Row
from cloister.control import operations
from cloister.control.answers import reply
from cloister.control.distrust import blamed
from cloister.control.gates import find_action, permission
from cloister.control.passage import Passage
from cloister.control.ports import Route, RouteCall
from cloister.control.rendering import etag_of
from cloister.control.world import Window
from cloister.ipc.messages import Response
from cloister.limits import LIST_PAGE_MAX

if TYPE_CHECKING:
    from cloister.control.engine import Engine


def answer(p: Passage) -> Response:
    """The answer to a GET or HEAD that has passed the reading gates."""
    view = p.engine.view(p.caller, shown=True)
    if p.target.kind == "action":
        return _acted(p, view)
    if p.target.kind == "collection":
        return _listed(p, view)
    if p.kind.listing is not None:
        return _computed(p, view)
    row = existing(p, view, p.id)
    etag = etag_of(row, view, p.engine.types)
    unless = p.headers.get("if-none-match", "")
    if unless and etag.removeprefix("W/") in unless:
        return reply(304, None, {"etag": etag})
    if p.method == "HEAD":
        return reply(204, None, {"etag": etag})
    return reply(200, p.engine.renderer.bytes(row, view, p.api_version), {"etag": etag})


def existing(p: Passage, view: Window, id: ResourceId) -> Row:
    """The shown row with this id. Raises ArmError 404, for the group if that is what is missing."""
    row = view.get(id.text)
    if row is not None and not view.is_hidden(row):
        return row
    require_group(p, view, id)
    if len(id.names) > 1 and (above := id.parent) is not None and view.get(above.text) is None:
        p.id = above
    raise p.not_found()


def require_group(p: Passage, view: Window, id: ResourceId) -> None:
    """Raises ArmError 404 ``ResourceGroupNotFound``."""
    if id.provider and id.resource_group:
        group = f"/subscriptions/{id.subscription}/resourceGroups/{id.resource_group}"
        if view.get(group) is None:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{id.resource_group}' could not be found.")


def _acted(p: Passage, view: Window) -> Response:
    _, action = find_action(p)
    assert action is not None  # the path was read as an action because the type has it
    row = existing(p, view, p.id)
    with blamed(p.kind.name, f"the action {p.target.action}", row.id):
        outcome = action.run(Call(row=row, body=None, query=p.query, api_version=p.api_version), view)
    return reply(outcome.status, outcome.body)


def _computed(p: Passage, view: Window) -> Response:
    """One item of a computed collection."""
    above = p.id.parent
    assert above is not None
    parent = existing(p, view, above)
    for item in p.engine.renderer.computed(parent, p.kind, view, p.api_version):
        if str(item["name"]).lower() == p.id.name.lower():
            return reply(200, item)
    raise p.not_found()


def _listed(p: Passage, view: Window) -> Response:
    if p.method == "HEAD":
        raise ArmError(405, "MethodNotAllowed", f"cannot HEAD the collection '{p.path}'; GET it.", headers={"allow": "GET"})
    above = p.id.parent
    require_group(p, view, p.id)
    is_nested = len(p.id.names) > 1 or bool(p.id.parent_scope)
    if above is not None and is_nested:
        parent = existing(p, view, above)
        if p.kind.listing is not None:
            items = p.engine.renderer.computed(parent, p.kind, view, p.api_version)
            return reply(200, {"value": [item for item in items if _has_suffix(str(item["name"]), p)]})
    may_all = p.engine.allows(p.caller, permission(p), p.target.scope)
    asked = (p.path, p.authority, frozenset(p.query.items()), "" if may_all else p.caller)
    return reply(200, p.engine.renderer.page(asked, lambda: _page_below(p, view, above, is_nested, may_all)))


def _page_below(p: Passage, view: Window, above: ResourceId | None, is_nested: bool, may_all: bool) -> bytes:
    """The page of what stands below ``above`` (None: everywhere), directly below it where the collection is a resource's.

    Without ``may_all``, what the caller may read of it: in a subscription, those with a role in one group see that group's.
    """
    rows = [
        row
        for row in (view.children(above.text, p.kind.name) if above is not None else view.of_type(p.kind.name))
        if (is_nested is False or _is_direct(row, p.id)) and _has_suffix(row.name, p)
    ]
    if not may_all:
        action = permission(p)
        rows = [row for row in rows if p.engine.allows(p.caller, action, row.id)]
    if p.query.get("$filter"):
        rows = list(filter(read_filter(p.query.get("$filter", "")), rows))
    return page(p, rows, view)


def _has_suffix(name: str, p: Passage) -> bool:
    """Whether a listing that is asked for one suffix of names only has this one."""
    suffix = p.query.get(p.kind.suffix_query, "") if p.kind.suffix_query else ""
    return not suffix or name.lower().endswith(f".{suffix.lower().removeprefix('.')}")


def _is_direct(row: Row, listed: ResourceId) -> bool:
    """Whether the row stands directly in the listed collection, not in one further down."""
    prefix = key(listed.text)[: -len("_")]
    return key(row.id).startswith(prefix) and "/" not in key(row.id)[len(prefix) :]


def page(p: Passage, rows: list[Row], view: Window) -> bytes:
    """One page of a listing, with ``nextLink`` when there is more."""
    start, size = page_of(p.query)
    end = start + size
    items = [p.engine.renderer.bytes(row, view, p.api_version) for row in rows[start:end]]
    more = b""
    if end < len(rows):
        more = b',"nextLink":' + orjson.dumps(next_link(p.authority, p.path, p.query, end))
    return b'{"value":[' + b",".join(items) + b"]" + more + b"}"


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """``(start, size)`` of the page that ``$top`` and ``$skiptoken`` ask for. Raises ArmError 400."""
    try:
        size = min(int(query.get("$top") or LIST_PAGE_MAX), LIST_PAGE_MAX)
        if size < 1:
            raise ValueError
    except ValueError:
        message = f"cannot list with $top={query['$top'][:40]!r}: give a whole number of at least 1."
        raise ArmError(400, "InvalidParameter", message, target="$top") from None
    token = query.get("$skiptoken") or ""
    try:
        start = int(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True) or b"0")
        if start < 0:
            raise ValueError
    except (ValueError, binascii.Error):
        message = "cannot list from this $skiptoken: this cloud never gave it out; list from the start."
        raise ArmError(400, "InvalidSkipToken", message, target="$skiptoken") from None
    return start, size


def next_link(authority: str, path: str, query: Mapping[str, str], start: int) -> str:
    """The URL of the next page, on the host the client asked."""
    token = base64.urlsafe_b64encode(str(start).encode()).rstrip(b"=").decode()
    rest = urlencode({**{name: value for name, value in query.items() if name != "$skiptoken"}, "$skiptoken": token})
    return f"https://{authority or 'management.azure.com'}{path}?{rest}"


async def poll_status(engine: Engine, call: RouteCall) -> Response:
    """GET ``operationStatuses/{operation}``: 200 with the state."""
    operation, state, reason = _polled(engine, call)
    name, now = call.parts["operation"], engine.clock()
    body = operations.status_body(name, call.request.path, operation, state, reason, now)
    return reply(200, body, operations.waiting() if state == "Updating" else None)


async def poll_result(engine: Engine, call: RouteCall) -> Response:
    """GET ``operationResults/{operation}``: 202 while it runs, then what the request itself would have answered."""
    operation, state, reason = _polled(engine, call)
    request = call.request
    if state == "Updating":
        url = f"https://{request.authority or 'management.azure.com'}{request.path}?{urlencode(request.query)}"
        return reply(202, None, {"location": url, **operations.waiting()})
    if state == "Failed":
        raise ArmError(409, "ResourceOperationFailure", f"cannot apply '{operation.id}': {reason}; see the log.")
    row = engine.index.rows.get(key(operation.id))
    if operation.verb == "DELETE" or row is None:
        return reply(204)
    return reply(200, engine.renderer.bytes(row, engine.view(call.caller, shown=True), request.query["api-version"]))


def _polled(engine: Engine, call: RouteCall) -> tuple[operations.Operation, str, str]:
    """The operation, and the worst state of the rows it waits for. Only who may read the resource may poll."""
    operation = engine.operations.read(call.parts["operation"])
    if not engine.allows(call.caller, f"{parse(operation.id).type}/read", operation.id):
        operation = engine.operations.read("")
    states = [engine.loop.state(id) for id in operation.rows or (operation.id,)]
    order = ("Failed", "Updating", "Succeeded")
    state, reason = min(states, key=lambda found: order.index(found[0]))
    return operation, state, reason


_LOCATED = "{*scope}/providers/{namespace}/locations/{location}"
ROUTES = (
    Route(method="GET", path=f"{_LOCATED}/operationStatuses/{{operation}}", permission="", handle=poll_status),  # type: ignore[arg-type]
    Route(method="GET", path=f"{_LOCATED}/operationResults/{{operation}}", permission="", handle=poll_result),  # type: ignore[arg-type]
)
"""The engine's own routes: what clients poll."""
