"""Microsoft.Network/routeTables: routes for subnets, which packets of their machines obey.

Source: learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.providers.network import subnets
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/routeTables"


def settle(change: Change, view: View) -> Row:
    """Its guid, for life."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("guid", view.new_id(f"{change.row.id} resourceGuid {view.now}"))
    return change.row.with_facts(**facts)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The subnets that use it."""
    found = [{"id": user.id} for user in view.referring(row.id, subnets.NAME)]
    return {"resourceGuid": row.facts.get("guid", ""), **({"subnets": found} if found else {})}


def blockers(row: Row, view: View) -> Iterator[str]:
    """The subnets that use it."""
    for user in view.referring(row.id, subnets.NAME):
        yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=obj(
        routes=array(anything()),
        disableBgpRoutePropagation=boolean(default=False),
        subnets=array(anything(), read_only=True),
        resourceGuid=string(read_only=True),
        provisioningState=string(read_only=True),
    ),
    settle=settle,
    show=show,
    blockers=blockers,
    inline={"routes": "routes"},
    in_use_code="InUseRouteTableCannotBeDeleted",
)
