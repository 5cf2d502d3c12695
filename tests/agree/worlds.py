"""Worlds and flows, grown from one source of chance: networks, subnets, security groups, machines, endpoints, peerings.

``random.Random(seed)`` grows one for the kernel; hypothesis' own ``randoms()`` grows the same and shrinks it.
"""

from __future__ import annotations

import asyncio
import random
from typing import NamedTuple

from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.compilers.units import compile_all
from cloister.drivers.sim.fabric import SimFabric
from cloister.explain.path import World, explain
from cloister.explain.trace import Flow, Trace
from cloister.net.desired import Desired, FabricObject
from cloister.net.intent import Endpoint, Filter, Intent, Interface, LinkedName, Network, Peering, Rule, Service, Subnet

PORTS = (22, 53, 80, 443, 450)
PROTOCOLS = ("tcp", "udp", "icmp")
BLOB, DNS = "198.19.20.2", "198.19.0.53"
ELSEWHERE = ("168.63.129.16", "169.254.169.254", BLOB, DNS, "198.19.16.2", "10.0.0.99", "10.7.0.4", "198.18.0.9")
TEXTS = (
    "*", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.4", "10.1.0.5/32", "10.0.0.0/8", "10.1.0.0/16", "VirtualNetwork", "Internet",
    "AzureLoadBalancer", "AzureCloud", "Storage", "Storage.EastUS2", "Storage.westeurope", "AzureMachineLearning",
    "AzurePlatformDNS", "AzurePlatformIMDS", "Sql", "198.18.0.0/16", "198.18.64.0/18",
)  # fmt: skip
RANGES = ((0, 65535), (22, 22), (53, 53), (80, 80), (443, 443), (400, 450), (81, 65535))
EVERY_PORT = ((0, 65535),)
GROUPS = ("/asg/a", "/asg/B")
NAME = LinkedName("blob", "acct.blob.core.windows.net", "acct.privatelink.blob.core.windows.net", BLOB)
POLICIES = ("Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled")


class Asked(NamedTuple):
    """A flow as a test asks it: the machine's number, address, port, protocol."""

    machine: int
    address: str
    port: int
    protocol: str


def grow(rng: random.Random, any_source_port: bool = False, networks: int = 2) -> list[Intent]:
    """A world: two or three networks, up to three filters, some machines, up to two endpoints, perhaps peered (of three networks,
    the second and the third with the first, and perhaps with each other).

    ``any_source_port``: no rule looks at source ports (which a kernel chooses).
    """
    filters = [f"/nsg/{n}" for n in range(rng.randint(0, 3))]

    def some_filter() -> str:
        return rng.choice([*filters, ""]) if filters else ""

    intents: list[Intent] = [
        Service(owner="/acct", service="storage", region="eastus2", names=(NAME,), public_access=rng.random() < 0.5, because="p")
    ]
    subnets: list[Subnet] = []
    for number in range(1, networks + 1):
        network = f"/v{number}"
        intents.append(Network(owner=network, number=number, prefixes=(f"10.{number - 1}.0.0/16",), region="eastus2"))
        for place in range(rng.randint(1, 2)):
            subnets.append(
                Subnet(
                    owner=f"{network}/subnets/s{place}",
                    network=network,
                    prefix=f"10.{number - 1}.{place}.0/24",
                    default_outbound=rng.random() < 0.8,
                    endpoint_policies=rng.choice(POLICIES),
                    filter=some_filter(),
                )
            )
    intents += subnets
    intents += _machines(rng, subnets, some_filter)
    intents += _endpoints(rng, subnets)
    for one, other, odds in ((1, 2, 0.4 if networks == 2 else 0.9), (1, 3, 0.9), (2, 3, 0.2)):
        if other <= networks and rng.random() < odds:
            intents += _peered(rng, one, other)
    everywhere = tuple(f"/v{number}" for number in range(1, networks + 1))
    intents += [Filter(owner=id, networks=everywhere, rules=tuple(some_rules(rng, id, any_source_port))) for id in filters]
    return intents


def _machines(rng: random.Random, subnets: list[Subnet], some_filter) -> list[Intent]:
    made: list[Intent] = []
    for number in range(1, rng.randint(2, 3 + len({subnet.network for subnet in subnets})) + 1):
        subnet = rng.choice(subnets)
        made.append(
            Interface(
                owner=f"/m{number}",
                network=subnet.network,
                subnet=subnet.owner,
                number=number,
                address=subnet.prefix.replace("0/24", str(number + 3)),
                filter=some_filter(),
                groups=tuple(group for group in GROUPS if rng.random() < 0.3),
            )
        )
    return made


