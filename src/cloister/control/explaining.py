"""``cloister explain``: places and names as a person writes them, turned into a flow over the current world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network

import msgspec

from cloister.arm.resource import View
from cloister.control.loop import ReconcileLoop
from cloister.dns.answer import answer
from cloister.dns.question import Answer, Question, fold
from cloister.dns.world import World as Names
from cloister.explain.names import Names as Servers
from cloister.explain.path import World, explain
from cloister.explain.render import render
from cloister.explain.trace import Flow, Step
from cloister.net.desired import OutsideName, PublicName, ZoneRecords
from cloister.net.desired import View as NetworkView
from cloister.net.names import CONTROL_NAMES

PROTOCOLS = ("tcp", "udp", "icmp")
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


class Explainer:
    """Answers from the intents and names that the loop holds at this moment."""

    def __init__(self, loop: ReconcileLoop, view: Callable[[], View]):
        self._loop, self._view = loop, view

    def explain(self, source: str, to: str, address: str = "", protocol: str = "tcp") -> dict:
        """The trace from a place (``internet``, ``VNET/SUBNET``, a subnet id) to a name, ``name:port`` or a resource id.

        The source may also be the id of a machine or network interface, or its address where only one has that; ``address`` is
        the source's own in a subnet. Raises LookupError, its text beginning with "cannot", for what is not there.
        """
        if protocol not in PROTOCOLS:
            raise LookupError(f"cannot explain the protocol '{protocol}': write one of {', '.join(PROTOCOLS)}")
        name, _, port = to.partition(":") if not to.startswith("/") else (to, "", "")
        if port and not (port.isdigit() and 0 < int(port) < 65536):
            raise LookupError(f"cannot explain '{to}': '{port}' is no TCP port; write NAME or NAME:PORT")
        world = World(self._loop.realized.intents())
        if name.startswith("/"):
            name = self._name_of(world, name)
        place = self._standing(world, source) or self.place(source)
        self._check_address(world, place, address)
        flow = Flow(source=place, to=fold(name), port=int(port or 443), address=address, protocol=protocol)
        trace = explain(world, flow, self._lookup, frozenset(fqdn for fqdn, _, _ in CONTROL_NAMES))
        if trace.disposition == "NameNotFound" and trace.steps and trace.steps[-1].action == "stopped":
            trace = msgspec.structs.replace(trace, disposition="NotKnown")  # a name server of the user's own
        return {**trace.plain(), "rendered": render(trace)}

    def place(self, source: str) -> str:
        """``internet``, or the id of the one subnet meant. Raises LookupError."""
        if source == "internet":
            return source
        wanted = [part.lower() for part in source.strip("/").split("/")]
        found = []
        for row in self._view().of_type(SUBNETS):
            parts = row.id.lower().strip("/").split("/")
            short = [parts[3], parts[-3], parts[-1]]  # group, network, subnet
            if parts == wanted or (short[-len(wanted) :] == wanted and len(wanted) in (2, 3)):
                found.append(row.id)
        if not found:
            raise LookupError(f"cannot find the place '{source}': write internet, or VNET/SUBNET of a subnet that exists")
        if len(found) > 1:
            raise LookupError(f"cannot tell which place '{source}' is: write one of {', '.join(sorted(found))}")
        return found[0]

    @staticmethod
    def _standing(world: World, source: str) -> str:
        """The owner of the one interface that has this id or address; "" for none. Raises LookupError for several."""
        found = {i.owner for i in world.interfaces if source.lower() == i.owner.lower() or source == i.address}
        running = {i.owner for i in world.interfaces if i.number and i.owner in found}
        found = running or found
        if len(found) > 1:
            raise LookupError(f"cannot tell who '{source}' is: write one of {', '.join(sorted(found))}")
        return next(iter(found), "")

    @staticmethod
    def _check_address(world: World, place: str, address: str) -> None:
        """That a source address is one of its place. Raises LookupError."""
        if not address:
            return
        try:
            inside = (prefix for subnet, prefix in world.prefixes if subnet == place.lower())
            if any(IPv4Address(address) in IPv4Network(prefix) for prefix in inside):
                return
        except AddressValueError as error:
            raise LookupError(f"cannot explain from '{address}': it is no IPv4 address") from error
        raise LookupError(f"cannot explain from '{address}': it is no address of '{place}'; choose one of that subnet")

    @staticmethod
    def _name_of(world: World, id: str) -> str:
        for service in world.services:
            if service.owner.lower() == id.lower() and service.names:
                return service.names[0].fqdn
        for one in world.interfaces:
            if one.public_because.lower() == id.lower() and one.number:
                return one.public
        raise LookupError(f"cannot explain '{id}': no resource with names of its own has this id; write a NAME or an id")

    def _lookup(self, network: str, name: str) -> tuple[str, tuple[Step, ...]]:
        desired = self._loop.realized.desired.values()
        names = Names(thing for thing in desired if isinstance(thing, NetworkView | ZoneRecords | PublicName | OutsideName))

        def ask(place: str, wanted: str) -> Answer | None:
            view = names.view(self._namespace(names, place))
            return None if view is None else answer(view, Question(fold(wanted), "A"))

        return Servers(self._loop.realized.intents(), ask).lookup(network, name)

    @staticmethod
    def _namespace(names: Names, network: str) -> str:
        if network == "internet":
            return "services"
        owners: Iterable[tuple[str, str]] = ((key, table.object.owner) for key, table in names.views.items())
        return next((key for key, owner in owners if owner.lower() == network.lower()), "")
