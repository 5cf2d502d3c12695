"""explain(intents, flow): walk a flow through STAGES, with the row that decides at each.

The walk is a chain of small functions, one a stage; each either ends the trace or hands on. Nothing is taken from the
compilers: prefixes, endpoints and policies are read from the intent anew.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import AddressValueError

import msgspec

from cloister.explain.answers import answer
from cloister.explain.filters import Packet, Place, endpoint_group, rule_on
from cloister.explain.internet import allowed_at, door_at, source_of
from cloister.explain.peerings import across
from cloister.explain.routes import Way, user_way
from cloister.explain.trace import Flow, Step, Trace
from cloister.explain.world import World
from cloister.net import plan
from cloister.net.intent import Endpoint, Interface, LinkService, Network, Subnet
from cloister.net.parsed import address_of, prefix_of

__all__ = ["World", "explain"]

DNS_PORT, HTTP_PORT = 53, plan.HTTP_PORT
Lookup = Callable[[str, str], tuple[str, tuple[Step, ...]]]
"""``(network id or "internet", name) -> (address or "", steps)``: the name stage, given by the caller."""


def explain(world: World, flow: Flow, lookup: Lookup, control_names: frozenset[str] = frozenset()) -> Trace:
    """Say what happens to ``flow`` and why. ``control_names`` are the names of the control plane (always let in)."""
    subnet = world.subnets.get(flow.source.lower())
    standing = next((i for i in world.interfaces if i.owner.lower() == flow.source.lower()), None)
    if standing is not None:
        subnet = world.subnets.get(standing.subnet.lower())
        flow = msgspec.structs.replace(flow, source=standing.subnet, address=standing.address)
    if flow.source != "internet" and subnet is None:
        return _end(flow, (), "NotKnown", Step(stage="route", action="stopped", detail=f"no subnet '{flow.source}' is known"))
    network = subnet.network if subnet else "internet"
    steps: tuple[Step, ...] = ()
    address = flow.to
    if not _is_address(flow.to):
        address, steps = lookup(network, flow.to)
        if not address:
            return Trace(flow=flow, steps=steps, disposition="NameNotFound")
    walk = _Walk(world, flow, address, subnet, steps, control_names)
    if subnet is None:
        return walk.from_internet()
    return walk.outbound(subnet) or walk.from_network(network)


def _is_address(text: str) -> bool:
    try:
        address_of(text)
    except AddressValueError:
        return False
    return True


def _end(flow: Flow, steps: tuple[Step, ...], disposition: str, last: Step, address: str = "", status: int = 0) -> Trace:
    return Trace(flow=flow, steps=(*steps, last), disposition=disposition, address=address, status=status)


class _Walk:
    """One flow under way: the address is known, the stages after the name follow."""

    def __init__(
        self,
        world: World,
        flow: Flow,
        address: str,
        subnet: Subnet | None,
        steps: tuple[Step, ...],
        control_names: frozenset[str],
    ):
        self.world, self.flow, self.address, self.subnet, self.steps = world, flow, address, subnet, steps
        self.control_names = control_names
        self.appliances: tuple[Interface, ...] = ()  # those that have sent it on
        self.seen = {subnet.network.lower()} if subnet else set()  # the networks that it has passed
        self.ip = address_of(address)
        self.packet = Packet(
            source=flow.address or (world.free_address(subnet) if subnet else str(plan.INTERNET_GATEWAY)),
            destination=address,
            protocol=flow.protocol,
            source_port=flow.source_port,
            port=flow.port,
        )

    def end(self, disposition: str, stage: str, action: str, detail: str, because: str = "", status: int = 0) -> Trace:
        last = Step(stage=stage, action=action, detail=detail, because=because)
        return _end(self.flow, self.steps, disposition, last, self.address, status)

    def passed(self, stage: str, action: str, detail: str, because: str = "") -> None:
        self.steps = (*self.steps, Step(stage=stage, action=action, detail=detail, because=because))

    def from_internet(self) -> Trace:
        if self.ip in plan.SERVICES:
            self.passed("route", "forwarded", f"{self.address} is a public address of this cloud")
            return self.public()
        if self.ip in plan.INTERNET:
            return self.outside(self.packet.source)
        return self.end("NoRoute", "route", "dropped", f"{self.address} is a private address: the internet has no route to it")

    def from_network(self, network_id: str) -> Trace:
        network = self.world.networks.get(network_id.lower())
        if network is None:
            return self.end("NotKnown", "route", "stopped", f"no network '{network_id}' is known")
        if self.ip in plan.HOST_ADDRESSES:
            return self.host(network)
        if self.subnet is not None and (turned := self.turned(self.subnet, network)):
            return turned
        return self.by_system_routes(network_id, network)

    def turned(self, subnet: Subnet, network: Network) -> Trace | None:
        """Where a user's route leads; None where a system route decides."""
        way = user_way(self.world, subnet, network, self.ip, self.packet.source)
        if way is None:
            return None
        if way.appliance is not None:
            return self.by_appliance(way, way.appliance)
        if way.outside:
            self.passed("route", "sent", way.detail, way.because)
            return self.leaving(network, subnet)
        return self.end("NoRoute", "route", "dropped", way.detail, way.because)

    def by_appliance(self, way: Way, found: Interface) -> Trace:
        """On from the machine that the route names."""
        self.seen.add(found.network.lower())
        if found.address == self.address:
            self.passed("route", "sent", way.detail, way.because)
            return self.inside(found.network)
        if found in self.appliances or found.address == self.packet.source:
            return self.end("NoRoute", "route", "dropped", f"{way.detail}: the packet comes from there", way.because)
        self.passed("route", "sent", f"{way.detail}: {found.address} sends it on", way.because)
        home = self.world.subnets.get(found.subnet.lower())
        place = self.world.place(found.network, home)
        around = home.filter if home else ""
        denied = self.filtered(place, True, around, found.filter) or self.filtered(place, False, found.filter, around)
        if denied:
            return denied
        self.appliances = (*self.appliances, found)
        self.subnet = home or self.subnet
        return self.from_network(found.network)

    def by_system_routes(self, network_id: str, network: Network) -> Trace:
        """Where Azure's own routes lead."""
        if any(self.ip in prefix_of(prefix) for prefix in network.prefixes):
            return self.inside(network_id)
        assert self.subnet is not None
        if crossing := across(self.world, network, self.ip, self.packet.source):
            if crossing.problem:
                return self.end("NoRoute", "route", "dropped", crossing.problem, crossing.because)
            self.passed("route", "forwarded", crossing.detail, crossing.because)
            return self.inside(crossing.network)
        if not plan.is_public_range(self.address):
            detail = f"{self.address} is outside {', '.join(network.prefixes)} and no public address of this cloud"
            return self.end("NoRoute", "route", "dropped", detail, network.owner)
        return self.leaving(network, self.subnet)

    def leaving(self, network: Network, subnet: Subnet) -> Trace:
        """Out to the cloud's public addresses."""
        if self.appliances:
            detail = "an appliance must send from an address of its own to get out: translate the source on it"
            return self.end("NoRoute", "route", "dropped", detail, self.appliances[-1].owner)
        if service := next((name for name in subnet.service_endpoints if self.ip in prefix_of(plan.service_prefix(name))), ""):
            self.passed("route", "forwarded", f"service endpoint to {service}, as this subnet", subnet.owner)
            return self.public(subnet.owner)
        source = source_of(network, subnet, self.world.interface_at(subnet, self.packet.source))
        if source is None:
            detail = "the subnet has no default outbound access (defaultOutboundAccess: false)"
            return self.end("NoRoute", "route", "dropped", detail, subnet.owner)
        self.passed("route", "forwarded", source.detail, source.because)
        return self.public() if self.ip in plan.SERVICES else self.outside(source.address)

    def outside(self, source: str) -> Trace:
        """Among public addresses: to a machine of the internet, or in by a machine's own."""
        if self.ip not in plan.PUBLIC_ADDRESSES:
            return self.machine("internet")
        door = door_at(self.address, self.world.interfaces, self.world.subnets)
        if door.interface is None or door.subnet is None:
            return self.end("NoListener", "listener", "dropped", door.problem, door.because)
        inner = door.interface.address
        self.passed("route", "translated", f"{self.address} is the public address of {inner}", door.because)
        self.packet = msgspec.structs.replace(self.packet, source=source, destination=inner)
        if denied := self.inbound(door.subnet.network, door.subnet, door.subnet.filter, door.interface.filter):
            return denied
        if lost := self.answer_lost(door.subnet.network, door.subnet):
            return lost
        return self.end("Delivered", "listener", "delivered", f"{inner} is a machine's", door.interface.owner)

    def inside(self, network_id: str) -> Trace:
        """The packet is in the network of its destination."""
        self.seen.add(network_id.lower())
        for endpoint in self.world.endpoints:
            here = endpoint.network.lower() == network_id.lower()
            if here and any(address == self.address for _, address in endpoint.addresses):
                self.passed("route", "forwarded", f"{self.address} is the endpoint's own /32 in the network", endpoint.owner)
                return self.endpoint(endpoint)
        return self.machine(network_id)

    def outbound(self, subnet: Subnet) -> Trace | None:
        """The rules on the way out: the interface's group, then the subnet's. None when all allow."""
        standing = self.world.interface_at(subnet, self.packet.source)
        place = self.world.place(subnet.network, subnet)
        return self.filtered(place, False, standing.filter if standing else "", subnet.filter)

    def inbound(self, network_id: str, subnet: Subnet | None, *groups: str) -> Trace | None:
        """The rules on the way in: the subnet's group, then the interface's. None when all allow, or there is none."""
        return self.filtered(self.world.place(network_id, subnet), True, *groups)

    def filtered(self, place: Place, inbound: bool, *groups: str) -> Trace | None:
        """Each group in turn."""
        stage = "inbound" if inbound else "outbound"
        for group in filter(None, groups):
            ruling = rule_on(self.world.filters, group, inbound, self.packet, place)
            if not ruling.allowed:
                return self.end("DeniedInbound" if inbound else "DeniedOutbound", stage, "denied", ruling.detail, ruling.because)
            self.passed(stage, "allowed", ruling.detail, ruling.because)
        return None

    def host(self, network: Network) -> Trace:
        """The network's own resolver, and the metadata service of its machines."""
        asks_names = self.ip == plan.AZURE_DNS
        what, port = ("network's resolver", DNS_PORT) if asks_names else ("metadata service", HTTP_PORT)
        if self.flow.port != port or self.flow.protocol not in (("tcp", "udp") if asks_names else ("tcp",)):
            text = f"{self.address} answers port {port} only, not {self.flow.protocol} {self.flow.port}"
            return self.end("NoListener", "listener", "dropped", text)
        return self.end("Delivered", "listener", "delivered", f"{self.address} is the {what}", network.owner)

    def machine(self, network_id: str) -> Trace:
        for interface in self.world.interfaces:
            if interface.number and interface.address == self.address and interface.network.lower() == network_id.lower():
                subnet = self.world.subnets.get(interface.subnet.lower())
                if subnet is not None and (denied := self.inbound(network_id, subnet, subnet.filter, interface.filter)):
                    return denied
                if subnet is not None and (lost := self.answer_lost(network_id, subnet)):
                    return lost
                return self.end("Delivered", "listener", "delivered", f"{self.address} is a machine's", interface.owner)
        return self.end("NoRoute", "route", "dropped", f"nothing in the network has the address {self.address}")

    def answer_lost(self, network_id: str, subnet: Subnet | None) -> Trace | None:
        """Whether a connection's answers do not come back, from a subnet's machine or (None) from an endpoint."""
        network = self.world.networks.get(network_id.lower())
        if network is None or self.flow.protocol != "tcp":
            return None
        found = answer(self.world, network, subnet, self.packet, frozenset(self.seen))
        if found.problem:
            return self.end("NoRoute", "route", "dropped", f"the answer does not come back: {found.problem}", found.because)
        for appliance in (one for one in self.appliances if one not in found.appliances):
            text = f"the answer does not pass {appliance.address}: an appliance that keeps state drops what follows"
            self.passed("route", "answered", text, appliance.owner)
        return None

    def endpoint(self, endpoint: Endpoint) -> Trace:
        name = endpoint.owner.rsplit("/", 1)[-1]
        subnet = self.world.subnets.get(endpoint.subnet.lower())
        if denied := self.inbound(endpoint.network, subnet, endpoint_group(endpoint, subnet)):
            return denied
        if endpoint.state != "Approved":
            detail = f"the connection of private endpoint '{name}' is {endpoint.state}: only an Approved one carries packets"
            return self.end("ConnectionNotApproved", "endpoint", "dropped", detail, endpoint.because or endpoint.owner)
        self.passed("endpoint", "translated", f"the connection of private endpoint '{name}' is Approved", endpoint.because)
        if self.flow.port not in endpoint.ports or self.flow.protocol != "tcp":
            ports = ", ".join(str(port) for port in endpoint.ports)
            detail = f"private endpoint '{name}' passes TCP {ports}, not {self.flow.port}"
            return self.end("NoListener", "listener", "dropped", detail, endpoint.owner)
        if lost := self.answer_lost(endpoint.network, None):
            return lost
        if link := self.world.link_services.get(endpoint.target.lower()):
            return self.linked(link)
        service = None if _is_address(self.flow.to) else self.world.service_named(self.flow.to)
        target = endpoint.target.rsplit("/", 1)[-1]
        if service is not None and service.owner.lower() != endpoint.target.lower():
            detail = f"private endpoint '{name}' leads to '{target}' and to nothing else"
            return self.end("WrongResource", "edge", "refused", detail, endpoint.owner, 403)
        detail = f"let in through private endpoint '{name}' to '{target}'"
        return self.end("Delivered", "edge", "let in", detail, endpoint.because or endpoint.owner, 200)

    def linked(self, link: LinkService) -> Trace:
        """A private link service: on to its backends, from its NAT address."""
        name = link.owner.rsplit("/", 1)[-1]
        targets = next((targets for port, _, targets in link.ports if port == self.flow.port), ())
        if not targets:
            detail = f"private link service '{name}' has no backend for TCP {self.flow.port}"
            return self.end("NoListener", "listener", "refused", detail, link.owner)
        there = ", ".join(f"{address}:{port}" for address, port in targets)
        network, sources = link.network.rsplit("/", 1)[-1], ", ".join(address for _, address in link.sources)
        detail = f"private link service '{name}' hands on to {there} in '{network}', from {sources}"
        return self.end("Delivered", "listener", "delivered", detail, link.owner)

    def real(self) -> Trace:
        """Out to the real internet, where the operator allows the name."""
        found, problem = allowed_at(self.address, self.world.allowed, self.flow.to)
        if found is None:
            return self.end("NoListener", "edge", "refused", problem)
        detail = f"'{self.flow.to}' is allowed by the operator's egress list ('{found.name}'): the edge carries it there"
        return self.end("Delivered", "edge", "carried", detail)

    def public(self, subnet: str = "") -> Trace:
        if self.ip == plan.PUBLIC_DNS and self.flow.port == DNS_PORT and self.flow.protocol in ("tcp", "udp"):
            return self.end("Delivered", "listener", "delivered", f"{self.address} is the resolver of the internet")
        if self.ip in plan.ALLOWED_NAMES and self.flow.port in (plan.EDGE_PORT, HTTP_PORT) and self.flow.protocol == "tcp":
            return self.real()
        if self.flow.port != plan.EDGE_PORT or self.flow.protocol != "tcp":
            detail = f"{self.address} answers TCP {plan.EDGE_PORT} only, not {self.flow.port}"
            return self.end("NoListener", "listener", "dropped", detail)
        if self.flow.to.lower() in self.control_names:
            return self.end("Delivered", "edge", "let in", "the control plane answers everywhere", status=200)
        service = None if _is_address(self.flow.to) else self.world.service_named(self.flow.to)
        if service is None:
            return self.end("NoListener", "edge", "refused", f"no resource of this cloud has the name '{self.flow.to}'")
        name = service.owner.rsplit("/", 1)[-1]
        if subnet and subnet.lower() in {id.lower() for id in service.subnets}:
            return self.end(
                "Delivered", "edge", "let in", f"'{name}' lets this subnet in (virtualNetworkRules)", service.owner, 200
            )
        if not service.public_access:
            detail = f"'{name}' refuses callers from public addresses ({service.because})"
            return self.end("DeniedByPolicy", "edge", "refused", detail, service.owner, 403)
        return self.end("Delivered", "edge", "let in", f"'{name}' accepts callers from public addresses", service.owner, 200)