def _endpoints(rng: random.Random, subnets: list[Subnet]) -> list[Intent]:
    made: list[Intent] = []
    for number in range(1, rng.randint(0, 2) + 1):
        subnet = rng.choice(subnets)
        made.append(
            Endpoint(
                owner=f"/pe{number}",
                network=subnet.network,
                subnet=subnet.owner,
                number=number,
                target="/acct",
                group="blob",
                state=rng.choice(["Approved", "Approved", "Approved", "Pending"]),
                addresses=(("blob", subnet.prefix.replace("0/24", str(number + 200))),),
                names=(NAME,),
                because=f"/acct/connections/{number}",
                groups=tuple(group for group in GROUPS if rng.random() < 0.3),
            )
        )
    return made


def _peered(rng: random.Random, first: int, second: int) -> list[Intent]:
    halves: list[Intent] = []
    for number, other in ((first, second), (second, first)):
        halves.append(
            Peering(
                owner=f"/v{number}/peerings/p{other}",
                network=f"/v{number}",
                number=number,
                remote=f"/v{other}",
                remote_number=other,
                prefixes=(f"10.{other - 1}.0.0/16",),
                access=rng.random() < 0.7,
                forwarded=rng.random() < 0.6,
            )
        )
    return halves


def some_rules(rng: random.Random, id: str, any_source_port: bool) -> list[Rule]:
    """Up to six rules of one's own, and the default ones."""
    made = []
    for place in range(rng.randint(0, 6)):
        groups = [(group,) if rng.random() < 0.15 else () for group in (rng.choice(GROUPS), rng.choice(GROUPS))]
        made.append(
            Rule(
                because=f"{id}/r{place}",
                priority=100 + place,
                inbound=rng.random() < 0.5,
                allow=rng.random() < 0.6,
                protocol=rng.choice(["*", "*", "tcp", "tcp", "udp", "icmp", "esp"]),
                sources=() if groups[0] else tuple(_some(rng, TEXTS)),
                source_groups=groups[0],
                source_ports=EVERY_PORT
                if any_source_port
                else rng.choice([EVERY_PORT, EVERY_PORT, ((50000, 50000),), ((1, 1000),)]),
                destinations=() if groups[1] else tuple(_some(rng, TEXTS)),
                destination_groups=groups[1],
                destination_ports=tuple(sorted(set(_some(rng, RANGES)))),
            )
        )
    for inbound, allow, priority, sources, destinations in (
        (True, True, 65000, ("VirtualNetwork",), ("VirtualNetwork",)),
        (True, True, 65001, ("AzureLoadBalancer",), ("*",)),
        (True, False, 65500, ("*",), ("*",)),
        (False, True, 65000, ("VirtualNetwork",), ("VirtualNetwork",)),
        (False, True, 65001, ("*",), ("Internet",)),
        (False, False, 65500, ("*",), ("*",)),
    ):
        because = f"{id}/default{priority}{inbound}"
        made.append(
            Rule(because=because, priority=priority, inbound=inbound, allow=allow, sources=sources, destinations=destinations)
        )
    return sorted(made, key=lambda rule: (rule.inbound, rule.priority))


def _some(rng: random.Random, choices: tuple) -> list:
    return [rng.choice(choices) for _ in range(rng.choice([1, 1, 1, 2, 3]))]


def questions(rng: random.Random, intents: list[Intent], count: int) -> list[Asked]:
    """Flows from the world's machines to its addresses, and to those that are none."""
    machines = [intent for intent in intents if isinstance(intent, Interface)]
    targets = [*ELSEWHERE, *(machine.address for machine in machines for _ in range(5))]
    targets += [machine.public for machine in machines if machine.public for _ in range(6)]
    targets += [address for intent in intents if isinstance(intent, Endpoint) for _, address in intent.addresses * 6]
    asked = []
    for _ in range(count):
        source = rng.choice(machines)
        address = rng.choice(targets)
        if address != source.address:
            asked.append(Asked(source.number, address, rng.choice([443, *PORTS]), rng.choice(["tcp", "tcp", *PROTOCOLS])))
    return asked


def simulated(intents: list[Intent]) -> SimFabric:
    """The world on the simulation."""
    fabric = SimFabric()
    advance(fabric, wanted(intents))
    return fabric


def wanted(intents: list[Intent]) -> dict[str, Desired]:
    """The fabric's objects of a world."""
    return {key: thing for key, thing in compile_all(intents).items() if isinstance(thing, FabricObject)}


def advance(fabric: SimFabric, to: dict[str, Desired]) -> None:
    """From what it holds to what is wanted, in ORDER."""
    for phase, edits in arrange(difference(to, fabric.objects)):
        if phase.driver == "fabric":
            answers = asyncio.run(fabric.apply(edits))
            assert not any(answers), answers


def judged(world: World, asked: Asked) -> tuple[bool, Trace]:
    """Whether explain says that the first packet arrives, and its trace."""
    source = f"/m{asked.machine}"
    trace = explain(world, Flow(source=source, to=asked.address, port=asked.port, protocol=asked.protocol), lambda *_: ("", ()))
    return trace.is_delivered or trace.steps[-1].stage == "edge", trace
