"""Appliances pass their own security groups: explain, the simulation and the kernel agree where both routes and rules decide."""

from __future__ import annotations

import random
from collections import Counter

import msgspec

from cloister.explain.path import World as Intended
from cloister.net.intent import Filter, Intent, Interface, Subnet
from tests.agree.test_agree_kernel import agree, world, world_with_services  # noqa: F401 (a fixture)
from tests.agree.test_routes import routed
from tests.agree.worlds import grow, judged, questions, simulated

WORLDS, FLOWS = 150, 25


def both(rng: random.Random, any_source_port: bool = False) -> list[Intent]:
    """A grown world with routes and appliances, its filters put back."""
    state = rng.getstate()
    plain = grow(rng, any_source_port, rng.choice([2, 3, 3]))
    rng.setstate(state)
    named = {one.owner: one.filter for one in plain if isinstance(one, Subnet | Interface)}
    found = [
        msgspec.structs.replace(one, filter=named[one.owner]) if isinstance(one, Subnet | Interface) else one
        for one in routed(rng, any_source_port)
    ]
    return [*found, *(one for one in plain if isinstance(one, Filter))]


def test_explain_is_the_simulation_with_both():
    ends: Counter[str] = Counter()
    for seed in range(WORLDS):
        rng = random.Random(seed)
        intents = both(rng)
        fabric, intended = simulated(intents), Intended(intents)
        for asked in questions(rng, intents, FLOWS):
            says, trace = judged(intended, asked)
            does = fabric.connect(f"machine-{asked.machine}", asked.address, asked.port, asked.protocol)
            assert says == does.arrived, f"seed {seed}, {asked}: explain {trace.disposition} ({trace.why}), simulation {does}"
            ends[("sent " if any(step.action == "sent" for step in trace.steps) else "") + trace.disposition] += 1
    assert ends["sent DeniedInbound"] + ends["sent DeniedOutbound"] >= 5 and ends["sent Delivered"] >= 3, ends


def test_the_kernel_agrees_on_both(world):  # noqa: F811
    world_with_services(world)
    assert agree(world, range(4), both) >= 100
