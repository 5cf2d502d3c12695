"""The intents that a walk reads, by what they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from cloister.explain.filters import Place
from cloister.explain.peerings import Peerings
from cloister.net import tags
from cloister.net.intent import AllowedName, Endpoint, Filter, Intent, Interface, LinkService, Network, Peering, Service, Subnet


class World:
    """The intents a walk reads, by what they are asked for."""

    def __init__(self, intents: Iterable[Intent]):
        self.networks: dict[str, Network] = {}
        self.subnets: dict[str, Subnet] = {}
        self.prefixes: list[tuple[str, str]] = []  # of each subnet (id in lower case), which may have several
        self.services: list[Service] = []
        self.link_services: dict[str, LinkService] = {}
        self.allowed: list[AllowedName] = []
        self.endpoints: list[Endpoint] = []
        self.interfaces: list[Interface] = []
        self.filters: dict[str, Filter] = {}
        self.peerings = Peerings()
        self._places: dict[tuple[str, Subnet | None], Place] = {}
        for intent in intents:
            match intent:
                case Network():
                    self.networks[intent.owner.lower()] = intent
                case Subnet():  # one for each prefix; what explain asks is the same for all
                    self.subnets[intent.owner.lower()] = intent
                    self.prefixes.append((intent.owner.lower(), intent.prefix))
                case LinkService():
                    self.link_services[intent.owner.lower()] = intent
                case AllowedName():
                    self.allowed.append(intent)
                case Service():
                    self.services.append(intent)
                case Endpoint():
                    self.endpoints.append(intent)
                case Interface():
                    self.interfaces.append(intent)
                case Filter():
                    self.filters[intent.owner.lower()] = intent
                case Peering():
                    self.peerings.add(intent)

    def place(self, network_id: str, subnet: Subnet | None) -> Place:
        """What rules at this subnet mean by VirtualNetwork, and who stands in its network."""
        asked = (network_id.lower(), subnet)
        if asked not in self._places:
            self._places[asked] = self._place(network_id, subnet)
        return self._places[asked]

    def _place(self, network_id: str, subnet: Subnet | None) -> Place:
        network = self.networks.get(network_id.lower())
        peered = [prefix for half in self.peerings.of(network_id) if half.access for prefix in half.prefixes]
        prefixes = (*(network.prefixes if network else ()), *sorted(peered))
        everybody: tuple[Interface | Endpoint, ...] = (*self.interfaces, *self.endpoints)
        holders = tuple(one for one in everybody if one.network.lower() == network_id.lower() and self._counts(one))
        routed = self._routed(subnet, network) if subnet is not None and network is not None else ()
        return Place(prefixes=prefixes, holders=holders, routed=routed)

    def _counts(self, holder: Interface | Endpoint) -> bool:
        """Whether its application groups count: an endpoint's only where its subnet has policies for security groups."""
        if isinstance(holder, Interface):
            return True
        home = self.subnets.get(holder.subnet.lower())
        return home is not None and home.endpoint_policies in ("Enabled", "NetworkSecurityGroupEnabled")

    @staticmethod
    def _routed(subnet: Subnet, network: Network) -> tuple[str, ...]:
        """The prefixes of the subnet's route table."""
        found = []
        for route in subnet.routes:
            if tags.is_tag(route.prefix):
                found += tags.shown(tags.resolve(route.prefix, network.prefixes))
            elif ":" not in route.prefix:
                found.append(route.prefix)
        return tuple(found)

    def interface_at(self, subnet: Subnet, address: str) -> Interface | None:
        """Who has an address in a subnet: a machine before a network interface that none runs on."""
        found = [i for i in self.interfaces if i.subnet.lower() == subnet.owner.lower() and i.address == address]
        return max(found, key=lambda interface: interface.number, default=None)

    def free_address(self, subnet: Subnet) -> str:
        """The address that the next machine of a subnet would get (Azure keeps the first four)."""
        held = {i.address for i in self.interfaces} | {address for e in self.endpoints for _, address in e.addresses}
        hosts = (str(ip) for ip in IPv4Network(subnet.prefix))
        return next((address for n, address in enumerate(hosts) if n >= 4 and address not in held), "")

    def service_named(self, name: str) -> Service | None:
        """The resource behind a public name (or its privatelink twin), wildcards of one label included."""
        for service in self.services:
            for linked in service.names:
                if any(_covers(pattern, name) for pattern in (linked.fqdn, linked.privatelink)):
                    return service
        return None


def _covers(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and "." in name and name.split(".", 1)[1] == pattern[2:])
