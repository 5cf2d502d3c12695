"""Whether a peering leads from a subnet to an address, and by which half of it. Read from the intent alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import msgspec

from cloister.net.intent import Peering, Subnet


class Peerings:
    """The halves of a world, by the network that they stand in."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Peering]] = {}

    def add(self, half: Peering) -> None:
        """Take in one half."""
        self._of.setdefault(half.network.lower(), {})[half.remote.lower()] = half

    def of(self, network: str) -> list[Peering]:
        """The halves in a network."""
        return list(self._of.get(network.lower(), {}).values())

    def other(self, half: Peering) -> Peering | None:
        """The half from the other side."""
        return self._of.get(half.remote.lower(), {}).get(half.network.lower())


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """A peering taken: the ``network`` behind it, in words by which half; ``problem`` where it does not let through."""

    network: str
    detail: str
    because: str
    problem: str = ""


def across(peerings: Peerings, subnet: Subnet, ip: IPv4Address) -> Crossing | None:
    """The peering of the subnet's network that has the address behind it; None for no such one."""
    for half in peerings.of(subnet.network):
        prefix = next((text for text in half.prefixes if ip in IPv4Network(text)), "")
        if not prefix:
            continue
        here, there = (id.rsplit("/", 1)[-1] for id in (half.network, half.remote))
        detail = f"{ip} is in {prefix} of the peered network '{there}' (VNetPeering)"
        back = peerings.other(half)
        if back is None or not any(IPv4Network(subnet.prefix).subnet_of(IPv4Network(text)) for text in back.prefixes):
            problem = f"'{there}' does not know {subnet.prefix} of '{here}' yet: synchronise its peering"
            because = back.owner if back else half.owner
            return Crossing(network=half.remote, detail=detail, because=because, problem=problem)
        return Crossing(network=half.remote, detail=detail, because=half.owner)
    return None
