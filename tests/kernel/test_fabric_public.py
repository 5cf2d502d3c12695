"""The public side of a router in the kernel: sources in turn, their idle timeouts, publications, and what repairs them."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import objects
from cloister.drivers.linux.netlink import NETFILTER, Channel, attributes
from cloister.net.desired import Drop, Egress, Publication, Sever, Uplink
from tests.kernel.fabric_world import World, base, machine, needs_network_rights, vnet

CONNTRACK_GET = 1 << 8 | 1
OUTSIDE = "198.18.0.4"
SOURCES = ("198.18.64.7", "198.18.64.8", "198.18.64.9")
PUBLIC = "198.18.64.20"


def egress(*sources: str, idle: int = 10) -> Egress:
    return Egress(owner="m", namespace="vnet-1", address="10.0.0.4", sources=sources, idle=idle)


def publication(address: str = "10.0.0.4", idle: int = 30) -> Publication:
    return Publication(owner="ip", namespace="vnet-1", public=PUBLIC, address=address, idle=idle)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A network with two machines, 1 and 2, and machine 3 outside, where somebody listens."""
    needs_network_rights()
    made = World(tmp_path / "home")
    try:
        made.put(*base())
        made.put(*vnet(1), *machine(1, "vnet-1", "10.0.0.4"), *machine(2, "vnet-1", "10.0.0.5"))
        made.put(*machine(3, "internet", OUTSIDE, 16, "198.18.0.1"))
        routes = tuple(f"{address}/32" for address in (*SOURCES, PUBLIC, "198.18.128.1"))
        made.put(Uplink(owner="v", namespace="vnet-1", routes=tuple(sorted(routes, key=objects.span))))
        yield made
    finally:
        made.end()


def callers(world: World, count: int) -> list[str]:
    """As whom machine 1 is seen outside, connection by connection."""
    listening = world.socket("machine-3")
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((OUTSIDE, 80))
    listening.listen(64)
    seen = []
    for _ in range(count):
        made = world.connect("machine-1", OUTSIDE, 80)
        seen.append(listening.accept()[1][0])
        made.close()
    listening.close()
    return seen


def left(world: World, source: str, destination: str) -> int:
    """After how many seconds the kernel forgets the connection from ``source`` (before translation) to ``destination``."""
    channel: Channel = world.inside("vnet-1", lambda: Channel(NETFILTER))
    try:
        for _, answer in channel.dump(CONNTRACK_GET, struct.pack(">BBH", socket.AF_INET, 0, 0)):
            entry = attributes(answer, 4)
            ends = attributes(attributes(entry[1])[1])
            if (ends[1], ends[2]) == (socket.inet_aton(source), socket.inet_aton(destination)):
                return int(struct.unpack(">I", entry[7])[0])  # CTA_TIMEOUT
    finally:
        channel.close()
    raise AssertionError("no such connection")


def test_connections_take_the_sources_in_turn(world: World) -> None:
    world.put(egress(*SOURCES))
    seen = callers(world, 16)
    assert set(seen) == set(SOURCES)
    assert all(seen.count(source) >= 5 for source in SOURCES)
    world.put(egress(*SOURCES[:2]))  # fewer, in place
    assert set(callers(world, 8)) == set(SOURCES[:2])
    world.put(egress(SOURCES[2], idle=4))
    assert set(callers(world, 2)) == {SOURCES[2]}
    world.drop(egress(SOURCES[2]))
    assert set(callers(world, 2)) == {"198.18.128.1"}


def test_idle_timeouts_are_the_rows(world: World) -> None:
    world.put(egress(*SOURCES, idle=120), publication(idle=30))
    outside, inside = world.socket("machine-3"), world.socket("machine-1")
    for listening, address in ((outside, OUTSIDE), (inside, "10.0.0.4")):
        listening.bind((address, 80))
        listening.listen(4)
    going, coming = world.connect("machine-1", OUTSIDE, 80), world.connect("machine-3", PUBLIC, 80)
    assert 119 * 60 < left(world, "10.0.0.4", OUTSIDE) <= 120 * 60
    assert 29 * 60 < left(world, OUTSIDE, PUBLIC) <= 30 * 60
    going.close()
    coming.close()


