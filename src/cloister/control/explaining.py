"""``cloister explain``: places and names as a person writes them, turned into a flow over the current world."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cloister.arm.resource import View
from cloister.control.loop import ReconcileLoop
from cloister.dns.answer import answer
from cloister.dns.question import Question, describe, fold
from cloister.dns.world import World as Names
from cloister.explain.path import World, explain
from cloister.explain.render import render
from cloister.explain.trace import Flow, Step
from cloister.net.desired import PublicName, ZoneRecords
from cloister.net.desired import View as NetworkView
from cloister.net.names import CONTROL_NAMES

SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


class Explainer:
    """Answers from the intents and names that the loop holds at this moment."""

    def __init__(self, loop: ReconcileLoop, view: Callable[[], View]):
        self._loop, self._view = loop, view

    def explain(self, source: str, to: str) -> dict:
        """The trace from a place (``internet``, ``VNET/SUBNET``, a subnet id) to a name, ``name:port`` or a resource id.

        Raises LookupError, its text beginning with "cannot", for a place or a resource that is not there.
        """
        name, _, port = to.partition(":") if not to.startswith("/") else (to, "", "")
        if port and not (port.isdigit() and 0 < int(port) < 65536):
            raise LookupError(f"cannot explain '{to}': '{port}' is no TCP port; write NAME or NAME:PORT")
        world = World(self._loop.realized.intents())
        if name.startswith("/"):
            name = self._name_of(world, name)
        flow = Flow(source=self.place(source), to=fold(name), port=int(port or 443))
        trace = explain(world, flow, self._lookup, frozenset(fqdn for fqdn, _, _ in CONTROL_NAMES))
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
    def _name_of(world: World, id: str) -> str:
        for service in world.services:
            if service.owner.lower() == id.lower() and service.names:
                return service.names[0].fqdn
        raise LookupError(f"cannot explain '{id}': no resource with names of its own has this id; write a NAME or an id")

    def _lookup(self, network: str, name: str) -> tuple[str, tuple[Step, ...]]:
        names = Names(
            thing for thing in self._loop.realized.desired.values() if isinstance(thing, NetworkView | ZoneRecords | PublicName)
        )
        namespace = self._namespace(names, network)
        view = names.view(namespace)
        if view is None:
            return "", (Step(stage="name", action="stopped", detail="the network has no resolver yet", because=network),)
        found = answer(view, Question(fold(name), "A"))
        steps = tuple(
            Step(stage="name", action="answered", detail=describe(step), because=step.because or step.owner)
            for step in found.trail
        )
        return (found.addresses[0] if found.addresses else ""), steps

    @staticmethod
    def _namespace(names: Names, network: str) -> str:
        if network == "internet":
            return "services"
        owners: Iterable[tuple[str, str]] = ((key, table.object.owner) for key, table in names.views.items())
        return next((key for key, owner in owners if owner.lower() == network.lower()), "")
