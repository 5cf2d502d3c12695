"""Which user-defined route a packet takes, if any: the walk's own reading of routes, for one address at a time."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from cloister.explain.peerings import Peerings
from cloister.net import plan, tags
from cloister.net.intent import Endpoint, Network, Subnet, UserRoute


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
    services = (IPv4Network(plan.service_prefix(name)) for name in subnet.service_endpoints)
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
            prefix = IPv4Network(text)
        except ValueError:
            continue
        if ip in prefix:
            found.append(prefix.prefixlen)
    return max(found, default=None)


def _system_length(network: Network, ip: IPv4Address, peerings: Peerings) -> int:
    prefixes = [*network.prefixes, *(text for half in peerings.of(network.owner) for text in half.prefixes)]
    return max((IPv4Network(text).prefixlen for text in prefixes if ip in IPv4Network(text)), default=0)


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
        if space is None or not any(IPv4Address(address) == ip for _, address in endpoint.addresses):
            continue
        home = next((one for one in subnets if one.owner.lower() == endpoint.subnet.lower()), None)
        obeys = home is not None and home.endpoint_policies in ("Enabled", "RouteTableEnabled")
        around = max((IPv4Network(text).prefixlen for text in space if ip in IPv4Network(text)), default=32)
        return not (obeys and length > 0 and length >= around)
    return False
