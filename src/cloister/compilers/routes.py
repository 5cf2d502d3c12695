"""Intent -> the user-defined routes of each NIC whose subnet has any, and the ways to appliances in peered networks.

The kernel keeps them in a table of the NIC's own; every system route that holds stands in it too, as "go on to the router's
routes", so that the longest prefix decides over both. A next hop in a peered network is a Hop here and an Appliance there; only
the network where it stands knows whether a machine with IP forwarding has that address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from cloister.net import plan
from cloister.net.desired import Appliance, Hop, NicRoutes
from cloister.net.intent import Endpoint, Intent, Interface, Network, Peering, Subnet
from cloister.net.routes import OBEYING, Route, Surroundings, effective


def compile_routes(intents: Iterable[Intent]) -> Iterator[NicRoutes | Hop | Appliance]:
    """The objects of one network, from its Network, Subnets, Interfaces, Endpoints and halves of peerings."""
    found = list(intents)
    network = next((i for i in found if isinstance(i, Network)), None)
    if network is None:
        return
    place = _Place(network, found)
    peered = bool(place.around.peerings)
    routes = {subnet.owner.lower(): effective(subnet, place.around) for subnet in place.subnets if subnet.routes}
    hops: dict[str, Hop] = {}
    for nic in place.nics:
        if peered and nic.forwarding:
            yield Appliance(owner=nic.owner, namespace=place.router, address=nic.address, number=nic.number)
        mine = routes.get(nic.subnet.lower())
        if mine is not None:
            table = place.compiled(nic, mine)
            yield table
            for _, to, by in table.routes:
                if by.startswith("vnet-"):
                    hops.setdefault(to, Hop(owner=table.owner, namespace=place.router, other=by, address=to))
    yield from hops.values()


def _endpoints(intents: Iterable[Intent], subnets: dict[str, Subnet]) -> Iterator[tuple[str, bool]]:
    """The addresses of the network's endpoints, each with whether it obeys user routes."""
    for intent in intents:
        if isinstance(intent, Endpoint):
            home = subnets.get(intent.subnet.lower())
            for _, address in intent.addresses:
                yield address, home is not None and home.endpoint_policies in OBEYING


class _Place:
    """One network, as the tables of its NICs see it."""

    def __init__(self, network: Network, intents: list[Intent]):
        self.network = network
        self.router = f"vnet-{network.number}"
        self.subnets = [i for i in intents if isinstance(i, Subnet)]
        homes = {subnet.owner.lower() for subnet in self.subnets}
        self.nics = [i for i in intents if isinstance(i, Interface) and i.number and i.subnet.lower() in homes]
        self.around = Surroundings(
            network=network,
            endpoints=tuple(_endpoints(intents, {subnet.owner.lower(): subnet for subnet in self.subnets})),
            peerings=tuple(i for i in intents if isinstance(i, Peering)),
        )

    def compiled(self, nic: Interface, routes: list[Route]) -> NicRoutes:
        """The table of one NIC."""
        steps = {f"{address}/32": ("system", "") for address in plan.HOST_ADDRESSES}
        steps |= {str(IPv4Network(subnet.prefix)[1]) + "/32": ("system", "") for subnet in self.subnets}
        for route in routes:
            if route.valid:
                steps[route.prefix] = self._step(route, nic)
        own = {address for address, _ in self.around.endpoints}
        taken = (route.prefix.removesuffix("/32") for route in routes if route.hop == "InterfaceEndpoint" and not route.valid)
        gone = [address for address in taken if address in own and _leads(address, steps) != "system"]
        return NicRoutes(
            owner=nic.owner,
            namespace=self.router,
            number=nic.number,
            routes=tuple(sorted((prefix, to, by) for prefix, (to, by) in steps.items())),
            overridden=tuple(sorted(gone)),
        )

    def _step(self, route: Route, nic: Interface) -> tuple[str, str]:
        if route.source != "User":
            return ("drop", "") if route.hop == "None" else ("system", "")
        if route.hop == "Internet":
            return "uplink", ""
        if route.hop == "VnetLocal":
            prefix = IPv4Network(route.prefix)
            inside = any(prefix.subnet_of(IPv4Network(text)) for text in self.network.prefixes)
            return ("system", "") if inside else ("drop", "")
        if route.hop == "VirtualAppliance":
            return self._appliance(str(IPv4Address(route.via)), nic)
        return "drop", ""

    def _appliance(self, via: str, nic: Interface) -> tuple[str, str]:
        for other in self.nics:
            if other.address == via and other.forwarding and other.number != nic.number:
                return via, f"n{other.number}"
        for half in self.around.peerings:
            if any(IPv4Address(via) in IPv4Network(prefix) for prefix in half.prefixes):
                return via, f"vnet-{half.remote_number}"
        return "drop", ""


def _leads(address: str, steps: dict[str, tuple[str, str]]) -> str:
    """Where the longest prefix around an address leads."""
    ip = IPv4Address(address)
    around = (prefix for prefix in steps if ip in IPv4Network(prefix))
    return steps[max(around, key=lambda prefix: IPv4Network(prefix).prefixlen)][0]
