"""POST networkInterfaces/<name>/effectiveRouteTable: the routes that decide about a NIC's packets, those that are beaten too.

Source: learn.microsoft.com/azure/virtual-network/diagnose-network-routing-problem; networkInterface.json 2022-01-01.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Action, Call, Outcome, Row, View
from cloister.net.routes import Route, Surroundings, effective
from cloister.providers.network import addresses, subnets, virtual_network_peerings, virtual_networks
from cloister.providers.network.user_routes import remote_endpoints


def list_effective(call: Call, view: View) -> Outcome:
    """The routes of the subnet of the NIC's first configuration."""
    items = call.row.properties.get("ipConfigurations") or ()
    text = next((((item.get("properties") or {}).get("subnet") or {}).get("id") or "" for item in items), "")
    subnet = view.get(text) if text else None
    if subnet is None:
        return Outcome(body={"value": []})
    table = view.get((subnet.properties.get("routeTable") or {}).get("id") or "")
    closed = table is not None and table.properties.get("disableBgpRoutePropagation") is True
    return Outcome(body={"value": [_shown(route, closed) for route in of_subnet(subnet, view)]})


def of_subnet(subnet: Row, view: View) -> list[Route]:
    """All routes of a subnet, as Azure orders them: system routes, endpoints, the user's."""
    vnet = view.get(subnet.id.rsplit("/subnets/", 1)[0])
    parts = list(subnets.realize(subnet, view))
    if vnet is None or not parts:
        return []
    (network,) = virtual_networks.realize(vnet, view)
    halves = view.children(vnet.id, virtual_network_peerings.NAME)
    around = Surroundings(
        network=network,
        endpoints=remote_endpoints(vnet, view, addresses.ENDPOINTS, subnets.NAME),
        peerings=tuple(half for row in halves for half in virtual_network_peerings.realize(row, view)),
    )
    return effective(parts[0], around)


def _shown(route: Route, closed: bool) -> dict[str, Any]:
    """``closed``: on-premises routes are not propagated to the subnet, as its route table says (disableBgpRoutePropagation)."""
    out: dict[str, Any] = {"name": route.because.rsplit("/", 1)[-1]} if route.source == "User" else {}
    return out | {
        "disableBgpRoutePropagation": closed,
        "source": route.source,
        "state": "Active" if route.valid else "Invalid",
        "addressPrefix": [route.prefix],
        "nextHopType": route.hop,
        "nextHopIpAddress": [route.via] if route.via else [],
    }


ACTION = Action(run=list_effective)
"""``effectiveRouteTable/action``."""
