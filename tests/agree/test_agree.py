"""explain and the simulation give the same answer for every flow of every world, and name the same rule."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloister.drivers.sim import filters as sim_filters
from cloister.explain import filters as explain_filters
from cloister.explain.path import World
from tests.agree.worlds import grow, judged, questions, simulated
from tests.boxes import examples

FLOWS = 25


def disagreement(rng: random.Random) -> str:
    """The first flow of a world that the two judge differently; "" for none."""
    intents = grow(rng)
    fabric, world = simulated(intents), World(intents)
    for asked in questions(rng, intents, FLOWS):
        says, trace = judged(world, asked)
        does = fabric.connect(f"machine-{asked.machine}", asked.address, asked.port, asked.protocol)
        if says != does.arrived:
            return f"{asked}: explain says {trace.disposition} ({trace.why}), the simulation {does}"
        if trace.disposition.startswith("DeniedO") and does.why != f"dropped by {trace.steps[-1].because}":
            return f"{asked}: explain names {trace.steps[-1].because}, the simulation says {does.why}"
        if trace.disposition == "DeniedInbound" and does.why.startswith("dropped by") and trace.steps[-1].because not in does.why:
            return f"{asked}: explain names {trace.steps[-1].because}, the simulation says {does.why}"
    return ""


@settings(deadline=None, max_examples=examples(300))
@given(st.randoms(use_true_random=False))
def test_explain_is_the_simulation(rng):
    assert not disagreement(rng)


def test_worlds_come_to_many_ends():
    """What grows is no desert: every end that a packet can come to is met."""
    ends: Counter[str] = Counter()
    for seed in range(100):
        rng = random.Random(seed)
        intents = grow(rng)
        world = World(intents)
        ends.update(judged(world, asked)[1].disposition for asked in questions(rng, intents, FLOWS))
    expected = ("Delivered", "DeniedOutbound", "DeniedInbound", "NoRoute", "NoListener", "ConnectionNotApproved")
    print(ends)
    assert all(ends[end] >= 5 for end in expected), ends


def ports_forgotten(right):
    """A matcher that forgets the ports of rules for any protocol: a mistake that was really made elsewhere."""

    def wrong(rule, *more):
        if rule.protocol in ("*", 0):
            rule = msgspec.structs.replace(rule, source_ports=((0, 65535),), destination_ports=((0, 65535),))
        return right(rule, *more)

    return wrong


@pytest.mark.parametrize("judge", [explain_filters, sim_filters], ids=["explain", "simulation"])
def test_a_planted_bug_is_found(judge, monkeypatch):
    monkeypatch.setattr(judge, "_matches", ports_forgotten(judge._matches))
    found = next((seed for seed in range(300) if disagreement(random.Random(seed))), None)
    assert found is not None, "300 worlds did not show it"
