"""Microsoft.Network/routeTables/routes: one user-defined route.

Source: learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview; routeTable.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, View, enforced
from cloister.arm.schema import boolean, obj, string
from cloister.limits import ROUTES_PER_TABLE_MAX
from cloister.providers.network import prefixes, service_tags
from cloister.providers.network.versions import API_VERSIONS

TABLES = "Microsoft.Network/routeTables"
NAME = f"{TABLES}/routes"
APPLIANCE = "VirtualAppliance"
NEXT_HOPS = ("VirtualNetworkGateway", "VnetLocal", "Internet", APPLIANCE, "None")


def check(change: Change, view: View) -> Iterator[Problem]:
    """The prefix means something and is the only one of its kind; an appliance has an address."""
    row = change.row
    prefix = row.properties.get("addressPrefix") or ""
    if not service_tags.is_tag(prefix):
        problem = prefixes.notation_problem(prefix, row.id, "properties.addressPrefix")
        if problem:
            yield problem
    hop = row.properties.get("nextHopIpAddress")
    if row.properties.get("nextHopType") == APPLIANCE:
        if prefixes.address(hop) is None:
            yield Problem(
                "InvalidNextHopIpAddress",
                "properties.nextHopIpAddress",
                f"cannot make route '{row.name}' by {APPLIANCE} with nextHopIpAddress '{hop or ''}'; give an IPv4 address.",
            )
    elif hop:
        yield Problem(
            "NextHopIpAddressNotAllowed",
            "properties.nextHopIpAddress",
            f"cannot make route '{row.name}' by {row.properties.get('nextHopType')} with an address; leave nextHopIpAddress out, "
            f"or set nextHopType to {APPLIANCE}.",
        )
    parent = parse(row.id).parent
    siblings = [r for r in view.children(parent.text, NAME) if key(r.id) != key(row.id)] if parent else []
    for other in siblings:
        if str(other.properties.get("addressPrefix")).lower() == prefix.lower():
            yield Problem(
                "RouteConflict",
                "properties.addressPrefix",
                f"cannot make route '{row.name}' to '{prefix}': route '{other.name}' leads there too; change that one.",
            )
            break
    if len(siblings) >= ROUTES_PER_TABLE_MAX:
        yield Problem(
            "RoutesPerTableLimitReached",
            "",
            f"cannot make route '{row.name}': its table has {ROUTES_PER_TABLE_MAX}, the limit; use a second table.",
        )


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=obj(
        addressPrefix=string(required=True),
        nextHopType=string(*NEXT_HOPS, required=True),
        nextHopIpAddress=string(),
        hasBgpOverride=boolean(read_only=True),
        provisioningState=string(read_only=True),
    ),
    location="none",
    check=check,
)
