"""What a subnet's route table says, and what a subnet's routes come to: rows read as intent for ``net/routes.py``."""

from __future__ import annotations

from cloister.arm.resource import Row, View
from cloister.net.intent import UserRoute

TABLE_ROUTES = "Microsoft.Network/routeTables/routes"
OBEYING = ("Enabled", "RouteTableEnabled")


def user_routes(subnet: Row, view: View) -> tuple[UserRoute, ...]:
    """The routes of the subnet's table, in name order; none without a table."""
    table = (subnet.properties.get("routeTable") or {}).get("id") or ""
    return tuple(
        UserRoute(
            prefix=str(row.properties.get("addressPrefix") or ""),
            hop=str(row.properties.get("nextHopType") or "None"),
            via=str(row.properties.get("nextHopIpAddress") or ""),
            because=row.id,
        )
        for row in (view.children(table, TABLE_ROUTES) if table else ())
    )


def remote_endpoints(vnet: Row, view: View, endpoints: str, subnets: str) -> tuple[tuple[str, bool], ...]:
    """The addresses of a network's endpoints (a type's name, and that of subnets), each with whether it obeys user routes."""
    obeys = {
        row.id.lower(): row.properties.get("privateEndpointNetworkPolicies") in OBEYING for row in view.children(vnet.id, subnets)
    }
    found = []
    for row in view.referring(vnet.id, endpoints):
        home = ((row.properties.get("subnet") or {}).get("id") or "").lower()
        if home in obeys:
            found += [(address, obeys[home]) for address in (row.facts.get("addresses") or {}).values()]
    return tuple(sorted(found))
