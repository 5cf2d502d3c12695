"""Microsoft.Network/applicationSecurityGroups: a name for interfaces, to be used in security rules.

Source: learn.microsoft.com/azure/virtual-network/application-security-groups.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import obj, string
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/applicationSecurityGroups"


def settle(change: Change, view: View) -> Row:
    """Its guid, for life."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("guid", view.new_id(f"{change.row.id} resourceGuid {view.now}"))
    return change.row.with_facts(**facts)


def show(row: Row, view: View, api_version: str) -> dict:
    """Its guid."""
    return {"resourceGuid": row.facts.get("guid", "")}


def blockers(row: Row, view: View) -> Iterator[str]:
    """Interfaces, endpoints and rules that name it."""
    for user in view.referring(row.id):
        if user.type.lower().startswith("microsoft.network/"):
            yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("Azure's codes for members in several networks are not known"),
    properties=obj(resourceGuid=string(read_only=True), provisioningState=string(read_only=True)),
    settle=settle,
    show=show,
    blockers=blockers,
    in_use_code="ApplicationSecurityGroupInUse",
)
