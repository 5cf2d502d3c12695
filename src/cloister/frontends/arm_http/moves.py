"""POST {group}/moveResources and validateMoveResources: 204 once they are moved, or could be."""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.control.answers import reply
from cloister.control.moving import RESOURCES_MAX
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_PERMISSION = "Microsoft.Resources/subscriptions/resourceGroups"


def _asked(call: RouteCall) -> tuple[str, list[str], str]:
    """``(source, ids, target)`` of a request. Raises ArmError 400."""
    body: Any = call.body if isinstance(call.body, dict) else {}
    ids, target = body.get("resources"), body.get("targetResourceGroup")
    good = isinstance(ids, list) and 0 < len(ids) <= RESOURCES_MAX and all(isinstance(id, str) for id in ids)
    if not good or not isinstance(target, str):
        message = (
            f'cannot move resources: the body must be {{"resources": [ids, {RESOURCES_MAX} at most], '
            '"targetResourceGroup": id}; send that.'
        )
        raise ArmError(400, "InvalidRequestContent", message)
    return f"/subscriptions/{call.parts['subscription']}/resourceGroups/{call.parts['group']}", list(dict.fromkeys(ids)), target


def _known(engine: Engine, source: str) -> str:
    row = engine.view().get(source)
    if row is None:
        name = source.rsplit("/", 1)[-1]
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return row.id


async def move(engine: Engine, call: RouteCall) -> Response:
    """All of them, or none."""
    source, ids, target = _asked(call)
    await engine.move(_known(engine, source), ids, target, call.caller)
    return reply(204)


async def validate(engine: Engine, call: RouteCall) -> Response:
    """Whether they could be moved; nothing is changed."""
    source, ids, target = _asked(call)
    await engine.move(_known(engine, source), ids, target, call.caller, really=False)
    return reply(204)


ROUTES = tuple(
    Route(method="POST", path=f"{_GROUP}/{name}", permission=f"{_PERMISSION}/{name}/action", handle=handle)
    for name, handle in (("moveResources", move), ("validateMoveResources", validate))
)
