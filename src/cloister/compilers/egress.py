"""Intent -> the public source of each machine that does not leave by default outbound access.

Precedence: the subnet's NAT gateway, the machine's own public IP address, default outbound access (which is the subnet's
Gateway object). Source: learn.microsoft.com/azure/nat-gateway/nat-overview, virtual-network/ip-services/default-outbound-access.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from cloister.net import plan
from cloister.net.desired import Egress, IdentityRoute
from cloister.net.intent import Interface, Subnet


def compile_egress(router: str, subnets: Iterable[Subnet], nics: Iterable[Interface]) -> Iterator[Egress]:
    """One object for each machine with a source of its own."""
    gateways = {subnet.owner.lower(): subnet.nat for subnet in subnets}
    for nic in nics:
        source = gateways.get(nic.subnet.lower()) or nic.public
        if nic.number and source:
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, source=source)


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
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, source=home.identity, to=to)  # type: ignore[union-attr]


def public_routes(egress: Iterable[Egress], outbound: str) -> tuple[str, ...]:
    """The /32 of each public source of a router, its default one included, in order."""
    found = {outbound, *(one.source for one in egress)}
    return tuple(f"{address}/32" for address in sorted(found, key=IPv4Address))
