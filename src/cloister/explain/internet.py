"""The public side of networks, read from the intent alone: as whom a machine leaves, and whom a public address leads to.

Source: learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access, public-ip-addresses (a Standard address is
closed until a network security group opens it), learn.microsoft.com/azure/nat-gateway/nat-overview.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cloister.net import plan
from cloister.net.allowed import covers
from cloister.net.intent import AllowedName, Interface, Network, Subnet


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The public address that a machine leaves with (one of several of a NAT gateway), in words, and the row that says so."""

    address: str
    detail: str
    because: str


def source_of(network: Network, subnet: Subnet, standing: Interface | None) -> Source | None:
    """As whom a machine of a subnet leaves its network; None where it does not get out. ``standing``: its interface, if known."""
    if subnet.nat:
        name, others = subnet.nat_because.rsplit("/", 1)[-1], ", ".join(subnet.nat)
        return Source(address=subnet.nat[0], detail=f"NAT gateway '{name}', from {others}", because=subnet.nat_because)
    if standing is not None and standing.public:
        return Source(
            address=standing.public,
            detail=f"its own public IP address, from {standing.public}",
            because=standing.public_because,
        )
    if not subnet.default_outbound:
        return None
    address = plan.outbound_address(network.number)
    return Source(address=address, detail=f"default outbound access, from {address}", because=subnet.owner)


def allowed_at(address: str, names: Iterable[AllowedName], asked: str) -> tuple[AllowedName | None, str]:
    """The name of the real internet that an address stands for, and why ``asked`` (a name or address) gets no further there."""
    found = next((one for one in names if one.address == address), None)
    if found is None:
        return None, f"{address} stands for no name that the operator allows"
    name = asked.lower().rstrip(".")
    if not covers(found.name, name):
        return None, f"{address} carries what asks for '{found.name}', not for '{asked}'"
    return found, ""


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """What a public address leads to: a machine's ``interface``; or the ``problem`` in words, where it leads nowhere."""

    because: str
    interface: Interface | None = None
    subnet: Subnet | None = None
    problem: str = ""


def door_at(address: str, interfaces: Iterable[Interface], subnets: dict[str, Subnet]) -> Door:
    """The machine that has a public address of its own, if it lets in what comes by it."""
    for one in interfaces:
        subnet = subnets.get(one.subnet.lower())
        if not one.number or one.public != address or subnet is None:
            continue
        if not (one.public_open or one.filter or subnet.filter):
            name = one.public_because.rsplit("/", 1)[-1]
            problem = (
                f"public IP address '{name}' is of SKU Standard and closed: neither the network interface nor its subnet has a "
                "network security group that opens it"
            )
            return Door(because=one.public_because, problem=problem)
        return Door(because=one.public_because, interface=one, subnet=subnet)
    return Door(because="", problem=f"no machine is reached by the public address {address}")
