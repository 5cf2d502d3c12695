"""explain, the simulation and the kernel agree on who reaches whom by public addresses, routes and rules in between."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cloister.explain.path import World as Intended
from cloister.net.intent import Intent, Interface, Subnet
from tests.agree.test_agree_kernel import agree, world, world_with_services  # noqa: F401 (a fixture)
from tests.agree.test_routes_with_filters import both
from tests.agree.worlds import grow, judged, questions, simulated

WORLDS, FLOWS = 4, 25
ELSEWHERE = ("198.18.64.99", "198.18.128.1", "198.18.128.2", "198.18.0.99", "198.19.127.1", "100.64.0.1")


def abroad(rng: random.Random, any_source_port: bool = False) -> list[Intent]:
    """A grown world, with or without routes, whose machines have public addresses; NAT gateways; and machines outside."""
    out: list[Intent] = []
    for intent in (both if rng.random() < 0.5 else grow)(rng, any_source_port):
        if isinstance(intent, Subnet):
            count = rng.choice([0, 0, 1, 3])
            nat = tuple(f"198.18.64.{100 + 10 * int(intent.network[-1]) + n}" for n in range(count))
            intent = msgspec.structs.replace(intent, nat=nat, nat_because="/nat" if nat else "")
        elif isinstance(intent, Interface):
            public = f"198.18.64.{10 + intent.number}" if rng.random() < 0.7 else ""
            intent = msgspec.structs.replace(
                intent, public=public, public_because="/pip" if public else "", public_open=rng.random() < 0.5
            )
        out.append(intent)
    for number in range(11, rng.randint(11, 12) + 1):
        place = {"network": "internet", "subnet": "internet", "address": f"198.18.0.{number}"}
        out.append(Interface(owner=f"/m{number}", number=number, **place))
    return out


def asked_of(rng: random.Random, intents: list[Intent]) -> list:
    """Flows, some of them to addresses that lead nowhere."""
    found = questions(rng, intents, FLOWS)
    return found + [one._replace(address=rng.choice(ELSEWHERE)) for one in found[:5]]


def disagreement(rng: random.Random) -> str:
    """The first flow of a world that the two judge differently; "" for none."""
    intents = abroad(rng)
    fabric, intended = simulated(intents), Intended(intents)
    for asked in asked_of(rng, intents):
        says, trace = judged(intended, asked)
        does = fabric.connect(f"machine-{asked.machine}", asked.address, asked.port, asked.protocol)
        if says != does.arrived:
            return f"{asked}: explain says {trace.disposition} ({trace.why}), the simulation {does}"
    return ""


@settings(deadline=None, max_examples=max(150, settings().max_examples))
@given(st.randoms(use_true_random=False))
def test_explain_is_the_simulation_abroad(rng):
    assert not disagreement(rng)


def test_public_addresses_lead_somewhere_and_nowhere():
    """What grows is no desert."""
    met: Counter[str] = Counter()
    for seed in range(200):
        rng = random.Random(seed)
        intents = abroad(rng)
        intended = Intended(intents)
        for asked in asked_of(rng, intents):
            if asked.address.startswith("198.18."):
                trace = judged(intended, asked)[1]
                met[f"{'out' if asked.machine > 10 else 'in'}side {trace.disposition}"] += 1
    print(met)
    for where in ("inside", "outside"):
        for end in ("Delivered", "DeniedInbound", "NoListener", "NoRoute"):
            assert met[f"{where} {end}"] >= 5, met


def test_the_kernel_agrees_abroad(world):  # noqa: F811
    world_with_services(world)
    assert agree(world, range(WORLDS), abroad, asked_of) > 100
