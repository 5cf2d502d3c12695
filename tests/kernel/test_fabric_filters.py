"""Security rules in the kernel: what they match, how they are exchanged, and that nobody changes them unseen."""

from __future__ import annotations

import errno
import select
import socket
import subprocess
import sys
import threading
from string import ascii_lowercase

import pytest
from fabric_world import BLOB, World, base, endpoint, eventually, machine, patience, vnet

from cloister.compilers.diff import same
from cloister.net.desired import FilterChain, FilterPlace, FilterRule, Filters
from cloister.net.tags import ALL_ADDRESSES, ALL_PORTS, of_prefix

HERE, THERE = "10.0.0.4", "10.0.0.5"


def rule(allow: bool, inbound: bool = True, protocol: int = 6, **more) -> FilterRule:
    """A rule for everything but what is said."""
    fields = {"sources": ALL_ADDRESSES, "source_ports": ALL_PORTS, "destinations": ALL_ADDRESSES, "destination_ports": ALL_PORTS}
    return FilterRule(because="/nsg/securityRules/r", inbound=inbound, allow=allow, protocol=protocol, **{**fields, **more})


def filters(*rules: FilterRule, digest: str = "d", places=(("subnet", "10.0.0.0/24"),), flush: bool = False) -> Filters:
    """One group at these places; what it says nothing of is dropped."""
    held = tuple(FilterPlace(place=place, prefix=prefix, chain=-1 if place == "link" else 0) for place, prefix in places)
    chains = (FilterChain(owner="/nsg", rules=rules, flush=flush),)
    return Filters(owner="/v", namespace="vnet-1", digest=digest, chains=chains, places=held)


def everything(inbound: bool) -> FilterRule:
    """A rule that allows all."""
    return rule(True, inbound, 0)


@pytest.fixture
def small(world: World) -> World:
    """Two machines in one subnet, and an approved endpoint."""
    world.put(*base(), *vnet(1), *machine(1, "vnet-1", HERE), *machine(2, "vnet-1", THERE), *endpoint(1, 1, "10.0.0.9"))
    world.edge()
    return world


def reached(world: World, address: str, *ports: int) -> list[bool]:
    """Whether machine 1 reaches each port: a refusal comes from the other end."""
    found = world.reaches("machine-1", [(address, port) for port in ports])
    return [found[address, port] in ("open", "ECONNREFUSED") for port in ports]


def test_ranges_lists_and_directions(small):
    small.put(filters(rule(True, destination_ports=((80, 90), (443, 443))), everything(False)))
    assert reached(small, THERE, 79, 80, 90, 91, 443) == [False, True, True, False, True]
    small.put(filters(rule(True, sources=(of_prefix("10.0.0.5"), of_prefix("10.9.0.0/16"))), everything(False)))
    assert reached(small, THERE, 80) == [False]
    small.put(filters(rule(True, sources=(of_prefix("10.0.0.4"), of_prefix("10.9.0.0/16"))), everything(False)))
    assert reached(small, THERE, 80) == [True]
    small.put(filters(everything(True), rule(False, False, destinations=(of_prefix(THERE),)), everything(False)))
    assert reached(small, THERE, 80) == [False]


def test_endpoints_obey_inbound_rules_only_where_told_so(small):
    out = (rule(False, destination_ports=((443, 443),)), everything(True), everything(False))
    small.put(filters(*out))
    assert reached(small, "10.0.0.9", 443) == [True]
    places = (("subnet", "10.0.0.0/24"), ("endpoint", "10.0.0.0/24"))
    small.put(filters(*out, places=places))
    assert reached(small, "10.0.0.9", 443) == [False]
    to = of_prefix("10.0.0.9")  # the endpoint's own address, not the one behind it
    small.put(filters(rule(True, destinations=(to,)), everything(False), places=places))
    assert reached(small, "10.0.0.9", 443) == [True]
    small.put(filters(everything(True), rule(False, False, destinations=(to,)), everything(False)))
    assert reached(small, "10.0.0.9", 443) == [False]
    small.put(filters(everything(True), rule(False, False, destinations=(of_prefix(BLOB),)), everything(False)))
    assert reached(small, "10.0.0.9", 443) == [True]


def test_what_is_open_stays_open(small):
    with small.connect("machine-1", "10.0.0.9") as kept:
        kept.recv(100)
        small.put(filters())
        assert reached(small, "10.0.0.9", 443) == [False]
        kept.sendall(b"still\n")
        assert kept.recv(100) == b"still\n"


@pytest.mark.parametrize(
    ("places", "left"),
    [
        ((("subnet", "10.0.0.0/24"),), True),
        ((("nic", "10.0.0.4/32"),), True),
        ((("link", "n1"), ("nic-link", "n1")), True),
        ((("subnet", "10.0.0.0/24"), ("endpoint", "10.0.0.0/24")), False),
    ],
)
def test_with_flush_what_is_no_longer_allowed_stands_still(small, places, left):
    allowed, denied = (everything(True), everything(False)), (everything(left),)
    with small.connect("machine-1", "10.0.0.9") as kept:
        kept.recv(100)
        small.put(filters(*allowed, digest="1", places=places, flush=True))
        kept.sendall(b"still\n")
        assert kept.recv(100) == b"still\n"
        small.put(filters(*denied, digest="2", places=places))
        kept.sendall(b"unasked\n")
        assert kept.recv(100) == b"unasked\n"
        small.put(filters(*denied, digest="3", places=places, flush=True))
        kept.settimeout(0.5)
        kept.sendall(b"later\n")
        with pytest.raises(TimeoutError):
            kept.recv(100)
        small.put(filters(*allowed, digest="4", places=places, flush=True))
        kept.settimeout(10)
        assert kept.recv(100) == b"later\n"


