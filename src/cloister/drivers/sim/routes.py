"""The simulation's routers: which link a router's own objects lead a packet to, as the kernel would read them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from cloister.net.desired import Desired, Nic, NicRoutes, PeerLink, PeerRoute

Objects = Mapping[str, Desired]


def peer_route(objects: Objects, router: str, address: str) -> PeerRoute | None:
    """The longest route of ``router`` to a peered network that covers an address."""
    place = IPv4Address(address)
    found = [
        thing
        for thing in objects.values()
        if isinstance(thing, PeerRoute) and thing.namespace == router and place in IPv4Network(thing.prefix)
    ]
    return max(found, key=lambda route: IPv4Network(route.prefix).prefixlen, default=None)


def peer_link(objects: Objects, one: str, other: str) -> PeerLink | None:
    """The link between two routers."""
    for key in (f"peer-link {one} {other}", f"peer-link {other} {one}"):
        if isinstance(link := objects.get(key), PeerLink):
            return link
    return None


def crosses(objects: Objects, router: str, other: str, source: str) -> str:
    """ "" where a packet from ``source`` passes from ``router`` to ``other`` and is answered, else why not."""
    link = peer_link(objects, router, other)
    if link is None:
        return "no link to the peered network"
    back = peer_route(objects, other, source)
    if back is None or back.other != router:
        return "the peered network does not know the source" if other not in link.forwarded else "no way back to the source"
    return ""


def user_hop(objects: Objects, nic: Nic, address: str) -> tuple[str, int]:
    """Where the longest user-defined route of a NIC sends a packet: ``("system", 0)`` where it has none."""
    held = objects.get(f"nic-routes {nic.router} {nic.number}")
    if not isinstance(held, NicRoutes):
        return "system", 0
    place = IPv4Address(address)
    found = [(IPv4Network(prefix).prefixlen, to, number) for prefix, to, number in held.routes if place in IPv4Network(prefix)]
    _, to, number = max(found, default=(0, "system", 0))
    return to, number


def nic_numbered(objects: Objects, router: str, number: int) -> Nic | None:
    """The NIC of that number in a router."""
    for thing in objects.values():
        if isinstance(thing, Nic) and (thing.router, thing.number) == (router, number):
            return thing
    return None
