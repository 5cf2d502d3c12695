"""SimFabric: a driver without a kernel. ``observe``/``apply`` as the fabric process, ``connect`` as a packet would.

The walk reads the objects (routes, map elements), not the intent, so it shares nothing with ``explain``.
"""

from __future__ import annotations

import asyncio

import msgspec

from cloister.drivers.sim.filters import Packet, denied, denied_on
from cloister.drivers.sim.internet import is_public, published, routers_of, source_of
from cloister.drivers.sim.objects import Objects
from cloister.drivers.sim.routes import crosses, next_step, nic_at, peer_route
from cloister.net import plan
from cloister.net.desired import (
    Appliance,
    Desired,
    Edit,
    Egress,
    EndpointAddress,
    Filters,
    Forward,
    Gateway,
    Hop,
    IdentityRoute,
    Namespace,
    Nic,
    NicRoutes,
    PeerLink,
    PeerRoute,
    Publication,
    Put,
    Sever,
    Uplink,
)
from cloister.net.parsed import address_of

DNS_PORT = 53
HOPS_MAX = 16  # appliances that one packet passes
_HOST_PORTS = {
    str(plan.AZURE_DNS): ((DNS_PORT, "tcp"), (DNS_PORT, "udp")),
    str(plan.INSTANCE_METADATA): ((80, "tcp"),),
}


class Verdict(msgspec.Struct, frozen=True):
    """Where a new flow ends: ``arrived`` at ``address``:``port`` seen from ``source``, in a ``machine`` or not, or why not."""

    arrived: bool
    address: str = ""
    port: int = 0
    source: str = ""
    why: str = ""
    machine: str = ""


