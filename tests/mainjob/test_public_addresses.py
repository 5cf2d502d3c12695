"""The cloud's internet, by packets: as whom machines leave their networks, and how they are reached by public addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cloister.net import plan
from tests.mainjob.world import NETWORK, Machine, World, eventually

PORT = 8080


@pytest.fixture
def world(cloud) -> Iterator[World]:
    made = World(cloud)
    try:
        yield made
    finally:
        made.end()


def put(world: World, kind: str, name: str, properties: dict, **more: Any) -> dict:
    """A resource of Microsoft.Network; its GET."""
    id = world.id(f"Microsoft.Network/{kind}", name)
    return world.cloud.arm("PUT", id, {"location": "eastus2", "properties": properties, **more}, api_version=NETWORK)


def address(world: World, name: str, sku: str = "Standard", **properties: Any) -> tuple[str, str]:
    """A public IP address: its id and the address."""
    made = put(world, "publicIPAddresses", name, {"publicIPAllocationMethod": "Static", **properties}, sku={"name": sku})
    return made["id"], made["properties"]["ipAddress"]


def card(world: World, name: str, network: str, public: str = "", group: str = "") -> str:
    """A network interface in the default subnet; its id."""
    inner: dict[str, Any] = {"subnet": {"id": f"{network}/subnets/default"}}
    if public:
        inner["publicIPAddress"] = {"id": public}
    properties: dict[str, Any] = {"ipConfigurations": [{"name": "one", "properties": inner}]}
    if group:
        properties["networkSecurityGroup"] = {"id": group}
    return put(world, "networkInterfaces", name, properties)["id"]


def opening(world: World, name: str, source: str = "Internet") -> str:
    """A network security group that lets TCP 8080 in from a source; its id."""
    rule = {
        "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
        "sourceAddressPrefix": source, "destinationAddressPrefix": "*", "destinationPortRange": str(PORT),
    }  # fmt: skip
    return put(world, "networkSecurityGroups", name, {"securityRules": [{"name": "in", "properties": rule}]})["id"]


def seen(machine: Machine, to: str, seconds: float = 0.4) -> str:
    """As whom a serving machine sees this one; "" when it is not reached."""
    return machine.do("greet", address=to, port=PORT, seconds=seconds)["seen"]


def explained(world: World, source: str, to: str) -> dict:
    """``cloister explain``; ``source`` is ``internet`` or a network's name."""
    place = source if source == "internet" else f"{world.group}/{source}/default"
    return json.loads(world.cloud.cloister("explain", "--from", place, "--to", to, "--json").stdout)


def own_address(machine: Machine) -> str:
    """The machine's address."""
    return machine.do("own")["address"]


def test_machines_reach_the_internet_as_their_networks_default_address(world):
    world.network("open", "10.1.0.0/16", "10.1.0.0/24")
    world.network("closed", "10.1.0.0/16", "10.1.0.0/24", defaultOutboundAccess=False)
    with world.machine("internet") as outside, world.machine("open") as one, world.machine("closed") as two:
        outside.do("serve", port=PORT)
        one.do("serve", port=PORT)
        there = own_address(outside)
        source = eventually(lambda: seen(one, there))
        assert plan.IPv4Address(source) in plan.OUTBOUND_ADDRESSES
        assert not seen(two, there)
        assert not seen(outside, source)  # nobody comes in by it
        assert not seen(outside, "10.1.0.4")
        told = explained(world, "open", f"{there}:{PORT}")
        assert told["disposition"] == "Delivered" and any(source in step["detail"] for step in told["steps"])
        assert explained(world, "closed", f"{there}:{PORT}")["disposition"] == "NoRoute"


def test_a_standard_address_is_closed_until_a_group_opens_it_and_a_basic_one_is_open(world):
    network, other = world.network("a", "10.1.0.0/16", "10.1.0.0/24"), world.network("b", "10.1.0.0/16", "10.1.0.0/24")
    (standard, public), (basic, old) = address(world, "standard"), address(world, "basic", "Basic")
    one, two = card(world, "one", network, standard), card(world, "two", other, basic)
    with world.machine_on(one) as inside, world.machine_on(two) as elsewhere, world.machine("internet") as outside:
        for machine in (inside, elsewhere, outside):
            machine.do("echo" if machine is inside else "serve", port=PORT)
        me = own_address(outside)
        assert eventually(lambda: seen(outside, old)) == me  # Basic: open, the source as it was
        assert not seen(outside, public)
        told = explained(world, "internet", f"{public}:{PORT}")
        assert told["disposition"] == "NoListener" and "closed" in told["why"] and told["steps"][-1]["because"] == standard
        card(world, "one", network, standard, opening(world, "web"))
        assert eventually(lambda: seen(outside, public).strip()) == me
        assert eventually(lambda: seen(elsewhere, public).strip()) == old  # from another network: as its public address
        assert not outside.do("tcp", address=public, port=PORT + 1, seconds=0.3)["reached"]
        assert explained(world, "internet", f"{public}:{PORT}")["disposition"] == "Delivered"
        assert explained(world, "internet", f"{public}:22")["disposition"] == "DeniedInbound"
        assert explained(world, "internet", standard)["address"] == public  # port 443
        assert seen(inside, me) == public  # and it leaves as it is reached
        opening(world, "web", me)
        eventually(lambda: not seen(elsewhere, public))
        assert seen(outside, public).strip() == me


