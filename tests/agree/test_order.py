"""Between any two worlds, after every single edit, no flow passes that neither of them allows."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest

from cloister.compilers.between import parted
from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.drivers.sim.fabric import SimFabric
from cloister.net.intent import Filter, Intent, Interface, Subnet
from tests.agree.test_internet import abroad
from tests.agree.worlds import Asked, advance, grow, questions, simulated, wanted


def changed(rng: random.Random, intents: list[Intent]) -> list[Intent]:
    """Another world with the same addresses: rules, associations, groups, outbound access and approvals differ."""
    other = {intent.owner: intent for intent in grow(rng)}
    names = [intent.owner for intent in other.values() if isinstance(intent, Filter)]
    found: list[Intent] = [intent for intent in other.values() if isinstance(intent, Filter)]
    for intent in intents:
        if isinstance(intent, Subnet):
            intent = msgspec.structs.replace(
                intent,
                filter=rng.choice([*names, ""]),
                default_outbound=rng.random() < 0.5,
                endpoint_policies=rng.choice(["Disabled", "Enabled"]),
            )
            if intent.nat:
                intent = msgspec.structs.replace(intent, nat=rng.choice([(), intent.nat, intent.nat[1:]]))
        elif isinstance(intent, Interface):
            intent = msgspec.structs.replace(
                intent, filter=rng.choice([*names, ""]), groups=tuple(rng.sample(("/asg/a", "/asg/B"), rng.randint(0, 2)))
            )
            if intent.public:
                intent = msgspec.structs.replace(intent, public=rng.choice(["", intent.public]), public_open=rng.random() < 0.5)
        elif isinstance(intent, Filter) or (type(intent).__name__ in ("Endpoint", "Peering") and rng.random() < 0.4):
            continue
        found.append(intent)
    return found


def allowed(fabric: SimFabric, asked: list[Asked]) -> set[Asked]:
    """Which of the flows pass now."""
    return {one for one in asked if fabric.connect(f"machine-{one.machine}", one.address, one.port, one.protocol).arrived}


@pytest.mark.parametrize("seed", range(80))
def test_no_flow_passes_that_neither_world_allows(seed):
    passes_nothing_else(seed, grow)


@pytest.mark.parametrize("seed", range(30))
def test_no_flow_passes_by_public_addresses_that_neither_world_allows(seed):
    passes_nothing_else(seed, abroad)


def passes_nothing_else(seed: int, growing: Callable[..., list[Intent]]) -> None:
    """From one grown world to another, edit by edit."""
    rng = random.Random(seed)
    before = growing(rng)
    after = changed(rng, before)
    if rng.random() < 0.5:
        before, after = after, before
    asked = questions(rng, [*before, *after], 80)
    fabric = simulated(before)
    may = allowed(fabric, asked) | allowed(simulated(after), asked)
    planned = difference(wanted(after), fabric.objects)
    for phase, edits in arrange([*planned, *parted(planned, fabric.objects)]):
        for edit in edits if phase.driver == "fabric" else ():
            assert not fabric.edit(edit)
            assert not allowed(fabric, asked) - may, (phase.name, edit)
    advance(fabric, wanted(after))
    assert allowed(fabric, asked) == allowed(simulated(after), asked)