def test_one_who_forwards_is_known_by_its_link(small):
    """Its packets bear the addresses of others; the rules of addresses do not apply to what goes through it."""
    deny, rest = rule(False, destination_ports=((80, 80),)), everything(False)
    for places, passes in (
        ([("link", "n2", -1), ("nic-link", "n2", 0)], False),
        ([("link", "n2", -1), ("subnet-link", "n2", 0)], False),
        ([("link", "n2", -1), ("subnet", "10.0.0.0/24", 0)], True),
        ([("link", "n1", -1), ("subnet", "10.0.0.0/24", 0)], False),
    ):
        held = tuple(FilterPlace(place=place, prefix=prefix, chain=chain) for place, prefix, chain in places)
        chains = (FilterChain(owner="/nsg", rules=(deny, everything(True), rest)),)
        small.put(Filters(owner="/v", namespace="vnet-1", digest="d", chains=chains, places=held))
        assert reached(small, THERE, 80, 81) == [passes, True], places


def test_what_holds_is_found_again_and_a_foreign_edit_is_seen(small):
    wanted = filters(everything(True), everything(False), digest="first")
    small.put(wanted)
    assert same(small.observe()[wanted.key], wanted)
    small.new_fabric()
    assert same(small.observe()[wanted.key], wanted)
    for edit in (
        ("add", "rule", "ip", "cloister-filters", "forward", "drop"),
        ("flush", "chain", "ip", "cloister-filters", "f0-in.a"),
        ("flush", "chain", "ip", "cloister-filters", "seal"),
        ("add", "chain", "ip", "cloister-filters", "mine"),
        ("delete", "table", "ip", "cloister-filters"),
    ):
        small.run("vnet-1", "nft", *edit)
        assert not same(small.observe().get(wanted.key, filters(digest="?")), wanted), edit
        small.put(wanted)
        small.put(wanted)  # twice, so that the letter is a again
        assert same(small.observe()[wanted.key], wanted), edit
        if "f0-in.a" not in small.run("vnet-1", "nft", "list", "chains"):
            small.put(wanted)
    small.drop(wanted)
    small.drop(wanted)
    assert wanted.key not in small.observe()


def test_hooks_of_somebody_else_are_replaced(small):
    wanted = filters(rule(False), everything(False))
    small.run("vnet-1", "nft", "add table ip cloister-filters")
    small.run("vnet-1", "nft", "add chain ip cloister-filters forward { type filter hook input priority 5; policy accept; }")
    small.put(wanted)
    assert same(small.observe()[wanted.key], wanted)
    assert reached(small, THERE, 80) == [False]


def test_what_many_exchanges_cut_short_left_is_swept_up(small):
    wanted = filters(rule(False), everything(False))
    for left in ("abc", ascii_lowercase):
        small.put(wanted)
        for letter in left:
            small.run("vnet-1", "nft", f"add chain ip cloister-filters left.{letter}")
        small.put(wanted)
        assert same(small.observe()[wanted.key], wanted)
        assert "left" not in small.run("vnet-1", "nft", "list", "chains")
        assert reached(small, THERE, 80) == [False]


FLOOD = """
import socket, sys
to = socket.socket(fileno=int(sys.argv[1]))
while True:
    try:
        to.send(b"denied")
    except OSError:  # no room in the queue for the moment
        pass
"""


def test_an_exchange_lets_nothing_through_and_holds_nothing_back(small):
    """Two rulesets that both deny one port and allow another, in turn: of a flood to the one nothing comes, and every knock at
    the other is answered at once (what is lost would be sent again after a second)."""
    allow, numbered = everything(False), {"protocol": 17, "destination_ports": ((80, 80),)}
    one = filters(rule(False, **numbered), everything(True), allow, digest="one")
    two = filters(rule(True, destination_ports=((81, 65535),)), rule(False, protocol=0), allow, digest="two")
    small.put(one)
    there, sender = (small.socket(f"machine-{n}", socket.SOCK_DGRAM) for n in (2, 1))
    there.setblocking(False)
    there.bind((THERE, 80))
    sender.connect((THERE, 80))
    ending, answers = threading.Event(), []

    def knock() -> None:
        while not ending.is_set():
            with small.socket("machine-1") as made:
                made.settimeout(max(0.9, patience()))
                try:
                    answers.append(errno.errorcode[made.connect_ex((THERE, 443))])
                except TimeoutError:
                    answers.append("silence")

    thread = threading.Thread(target=knock)
    with subprocess.Popen((sys.executable, "-c", FLOOD, str(sender.fileno())), pass_fds=(sender.fileno(),)) as flood:
        thread.start()
        try:
            for count in range(100):
                small.put(two if count % 2 == 0 else one)
        finally:
            ending.set()
            thread.join()
            flood.kill()
    with pytest.raises(BlockingIOError):
        there.recv(100)
    assert set(answers) == {"ECONNREFUSED"} and len(answers) >= 10
    small.put(filters(everything(True), allow, digest="three"))  # the flood would have come
    sender.send(b"allowed")
    assert eventually(lambda: select.select([there], [], [], 0)[0])
    eventually(lambda: small.observe()[one.key])


def test_a_thousand_rules_and_prefixes(small):
    rules = [rule(False, destination_ports=((n, n), (n + 2, n + 2)), sources=ALL_ADDRESSES) for n in range(2000, 3000)]
    wide = tuple((n * 512, n * 512 + 255) for n in range(4000))
    small.put(filters(*rules, rule(False, sources=wide, destination_ports=((79, 79),)), everything(True), everything(False)))
    assert reached(small, THERE, 2000, 3001, 3005, 79, 80) == [False, False, True, True, True]
