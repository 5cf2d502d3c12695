"""Which flows the rows allow, by explain; which flows pass, by the simulation's packets: the same words for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cloister.drivers.sim.fabric import SimFabric
from cloister.explain.path import World, explain
from cloister.explain.trace import Flow, Trace
from cloister.net import plan
from cloister.net.desired import Desired, EndpointAddress, Identity, Nic, Publication
from cloister.net.intent import Endpoint, Intent, Interface
from cloister.net.parsed import address_of

PORTS = (443, 22)
PUBLIC = "198.19.16.2"


class Passing(NamedTuple):
    """One flow that passes: from a machine (its namespace) to an address and port, and what it ends at."""

    machine: str
    address: str
    port: int
    end: str  # a machine's namespace, a resource's id, or "public"


def _no_names(network: str, name: str) -> tuple[str, tuple]:
    return "", ()


def allowed(intents: Iterable[Intent]) -> frozenset[Passing]:
    """All flows between the machines and to the endpoints of a world that its rows allow."""
    known = list(intents)
    world = World(known)
    machines = [item for item in known if isinstance(item, Interface) and item.number]
    targets = {item.address for item in machines} | {PUBLIC} | {item.public for item in machines if item.public}
    targets |= {address for item in known if isinstance(item, Endpoint) for _, address in item.addresses}
    found = set()
    for machine in machines:
        for address in targets - {machine.address}:
            for port in PORTS:
                trace = explain(world, Flow(source=machine.owner, to=address, port=port), _no_names)
                if trace.is_delivered or trace.steps[-1].stage == "edge":
                    end = _end(trace, address, known)
                    found.add(Passing(f"machine-{machine.number}", address, port, end))
    return frozenset(found)


def _end(trace: Trace, address: str, known: list[Intent]) -> str:
    if address_of(address) in plan.SERVICES:
        return "public"
    by_row = {item.owner: item for item in known if isinstance(item, Interface)}
    by_row |= {item.because: item for item in known if isinstance(item, Endpoint)}
    ends = next(by_row[step.because] for step in reversed(trace.steps) if step.because in by_row)
    return ends.target.lower() if isinstance(ends, Endpoint) else f"machine-{ends.number}"


def passing(fabric: SimFabric, edge: Mapping[str, Desired]) -> Iterable[Passing]:
    """All flows that pass now, between what is there. What the edge does not know by its source ends nowhere."""
    nics = list(fabric.objects.of(Nic))
    targets = {nic.address for nic in nics} | {PUBLIC}
    targets |= {thing.address for thing in fabric.objects.of(EndpointAddress)}
    targets |= {thing.public for thing in fabric.objects.of(Publication)}
    for nic in nics:
        for address in targets - {nic.address}:
            for port in PORTS:
                verdict = fabric.connect(nic.machine, address, port)
                if not verdict.arrived:
                    continue
                if address_of(verdict.source) in plan.IDENTITIES:
                    identity = edge.get(f"identity {verdict.source}")
                    if isinstance(identity, Identity):
                        yield Passing(nic.machine, address, port, identity.resource.lower())
                elif address_of(address) in plan.SERVICES:
                    yield Passing(nic.machine, address, port, "public")
                else:
                    yield Passing(nic.machine, address, port, verdict.machine)
