"""explain, the simulation and the kernel give the same answer: one set of namespaces, world after world, real packets."""

from __future__ import annotations

import os
import random
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.explain.path import World as Intended
from cloister.net import plan
from cloister.net.desired import Nic
from tests.agree.worlds import DNS, PORTS, Asked, advance, grow, judged, questions, simulated, wanted
from tests.kernel.fabric_world import World, needs_network_rights

WORLDS, FLOWS = 5, 60
SECONDS = 0.35  # for a packet on one machine; what has not come by then was dropped
OPEN = ("open", "ECONNREFUSED")  # a reset comes from the other end


@pytest.fixture
def world(tmp_path: Path):
    """A keeper and a fabric, nothing in them."""
    needs_network_rights()
    made = World(tmp_path / "home")
    try:
        yield made
    finally:
        made.end()


def move(world: World, intents: list) -> None:
    """From the last world to this one, in ORDER, as the loop would."""
    world.desired = {}
    edits = difference(wanted(intents), world.observe())
    for phase, some in arrange(edits):
        if phase.driver == "fabric":
            answers = world.on_thread(lambda some=some: world.fabric.apply(some))
            assert answers == [""] * len(some), answers


class Ears:
    """Sockets that hear datagrams: in every machine, in every network's router and in services."""

    def __init__(self, world: World, nics: Iterable[Nic]):
        self.sockets: list[socket.socket] = []
        for nic in nics:
            for port in PORTS:
                self._bind(world, nic.machine, "0.0.0.0", port)
            self.sockets.append(world.socket(nic.machine, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        for router in {nic.router for nic in nics} - {"internet"}:
            self._bind(world, router, str(plan.AZURE_DNS), 53)
        self._bind(world, "services", DNS, 53)

    def _bind(self, world: World, namespace: str, address: str, port: int) -> None:
        made = world.socket(namespace, socket.SOCK_DGRAM)
        made.bind((address, port))
        self.sockets.append(made)

    def heard(self, seconds: float) -> set[int]:
        """The tokens that came in until it has been silent so long."""
        found: set[int] = set()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for ear in select.select(self.sockets, [], [], left)[0]:
                raw = ear.recv(2048)
                if ear.type == socket.SOCK_RAW:
                    if raw[20] == 8:  # echo request, after the IP header
                        found.add(struct.unpack(">Q", raw[28:36])[0])
                elif len(raw) == 8:
                    found.add(struct.unpack(">Q", raw)[0])
        return found

    def close(self) -> None:
        """Close all."""
        for ear in self.sockets:
            ear.close()


def echo_request(token: int) -> bytes:
    """An ICMP echo request with the token as its payload (RFC 792), and an identifier of its own: a new flow."""
    body = struct.pack(">BBHHHQ", 8, 0, 0, token & 0xFFFF, 1, token)
    total = sum(struct.unpack(f">{len(body) // 2}H", body))
    total = (total >> 16) + (total & 0xFFFF)
    return body[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + body[4:]


def reached(world: World, asked: list[Asked], nics: list[Nic]) -> set[Asked]:
    """Which of the flows arrive: those of one machine at once, each from the port that the rules are asked with."""
    found: set[Asked] = set()
    for number in {one.machine for one in asked}:
        mine = [one for one in asked if one.machine == number and one.protocol == "tcp"]
        ends = world.reaches(f"machine-{number}", [(one.address, one.port) for one in mine], SECONDS)
        found |= {one for one in mine if ends[one.address, one.port] in OPEN}
    ears = Ears(world, nics)
    try:
        tokens = {}
        for one in (one for one in asked if one.protocol != "tcp"):
            token = int.from_bytes(os.urandom(8), "big") | 1
            tokens[token] = one
            kind = (socket.SOCK_RAW, socket.IPPROTO_ICMP) if one.protocol == "icmp" else (socket.SOCK_DGRAM, 0)
            mouth = world.socket(f"machine-{one.machine}", *kind)
            try:
                payload = echo_request(token) if one.protocol == "icmp" else struct.pack(">Q", token)
                mouth.sendto(payload, (one.address, 0 if one.protocol == "icmp" else one.port))
            except OSError:
                pass  # no route: it does not arrive
        found |= {tokens[token] for token in ears.heard(SECONDS) if token in tokens}
    finally:
        ears.close()
        while world._sockets:  # thousands would come together
            world._sockets.pop().close()
    return found


def some_questions(rng: random.Random, intents: list) -> list[Asked]:
    """What is asked of a world."""
    return questions(rng, intents, FLOWS)


def agree(
    world: World,
    seeds: Iterable[int],
    growing: Callable[..., list] = grow,
    asking: Callable[..., list[Asked]] = some_questions,
) -> int:
    """Compare the three for each seed's world; how many flows were compared."""
    compared = 0
    fabric = simulated(grow(random.Random(0)))
    for seed in seeds:
        rng = random.Random(seed)
        intents = growing(rng, any_source_port=True)
        move(world, intents)
        advance(fabric, wanted(intents))
        asked = list(dict.fromkeys(asking(rng, intents)))
        nics = [thing for thing in wanted(intents).values() if isinstance(thing, Nic)]
        real = reached(world, asked, nics)
        intended = Intended(intents)
        late = [one for one in asked if one not in real and judged(intended, one)[0]]
        real |= (
            reached(world, late, nics) if late else set()
        )  # a busy computer is slow: what should come may come later, what should not never
        for one in asked:
            says, trace = judged(intended, one)
            does = fabric.connect(f"machine-{one.machine}", one.address, one.port, one.protocol)
            told = f"seed {seed}, {one}: explain {trace.disposition} ({trace.why}), simulation {does}, kernel {one in real}"
            assert says == does.arrived == (one in real), told
            compared += 1
    return compared


def test_explain_the_simulation_and_the_kernel_agree(world):
    edge = world_with_services(world)
    assert agree(world, range(WORLDS)) > WORLDS * FLOWS / 2
    assert edge.peers is not None


@pytest.mark.deep(share=5)
@pytest.mark.timeout(0)
def test_they_agree_for_long(world, box):
    world_with_services(world)
    compared = seed = 0
    while not (seed and box.over) and seed < 2000:
        compared += agree(world, range(1000 + seed, 1010 + seed))
        seed += 10
    box.tell("worlds", seed)
    print(f"{compared} flows of {seed} worlds agreed on the kernel, the simulation and explain")
    assert compared


def world_with_services(world: World):
    """The base, and a server at the cloud's public addresses."""
    move(world, grow(random.Random(0)))
    return world.edge()
