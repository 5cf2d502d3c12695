"""Moving resources to another group or subscription: the same rows under other ids, all or none of them.

What moves is a resource with its children. It must be free: nothing outside the move names it, owns it or is owned by it, and
it has no private endpoint connections; Azure refuses to move private endpoints, and what they lead to, likewise.
Sources: learn.microsoft.com/rest/api/resources/resources/move-resources,
.../azure/azure-resource-manager/management/move-support-resources.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, key, parse
from cloister.arm.rbac import is_inside
from cloister.arm.resource import Row, View
from cloister.control.authority import scope_of
from cloister.control.gates import LOCKS
from cloister.control.ports import Caller, Event

if TYPE_CHECKING:
    from cloister.control.engine import Engine

OPERATION = "Microsoft.Resources/subscriptions/resourceGroups/moveResources/action"
RESOURCES_MAX = 800  # of one move, as in Azure


def planned(engine: Engine, view: View, source: str, ids: Iterable[str], target: str, caller: Caller) -> list[tuple[Row, Row]]:
    """``(row, the same row at its new place)`` of all that moves. Raises ArmError with every reason why it cannot."""
    group = view.get(target)
    if group is None or not _is_group(target):
        message = f"cannot move to '{target[:300]}': there is no such resource group; give the id of one that exists."
        raise ArmError(404, "ResourceGroupNotFound", message, target="targetResourceGroup")
    if key(group.id) == key(source):
        raise ArmError(400, "InvalidMoveTarget", "cannot move resources to the group they are in; name another group.")
    roots = [_root(view, source, id) for id in ids]
    moved = {key(row.id): row for root in roots for row in (root, *view.children(root.id))}
    problems = [_problem(engine, view, row, moved, source, group.id, caller) for row in moved.values()]
    if found := [problem for problem in problems if problem]:
        code, message = found[0]
        details = [{"code": one, "message": text} for one, text in found]
        raise ArmError(409, code, message, details=details)
    return [(row, _moved(row, source, group.id, moved)) for row in moved.values()]


def _is_group(id: str) -> bool:
    try:
        found = parse(id)
    except IdError:
        return False
    return bool(found.resource_group) and not found.provider


def _root(view: View, source: str, id: str) -> Row:
    row = view.get(id)
    if row is None or not is_inside(key(source), key(row.id)):
        message = f"cannot move '{id[:300]}': it is no resource of group '{source.rsplit('/', 1)[-1]}'; name those that are."
        raise ArmError(404, "ResourceNotFound", message, target=id[:300])
    place = parse(row.id)
    if not place.provider or len(place.names) != 1 or place.parent_scope:
        message = f"cannot move '{row.id}' by itself: only top-level resources move, their children with them; name its parent."
        raise ArmError(400, "ResourceMoveNotSupported", message, target=row.id)
    return row


def _problem(
    engine: Engine, view: View, row: Row, moved: dict[str, Row], source: str, target: str, caller: Caller
) -> tuple[str, str] | None:
    """Why this row cannot move: ``(code, message)``."""
    bound = [row.owner, *(other.id for other in view.owned_by(row.id))]
    if any(id and key(id) not in moved for id in bound) or row.type.endswith("/privateEndpointConnections"):
        return (
            "ResourceMoveNotSupported",
            f"cannot move '{row.id}': it belongs with other resources by private link or as a part.",
        )
    outside = [other.id for other in view.referring(row.id) if key(other.id) not in moved]
    if outside:
        text = f"cannot move '{row.id}' alone: '{outside[0]}' uses it; move both, or let that go first."
        return "MissingMoveDependentResources", text
    new = _renamed(row.id, source, target)
    if view.get(new) is not None:
        return "ResourceAlreadyExists", f"cannot move '{row.id}': there is a '{new}' already; rename or delete one of them."
    for scope, action in ((row.id, f"{row.type}/write"), (target, f"{row.type}/write")):
        if not engine.allows(caller, action, scope):
            return "AuthorizationFailed", f"cannot move '{row.id}': you may not '{action}' at '{scope}'; ask for a role there."
    for lock in view.of_type(LOCKS):
        stands = key(scope_of(lock.id))
        if is_inside(stands, key(row.id)) or (lock.properties.get("level") == "ReadOnly" and is_inside(stands, key(target))):
            return "ScopeLocked", f"cannot move '{row.id}': the lock '{lock.id}' forbids it; remove the lock and try again."
    return None


def _renamed(id: str, source: str, target: str) -> str:
    return target + id[len(source) :]


def _moved(row: Row, source: str, target: str, moved: dict[str, Row]) -> Row:
    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            inside = value.startswith("/") and any(is_inside(place, key(value)) for place in moved)
            return _renamed(value, source, target) if inside else value
        if isinstance(value, dict):
            return {name: replaced(item) for name, item in value.items()}
        return [replaced(item) for item in value] if isinstance(value, list) else value

    body, facts, owner = replaced(row.body), replaced(dict(row.facts)), replaced(row.owner)
    return msgspec.structs.replace(row, id=_renamed(row.id, source, target), body=body, facts=facts, owner=owner)


def told(pairs: list[tuple[Row, Row]], caller: Caller, now: str) -> list[Event]:
    """The activity log's entries of a move."""
    who = caller.name or caller.principal
    return [
        Event(time=now, operation=OPERATION, resource=new.id, caller=who, status="Succeeded", text=f"Moved from '{old.id}'.")
        for old, new in pairs
    ]
