"""A hub with a firewall and two spokes, the common landing zone: each part of it there or not, and the three judges agree."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from cloister.compilers.between import parted
from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.explain.path import World as Intended
from cloister.net.intent import Endpoint, Filter, Intent, Interface, Network, Peering, Rule, Service, Subnet, UserRoute
from tests.agree.test_agree_kernel import agree, world, world_with_services  # noqa: F401 (a fixture)
from tests.agree.test_order import allowed
from tests.agree.worlds import NAME, POLICIES, Asked, judged, questions, simulated, some_rules, wanted

FIREWALL, SECOND = "10.0.0.4", "10.0.1.5"
LIKELY = 0.8
WORLDS, FLOWS = 5, 30
ZONES_DEEP = 100


def landing_zone(rng: random.Random, any_source_port: bool = True) -> list[Intent]:
    """Hub /v1, spokes /v2 and /v3. What a landing zone needs is there most of the time, and what it may have now and then."""

    def likely() -> bool:
        return rng.random() < LIKELY

    service = Service(owner="/acct", service="storage", region="eastus2", names=(NAME,), public_access=True, because="p")
    found: list[Intent] = [service]
    obeying: dict[str, tuple[tuple[str, bool], ...]] = {}
    for number in (1, 2, 3):
        network, ten = f"/v{number}", f"10.{number - 1}"
        found.append(Network(owner=network, number=number, prefixes=(f"{ten}.0.0/16",), region="eastus2"))
        policies = rng.choice(POLICIES)
        for place in (0, 1):
            routes = tuple(_routes(rng, number, place)) if likely() else ()
            named = rng.choice(["/nsg/0", "", "", ""])
            found.append(
                Subnet(
                    owner=f"{network}/subnets/s{place}",
                    network=network,
                    prefix=f"{ten}.{place}.0/24",
                    endpoint_policies=policies,
                    filter=named,
                    routes=routes,
                )
            )
        found += _endpoint(rng, number) if likely() else []
        address = f"{ten}.1.{200 + number}"
        there = any(isinstance(one, Endpoint) and one.number == number for one in found)
        obeying[network] = ((address, policies in ("Enabled", "RouteTableEnabled")),) if there else ()
    for number, subnet, address, forwarding in (
        (1, "/v1/subnets/s0", FIREWALL, likely()),
        (2, "/v1/subnets/s1", SECOND, rng.random() < 0.5),
        (3, "/v2/subnets/s0", "10.1.0.4", rng.random() < 0.2),
        (4, "/v3/subnets/s0", "10.2.0.4", False),
        (5, "/v2/subnets/s1", "10.1.1.5", rng.random() < 0.2),
    ):
        home, owner = subnet.rsplit("/subnets/", 1)[0], f"/m{number}"
        named = rng.choice(["/nsg/1", "", "", ""])
        found.append(
            Interface(
                owner=owner, network=home, subnet=subnet, number=number, address=address, forwarding=forwarding, filter=named
            )
        )
    for spoke in (2, 3):
        found += _peered(rng, 1, spoke, obeying) if likely() else []
    found += _peered(rng, 2, 3, obeying) if rng.random() < 0.15 else []
    everywhere = ("/v1", "/v2", "/v3")
    return [
        *found,
        *(
            Filter(owner=id, networks=everywhere, rules=tuple(some_rules(rng, id, any_source_port)))
            for id in ("/nsg/0", "/nsg/1")
        ),
    ]


def _routes(rng: random.Random, number: int, place: int) -> list[UserRoute]:
    """To the other spoke, to the hub, to endpoints, outside: by the firewall, most of the time."""
    if number == 1 and rng.random() < 0.6:
        return []
    wanted = ["10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.201/32", "10.2.1.203/32", "0.0.0.0/0"]
    made = []
    for prefix in rng.sample(wanted, rng.randint(1, 4)):
        via = rng.choice([FIREWALL, FIREWALL, FIREWALL, SECOND, "10.0.0.9", "10.1.1.5"])
        because = f"/v{number}/subnets/s{place}/table/routes/{prefix.replace('/', '-')}"
        made.append(UserRoute(prefix=prefix, hop="VirtualAppliance", via=via, because=because))
    return made


def _endpoint(rng: random.Random, number: int) -> list[Intent]:
    network = f"/v{number}"
    return [
        Endpoint(
            owner=f"/pe{number}",
            network=network,
            subnet=f"{network}/subnets/s1",
            number=number,
            target="/acct",
            group="blob",
            state=rng.choice(["Approved", "Approved", "Approved", "Pending"]),
            addresses=(("blob", f"10.{number - 1}.1.{200 + number}"),),
            names=(NAME,),
            because=f"/acct/connections/{number}",
        )
    ]


def _peered(rng: random.Random, one: int, other: int, obeying: dict[str, tuple[tuple[str, bool], ...]]) -> list[Intent]:
    return [
        Peering(
            owner=f"/v{here}/peerings/to-v{there}",
            network=f"/v{here}",
            number=here,
            remote=f"/v{there}",
            remote_number=there,
            prefixes=(f"10.{there - 1}.0.0/16",),
            forwarded=rng.random() < 0.7,
            endpoints=obeying[f"/v{there}"],
        )
        for here, there in ((one, other), (other, one))
    ]


def asked_of(rng: random.Random, intents: list[Intent]) -> list[Asked]:
    """Flows between the machines and to the endpoints, whatever else is asked."""
    addresses = [one.address for one in intents if isinstance(one, Interface)]
    addresses += [address for one in intents if isinstance(one, Endpoint) for _, address in one.addresses]
    between = [Asked(rng.choice([3, 4, 5]), rng.choice(addresses), 443, "tcp") for _ in range(FLOWS)]
    own = {one.number: one.address for one in intents if isinstance(one, Interface)}
    return [*questions(rng, intents, 8), *(one for one in between if own[one.machine] != one.address)]


def test_explain_is_the_simulation_in_a_landing_zone():
    met: Counter[str] = Counter()
    for seed in range(400):
        rng = random.Random(seed)
        intents = landing_zone(rng)
        fabric, intended = simulated(intents), Intended(intents)
        for asked in asked_of(rng, intents):
            says, trace = judged(intended, asked)
            does = fabric.connect(f"machine-{asked.machine}", asked.address, asked.port, asked.protocol)
            assert says == does.arrived, f"seed {seed}, {asked}: explain {trace.disposition} ({trace.why}), simulation {does}"
            if any(step.action == "sent" for step in trace.steps):
                met[f"{trace.disposition}, {trace.steps[-1].stage}"] += 1
            for words in (
                "no IP forwarding",
                "no forwarded traffic",
                "the answer does not come back",
                "does not pass",
                "no route to",
            ):
                met[words] += any(words in step.detail for step in trace.steps)
    print(met)
    wanted = ("Delivered, listener", "Delivered, edge", "DeniedInbound, inbound", "NoRoute, route", "no IP forwarding")
    wanted += ("no forwarded traffic", "the answer does not come back", "does not pass", "no route to")
    assert all(met[words] >= 20 for words in wanted), met


def changed(rng: random.Random, intents: list[Intent]) -> list[Intent]:
    """The same machines and endpoints in another landing zone: routes, rules, what peerings take, who forwards."""
    other = landing_zone(rng)
    kept = [one for one in intents if isinstance(one, Endpoint | Interface)]
    found = [one for one in other if not isinstance(one, Endpoint | Interface)]
    stay = rng.random() < 0.5
    forwarding = {one.number: one.forwarding for one in (intents if stay else other) if isinstance(one, Interface)}
    addresses = {one.network: tuple(address for _, address in one.addresses) for one in kept if isinstance(one, Endpoint)}
    policies = {
        one.network: one.endpoint_policies in ("Enabled", "RouteTableEnabled") for one in found if isinstance(one, Subnet)
    }
    before = {one.owner: one for one in intents if isinstance(one, Subnet)}
    same = rng.random() < 0.6
    for n, one in enumerate(found):
        if isinstance(one, Subnet) and same:  # then peerings and rules alone decide
            found[n] = msgspec.structs.replace(one, routes=before[one.owner].routes)
        elif isinstance(one, Peering):
            there = tuple((address, policies[one.remote]) for address in addresses.get(one.remote, ()))
            found[n] = msgspec.structs.replace(one, endpoints=there)
    for one in kept:
        if isinstance(one, Interface):
            one = msgspec.structs.replace(one, forwarding=forwarding[one.number])
        found.append(one)
    return found


def test_no_flow_passes_that_neither_landing_zone_allows():
    """After every single edit of one pass, as the loop would do it."""
    for seed in range(40):
        rng = random.Random(seed)
        before = landing_zone(rng)
        one_pass(before, changed(rng, before), list(dict.fromkeys(asked_of(rng, before))))


def one_pass(before: list[Intent], after: list[Intent], asked: list[Asked]) -> None:
    """From one to the other; after each edit nothing passes that neither allows, and in the end what the second allows."""
    fabric = simulated(before)
    may = allowed(fabric, asked) | allowed(simulated(after), asked)
    edits = difference(wanted(after), fabric.objects)
    for phase, some in arrange([*edits, *parted(edits, fabric.objects)]):
        for edit in some if phase.driver == "fabric" else ():
            assert not fabric.edit(edit)
            assert not allowed(fabric, asked) - may, (phase.name, edit)
    assert fabric.objects.keys() == wanted(after).keys()
    assert allowed(fabric, asked) == allowed(simulated(after), asked)


SPOKES = [Asked(machine, address, 443, "tcp") for machine, address in ((3, "10.2.0.4"), (4, "10.1.0.4"))]


def whole(closed: tuple[str, ...] = (), shut: tuple[str, ...] = ()) -> list[Intent]:
    """Spokes that reach each other by a hub; rules forbid it in networks ``closed``, those ``shut`` take no forwarded traffic."""
    found: list[Intent] = []
    for number in (1, 2, 3):
        network, ten = f"/v{number}", f"10.{number - 1}"
        hop = UserRoute(prefix="10.0.0.0/8", hop="VirtualAppliance", via=FIREWALL, because="/table/routes/r")
        far = UserRoute(prefix=f"10.{3 - number + 1}.0.0/16", hop="VirtualAppliance", via=FIREWALL, because="/table/routes/far")
        found.append(Network(owner=network, number=number, prefixes=(f"{ten}.0.0/16",), region="eastus2"))
        found.append(
            Subnet(
                owner=f"{network}/subnets/s0",
                network=network,
                prefix=f"{ten}.0.0/24",
                filter="" if number == 1 else f"/nsg{number}",
                routes=() if number == 1 else (hop, far),
            )
        )
    for number, network, address in ((1, 1, FIREWALL), (3, 2, "10.1.0.4"), (4, 3, "10.2.0.4")):
        home = f"/v{network}"
        subnet, forwards = f"{home}/subnets/s0", network == 1
        found.append(
            Interface(owner=f"/m{number}", network=home, subnet=subnet, number=number, address=address, forwarding=forwards)
        )
    halves = [half for spoke in (2, 3) for half in _peered(random.Random(0), 1, spoke, {f"/v{n}": () for n in (1, 2, 3)})]
    found += [msgspec.structs.replace(half, forwarded=half.network not in shut) for half in halves]
    for number in (2, 3):
        everything = [
            Rule(because=f"/all{way}", priority=1, inbound=way, allow=True, sources=("*",), destinations=("*",))
            for way in (True, False)
        ]
        rules = () if f"/v{number}" in closed else tuple(everything)
        found.append(Filter(owner=f"/nsg{number}", networks=(f"/v{number}",), rules=rules))
    return found


def test_what_is_narrowed_is_narrowed_first():
    """A peering takes no more forwarded traffic, and rules that forbade it go, in one pass: at no moment does it pass."""
    assert allowed(simulated(whole()), SPOKES) == set(SPOKES)
    for spoke in ("/v2", "/v3"):
        one_pass(whole(closed=(spoke,)), whole(shut=(spoke,)), SPOKES)
        one_pass(whole(shut=(spoke,)), whole(closed=(spoke,)), SPOKES)
    one_pass(whole(shut=("/v2",)), whole(shut=("/v3",)), SPOKES)


def test_rules_of_two_spokes_never_mix():
    """What the one forbids and the other begins to forbid does not pass between, though they are peered with the hub alone."""
    one_pass(whole(closed=("/v2",)), whole(closed=("/v3",)), SPOKES)
    one_pass(whole(closed=("/v3",)), whole(closed=("/v2",)), SPOKES)


def test_the_kernel_agrees_in_a_landing_zone(world):  # noqa: F811
    world_with_services(world)
    assert agree(world, range(WORLDS), landing_zone, asked_of) > WORLDS * FLOWS / 2


@pytest.mark.deep(share=4)
@pytest.mark.timeout(0)
def test_the_kernel_agrees_in_many_landing_zones(world, box):  # noqa: F811
    world_with_services(world)
    flows = zones = 0
    while zones < ZONES_DEEP and not (zones and box.over):
        flows += agree(world, range(1000 + zones, 1005 + zones), landing_zone, asked_of)
        zones += 5
    box.tell("landing zones", zones, ZONES_DEEP)
    print(f"{flows} flows of {zones} landing zones agreed on the kernel, the simulation and explain")
