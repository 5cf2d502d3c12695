"""The simulation's routers: which link a router's own objects lead a packet to, as the kernel would read them."""

from __future__ import annotations

from typing import NamedTuple

from cloister.drivers.sim.objects import Objects
from cloister.net.desired import Appliance, Hop, Nic, NicRoutes, PeerLink, PeerRoute
from cloister.net.parsed import address_of, prefix_of


def peer_route(objects: Objects, router: str, address: str) -> PeerRoute | None:
    """The longest route of ``router`` to a peered network that covers an address."""
    place = address_of(address)
    found = [way for way in objects.of(PeerRoute) if way.namespace == router and place in prefix_of(way.prefix)]
    return max(found, key=lambda route: prefix_of(route.prefix).prefixlen, default=None)


def peer_link(objects: Objects, one: str, other: str) -> PeerLink | None:
    """The link between two routers."""
    for key in (f"peer-link {one} {other}", f"peer-link {other} {one}"):
        if isinstance(link := objects.get(key), PeerLink):
            return link
    return None


def crosses(objects: Objects, router: str, other: str, source: str) -> str:
    """ "" where a packet from ``source`` passes from ``router`` to ``other``, else why not."""
    link = peer_link(objects, router, other)
    if link is None:
        return "no link to the peered network"
    back = peer_route(objects, other, source)
    if (back is None or back.other != router) and other not in link.forwarded:
        return "the peered network takes no forwarded traffic"
    return ""


class Step(NamedTuple):
    """Where a NIC's own routes lead: ``system``, ``uplink``, ``drop`` (``why``), or ``nic``, which sends it on."""

    to: str
    nic: Nic | None = None
    why: str = ""


def next_step(objects: Objects, nic: Nic, address: str, source: str) -> Step:
    """The longest user-defined route of a NIC for a packet from ``source`` to ``address``; ``system`` where it has none."""
    to, by = _user_hop(objects, nic, address)
    if not by:
        return Step(to, why="dropped by a route" if to == "drop" else "")
    router = nic.router
    if by.startswith("vnet-"):
        hop, there = objects.get(f"hop {router} {to}"), objects.get(f"appliance {by} {to}")
        if not isinstance(hop, Hop) or hop.other != by:
            return Step("drop", why="no way to the appliance's network")
        if why := crosses(objects, router, by, source):
            return Step("drop", why=why)
        if not isinstance(there, Appliance):
            return Step("drop", why="no appliance there forwards it")
        router, by = by, f"n{there.number}"
    found = _nic_named(objects, router, by)
    if found is None or not found.forwarding or found.address != to:
        return Step("drop", why="no appliance forwards it")
    return Step("nic", found)


def _user_hop(objects: Objects, nic: Nic, address: str) -> tuple[str, str]:
    held = objects.get(f"nic-routes {nic.router} {nic.number}")
    if not isinstance(held, NicRoutes):
        return "system", ""
    place = address_of(address)
    found = [(prefix_of(prefix).prefixlen, to, by) for prefix, to, by in held.routes if place in prefix_of(prefix)]
    _, to, by = max(found, default=(0, "system", ""))
    return to, by


def _nic_named(objects: Objects, router: str, name: str) -> Nic | None:
    return next((nic for nic in objects.of(Nic) if nic.router == router and f"n{nic.number}" == name), None)


def nic_at(objects: Objects, router: str, address: str) -> Nic | None:
    """The NIC of a router that has an address."""
    return next((nic for nic in objects.of(Nic) if nic.address == address and nic.router == router), None)
