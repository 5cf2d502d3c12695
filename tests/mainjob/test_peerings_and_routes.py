"""Peerings and routes, seen by packets between machines of several networks, and as ``explain`` tells them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mainjob.world import ML, NETWORK, World, eventually

PORT = 8080


def peer(world: World, one: str, other: str, name: str = "", **properties) -> str:
    """One half of a peering; its id."""
    id = f"{one}/virtualNetworkPeerings/{name or other.rsplit('/')[-1]}"
    world.cloud.arm("PUT", id, {"properties": {"remoteVirtualNetwork": {"id": other}, **properties}}, api_version=NETWORK)
    return id


def both(world: World, one: str, other: str, **properties) -> tuple[str, str]:
    """Both halves."""
    return peer(world, one, other, **properties), peer(world, other, one, **properties)


def explained(world: World, network: str, to: str) -> dict:
    """``cloister explain`` from a network's default subnet."""
    import json

    place = f"{world.group}/{network}/default"
    return json.loads(world.cloud.cloister("explain", "--from", place, "--to", to, "--json").stdout)


@pytest.fixture
def world(cloud) -> Iterator[World]:
    made = World(cloud)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def three(world) -> World:
    """Networks a, b and c of ranges of their own."""
    world.a, world.b, world.c = (world.network(name, f"10.{n}.0.0/16", f"10.{n}.0.0/24") for n, name in enumerate("abc", 1))
    return world


def reached(machine, address: str, port: int = PORT) -> str:
    """As whom a serving machine sees this one; "" when it is not reached."""
    return machine.do("greet", address=address, port=port, seconds=0.4)["seen"]


def test_peered_networks_reach_each_other_and_no_third_one(three):
    with three.machine("a") as a, three.machine("b") as b, three.machine("c") as c:
        for machine in (a, b, c):
            machine.do("serve", port=PORT)
        assert not reached(a, "10.2.0.4")
        first = peer(three, three.a, three.b)
        assert not reached(a, "10.2.0.4")  # half a peering is none
        peer(three, three.b, three.a)
        assert eventually(lambda: reached(a, "10.2.0.4")) == "10.1.0.4"
        assert reached(b, "10.1.0.4") == "10.2.0.4"
        assert explained(three, "a", "10.2.0.4:8080")["disposition"] == "Delivered"
        both(three, three.b, three.c)
        assert eventually(lambda: reached(c, "10.2.0.4")) == "10.3.0.4"
        assert not reached(a, "10.3.0.4")  # not transitive
        assert explained(three, "a", "10.3.0.4:8080")["disposition"] == "NoRoute"
        three.cloud.arm("DELETE", first, api_version=NETWORK)
        eventually(lambda: not reached(a, "10.2.0.4"))
        assert not reached(b, "10.1.0.4")
        assert reached(b, "10.3.0.4")


def test_an_endpoint_is_reached_across_a_peering_and_its_name_is_not_shared(three):
    workspace = three.workspace("first")
    endpoint = three.endpoint("pe", three.a, workspace["id"])["id"]
    three.names(three.a, endpoint)
    name = three.cloud.arm("GET", workspace["id"], api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace['id']}/experiments/none"
    both(three, three.a, three.b)
    both(three, three.b, three.c)
    with three.machine("a") as a, three.machine("b") as b, three.machine("c") as c:
        address = a.resolve(name)
        assert address.startswith("10.1.0.")
        eventually(lambda: b.do("tcp", address=address, port=443, seconds=0.4)["reached"])
        assert b.get(name, path, token=three.token, address=address)[0] == 404  # there; the experiment is not
        assert b.resolve(name).startswith("198.19.")
        assert b.get(name, path, token=three.token)[0] == 403
        assert not c.do("tcp", address=address, port=443, seconds=0.4)["reached"]
        assert explained(three, "b", f"{address}:443")["disposition"] == "Delivered"
        three.decide(three.connection(workspace["id"])["id"], "Rejected")
        assert not b.do("tcp", address=address, port=443, seconds=0.4)["reached"]


