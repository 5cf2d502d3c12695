"""Intent -> the user-defined routes of each NIC whose subnet has any.

The kernel keeps them in a table of the NIC's own; every system route that holds stands in it too, as "go on to the router's
routes", so that the longest prefix decides over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from cloister.net import plan
from cloister.net.desired import NicRoutes
from cloister.net.intent import Endpoint, Intent, Interface, Network, Peering, Subnet
from cloister.net.routes import OBEYING, Route, Surroundings, effective


def compile_routes(intents: Iterable[Intent]) -> Iterator[NicRoutes]:
    """The objects of one network, from its Network, Subnets, Interfaces, Endpoints and halves of peerings."""
    found = list(intents)
    network = next((i for i in found if isinstance(i, Network)), None)
    if network is None:
        return
    subnets = [i for i in found if isinstance(i, Subnet)]
    around = Surroundings(
        network=network,
        endpoints=tuple(_endpoints(found, {subnet.owner.lower(): subnet for subnet in subnets})),
        peerings=tuple(i for i in found if isinstance(i, Peering)),
    )
    nics = [i for i in found if isinstance(i, Interface) and i.number]
    routes = {subnet.owner.lower(): effective(subnet, around) for subnet in subnets if subnet.routes}
    own = {address for address, _ in around.endpoints}
    for nic in nics:
        mine = routes.get(nic.subnet.lower())
        if mine is not None:
            yield _compiled(nic, network, mine, nics, subnets, own)


def _endpoints(intents: Iterable[Intent], subnets: dict[str, Subnet]) -> Iterator[tuple[str, bool]]:
    """The addresses of the network's endpoints, each with whether it obeys user routes."""
    for intent in intents:
        if isinstance(intent, Endpoint):
            home = subnets.get(intent.subnet.lower())
            for _, address in intent.addresses:
                yield address, home is not None and home.endpoint_policies in OBEYING


def _compiled(
    nic: Interface, network: Network, routes: list[Route], nics: list[Interface], subnets: list[Subnet], own: set[str]
) -> NicRoutes:
    steps = {f"{address}/32": ("system", 0) for address in plan.HOST_ADDRESSES}
    steps |= {str(IPv4Network(subnet.prefix)[1]) + "/32": ("system", 0) for subnet in subnets}
    for route in routes:
        if route.valid:
            steps[route.prefix] = _step(route, nic, network, nics)
    taken = (route.prefix.removesuffix("/32") for route in routes if route.hop == "InterfaceEndpoint" and not route.valid)
    gone = [address for address in taken if address in own and _leads(address, steps) != "system"]
    return NicRoutes(
        owner=nic.owner,
        namespace=f"vnet-{network.number}",
        number=nic.number,
        routes=tuple(sorted((prefix, what, number) for prefix, (what, number) in steps.items())),
        overridden=tuple(sorted(gone)),
    )


def _leads(address: str, steps: dict[str, tuple[str, int]]) -> str:
    """Where the longest prefix around an address leads."""
    ip = IPv4Address(address)
    around = (prefix for prefix in steps if ip in IPv4Network(prefix))
    return steps[max(around, key=lambda prefix: IPv4Network(prefix).prefixlen)][0]


def _step(route: Route, nic: Interface, network: Network, nics: list[Interface]) -> tuple[str, int]:
    if route.source != "User":
        return ("drop", 0) if route.hop == "None" else ("system", 0)
    if route.hop == "Internet":
        return "uplink", 0
    if route.hop == "VnetLocal":
        prefix = IPv4Network(route.prefix)
        inside = any(prefix.subnet_of(IPv4Network(text)) for text in network.prefixes)
        return ("system", 0) if inside else ("drop", 0)
    if route.hop == "VirtualAppliance":
        for other in nics:
            same = IPv4Address(other.address) == IPv4Address(route.via)
            if same and other.forwarding and other.number != nic.number:
                return other.address, other.number
    return "drop", 0
