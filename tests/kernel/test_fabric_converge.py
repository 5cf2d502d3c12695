"""Applying twice is applying once; what is read back is what was applied; foreign edits are seen and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec
import pytest
from fabric_world import World, base, endpoint, machine, vnet

from cloister.drivers.linux import expressions
from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.net.desired import Forward, Gateway, Namespace, Nic, Put, Uplink


@pytest.fixture
def whole(world: World) -> World:
    """Some of everything."""
    world.put(
        *base(),
        *vnet(1),
        *vnet(2, outbound=False, prefix="10.1.0.0/16"),
        *machine(1, "vnet-1", "10.0.0.4"),
        *machine(2, "vnet-2", "10.1.0.4", 16, "10.1.0.1"),
        *machine(3, "internet", "198.18.0.4", 16, "198.18.0.1"),
        *endpoint(7, 1, "10.0.0.5"),
        *endpoint(8, 2, "10.1.0.5"),
        *endpoint(7, 1, "10.0.0.5", port=8443),
        endpoint(9, 1, "10.0.0.9")[0],
    )
    world.edge()
    return world


def test_what_is_observed_is_what_was_applied(whole: World) -> None:
    assert whole.observe() == whole.wanted()


def test_applying_twice_is_applying_once(whole: World) -> None:
    client = whole.connect("machine-1", "10.0.0.5")
    assert client.recv(100) == b"you are 100.64.0.7\n"
    whole.put(*whole.desired.values())
    whole.put(*reversed(whole.desired.values()))
    assert whole.observe() == whole.wanted()
    client.sendall(b"still here\n")
    assert client.recv(100) == b"still here\n"


def test_a_new_fabric_finds_everything_and_no_connection_ends(whole: World) -> None:
    client = whole.connect("machine-1", "10.0.0.5")
    whole.new_fabric()
    assert whole.observe() == whole.wanted()
    whole.put(*whole.desired.values())
    assert whole.observe() == whole.wanted()
    assert client.recv(100) == b"you are 100.64.0.7\n"


def test_owners_stand_on_interfaces_and_elements(whole: World) -> None:
    owners = {item.key: item.owner for item in whole.on_thread(whole.fabric.observe)}
    assert owners["uplink vnet-1"].endswith("/virtualNetworks/v1")
    assert owners["nic machine-1"] == "m"


def delete_nic(world: World) -> None:
    assert world.route("vnet-1").send([rt.link_delete(101)]) == {}


def delete_uplink(world: World) -> None:
    assert world.route("services").send([rt.link_delete(101)]) == {}


def set_uplink_down(world: World) -> None:
    assert world.route("vnet-1").send([(rt.SETLINK, 0, rt._LINK.pack(0, 0, 2, 0, 1))]) == {}


def allow_spoofing(world: World) -> None:
    world.inside("vnet-1", lambda: write("ipv4/conf/n1/rp_filter", "0"))


def enable_ipv6(world: World) -> None:
    world.inside("machine-1", lambda: write("ipv6/conf/all/disable_ipv6", "0"))


def loosen_tracking(world: World) -> None:
    world.inside("vnet-1", lambda: write("netfilter/nf_conntrack_tcp_loose", "1"))


def write(path: str, value: str) -> None:
    with open(f"/proc/sys/net/{path}", "w") as file:
        file.write(value)


def flush_rules(world: World) -> None:
    assert world.filter("vnet-1").transact([nft.chain_flush("forward"), nft.chain_flush("postrouting")]) == {}


def delete_table(world: World) -> None:
    for name in ("vnet-1", "services"):
        assert world.filter(name).transact([nft.table_delete()]) == {}


def add_chain(world: World) -> None:
    chain = nft.Chain("extra", hook=2, priority=1, policy=0)
    assert world.filter("vnet-1").transact([nft.chain_new(chain)]) == {}


def delete_elements(world: World) -> None:
    key = nft.Element(nft.address_port("10.0.0.5", 443))
    gone = [nft.elements_delete("identities", [key]), nft.elements_delete("outbound_subnets", nft.prefix_elements("10.0.0.0/24"))]
    assert world.filter("vnet-1").transact(gone) == {}


def add_elements(world: World) -> None:
    key = nft.address_port("10.0.0.66", 443)
    more = [
        nft.elements_add("forwards", [nft.Element(key, nft.address_port("198.19.16.2", 443))]),
        nft.elements_add("endpoints", [nft.Element(nft.address_key("10.0.0.66"))]),
    ]
    assert world.filter("vnet-1").transact(more) == {}


def change_outbound(world: World) -> None:
    rule = nft.Rule("", expressions.snat_to("198.18.128.2"))
    assert world.filter("vnet-1").transact([nft.chain_flush("outbound"), nft.rule_new("outbound", rule)]) == {}


def move_routes(world: World) -> None:
    gone = [rt.route_delete("100.64.0.7/32", index=101), rt.route_via("198.18.99.0/24", "169.254.0.2", 101)]
    assert world.route("services").send(gone) == {}
    assert world.route("vnet-1").send([rt.route_delete("10.0.0.5/32", rt.LOCAL_ROUTE, rt.LOCAL)]) == {}


def change_machine(world: World) -> None:
    assert world.route("machine-1").send([rt.address_add(2, "10.0.0.44", 24)]) == {}


def move_gateway(world: World) -> None:
    assert world.route("vnet-1").send([rt.address_add(1, "10.0.0.2")]) == {}


def loopback_down(world: World) -> None:
    assert world.route("vnet-1").send([(rt.SETLINK, 0, rt._LINK.pack(0, 0, 1, 0, 1))]) == {}


FOREIGN = [
    delete_nic,
    delete_uplink,
    set_uplink_down,
    allow_spoofing,
    enable_ipv6,
    loosen_tracking,
    flush_rules,
    delete_table,
    add_chain,
    delete_elements,
    add_elements,
    change_outbound,
    move_routes,
    change_machine,
    move_gateway,
    loopback_down,
]


def test_foreign_edits_are_seen_and_mended(whole: World) -> None:
    """One world for all: each edit is mended before the next."""
    for edit in FOREIGN:
        edit(whole)
        assert whole.observe() != whole.wanted(), f"{edit.__name__} was not seen"
        for _ in range(3):  # what stood on a thing that had to be made anew is seen in the next round
            if not whole.mend():
                break
        assert whole.observe() == whole.wanted(), f"{edit.__name__} was not mended"
        assert whole.greeting("machine-1", "10.0.0.5") == "you are 100.64.0.7", edit.__name__
        assert whole.greeting("machine-1", "198.19.16.2") == "you are 198.18.128.1", edit.__name__


def changed(item: object, **values: object) -> object:
    return msgspec.structs.replace(item, **values)  # type: ignore[type-var]


def test_a_put_of_other_values_replaces_the_old(whole: World) -> None:
    def held(key: str) -> object:
        return whole.desired[key]

    changes: list[Callable[[], object]] = [
        lambda: changed(held("namespace vnet-1"), outbound="198.18.128.9"),
        lambda: changed(held("uplink vnet-1"), routes=("198.18.128.9/32",)),
        lambda: changed(held("gateway vnet-1 10.0.0.0/24"), address="10.0.0.3", outbound=False),
        lambda: changed(held("nic machine-1"), address="10.0.0.14", number=11),
        lambda: changed(held("nic machine-2"), address="10.1.0.14"),
        lambda: changed(held("forward vnet-1 10.0.0.5 443"), identity="100.64.0.77"),
        lambda: changed(held("forward vnet-1 10.0.0.5 443"), to_port=444, to_address="198.19.16.3"),
        lambda: changed(held("identity-route 100.64.0.7"), namespace="vnet-2"),
    ]
    for change in changes:
        item = change()
        whole.put(item)  # type: ignore[arg-type]
        assert whole.observe() == whole.wanted(), item
    kinds = {type(item) for item in whole.desired.values()}
    assert {Namespace, Uplink, Gateway, Nic, Forward} <= kinds


def test_one_bad_edit_fails_alone(whole: World) -> None:
    lost = [Put(item) for item in machine(5, "vnet-9", "10.0.0.4")]
    forwards = [Put(item) for item in endpoint(20, 9, "10.0.0.20")]
    good = [Put(item) for item in endpoint(21, 1, "10.0.0.21")]
    role = Put(Namespace(owner="", name="vnet-4", role="nonsense"))
    answers = whole.on_thread(lambda: whole.fabric.apply([*lost, *forwards, *good, role]))
    assert answers[0] == ""
    assert answers[1] == "cannot put nic machine-5: there is no network namespace 'vnet-9'"
    assert all(answer.startswith("cannot put") and "vnet-9" in answer for answer in (answers[2], answers[4]))
    assert answers[3].startswith("cannot put identity-route 100.64.0.20: ENODEV")
    assert answers[5:8] == ["", "", ""]
    assert answers[8] == "cannot put namespace vnet-4: there is no role 'nonsense'"
    assert whole.greeting("machine-1", "10.0.0.21") == "you are 100.64.0.21"


def test_many_forwards_in_one_batch_with_some_there_already(whole: World) -> None:
    many = [item for number in range(30, 230) for item in endpoint(number, 1, f"10.0.0.{number}")]
    whole.put(*many[:60])
    whole.put(*many)
    assert whole.observe() == whole.wanted()
    whole.drop(*many[30:90])
    whole.drop(*many)
    assert whole.observe() == whole.wanted()


def test_several_nics_of_one_router_go_together(whole: World) -> None:
    more = [item for number in range(30, 36) for item in machine(number, "vnet-1", f"10.0.0.{number}")]
    whole.put(*more)
    whole.drop(*[item for item in more if isinstance(item, Nic)])
    assert whole.observe() == whole.wanted()
    whole.drop(*[item for item in more if isinstance(item, Namespace)])
    assert whole.observe() == whole.wanted()
    assert whole.greeting("machine-1", "10.0.0.5") == "you are 100.64.0.7"


def test_nft_prints_the_rules_with_their_reasons(whole: World) -> None:
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed (package nftables): its listing cannot be read")
    listing = whole.run("vnet-1", "nft", "list", "ruleset")
    for line in (
        'iifname "n*" dnat ip to ip daddr . tcp dport map @forwards comment "approved endpoints"',
        "snat to ct original ip daddr . ct original proto-dst map @identities",
        'oifname "up" drop comment "no private source leaves the network"',
        'ct state invalid reject with tcp reset comment "a connection that a withdrawn endpoint carried"',
        'snat to 198.18.128.1 comment "the network\'s public address"',
        ": 198.19.16.2 . 443",
        ": 100.64.0.7",
        "/privateEndpoints/pe7",
    ):
        assert line in listing
    assert "unknown" not in listing
