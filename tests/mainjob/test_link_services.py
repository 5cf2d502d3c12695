"""One's own service behind a private link service, by packets: an endpoint in a network of the same range reaches it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mainjob.world import NETWORK, Machine, World, eventually


class Offer:
    """A network ``theirs`` with a service at 10.0.0.50:5000, behind a load balancer's port 80, offered by ``pls``."""

    def __init__(self, world: World):
        self.world = world
        self.network = world.network("theirs", privateLinkServiceNetworkPolicies="Disabled")
        self.mine = world.network("mine")
        self.subnet = {"id": f"{self.network}/subnets/default"}
        self.balancer = world.id("Microsoft.Network/loadBalancers", "lb")
        self.service = world.id("Microsoft.Network/privateLinkServices", "pls")
        self.balance("10.0.0.50")
        self.offer()

    def put(self, id: str, properties: dict, **more: Any) -> dict:
        body = {"location": "eastus2", "properties": properties, **more}
        return self.world.cloud.arm("PUT", id, body, api_version=NETWORK)

    def balance(self, *backends: str) -> None:
        pool = [{"name": one, "properties": {"ipAddress": one}} for one in backends]
        rule = {
            "frontendIPConfiguration": {"id": f"{self.balancer}/frontendIPConfigurations/front"},
            "backendAddressPool": {"id": f"{self.balancer}/backendAddressPools/pool"},
            "protocol": "Tcp",
            "frontendPort": 80,
            "backendPort": 5000,
        }
        properties = {
            "frontendIPConfigurations": [{"name": "front", "properties": {"subnet": self.subnet}}],
            "backendAddressPools": [{"name": "pool", "properties": {"loadBalancerBackendAddresses": pool}}],
            "loadBalancingRules": [{"name": "web", "properties": rule}],
        }
        self.put(self.balancer, properties, sku={"name": "Standard"})

    def offer(self, names: tuple[str, ...] = ("nat",), **more: Any) -> dict:
        nats = [{"name": name, "properties": {"subnet": self.subnet, "primary": name == "nat"}} for name in names]
        fronts = [{"id": f"{self.balancer}/frontendIPConfigurations/front"}]
        made = self.put(self.service, {"loadBalancerFrontendIpConfigurations": fronts, "ipConfigurations": nats, **more})
        self.nat = made["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
        self.alias = made["properties"]["alias"]
        return made

    def endpoint(self, name: str, target: str, manual: bool = False, **more: Any) -> str:
        """The endpoint's address."""
        kind = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
        link = {"name": "c", "properties": {"privateLinkServiceId": target, **more}}
        id = self.world.id("Microsoft.Network/privateEndpoints", name)
        made = self.put(id, {"subnet": {"id": f"{self.mine}/subnets/default"}, kind: [link]})
        card = self.world.cloud.arm("GET", made["properties"]["networkInterfaces"][0]["id"], api_version=NETWORK)
        return card["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]

    def decide(self, status: str) -> None:
        shown = self.world.cloud.arm("GET", self.service, api_version=NETWORK)["properties"]["privateEndpointConnections"]
        body = {"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "by the test"}}}
        self.world.cloud.arm("PUT", shown[0]["id"], body, api_version=NETWORK)


@pytest.fixture
def offer(cloud) -> Iterator[Offer]:
    """A service on offer, and its machine's network."""
    world = World(cloud)
    try:
        yield Offer(world)
    finally:
        world.end()


def seen(machine: Machine, address: str, port: int = 80) -> str:
    return machine.do("hold", **{"as": "once", "address": address, "port": port, "seconds": 2})["seen"]


def test_an_endpoint_reaches_the_service_from_its_nat_address(offer):
    address = offer.endpoint("pe", offer.service)
    world = offer.world
    with world.machine_at("theirs", "10.0.0.50") as service, world.machine("mine") as mine, world.machine("internet") as far:
        service.do("echo", port=5000)
        eventually(lambda: seen(mine, address) == offer.nat)
        held = mine.do("hold", **{"as": "held", "address": address, "port": 80, "seconds": 5, "bytes": 4_000_000})
        assert held["same"]
        assert not mine.do("tcp", address=address, port=81, seconds=0.4)["reached"]
        assert not mine.do("tcp", address="10.0.0.50", port=5000, seconds=0.4)["reached"]  # one range, two networks
        assert not seen(far, "198.19.128.1", 443) and not seen(mine, "198.19.128.1", 443)
        verdict = world.cloud.api.call("explain", {"from": f"{world.group}/mine/default", "to": f"{address}:80"})
        assert verdict["disposition"] == "Delivered" and offer.nat in verdict["rendered"], verdict["rendered"]
        verdict = world.cloud.api.call("explain", {"from": f"{world.group}/mine/default", "to": f"{address}:81"})
        assert verdict["disposition"] == "NoListener"
        mine.tell("end", **{"as": "held", "seconds": 10, "sending": False})
        world.cloud.arm("DELETE", world.id("Microsoft.Network/privateEndpoints", "pe"), api_version=NETWORK)
        answered = time.time()
        heard = mine.hear()
        assert heard["ended"] and heard["at"] - answered < 0.1


def test_by_alias_and_with_a_decision(offer):
    world = offer.world
    offer.offer(visibility={"subscriptions": ["*"]})
    address = offer.endpoint("pe", offer.alias, manual=True, requestMessage="please")
    with world.machine_at("theirs", "10.0.0.50") as service, world.machine("mine") as mine:
        service.do("echo", port=5000)
        assert not mine.do("tcp", address=address, port=80, seconds=0.4)["reached"]
        offer.decide("Approved")
        eventually(lambda: seen(mine, address) == offer.nat)
        held = mine.do("hold", **{"as": "held", "address": address, "port": 80, "seconds": 2})
        assert held["seen"] == offer.nat
        mine.tell("end", **{"as": "held", "seconds": 10, "sending": False})
        offer.decide("Rejected")
        assert mine.hear()["ended"]
        assert not mine.do("tcp", address=address, port=80, seconds=0.4)["reached"]


def test_backends_come_and_go(offer):
    """A backend that does not answer is passed over; one that leaves the pool gets nothing any more."""
    address = offer.endpoint("pe", offer.service)
    world = offer.world
    with world.machine_at("theirs", "10.0.0.51") as second, world.machine("mine") as mine:
        second.do("echo", port=5000)
        assert not seen(mine, address)
        offer.balance("10.0.0.51")
        eventually(lambda: seen(mine, address) == offer.nat)
        offer.offer(enableProxyProtocol=True)
        greeting = eventually(lambda: (found := _first_bytes(mine, address)) and found.startswith("0d0a0d0a000d0a51") and found)
        assert greeting


def _first_bytes(machine: Machine, address: str) -> str:
    """What the service heard first, in hex: the echo sends it back after the caller's address."""
    return machine.do("proxied", address=address, port=80, seconds=2)["heard"]


def test_connections_take_its_nat_addresses_in_turn(offer):
    address = offer.endpoint("pe", offer.service)
    made = offer.offer(("nat", "second", "third"))
    expected = {item["properties"]["privateIPAddress"] for item in made["properties"]["ipConfigurations"]}
    assert len(expected) == 3 and offer.nat in expected
    with offer.world.machine_at("theirs", "10.0.0.50") as theirs, offer.world.machine("mine") as mine:
        theirs.do("echo", port=5000)
        eventually(lambda: seen(mine, address))
        assert {eventually(lambda: seen(mine, address)) for _ in range(9)} == expected
        offer.offer(("second",))
        [left] = offer.world.cloud.arm("GET", offer.service, api_version=NETWORK)["properties"]["ipConfigurations"]
        eventually(lambda: {seen(mine, address) for _ in range(3)} == {left["properties"]["privateIPAddress"]})