def test_what_came_by_a_public_address_ends_with_it(world: World) -> None:
    world.put(publication())
    listening = world.socket("machine-1")
    listening.bind(("10.0.0.4", 80))
    listening.listen(4)
    made = world.connect("machine-3", PUBLIC, 80)
    far, (caller, _) = listening.accept()
    assert caller == OUTSIDE
    made.sendall(b"x")
    assert far.recv(1) == b"x"
    answers = world.apply(Drop(publication()), Sever(namespace="vnet-1", address=PUBLIC, identity=""))
    assert answers == ["", ""]
    far.settimeout(0.3)
    made.sendall(b"y")
    with pytest.raises(TimeoutError):
        far.recv(1)
    far.sendall(b"z")  # an answer of a connection that is forgotten: reset
    far.settimeout(2)
    with pytest.raises(ConnectionResetError):
        far.recv(1)
    made.settimeout(0.3)
    with pytest.raises(TimeoutError):
        made.recv(1)
    assert world.reach("machine-3", PUBLIC, 80) == "silence"


def test_whatever_is_meddled_with_is_seen_and_mended(world: World) -> None:
    world.put(egress(*SOURCES), publication())
    assert world.observe() == world.wanted()
    channel = world.filter("vnet-1")
    meddling = (
        nft.elements_delete("pools", [nft.Element(nft.address_number("10.0.0.4", 5))]),
        nft.elements_delete("sources", [nft.Element(nft.address_key("10.0.0.4"))]),
        nft.elements_delete("idle_out", [nft.Element(nft.address_key("10.0.0.4"))]),
        nft.elements_delete("publications", [nft.Element(nft.address_key(PUBLIC))]),
        nft.elements_delete("idle_in", [nft.Element(nft.address_key(PUBLIC))]),
        nft.elements_add("publications", [nft.Element(nft.address_key("198.18.64.99"), nft.address_key("10.0.0.5"))]),
        nft.elements_add("pools", [nft.Element(nft.address_number("10.0.0.9", 5), nft.address_key(PUBLIC))]),
    )
    for message in meddling:
        assert not channel.transact([message])
        assert world.observe() != world.wanted()
        assert world.mend()
        assert world.observe() == world.wanted()
        world.new_fabric()
    channel.close()


def test_a_change_in_place_never_lets_out_by_default(world: World) -> None:
    """The address is exchanged while connections are made: each has the old or the new one."""
    world.put(egress(SOURCES[0]))
    listening = world.socket("machine-3")
    listening.bind((OUTSIDE, 80))
    listening.listen(4096)
    listening.setblocking(False)
    seen = set()
    for turn in range(20):
        making = [world.socket("machine-1") for _ in range(5)]
        for made in making:
            made.setblocking(False)
            assert made.connect_ex((OUTSIDE, 80)) in (0, errno.EINPROGRESS)
        world.put(egress(SOURCES[turn % 2]))
        for made in making:
            made.close()
        try:
            while True:
                seen.add(listening.accept()[1][0])
        except BlockingIOError:
            pass
    assert seen <= set(SOURCES[:2])


def test_nft_prints_the_public_side(world: World) -> None:
    world.put(egress(*SOURCES), publication())
    told = world.run("vnet-1", "nft", "list", "ruleset")
    assert "snat to ip saddr . numgen inc mod 16 map @pools" in told
    assert "dnat to ip daddr map @publications" in told
    assert "ct timeout set ip saddr map @idle_out" in told


def test_an_egress_with_a_service_stands_before_all_others(world: World) -> None:
    identity = msgspec.structs.replace(egress("100.127.0.1", idle=0), to="198.19.16.0/24")
    world.put(egress(SOURCES[0]), identity)
    assert world.observe() == world.wanted()
    world.drop(identity)
    assert world.observe() == world.wanted()