def test_what_came_in_by_a_public_address_ends_with_it(world):
    network = world.network("a", "10.1.0.0/16", "10.1.0.0/24")
    id, public = address(world, "ip", dnsSettings={"domainNameLabel": f"web-{world.group}"})
    group = opening(world, "web")
    one = card(world, "one", network, id, group)
    name = f"web-{world.group}.eastus2.cloudapp.azure.com"
    with world.machine_on(one) as inside, world.machine("internet") as outside:
        inside.do("echo", port=PORT)
        outside.do("echo", port=PORT)
        assert eventually(lambda: outside.resolve(name)) == public and inside.resolve(name) == public
        assert eventually(lambda: outside.do("hold", **{"as": "in"}, address=name, port=PORT, seconds=1)["seen"])
        there = own_address(outside)
        assert inside.do("hold", **{"as": "out"}, address=there, port=PORT, seconds=1)["seen"] == public
        assert outside.do("say", **{"as": "in"}, seconds=2)["echoed"]
        assert inside.do("say", **{"as": "out"}, seconds=2)["echoed"]
        refused = world.cloud.rest("DELETE", id, api_version=NETWORK)
        assert refused.status == 400 and "one" in str(refused.json)
        card(world, "one", network, "", group)
        eventually(lambda: not outside.do("say", **{"as": "in"}, seconds=0.3)["echoed"])
        assert not inside.do("say", **{"as": "out"}, seconds=0.3)["echoed"]
        assert not seen(outside, public)
        assert explained(world, "internet", f"{public}:{PORT}")["disposition"] == "NoListener"
        assert plan.IPv4Address(seen(inside, there).strip()) in plan.OUTBOUND_ADDRESSES  # from now on
        world.cloud.arm("DELETE", id, api_version=NETWORK)
        eventually(lambda: not outside.resolve(name))


def test_a_nat_gateway_takes_all_its_addresses_in_turn(world):
    network = world.network("a", "10.1.0.0/16", "10.1.0.0/24")
    prefix = put(world, "publicIPPrefixes", "run", {"prefixLength": 31}, sku={"name": "Standard"})
    two = [address(world, name) for name in ("one", "two")]
    run = prefix["properties"]["ipPrefix"]
    expected = {public for _, public in two} | {str(host) for host in plan.IPv4Network(run)}
    gateway = put(
        world, "natGateways", "gw",
        {"publicIpAddresses": [{"id": id} for id, _ in two], "publicIpPrefixes": [{"id": prefix["id"]}]},
        sku={"name": "Standard"},
    )["id"]  # fmt: skip
    with world.machine("internet") as outside, world.machine("a") as inside:
        outside.do("serve", port=PORT)
        there = own_address(outside)
        eventually(lambda: seen(inside, there))
        subnet = {"addressPrefix": "10.1.0.0/24", "natGateway": {"id": gateway}}
        world.cloud.arm("PUT", f"{network}/subnets/default", {"properties": subnet}, api_version=NETWORK)
        eventually(lambda: seen(inside, there) in expected)
        assert {seen(inside, there) for _ in range(16)} == expected
        told = explained(world, "a", f"{there}:{PORT}")
        assert all(public in " ".join(step["detail"] for step in told["steps"]) for public in expected)


def test_an_address_of_a_prefix_and_what_is_refused(world):
    prefix = put(world, "publicIPPrefixes", "run", {"prefixLength": 31}, sku={"name": "Standard"})
    run = plan.IPv4Network(prefix["properties"]["ipPrefix"])
    first, second = (address(world, name, publicIPPrefix={"id": prefix["id"]}) for name in ("one", "two"))
    assert {first[1], second[1]} == {str(host) for host in run}
    body = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIPPrefix": {"id": prefix["id"]}}}
    body["properties"]["publicIPAllocationMethod"] = "Static"
    third = world.cloud.rest("PUT", world.id("Microsoft.Network/publicIPAddresses", "three"), body, api_version=NETWORK)
    assert (third.status, third.json["error"]["code"]) == (400, "PublicIpPrefixOutOfIpAddresses")
    held = world.cloud.rest("DELETE", prefix["id"], api_version=NETWORK)
    assert held.status == 400 and "one" in str(held.json)
    network = world.network("a", "10.1.0.0/16", "10.1.0.0/24")
    card(world, "one", network, first[0])
    inner = {"subnet": {"id": f"{network}/subnets/default"}, "publicIPAddress": {"id": first[0]}}
    body = {"location": "eastus2", "properties": {"ipConfigurations": [{"name": "x", "properties": inner}]}}
    other = world.cloud.rest("PUT", world.id("Microsoft.Network/networkInterfaces", "two"), body, api_version=NETWORK)
    assert (other.status, other.json["error"]["code"]) == (400, "PublicIPAddressInUse")
