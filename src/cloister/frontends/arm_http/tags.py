"""Tags of anything that has them, at one path: ``{scope}/providers/Microsoft.Resources/tags/default``.

GET shows them, PUT replaces them, PATCH merges, replaces or deletes some, DELETE takes all. They are the resource's own tags:
each write goes through all gates of a PATCH of the resource. Source: learn.microsoft.com/rest/api/resources/tags.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.resource import Row
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

TYPE = "Microsoft.Resources/tags"
_PATH = f"{{*scope}}/providers/{TYPE}/default"
_OPERATIONS = ("Merge", "Replace", "Delete")


def _row(engine: Engine, call: RouteCall) -> Row:
    scope = call.parts["scope"]
    row = engine.view(call.caller, shown=True).get(scope) if scope else None
    if row is None:
        raise ArmError(404, "ResourceNotFound", f"The Resource '{scope[:300]}' was not found.")
    return row


def _shown(row: Row) -> dict[str, Any]:
    id = f"{row.id}/providers/{TYPE}/default"
    return {"id": id, "name": "default", "type": TYPE, "properties": {"tags": row.body.get("tags") or {}}}


def _given(call: RouteCall) -> dict[str, Any]:
    properties = call.body.get("properties") if isinstance(call.body, dict) else None
    tags = properties.get("tags", {}) if isinstance(properties, dict) else None
    if not isinstance(tags, dict):
        message = 'cannot read the tags: the body must be {"properties": {"tags": {"name": "value"}}}; send that.'
        raise ArmError(400, "InvalidRequestContent", message, target="properties.tags")
    return tags


async def _write(engine: Engine, call: RouteCall, row: Row, tags: dict[str, Any], gone: set[str]) -> Response:
    """``tags`` are set, ``gone`` (in any case) are taken away, the rest stays."""
    kind = engine.types[row.type]
    set_now = {name.lower() for name in tags}
    patch = {name: None for name in row.body.get("tags") or {} if name.lower() in gone | set_now}  # a name keeps no old case
    answer = await engine.perform(
        "PATCH", row.id, caller=call.caller, api_version=max(kind.api_versions), body={"tags": {**patch, **tags}}
    )
    return answer if answer.status >= 400 else reply(200, _shown(_row(engine, call)))


async def show(engine: Engine, call: RouteCall) -> Response:
    """GET: the tags, an empty object where there are none."""
    return reply(200, _shown(_row(engine, call)))


async def put(engine: Engine, call: RouteCall) -> Response:
    """PUT: these tags and no others."""
    row = _row(engine, call)
    return await _write(engine, call, row, _given(call), {name.lower() for name in row.body.get("tags") or {}})


async def patch(engine: Engine, call: RouteCall) -> Response:
    """PATCH: ``operation`` Merge, Replace, or Delete of the tags given, those whose value is another excepted."""
    row, tags = _row(engine, call), _given(call)
    operation = str((call.body or {}).get("operation") or "Merge").capitalize()
    if operation not in _OPERATIONS:
        message = f"cannot {operation[:40]!r} tags: the operation must be one of {', '.join(_OPERATIONS)}."
        raise ArmError(400, "InvalidRequestContent", message, target="operation")
    if operation == "Replace":
        return await put(engine, call)
    if operation == "Merge":
        return await _write(engine, call, row, tags, set())
    present = {name.lower(): value for name, value in (row.body.get("tags") or {}).items()}
    return await _write(
        engine, call, row, {}, {name.lower() for name, value in tags.items() if present.get(name.lower()) == value}
    )


async def delete(engine: Engine, call: RouteCall) -> Response:
    """DELETE: all tags."""
    row = _row(engine, call)
    answer = await _write(engine, call, row, {}, {name.lower() for name in row.body.get("tags") or {}})
    return answer if answer.status >= 400 else reply(200)


ROUTES = (
    Route(method="GET", path=_PATH, permission=f"{TYPE}/read", handle=show),
    Route(method="PUT", path=_PATH, permission=f"{TYPE}/write", handle=put),
    Route(method="PATCH", path=_PATH, permission=f"{TYPE}/write", handle=patch),
    Route(method="DELETE", path=_PATH, permission=f"{TYPE}/delete", handle=delete),
)
