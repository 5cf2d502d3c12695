"""The simulation's public side: whom a router's own objects let out and as whom, and whom they let in by a public address."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from cloister.drivers.sim.objects import Objects
from cloister.drivers.sim.routes import nic_at
from cloister.net import plan
from cloister.net.desired import Egress, Gateway, Namespace, Nic, Publication, Uplink
from cloister.net.parsed import address_of, prefix_of


def source_of(objects: Objects, nic: Nic, destination: str) -> str:
    """The public address (or its subnet's identity) that a NIC sends from to ``destination``; "" where it does not get out."""
    namespace = objects.get(f"namespace {nic.router}")
    if isinstance(namespace, Namespace) and namespace.role == "internet":
        return nic.address
    to = IPv4Network(f"{destination}/24", strict=False)
    if isinstance(own := objects.get(f"egress {nic.router} {nic.address} {to}"), Egress):
        return own.sources[0]
    if isinstance(own := objects.get(f"egress {nic.router} {nic.address}"), Egress):
        return own.sources[0]
    gateways = (one for one in objects.of(Gateway) if one.namespace == nic.router)
    by_default = any(one.outbound and address_of(nic.address) in prefix_of(one.prefix) for one in gateways)
    return namespace.outbound if by_default and isinstance(namespace, Namespace) else ""


def routers_of(objects: Objects, address: str) -> Iterator[str]:
    """The routers that services lead a public address to: whose uplink has the longest prefix around it."""
    place = address_of(address)
    found = [
        (prefix_of(route).prefixlen, up.namespace)
        for up in objects.of(Uplink)
        for route in up.routes
        if place in prefix_of(route)
    ]
    longest = max((length for length, _ in found), default=0)
    return (router for length, router in found if length == longest)


def published(objects: Objects, address: str) -> Nic | None:
    """The NIC that a public address leads to."""
    for router in routers_of(objects, address):
        found = objects.get(f"publication {router} {address}")
        if isinstance(found, Publication):
            return nic_at(objects, router, found.address)
    return None


def is_public(address: str) -> bool:
    """Whether an address is of a machine of the internet, or a public one of a network's."""
    return address_of(address) in plan.INTERNET
