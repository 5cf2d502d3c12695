"""Private link at the target's side: the two child types of any resource that private endpoints may lead to.

``<target>/privateEndpointConnections`` are rows derived by endpoints; their state is stored there and nowhere else, and
the target's owner changes it: PUT approves or rejects, DELETE disconnects (the row stays, hidden, until the endpoint
goes). ``<target>/privateLinkResources`` is computed from the target type's ``private_link``.

Source: learn.microsoft.com/azure/private-link/manage-private-endpoint (states and who changes them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import parse
from cloister.arm.resource import PrivateLinkGroup, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, obj, string
from cloister.net.intent import LinkedName

CONNECTIONS = "privateEndpointConnections"
RESOURCES = "privateLinkResources"
APPROVED, PENDING, REJECTED, DISCONNECTED = "Approved", "Pending", "Rejected", "Disconnected"
AUTO_APPROVED = "Auto-Approved"
AWAITING = "Awaiting approval"

STATE = obj(
    status=string(APPROVED, PENDING, REJECTED, DISCONNECTED, "Timeout"),
    description=string(),
    actionsRequired=string(),
    actionRequired=string(),  # storage's spelling
)

CONNECTION_PROPERTIES = obj(
    privateEndpoint=anything(read_only=True),
    privateLinkServiceConnectionState=STATE,
    groupIds=array(string(), read_only=True),
    linkIdentifier=string(read_only=True),
    privateEndpointLocation=string(read_only=True),
    provisioningState=string(read_only=True),
)


def state(connection: Row | None) -> dict[str, str]:
    """``{status, description, actionsRequired}`` of a connection; Disconnected where the row is gone."""
    if connection is None:
        return {"status": DISCONNECTED, "description": "The connection was removed with its target.", "actionsRequired": "None"}
    return connection.properties.get("privateLinkServiceConnectionState") or {"status": PENDING}


def status(connection: Row | None) -> str:
    """Approved, Pending, Rejected or Disconnected."""
    return state(connection).get("status") or PENDING


def is_hidden(connection: Row) -> bool:
    """A disconnected connection is kept for its endpoint's sake and shown to nobody."""
    return status(connection) == DISCONNECTED


def connections(target: Row, view: View) -> list[Row]:
    """The connections of a target that its owner sees, in name order."""
    return [row for row in view.children(target.id, f"{target.type}/{CONNECTIONS}") if not is_hidden(row)]


def has_approved(target: Row, view: View) -> bool:
    """Whether some endpoint carries traffic to the target."""
    return any(status(row) == APPROVED for row in connections(target, view))


def shown_connections(target: Row, view: View) -> list[dict[str, Any]]:
    """``properties.privateEndpointConnections`` of a target's GET."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "properties": {**row.properties, "provisioningState": "Succeeded"},
        }
        for row in connections(target, view)
    ]


def approval_action(target_type: str) -> str:
    """The RBAC action that decides automatic approval."""
    return f"{target_type}/{CONNECTIONS}Approval/action"


def group_of(target: Row, group_id: str, view: View) -> PrivateLinkGroup | None:
    """The target's group with this id, compared without case."""
    found = view.type(target.type)
    return next((group for group in found.private_link if group.id.lower() == group_id.lower()), None) if found else None


def members(group: PrivateLinkGroup, names: Iterable[LinkedName]) -> list[str]:
    """The members of a connection, each of which gets an address: the group's own, or those of the names in order."""
    return list(group.members) or list(dict.fromkeys(name.member for name in names))


def amend(row: Row, body: dict[str, Any] | None, view: View, caller: str) -> Row:
    """The target's owner approves or rejects (PUT), or disconnects (DELETE)."""
    target = parse(row.id).parent
    owner = target.text if target else ""
    if status(row) == DISCONNECTED:
        raise ArmError(
            404,
            "ResourceNotFound",
            f"cannot find connection '{row.name}' of '{owner}': it was removed; make a new private endpoint to connect again.",
        )
    if body is None:
        view.note(f"{row.type}/delete", row.id, f"connection '{row.name}' is Disconnected")
        return _with_state(row, DISCONNECTED, "Disconnected by the resource's owner.")
    wanted = (body.get("properties") or {}).get("privateLinkServiceConnectionState")
    if not isinstance(wanted, dict) or not wanted.get("status"):
        raise ArmError(
            400,
            "InvalidRequestContent",
            f"cannot change connection '{row.name}': the body has no properties.privateLinkServiceConnectionState.status; "
            "give Approved or Rejected.",
            target="properties.privateLinkServiceConnectionState.status",
        )
    new = next((known for known in (APPROVED, REJECTED) if known.lower() == str(wanted["status"]).lower()), "")
    if not new and str(wanted["status"]).lower() == status(row).lower():
        new = status(row)
    if not new:
        raise ArmError(
            400,
            "InvalidPrivateLinkServiceConnectionState",
            f"cannot change connection '{row.name}' from {status(row)} to '{wanted['status']}': "
            "give Approved or Rejected, or DELETE the connection to disconnect it.",
            target="properties.privateLinkServiceConnectionState.status",
        )
    description = wanted.get("description")
    if new != status(row):
        view.note(f"{row.type}/write", row.id, f"connection '{row.name}' is {new}")
    return _with_state(row, new, str(description) if description is not None else state(row).get("description", ""))


def _with_state(row: Row, new: str, description: str) -> Row:
    wanted = {"status": new, "description": description, "actionsRequired": "None"}
    return row.with_properties(privateLinkServiceConnectionState=wanted)


MembersByVersion = Callable[[PrivateLinkGroup, Row, str], Iterable[str]]


def resources(target: Row, view: View, members_by_version: MembersByVersion | None, api_version: str) -> list[dict[str, Any]]:
    """The items of ``GET {target}/privateLinkResources``."""
    found = view.type(target.type)
    out = []
    for group in found.private_link if found else ():
        listed = members_by_version(group, target, api_version) if members_by_version else members(group, group.names(target))
        properties = {"groupId": group.id, "requiredMembers": list(listed), "requiredZoneNames": list(group.zones)}
        out.append({"name": group.id, "properties": properties})
    return out


def child_types(
    target: str, api_versions: tuple[str, ...], members_by_version: MembersByVersion | None = None
) -> tuple[ResourceType, ResourceType]:
    """The connection type and the listing type of ``target`` (a full type name)."""
    connection = ResourceType(
        name=f"{target}/{CONNECTIONS}",
        api_versions=api_versions,
        coverage=enforced(),
        properties=CONNECTION_PROPERTIES,
        location="none",
        amend=amend,
        hidden=is_hidden,
        put_status=(200, 200),
    )
    listing = ResourceType(
        name=f"{target}/{RESOURCES}",
        api_versions=api_versions,
        coverage=enforced(),
        properties=obj(
            groupId=string(read_only=True),
            requiredMembers=array(string(), read_only=True),
            requiredZoneNames=array(string(), read_only=True),
        ),
        location="none",
        listing=lambda row, view, api_version: resources(row, view, members_by_version, api_version),
    )
    return connection, listing
