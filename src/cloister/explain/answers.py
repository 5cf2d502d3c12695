"""Whether the answer to a connection's first packet comes back, and by whom: the walk in the other direction.

Routes of the answering side decide, not those by which the packet came. Rules let an answer pass wherever they have seen the
first packet; in a network that it did not pass they judge the answer as a packet of its own.
"""

from __future__ import annotations

from ipaddress import IPv4Address

import msgspec

from cloister.explain.filters import Packet, rule_on
from cloister.explain.peerings import across
from cloister.explain.routes import user_way
from cloister.explain.world import World
from cloister.net import plan
from cloister.net.intent import Interface, Network, Subnet
from cloister.net.parsed import address_of, prefix_of


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The ``appliances`` that an answer passes; the ``problem`` that ends it, "" for none, and the id that decides."""

    appliances: tuple[Interface, ...] = ()
    problem: str = ""
    because: str = ""


def answer(world: World, network: Network, subnet: Subnet | None, asked: Packet, seen: frozenset[str]) -> Answer:
    """The answer to ``asked`` from a machine in ``subnet``, or (None) from an endpoint, which no user's route concerns.

    ``seen`` are the networks (ids in lower case) that the first packet passed.
    """
    packet = Packet(
        source=asked.destination,
        destination=asked.source,
        protocol=asked.protocol,
        source_port=asked.port,
        port=asked.source_port,
    )
    passed: tuple[Interface, ...] = ()
    back = address_of(packet.destination)
    if back in plan.INTERNET:  # what was translated on its way in must go out where it came from
        way = user_way(world, subnet, network, back, packet.source) if subnet is not None else None
        if way is None or way.outside:
            return Answer()
        return Answer(problem=f"{way.detail}, not out where the packet came in", because=way.because)
    while subnet is not None and (way := user_way(world, subnet, network, back, packet.source)) is not None:
        found = way.appliance
        if found is None:
            return Answer(problem=f"{way.detail}{', away from who asked' if way.outside else ''}", because=way.because)
        if found.address == packet.destination:
            return Answer(appliances=passed)
        if found in passed or found.address == packet.source:
            return Answer(problem=f"{way.detail}: it goes round in a circle", because=way.because)
        if problem := _denied(world, found, packet, seen):
            return problem
        passed = (*passed, found)
        network, subnet = world.networks[found.network.lower()], world.subnets.get(found.subnet.lower())
    return _home(world, network, back, packet.source, passed)


def _denied(world: World, appliance: Interface, packet: Packet, seen: frozenset[str]) -> Answer | None:
    """The rule at an appliance that stops an answer whose question its network has not seen."""
    if appliance.network.lower() in seen:
        return None
    home = world.subnets.get(appliance.subnet.lower())
    place = world.place(appliance.network, home)
    around = home.filter if home else ""
    for inbound, groups in ((True, (around, appliance.filter)), (False, (appliance.filter, around))):
        for group in filter(None, groups):
            ruling = rule_on(world.filters, group, inbound, packet, place)
            if not ruling.allowed:
                return Answer(problem=f"at {appliance.address}, {ruling.detail}", because=ruling.because)
    return None


def _home(world: World, network: Network, back: IPv4Address, source: str, passed: tuple[Interface, ...]) -> Answer:
    """By system routes: to the network itself, or to one that is peered with it."""
    if any(back in prefix_of(prefix) for prefix in network.prefixes):
        return Answer(appliances=passed)
    crossing = across(world, network, back, source)
    if crossing is None:
        name = network.owner.rsplit("/", 1)[-1]
        return Answer(problem=f"'{name}' has no route to {back}: neither it nor a network peered with it", because=network.owner)
    return Answer(appliances=passed, problem=crossing.problem, because=crossing.because if crossing.problem else "")