class SimFabric:
    """The objects by key. ``apply`` answers like the kernel's driver; an edit that the kernel would refuse fails."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.fail_next = 0  # for tests: so many of the next edits fail

    async def observe(self) -> list[Desired]:
        """All objects held."""
        return list(self.objects.values())

    async def apply(self, edits: list[Edit]) -> list[str]:
        """Apply in order; one answer each."""
        await asyncio.sleep(0)
        return [self.edit(edit) for edit in edits]

    def edit(self, edit: Edit) -> str:
        """One edit, at once."""
        if self.fail_next:
            self.fail_next -= 1
            return "cannot apply: made to fail"
        if isinstance(edit, Sever):
            return ""
        thing = edit.object
        if isinstance(edit, Put):
            missing = [name for name in self._needs(thing) if f"namespace {name}" not in self.objects]
            if missing:
                return f"cannot make {thing.key}: namespace {missing[0]} is not there"
            if isinstance(thing, IdentityRoute) and f"uplink {thing.namespace}" not in self.objects:
                return f"cannot make {thing.key}: {thing.namespace} has no uplink"
            self.objects[thing.key] = thing
        elif self.objects.pop(thing.key, None) is not None and isinstance(thing, Namespace):
            for key in [key for key, other in self.objects.items() if thing.name in self._needs(other)]:
                del self.objects[key]
        return ""

    @staticmethod
    def _needs(thing: Desired) -> tuple[str, ...]:
        match thing:
            case Uplink() | IdentityRoute():
                return (thing.namespace, "services")
            case Gateway() | EndpointAddress() | Forward() | Filters():
                return (thing.namespace,)
            case Nic():
                return (thing.router, thing.machine)
            case PeerLink() | PeerRoute() | Hop():
                return (thing.namespace, thing.other)
            case NicRoutes() | Egress() | Publication() | Appliance():
                return (thing.namespace,)
        return ()

    def connect(self, machine: str, address: str, port: int, protocol: str = "tcp", source_port: int = 50000) -> Verdict:
        """A new flow from ``machine`` (namespace name) to ``address``:``port``; ports mean nothing for ``icmp``."""
        nic = self.objects.get(f"nic {machine}")
        if not isinstance(nic, Nic):
            return Verdict(False, why="the machine has no interface")
        packet = Packet(source=nic.address, destination=address, protocol=protocol, source_port=source_port, port=port)
        if rule := denied_on(self.objects, nic, False, packet):
            return Verdict(False, why=f"dropped by {rule}")
        return self._routed(nic, packet, {nic.router})

    def _routed(self, nic: Nic, packet: Packet, seen: set[str], hops: int = HOPS_MAX) -> Verdict:
        """On from a NIC, by the user's routes if it has any; an appliance sends on what it gets. ``seen``: routers passed."""
        step = next_step(self.objects, nic, packet.destination, packet.source)
        if step.nic is not None:
            appliance = step.nic
            seen.add(appliance.router)
            if appliance.address == packet.destination:
                return self._inside(appliance.router, packet, seen) or Verdict(False, why="no route")
            if not hops:
                return Verdict(False, why="it goes round in a circle")
            if rule := denied_on(self.objects, appliance, True, packet) or denied_on(self.objects, appliance, False, packet):
                return Verdict(False, why=f"dropped by {rule}")
            return self._routed(appliance, packet, seen, hops - 1)
        if step.to == "drop":
            return Verdict(False, why=step.why)
        if step.to == "uplink":
            return self._outbound(nic, nic.router, packet)
        return (
            self._host(nic.router, packet)
            or self._inside(nic.router, packet, seen)
            or self._across(nic, packet, seen)
            or self._outbound(nic, nic.router, packet)
        )

    def _lost(self, nic: Nic, packet: Packet, seen: set[str]) -> str:
        """Why the answer of the machine at ``nic`` does not come back; "" where it does.

        Rules look at answers only in a router that has not seen the first packet (``seen``).
        """
        back, at = packet.answer(), nic
        if is_public(back.destination):  # what was translated on its way in must go out where it came from
            step = next_step(self.objects, at, back.destination, back.source)
            return "" if step.to in ("system", "uplink") else step.why or "the answer goes another way"
        for _ in range(HOPS_MAX):
            step = next_step(self.objects, at, back.destination, back.source)
            if step.nic is None:
                return step.why or ("" if step.to == "system" and self._comes_home(at.router, back) else "the answer is lost")
            at = step.nic
            if at.address == back.destination:
                return ""
            if at.router in seen:
                continue
            if rule := denied_on(self.objects, at, True, back) or denied_on(self.objects, at, False, back):
                return f"the answer is dropped by {rule}"
        return "the answer goes round in a circle"

    def _comes_home(self, router: str, back: Packet) -> bool:
        """Whether the router's own routes lead an answer to who asked."""
        if nic_at(self.objects, router, back.destination) is not None:
            return True
        way = peer_route(self.objects, router, back.destination)
        if way is None or crosses(self.objects, router, way.other, back.source):
            return False
        return nic_at(self.objects, way.other, back.destination) is not None

    def _host(self, router: str, packet: Packet) -> Verdict | None:
        """The network's own resolver and metadata service, at the addresses that every network has for them."""
        open_there = _HOST_PORTS.get(packet.destination)
        if open_there is None or router == "internet":
            return None
        if (packet.port, packet.protocol) not in open_there:
            return Verdict(False, why="the host takes no such port there")
        return Verdict(True, packet.destination, packet.port, packet.source)

    def _across(self, nic: Nic, packet: Packet, seen: set[str]) -> Verdict | None:
        """By a peering, if a route leads that way."""
        way = peer_route(self.objects, nic.router, packet.destination)
        if way is None:
            return None
        if why := crosses(self.objects, nic.router, way.other, packet.source):
            return Verdict(False, why=why)
        return self._inside(way.other, packet, {*seen, way.other}) or Verdict(False, why="no route")

    def _inside(self, router: str, packet: Packet, seen: set[str]) -> Verdict | None:
        """What of the router's own has the address; None for nothing."""
        address, port = packet.destination, packet.port
        forward = self.objects.get(f"forward {router} {address} {port}")
        if isinstance(forward, Forward) and packet.protocol == "tcp":
            if rule := denied(self.objects, router, ("endpoint",), True, packet):
                return Verdict(False, why=f"dropped by {rule}")
            if f"uplink {router}" not in self.objects or f"identity-route {forward.identity}" not in self.objects:
                return Verdict(False, why="no way back from the service")
            if not self._comes_home(router, packet.answer()):
                return Verdict(False, why="no way back to the source")
            return Verdict(True, forward.to_address, forward.to_port, forward.identity)
        if f"address {router} {address}" in self.objects:
            return Verdict(False, why="an endpoint's address without an approved way")
        other = nic_at(self.objects, router, address)
        if other is None:
            return None
        if rule := denied_on(self.objects, other, True, packet):
            return Verdict(False, why=f"dropped by {rule}")
        if packet.protocol == "tcp" and (why := self._lost(other, packet, seen)):
            return Verdict(False, why=why)
        return Verdict(True, address, port, packet.source, machine=other.machine)

    def _outbound(self, nic: Nic, router: str, packet: Packet) -> Verdict:
        address, port = packet.destination, packet.port
        if address_of(address) not in plan.SERVICES and not is_public(address):
            return Verdict(False, why="no route")
        if not is_public(address) and (why := self._refused(packet)):
            return Verdict(False, why=why)
        if f"uplink {router}" not in self.objects:
            return Verdict(False, why="no uplink")
        if packet.source != nic.address:
            return Verdict(False, why="an appliance must send from its own address to get out")
        source = source_of(self.objects, nic, address)
        if not source:
            return Verdict(False, why="no outbound access")
        if not is_public(address):
            return Verdict(True, address, port, source)
        if router not in routers_of(self.objects, source):
            return Verdict(False, why="no way back")
        return self._outside(msgspec.structs.replace(packet, source=source))

    @staticmethod
    def _refused(packet: Packet) -> str:
        """Why the services take no such packet; "" where they do."""
        address, port = packet.destination, packet.port
        to_dns = address == str(plan.PUBLIC_DNS) and port == DNS_PORT and packet.protocol in ("tcp", "udp")
        to_allowed = address_of(address) in plan.ALLOWED_NAMES and (port, packet.protocol) == (plan.HTTP_PORT, "tcp")
        taken = to_dns or to_allowed or (port, packet.protocol) == (plan.EDGE_PORT, "tcp")
        return "" if taken else "the services take no such port"

    def _outside(self, packet: Packet) -> Verdict:
        """A packet among public addresses: to a machine of the internet, or in by a machine's own."""
        if address_of(packet.destination) in plan.INTERNET_MACHINES:
            return self._inside("internet", packet, set()) or Verdict(False, why="no route")
        nic = published(self.objects, packet.destination)
        if nic is None:
            return Verdict(False, why="nothing is reached by this public address")
        inner = msgspec.structs.replace(packet, destination=nic.address)
        return self._inside(nic.router, inner, {nic.router}) or Verdict(False, why="no route")


class SimPlain:
    """The edge's or the resolver's objects in memory: a driver that takes everything."""

    def __init__(self) -> None:
        self.objects: dict[str, Desired] = {}

    async def observe(self) -> list[Desired]:
        """All objects held."""
        return list(self.objects.values())

    async def apply(self, edits: list[Edit]) -> list[str]:
        """Take in."""
        for edit in edits:
            if isinstance(edit, Put):
                self.objects[edit.object.key] = edit.object
            elif not isinstance(edit, Sever):
                self.objects.pop(edit.object.key, None)
        return ["" for _ in edits]
