"""Which user-defined route a packet takes, if any: the walk's own reading of routes, for one address at a time."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

import msgspec

from cloister.explain.peerings import Peerings, across
from cloister.explain.world import World
from cloister.net import plan, tags
from cloister.net.intent import Endpoint, Interface, Network, Subnet, UserRoute
from cloister.net.parsed import address_of, prefix_of


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where a user's route leads, in words, and its id: to an ``appliance``, ``outside``, or (neither) nowhere."""

    detail: str
    because: str
    appliance: Interface | None = None
    outside: bool = False


def user_way(world: World, subnet: Subnet, network: Network, ip: IPv4Address, source: str) -> Way | None:
    """Where the user's routes lead a packet from ``source``; None where a system route decides."""
    route = user_route(subnet, network, ip, world.subnets.values(), world.endpoints, world.peerings)
    if route is None:
        return None
    words = f"route '{route.because.rsplit('/', 1)[-1]}' to {route.prefix} by {route.hop}"
    if route.hop == "VirtualAppliance":
        return _to_appliance(world, network, route, f"{words} ({route.via})", source)
    if route.hop == "VnetLocal" and any(ip in prefix_of(prefix) for prefix in network.prefixes):
        return None
    if route.hop == "Internet" and plan.is_public_range(str(ip)):
        return Way(detail=words, because=route.because, outside=True)
    return Way(detail=f"{words}: it ends there", because=route.because)


def _to_appliance(world: World, network: Network, route: UserRoute, words: str, source: str) -> Way:
    """A machine of this network, or of one that is peered with it and takes the packet in."""
    place = network.owner
    if not any(address_of(route.via) in prefix_of(prefix) for prefix in network.prefixes):
        crossing = across(world, network, address_of(route.via), source)
        if crossing is None:
            return Way(detail=f"{words}: no network here or peered with it has that address", because=route.because)
        if crossing.problem:
            return Way(detail=f"{words}: {crossing.problem}", because=crossing.because)
        place = crossing.network
    standing = [
        one for one in world.interfaces if one.network.lower() == place.lower() and one.address == route.via and one.number
    ]
    forwards = next((one for one in standing if one.forwarding), None)
    if forwards is None:
        why = "the machine there has no IP forwarding (enableIPForwarding)" if standing else "no machine is there"
        return Way(detail=f"{words}: {why}", because=route.because)
    return Way(detail=words, because=route.because, appliance=forwards)


def user_route(
    subnet: Subnet,
    network: Network,
    ip: IPv4Address,
    subnets: Iterable[Subnet],
    endpoints: Iterable[Endpoint],
    peerings: Peerings,
) -> UserRoute | None:
    """The user's route that decides for ``ip`` in ``subnet``; None where a system route does.

    The longest prefix wins, the user's where two are equal; an endpoint's /32 has rules of its own (see ``_endpoint_holds``).
    """
    if not subnet.routes or ip in plan.HOST_ADDRESSES:
        return None
    best: tuple[int, UserRoute] | None = None
    for route in subnet.routes:
        length = _match(route, ip, network)
        if length is not None and (best is None or length > best[0]):
            best = length, route
    services = (prefix_of(plan.service_prefix(name)) for name in subnet.service_endpoints)
    special = max((prefix.prefixlen for prefix in services if ip in prefix), default=0)
    if best is None or best[0] < max(special, _system_length(network, ip, peerings)):
        return None
    if _endpoint_holds(best[0], network, ip, list(subnets), list(endpoints), peerings):
        return None
    return best[1]


def _match(route: UserRoute, ip: IPv4Address, network: Network) -> int | None:
    """The length of the prefix by which a route covers an address; None where it does not."""
    if tags.is_tag(route.prefix):
        texts = tags.shown(tags.resolve(route.prefix, network.prefixes))
    else:
        texts = [route.prefix]
    found = []
    for text in texts:
        try:
            prefix = prefix_of(text)
        except ValueError:
            continue
        if ip in prefix:
            found.append(prefix.prefixlen)
    return max(found, default=None)


def _system_length(network: Network, ip: IPv4Address, peerings: Peerings) -> int:
    prefixes = [*network.prefixes, *(text for half in peerings.of(network.owner) for text in half.prefixes)]
    return max((prefix_of(text).prefixlen for text in prefixes if ip in prefix_of(text)), default=0)


def _endpoint_holds(
    length: int, network: Network, ip: IPv4Address, subnets: list[Subnet], endpoints: list[Endpoint], peerings: Peerings
) -> bool:
    """Whether the address is an endpoint's whose /32 stands against a user's route of this length."""
    if length == 32:
        return False
    spaces = {network.owner.lower(): network.prefixes} | {
        half.remote.lower(): half.prefixes for half in peerings.of(network.owner)
    }
    for endpoint in endpoints:
        space = spaces.get(endpoint.network.lower())
        if space is None or not any(address_of(address) == ip for _, address in endpoint.addresses):
            continue
        home = next((one for one in subnets if one.owner.lower() == endpoint.subnet.lower()), None)
        obeys = home is not None and home.endpoint_policies in ("Enabled", "RouteTableEnabled")
        around = max((prefix_of(text).prefixlen for text in space if ip in prefix_of(text)), default=32)
        return not (obeys and length > 0 and length >= around)
    return False
