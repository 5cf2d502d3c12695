"""Whether a peering leads from a network to an address, and by which half of it. Read from the intent alone."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import msgspec

from cloister.net.intent import Network, Peering
from cloister.net.parsed import address_of, prefix_of

if TYPE_CHECKING:
    from cloister.explain.world import World


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


def across(world: World, network: Network, ip: IPv4Address, source: str) -> Crossing | None:
    """The peering of a network that has the address behind it, for a packet from ``source``; None for no such one.

    The other network takes in what comes from addresses of this one that it knows; all else only as forwarded traffic.
    """
    for half in world.peerings.of(network.owner):
        prefix = next((text for text in half.prefixes if ip in prefix_of(text)), "")
        if not prefix:
            continue
        here, there = (id.rsplit("/", 1)[-1] for id in (half.network, half.remote))
        detail = f"{ip} is in {prefix} of the peered network '{there}' (VNetPeering)"
        back = world.peerings.other(half)
        if back is not None and (back.forwarded or _within(source, back.prefixes)):
            return Crossing(network=half.remote, detail=detail, because=half.owner)
        if _within(source, network.prefixes):
            problem = f"'{there}' does not know {source} of '{here}' yet: synchronise its peering"
        else:
            problem = f"'{there}' takes no forwarded traffic from '{here}' ({source} is not of it): allowForwardedTraffic is off"
        return Crossing(network=half.remote, detail=detail, because=back.owner if back else half.owner, problem=problem)
    return None


def _within(address: str, prefixes: Iterable[str]) -> bool:
    return any(address_of(address) in prefix_of(text) for text in prefixes)
