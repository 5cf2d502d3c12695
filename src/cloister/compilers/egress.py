"""Intent -> the public source of each machine that does not leave by default outbound access.

Precedence: the subnet's NAT gateway, the machine's own public IP address, default outbound access (which is the subnet's
Gateway object). Source: learn.microsoft.com/azure/nat-gateway/nat-overview, virtual-network/ip-services/default-outbound-access.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from cloister.net.desired import Egress
from cloister.net.intent import Interface, Subnet


def compile_egress(router: str, subnets: Iterable[Subnet], nics: Iterable[Interface]) -> Iterator[Egress]:
    """One object for each machine with a source of its own."""
    gateways = {subnet.owner.lower(): subnet.nat for subnet in subnets}
    for nic in nics:
        source = gateways.get(nic.subnet.lower()) or nic.public
        if nic.number and source:
            yield Egress(owner=nic.owner, namespace=router, address=nic.address, source=source)


def public_routes(egress: Iterable[Egress], outbound: str) -> tuple[str, ...]:
    """The /32 of each public source of a router, its default one included, in order."""
    found = {outbound, *(one.source for one in egress)}
    return tuple(f"{address}/32" for address in sorted(found, key=IPv4Address))