def test_a_prefix_that_comes_later_waits_for_the_other_side_to_synchronise(three):
    there, back = both(three, three.a, three.b)
    body = three.cloud.arm("GET", three.b, api_version=NETWORK)
    body["properties"]["addressSpace"]["addressPrefixes"].append("10.22.0.0/16")
    body["properties"]["subnets"][0]["properties"] = {"addressPrefixes": ["10.2.0.0/24", "10.22.0.0/24"]}
    del body["properties"]["virtualNetworkPeerings"]
    three.cloud.arm("PUT", three.b, body, api_version=NETWORK)

    def level(half: str) -> str:
        return three.cloud.arm("GET", half, api_version=NETWORK)["properties"]["peeringSyncLevel"]

    assert (level(there), level(back)) == ("LocalNotInSync", "RemoteNotInSync")
    with three.machine("a") as a, three.machine_at("b", "10.22.0.9") as b:
        b.do("serve", port=PORT)
        assert not reached(a, "10.22.0.9")
        peer(three, three.a, three.b)
        assert (level(there), level(back)) == ("FullyInSync", "FullyInSync")
        assert eventually(lambda: reached(a, "10.22.0.9")) == "10.1.0.4"


def table(world: World, subnet: str, **routes: tuple[str, str, str]) -> str:
    """A route table of these routes (prefix, next hop, address or ""), at a subnet; the table's id."""
    id = world.id("Microsoft.Network/routeTables", "table")
    inner = [
        {"name": name, "properties": {"addressPrefix": prefix, "nextHopType": hop, **({"nextHopIpAddress": via} if via else {})}}
        for name, (prefix, hop, via) in routes.items()
    ]
    world.cloud.arm("PUT", id, {"location": "eastus2", "properties": {"routes": inner}}, api_version=NETWORK)
    body = world.cloud.arm("GET", subnet, api_version=NETWORK)
    body["properties"]["routeTable"] = {"id": id}
    world.cloud.arm("PUT", subnet, {"properties": body["properties"]}, api_version=NETWORK)
    return id


def test_routes_lead_by_an_appliance_or_nowhere(three):
    outside = "198.19.0.4"  # management.azure.com
    both(three, three.a, three.b)
    three.cloud.arm("PUT", f"{three.a}/subnets/fw", {"properties": {"addressPrefix": "10.1.9.0/24"}}, api_version=NETWORK)
    firewall = three.machine_at("a", "10.1.9.9", "--ip-forwarding", subnet="fw")
    with three.machine("a") as a, three.machine("b") as b, firewall as appliance:
        b.do("serve", port=PORT)
        assert eventually(lambda: reached(a, "10.2.0.4"))
        assert a.do("tcp", address=outside, port=443, seconds=2)["reached"]
        rules = {"all": ("0.0.0.0/0", "None", ""), "peer": ("10.2.0.0/16", "VirtualAppliance", "10.1.9.9")}
        made = table(three, f"{three.a}/subnets/default", **rules)
        eventually(lambda: not a.do("tcp", address=outside, port=443, seconds=0.4)["reached"])
        assert a.resolve("management.azure.com") == outside  # the resolver is reached whatever the routes
        told = explained(three, "a", f"{outside}:443")
        assert (told["disposition"], told["steps"][-1]["because"]) == ("NoRoute", f"{made}/routes/all")
        told = explained(three, "a", "10.2.0.4:8080")
        assert told["disposition"] == "Delivered"
        assert any(step["because"] == f"{made}/routes/peer" for step in told["steps"])
        assert eventually(lambda: reached(a, "10.2.0.4")) == "10.1.0.4"
        assert appliance.do("forwarded")["packets"] > 0
    with three.machine("a") as a, three.machine("b") as b:
        b.do("serve", port=PORT)
        assert not reached(a, "10.2.0.4")  # the appliance is gone, and nothing slips past


def test_an_endpoint_obeys_routes_only_where_its_subnet_says_so(three):
    workspace = three.workspace("first")
    endpoint = three.endpoint("pe", three.a, workspace["id"])
    address = three.cloud.arm("GET", endpoint["id"], api_version=NETWORK)["properties"]["customDnsConfigs"][0]["ipAddresses"][0]
    subnet = f"{three.a}/subnets/default"
    rules = {"all": ("0.0.0.0/0", "None", ""), "space": ("10.1.0.0/16", "None", "")}
    table(three, subnet, **rules)

    def policies(value: str) -> None:
        body = three.cloud.arm("GET", subnet, api_version=NETWORK)["properties"]
        three.cloud.arm("PUT", subnet, {"properties": {**body, "privateEndpointNetworkPolicies": value}}, api_version=NETWORK)

    with three.machine("a") as a:
        for value, arrives in (("Disabled", True), ("RouteTableEnabled", False), ("NetworkSecurityGroupEnabled", True)):
            policies(value)
            eventually(lambda: a.do("tcp", address=address, port=443, seconds=0.4)["reached"] is arrives)  # noqa: B023
            assert (explained(three, "a", f"{address}:443")["disposition"] == "Delivered") is arrives
        table(three, subnet, mine=(f"{address}/32", "None", ""))
        eventually(lambda: not a.do("tcp", address=address, port=443, seconds=0.4)["reached"])


