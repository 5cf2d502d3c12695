"""A subnet's routes: Azure's system routes and the user's, and which of them hold. Pure; compilers and ARM's action read it.

Order of choice: the longest prefix; of equal ones the user's, then system routes. An endpoint's own /32 is a system route that
a shorter user route does not beat, unless the endpoint's subnet has policies for route tables: then a user route that covers the
address and is as long as, or longer than, the prefix of the endpoint's network (never 0.0.0.0/0) makes it invalid.

Source: learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview,
learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

import msgspec

from cloister.net import plan, tags
from cloister.net.intent import Network, Peering, Subnet, UserRoute

OBEYING = ("Enabled", "RouteTableEnabled")
"""privateEndpointNetworkPolicies under which a subnet's endpoints obey user-defined routes."""

NOWHERE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""Private ranges that Azure's system routes drop where no network holds them and the user has no default route."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One effective route. ``source`` is Default or User, ``hop`` Azure's next hop type, ``valid`` false where another wins."""

    prefix: str
    source: str
    hop: str
    via: str = ""
    because: str = ""
    valid: bool = True


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a subnet's routes depend on beside itself: its network, the endpoints there, the halves of peerings."""

    network: Network
    endpoints: tuple[tuple[str, bool], ...] = ()  # of the network: address, and whether it obeys user routes
    peerings: tuple[Peering, ...] = ()


def effective(subnet: Subnet, around: Surroundings) -> list[Route]:
    """All routes of a subnet, those that another beats included, system routes first."""
    user = list(_user(subnet, around))
    out = []
    for route in _system(subnet, around, any(one.prefix == "0.0.0.0/0" for one in user)):
        network = route.prefix
        beaten = any(one.prefix == network for one in user)
        out.append(msgspec.structs.replace(route, valid=not beaten))
    for route, obeys, space in _endpoints(around):
        out.append(msgspec.structs.replace(route, valid=not any(_beats(one, route.prefix, obeys, space) for one in user)))
    return out + user


def _user(subnet: Subnet, around: Surroundings) -> Iterator[Route]:
    """The user's routes, a tag as its prefixes; of two for one prefix the first."""
    seen = set()
    for route in subnet.routes:
        for prefix in expanded(route, around.network.prefixes):
            if prefix not in seen:
                seen.add(prefix)
                yield Route(prefix=prefix, source="User", hop=route.hop, via=route.via, because=route.because)


def expanded(route: UserRoute, prefixes: tuple[str, ...]) -> list[str]:
    """The IPv4 prefixes that a user's route means; () for a prefix of another family."""
    if tags.is_tag(route.prefix):
        return tags.shown(tags.resolve(route.prefix, prefixes))
    try:
        return [str(IPv4Network(route.prefix))]
    except ValueError:
        return []


def routed_prefixes(subnet: Subnet, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes of a subnet's user-defined routes, sorted: part of what the tag VirtualNetwork means there."""
    return tuple(sorted({prefix for route in subnet.routes for prefix in expanded(route, prefixes)}))


def _system(subnet: Subnet, around: Surroundings, has_default: bool) -> Iterator[Route]:
    own = around.network
    for prefix in own.prefixes:
        yield Route(prefix=prefix, source="Default", hop="VnetLocal", because=own.owner)
    held = set(own.prefixes)
    for half in around.peerings:
        for prefix in half.prefixes:
            held.add(prefix)
            hop = "VNetGlobalPeering" if half.is_global else "VNetPeering"
            yield Route(prefix=prefix, source="Default", hop=hop, because=half.owner)
    for service in subnet.service_endpoints:
        yield Route(
            prefix=plan.service_prefix(service), source="Default", hop="VirtualNetworkServiceEndpoint", because=subnet.owner
        )
    yield Route(prefix="0.0.0.0/0", source="Default", hop="Internet")
    for prefix in () if has_default else NOWHERE:
        if prefix not in held:
            yield Route(prefix=prefix, source="Default", hop="None")


def _endpoints(around: Surroundings) -> Iterator[tuple[Route, bool, int]]:
    """The /32 of each endpoint here and in peered networks, whether it obeys, and how long its network's prefix is."""
    for address, obeys in around.endpoints:
        route = Route(prefix=f"{address}/32", source="Default", hop="InterfaceEndpoint")
        yield route, obeys, _length_around(address, around.network.prefixes)
    for half in around.peerings:
        for address, obeys in half.endpoints:
            route = Route(prefix=f"{address}/32", source="Default", hop="InterfaceEndpoint", because=half.owner)
            yield route, obeys, _length_around(address, half.prefixes)


def _length_around(address: str, prefixes: Iterable[str]) -> int:
    ip = IPv4Address(address)
    return max((IPv4Network(text).prefixlen for text in prefixes if ip in IPv4Network(text)), default=32)


def _beats(route: Route, place: str, obeys: bool, space: int) -> bool:
    """Whether a user's route takes an endpoint's /32 away."""
    wide = IPv4Network(route.prefix)
    if not IPv4Network(place).subnet_of(wide):
        return False
    return wide.prefixlen == 32 or (obeys and 0 < wide.prefixlen >= space)
