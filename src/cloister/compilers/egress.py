"""Intent -> the public side of a network's machines: the sources that they leave with, the addresses that they are reached by.

Precedence of sources: the subnet's NAT gateway, the machine's own public IP address, default outbound access (which is the
subnet's Gateway object). A NAT gateway takes over what goes out; what comes in by a machine's own address is answered from it.

A public address of SKU Standard is closed until a network security group at the machine or its subnet says what may come; one of
SKU Basic (retired on 30 September 2025, still in many templates) is open without one. Either way rules see the machine's private
address as destination, and the caller's as source.

Source: learn.microsoft.com/azure/nat-gateway/nat-overview, nat-gateway-resource;
virtual-network/ip-services/default-outbound-access, public-ip-addresses (SKU, "secure by default").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from cloister.net import plan
from cloister.net.desired import Egress, IdentityRoute, Publication
from cloister.net.intent import Interface, Subnet

OUTBOUND_IDLE_MINUTES = 4
"""Of a machine's own public address; public-ip-addresses: "fixed outbound originated flow idle timeout of 4 minutes"."""


def compile_egress(router: str, subnets: Iterable[Subnet], nics: Iterable[Interface]) -> Iterator[Egress]:
    """One object for each machine with sources of its own."""
    homes = {subnet.owner.lower(): subnet for subnet in subnets}
    for nic in nics:
        home = homes.get(nic.subnet.lower())
        if not nic.number or home is None:
            continue
        if home.nat:
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, sources=home.nat, idle=home.nat_idle)
        elif nic.public:
            sources = (nic.public,)
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, sources=sources, idle=OUTBOUND_IDLE_MINUTES)


def compile_publications(router: str, subnets: Iterable[Subnet], nics: Iterable[Interface]) -> Iterator[Publication]:
    """The machines that are reached by an address of their own."""
    groups = {subnet.owner.lower(): subnet.filter for subnet in subnets}
    for nic in nics:
        is_open = nic.public_open or nic.filter or groups.get(nic.subnet.lower())
        if nic.number and nic.public and nic.subnet.lower() in groups and is_open:
            yield Publication(
                owner=nic.public_because, namespace=router, public=nic.public, address=nic.address, idle=nic.public_idle
            )


def compile_service_endpoints(
    router: str, subnets: Iterable[Subnet], nics: Iterable[Interface]
) -> Iterator[Egress | IdentityRoute]:
    """The way back to each subnet's identity, and that identity as source toward each service that the subnet names."""
    homes = {subnet.owner.lower(): subnet for subnet in subnets if subnet.service_endpoints}
    for subnet in homes.values():
        yield IdentityRoute(owner=subnet.owner, namespace=router, identity=subnet.identity)
    for nic in nics:
        home = homes.get(nic.subnet.lower())
        for service in home.service_endpoints if home is not None and nic.number else ():
            to = plan.service_prefix(service)
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, sources=(home.identity,), to=to)  # type: ignore[union-attr]


def public_routes(sides: Iterable[Egress | Publication], outbound: str) -> tuple[str, ...]:
    """The /32 of each public address of a router, its default source included, in order."""
    found = {outbound}
    for side in sides:
        found |= {side.public} if isinstance(side, Publication) else set(side.sources)
    return tuple(f"{address}/32" for address in sorted(found, key=IPv4Address))