def test_a_nat_gateway_and_a_public_address_are_the_source_outside(world):
    network = world.network("open", "10.1.0.0/16", "10.1.0.0/24", defaultOutboundAccess=False)
    workspace = world.workspace("first", publicNetworkAccess="Disabled")["id"]
    name = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"

    def address(called: str) -> tuple[str, str]:
        id = world.id("Microsoft.Network/publicIPAddresses", called)
        body = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        return id, world.cloud.arm("PUT", id, body, api_version=NETWORK)["properties"]["ipAddress"]

    (own, own_address), (shared, shared_address) = address("own"), address("shared")
    configuration = {
        "name": "one",
        "properties": {"subnet": {"id": f"{network}/subnets/default"}, "publicIPAddress": {"id": own}},
    }
    card = world.id("Microsoft.Network/networkInterfaces", "card")
    body = {"location": "eastus2", "properties": {"ipConfigurations": [configuration]}}
    world.cloud.arm("PUT", card, body, api_version=NETWORK)
    gateway = world.id("Microsoft.Network/natGateways", "gw")
    body = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": shared}]}}
    world.cloud.arm("PUT", gateway, body, api_version=NETWORK)

    def seen(machine) -> str:
        return machine.get(name, path, token=world.token)[1]

    with world.machine("open") as plain, world.machine_on(card) as carded:
        assert not plain.do("tcp", address="198.19.0.4", port=443, seconds=0.4)["reached"]
        assert own_address in seen(carded)
        subnet = {"addressPrefix": "10.1.0.0/24", "defaultOutboundAccess": False, "natGateway": {"id": gateway}}
        world.cloud.arm("PUT", f"{network}/subnets/default", {"properties": subnet}, api_version=NETWORK)
        for machine in (plain, carded):
            assert eventually(lambda: shared_address in seen(machine))  # noqa: B023
        told = explained(world, "open", name)
        assert any(step["because"] == gateway for step in told["steps"])
    routes = world.cloud.arm("POST", f"{card}/effectiveRouteTable", api_version=NETWORK)["value"]
    assert routes[0] == {
        "disableBgpRoutePropagation": False,
        "source": "Default",
        "state": "Active",
        "addressPrefix": ["10.1.0.0/16"],
        "nextHopType": "VnetLocal",
        "nextHopIpAddress": [],
    }


def test_a_service_endpoint_is_the_subnet_at_the_services_door(world):
    network = world.network("one", "10.1.0.0/16", "10.1.0.0/24", defaultOutboundAccess=False)
    world.network("two", "10.2.0.0/16", "10.2.0.0/24", serviceEndpoints=[{"service": "Microsoft.Storage"}])
    subnet = f"{network}/subnets/default"
    account = world.id("Microsoft.Storage/storageAccounts", f"st{world.group[1:]}")
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}
    body = {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"networkAcls": rules}}
    world.cloud.arm("PUT", account, body, api_version="2023-01-01")
    name = f"{account.rsplit('/')[-1]}.blob.core.windows.net"

    def ask(machine) -> int:
        return machine.get(name, "/")[0]

    with world.machine("one") as one, world.machine("two") as two, world.machine("internet") as outside:
        assert (ask(one), ask(two), ask(outside)) == (0, 403, 403)
        inner = {
            "addressPrefix": "10.1.0.0/24",
            "defaultOutboundAccess": False,
            "serviceEndpoints": [{"service": "Microsoft.Storage"}],
        }
        world.cloud.arm("PUT", subnet, {"properties": inner}, api_version=NETWORK)
        assert eventually(lambda: ask(one)) not in (0, 403)  # let in; then a token is asked for
        assert (ask(two), ask(outside)) == (403, 403)
        assert explained(world, "one", name)["disposition"] == "Delivered"
        assert explained(world, "two", name)["disposition"] == "DeniedByPolicy"
        rules["virtualNetworkRules"] = []
        world.cloud.arm("PUT", account, body, api_version="2023-01-01")
        eventually(lambda: ask(one) == 403)
