"""Kernel -> fabric objects: everything that is there, from a namespace list and one reading of each.

Nothing is remembered between readings but what a generation number proves unchanged (nftables). A thing that is there
but not whole is told with ``?`` in one of its fields: it differs from anything desired, and so is put again or dropped.
Owners are interface aliases where there is an interface, else "".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cloister.drivers.linux import egress, filters, hops, objects, peers, routes, rulesets
from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.mend import is_identity
from cloister.drivers.linux.namespaces import Space, Spaces
from cloister.drivers.linux.objects import DAMAGED, SERVICES
from cloister.drivers.linux.routers import local_whole, marking_whole, outbound_address, rules_whole
from cloister.net import plan
from cloister.net.desired import EndpointAddress, FabricObject, Filters, Forward, Gateway, IdentityRoute, Namespace, Nic, Uplink


@dataclass
class Reading:
    """What one namespace holds. ``elements`` by set name; empty where there is no such set."""

    space: Space
    links: list[rt.Link]
    addresses: list[tuple[int, str, int]]
    routes: list[rt.Route]
    rules: list[rt.Rule] = field(default_factory=list)
    table: nft.Reading | None = None
    elements: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    filters: Filters | None = None

    def link(self, index: int) -> rt.Link | None:
        """The link of that index."""
        return next((link for link in self.links if link.index == index), None)

    def has_route(self, prefix: str, index: int) -> bool:
        """Whether that prefix leads to that link."""
        return any(route.prefix == prefix and route.index == index for route in self.routes)


class Observer:
    """Reads the cloud's namespaces. For the fabric's thread."""

    def __init__(self, spaces: Spaces):
        self._spaces = spaces
        self._tables: dict[Space, tuple[int, nft.Reading | None, dict[str, dict[bytes, bytes]], Filters | None]] = {}

    def observe(self) -> list[FabricObject]:
        """All that holds now. Raises NetlinkError, ConnectionError."""
        names = self._spaces.names()
        readings = {name: self._read(name) for name in names}
        self._tables = {space: kept for space, kept in self._tables.items() if space.name in readings}
        found: list[FabricObject] = [_namespace(reading) for reading in readings.values()]
        routers = {name: reading for name, reading in readings.items() if role_of(name) in ("vnet", "internet")}
        services = readings.get(SERVICES)
        found += _uplinks(services, routers)
        for reading in routers.values():
            found += _gateways(reading)
            found += _addresses(reading)
            found += _forwards(reading)
            found += [reading.filters] if reading.filters else []
        found += peers.observed(routers)
        found += routes.observed(routers)
        found += hops.observed(routers)
        found += egress.observed(routers)
        machines = [reading for name, reading in readings.items() if role_of(name) == "machine"]
        return [*found, *_nics(routers, machines)]

    def _read(self, name: str) -> Reading:
        space = self._spaces.get(name)
        channel = space.route
        reading = Reading(space, rt.links(channel), rt.addresses(channel), rt.routes(channel))
        if role_of(name) != "machine":
            reading.table, reading.elements, reading.filters = self._rules(space)
        if role_of(name) == "vnet":
            reading.rules = rt.rules(channel)
        return reading

    def _rules(self, space: Space) -> tuple[nft.Reading | None, dict[str, dict[bytes, bytes]], Filters | None]:
        generation = nft.generation(space.filter)
        kept = self._tables.get(space)
        if kept is None or kept[0] != generation:
            table = nft.read_table(space.filter)
            there = {nft.read_text(declared[0]) for declared in table.sets} if table else set()
            wanted = rulesets.ROLES[role_of(space.name)].sets
            elements = {s.name: nft.read_elements(space.filter, s.name) for s in wanted if s.name in there}
            kept = self._tables[space] = generation, table, elements, filters.observed(space)
        return kept[1], kept[2], kept[3]


def role_of(name: str) -> str:
    """The role that a namespace has by its name."""
    if name in (SERVICES, "internet"):
        return name
    return "machine" if name.startswith("machine-") else "vnet"


def _namespace(reading: Reading) -> Namespace:
    role = role_of(reading.space.name)
    loopback = reading.link(rt.LOOPBACK)
    whole = bool(loopback and loopback.up) and not any(link.ipv6 for link in reading.links)
    settings = [setting for setting in rulesets.ROLES[role].sysctls if setting != rulesets.NO_IPV6]  # links told that
    whole = whole and (not settings or reading.space.sysctls_hold(settings))
    if role == "services":
        whole = whole and reading.has_route(str(plan.SERVICES), rt.LOOPBACK)
    elif role == "vnet":
        whole = whole and {str(address) for address in plan.HOST_ADDRESSES} <= {address for _, address, _ in reading.addresses}
        whole = whole and local_whole(reading.rules) and marking_whole(reading.table, reading.links, reading.rules)
    whole = whole and (role == "machine" or rules_whole(reading.table, role))
    outbound = outbound_address(reading.table) if role == "vnet" else ""
    return Namespace(owner="", name=reading.space.name, role=role if whole else DAMAGED, outbound=outbound)


def _uplinks(services: Reading | None, routers: dict[str, Reading]) -> Iterator[FabricObject]:
    if services is None:
        return
    names = {objects.uplink_name(name): name for name in routers}
    over: dict[int, list[str]] = {}
    for route in services.routes:
        if route.kind == rt.UNICAST:
            over.setdefault(route.index, []).append(route.prefix)
    for link in services.links:
        if link.name.startswith("u-"):
            namespace = names.get(link.name, link.name.removeprefix("u-"))
            ours = over.get(link.index, [])
            routes = sorted((prefix for prefix in ours if not is_identity(prefix)), key=objects.span)
            router = routers.get(namespace)
            whole = router is not None and _joined(services, link, router)
            yield Uplink(owner=link.alias, namespace=namespace, routes=tuple(routes) if whole else (DAMAGED,))
            for prefix in filter(is_identity, ours):
                yield IdentityRoute(owner="", namespace=namespace, identity=prefix.removesuffix("/32"))


def _joined(services: Reading, link: rt.Link, router: Reading) -> bool:
    far = router.link(objects.UP_INDEX)
    if far is None or not (link.up and far.up and link.strict and link.forwarding and far.forwarding):
        return False
    if (link.peer, far.peer) != (far.index, link.index):
        return False
    if not all(router.has_route(prefix, far.index) for prefix in objects.outside_prefixes(router.space.name)):
        return False
    return rt.nsid_of(services.space.route, router.space.descriptor) == link.peer_nsid


def _gateways(reading: Reading) -> Iterator[Gateway]:
    own = [address for index, address, _ in reading.addresses if index == rt.LOOPBACK]
    outbound = reading.elements.get(rulesets.OUTBOUND_SUBNETS, {})
    for route in reading.routes:
        if route.kind == rt.UNREACHABLE:
            inside = [address for address in own if objects.covers(route.prefix, address)]
            first = nft.address_key(route.prefix.partition("/")[0])
            yield Gateway(
                owner="",
                namespace=reading.space.name,
                prefix=route.prefix,
                address=inside[0] if len(inside) == 1 else DAMAGED,
                outbound=first in outbound or not objects.has_endpoints(reading.space.name),
            )


def _addresses(reading: Reading) -> Iterator[EndpointAddress]:
    routed = {
        route.prefix.removesuffix("/32")
        for route in reading.routes
        if route.table == rt.LOCAL and route.protocol == rt.OURS and route.prefix.endswith("/32")
    }
    reset = {nft.read_address(key) for key in reading.elements.get(rulesets.ENDPOINTS, {})}
    for address in sorted(routed | reset):
        whole = address in routed and address in reset
        yield EndpointAddress(owner="", namespace=reading.space.name, address=address if whole else DAMAGED + address)


def _forwards(reading: Reading) -> Iterator[Forward]:
    ways = reading.elements.get(rulesets.FORWARDS, {})
    identities = reading.elements.get(rulesets.IDENTITIES, {})
    for key in ways.keys() | identities.keys():
        address, port = nft.read_address_port(key)
        to_address, to_port = nft.read_address_port(ways[key]) if key in ways else (DAMAGED, 0)
        yield Forward(
            owner="",
            namespace=reading.space.name,
            address=address,
            port=port,
            to_address=to_address,
            to_port=to_port,
            identity=nft.read_address(identities[key]) if key in identities else DAMAGED,
        )


def _nics(routers: dict[str, Reading], machines: list[Reading]) -> Iterator[Nic]:
    """Every ``n<number>`` of the routers, with the machine at its other end."""
    ends: dict[int, list[tuple[Reading, rt.Link]]] = {}
    for machine in machines:
        far = machine.link(objects.UP_INDEX)
        if far is not None:
            ends.setdefault(far.peer, []).append((machine, far))
    for router in routers.values():
        for link in router.links:
            number = link.name.removeprefix("n")
            if number == link.name or not number.isdigit():
                continue
            for machine, far in ends.get(link.index, []):
                if rt.nsid_of(machine.space.route, router.space.descriptor) == far.peer_nsid:
                    yield _nic(router, link, machine, far)
                    break
            else:
                yield _lost_nic(router, link)


def _lost_nic(router: Reading, link: rt.Link) -> Nic:
    number = link.index - objects.nic_index(0)
    return Nic(
        owner=link.alias,
        router=router.space.name,
        machine=f"{DAMAGED}{number}",
        number=number,
        address=DAMAGED,
        prefix_length=0,
        gateway="",
    )


def _nic(router: Reading, link: rt.Link, machine: Reading, far: rt.Link) -> Nic:
    held = [(address, length) for index, address, length in machine.addresses if index == far.index]
    gateways = [route.via for route in machine.routes if route.prefix == "0.0.0.0/0" and route.index == far.index]
    routed = [route.prefix for route in router.routes if route.index == link.index and route.table == rt.MAIN]
    address, length = held[0] if held else (DAMAGED, 0)
    whole = (
        link.up
        and link.strict != far.forwarding
        and link.accept_local == far.forwarding
        and link.forwarding
        and far.up
        and len(held) == len(gateways) == 1
        and routed == [f"{address}/32"]
    )
    return Nic(
        owner=link.alias,
        router=router.space.name,
        machine=machine.space.name,
        number=link.index - objects.nic_index(0),
        address=address if whole else DAMAGED,
        prefix_length=length,
        gateway=gateways[0] if gateways else "",
        forwarding=far.forwarding,
    )
