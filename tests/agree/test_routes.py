"""explain, the simulation and the kernel agree on worlds with route tables, appliances and endpoints that obey them."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cloister.explain.path import World as Intended
from cloister.net.intent import Endpoint, Filter, Intent, Interface, Peering, Subnet, UserRoute
from tests.agree.test_agree_kernel import agree, world, world_with_services  # noqa: F401 (a fixture)
from tests.agree.worlds import grow, judged, questions, simulated
from tests.boxes import examples

HOPS = ("VirtualAppliance", "VirtualAppliance", "VirtualAppliance", "None", "Internet", "VnetLocal", "VirtualNetworkGateway")
WORLDS, FLOWS = 10, 25


def routed(rng: random.Random, any_source_port: bool = False) -> list[Intent]:
    """A grown world, its filters taken off, with routes at its subnets and machines that forward, here and in peered networks."""
    networks = rng.choice([2, 3, 3])
    found = [intent for intent in grow(rng, any_source_port, networks) if not isinstance(intent, Filter)]
    addresses = [one.address for one in found if isinstance(one, Interface)]
    endpoints = [address for one in found if isinstance(one, Endpoint) for _, address in one.addresses]
    policies = {one.owner: one.endpoint_policies for one in found if isinstance(one, Subnet)}
    out: list[Intent] = []
    for intent in found:
        if isinstance(intent, Subnet):
            routes = tuple(_routes(rng, intent, addresses, endpoints)) if rng.random() < 0.6 else ()
            nat = rng.choice([(), (), (f"198.18.64.{intent.network[-1]}",)])
            intent = msgspec.structs.replace(intent, filter="", routes=routes, nat=nat, nat_because="/nat" if nat else "")
            if rng.random() < 0.3:
                identity = f"100.127.0.{sum(map(ord, intent.owner)) % 200 + 1}"
                intent = msgspec.structs.replace(intent, service_endpoints=("storage",), identity=identity)
        elif isinstance(intent, Interface):
            intent = msgspec.structs.replace(intent, filter="", forwarding=rng.random() < 0.8)
            if rng.random() < 0.3:
                intent = msgspec.structs.replace(intent, public=f"198.18.64.{10 + intent.number}", public_because="/pip")
        elif isinstance(intent, Peering):
            there = [one for one in found if isinstance(one, Endpoint) and one.network == intent.remote]
            obeys = [(a, policies[one.subnet] in ("Enabled", "RouteTableEnabled")) for one in there for _, a in one.addresses]
            intent = msgspec.structs.replace(intent, endpoints=tuple(sorted(obeys)))
        out.append(intent)
    return out


def _routes(rng: random.Random, subnet: Subnet, addresses: list[str], endpoints: list[str]) -> list[UserRoute]:
    prefixes = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/24", "10.1.0.0/24"]
    prefixes += ["198.19.0.0/16", "Storage", *(f"{address}/32" for address in (*addresses, *endpoints, *endpoints))]
    chosen = dict.fromkeys(rng.choice(prefixes) for _ in range(rng.randint(1, 4)))
    made = []
    for number, prefix in enumerate(chosen):
        hop = rng.choice(HOPS)
        near = [address for address in addresses if address.split(".")[1] == subnet.prefix.split(".")[1]]
        hub = [address for address in addresses if address.startswith("10.0.")]
        via = rng.choice([*near, *near, *hub, *hub, *addresses, "10.0.0.77"]) if hop == "VirtualAppliance" else ""
        made.append(UserRoute(prefix=prefix, hop=hop, via=via, because=f"{subnet.owner}/table/routes/r{number}"))
    return made


def disagreement(rng: random.Random) -> str:
    """The first flow of a world that the two judge differently; "" for none."""
    intents = routed(rng)
    fabric, intended = simulated(intents), Intended(intents)
    for asked in questions(rng, intents, FLOWS):
        says, trace = judged(intended, asked)
        does = fabric.connect(f"machine-{asked.machine}", asked.address, asked.port, asked.protocol)
        if says != does.arrived:
            return f"{asked}: explain says {trace.disposition} ({trace.why}), the simulation {does}"
    return ""


@settings(deadline=None, max_examples=examples(300))
@given(st.randoms(use_true_random=False))
def test_explain_is_the_simulation_with_routes(rng):
    assert not disagreement(rng)


def test_routes_decide_often():
    """What grows is no desert."""
    met: Counter[str] = Counter()
    for seed in range(500):
        rng = random.Random(seed)
        intents = routed(rng)
        intended = Intended(intents)
        for asked in questions(rng, intents, FLOWS):
            trace = judged(intended, asked)[1]
            turned = [step for step in trace.steps if "/table/" in step.because]
            met.update(f"{step.action} {trace.disposition}" for step in turned)
    print(met)
    assert met["sent Delivered"] >= 10 and met["dropped NoRoute"] >= 100, met


def test_the_kernel_agrees_on_routes(world):  # noqa: F811
    world_with_services(world)
    assert agree(world, range(WORLDS), routed) > WORLDS * FLOWS / 2
