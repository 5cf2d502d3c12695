"""Two spokes and a hub with a firewall: what passes by it, what is dropped and why, and answers that come another way."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.inside import inside
from tests.mainjob.test_isolation import namespace
from tests.mainjob.test_peerings_and_routes import PORT, peer, reached
from tests.mainjob.world import ML, NETWORK, Machine, World, eventually

FIREWALL = "10.1.9.9"
KEEPS_STATE = (
    "table ip f { chain f { type filter hook forward priority 0; ct state invalid drop; ct state established,new accept; }; }"
)
TRANSLATES = "table ip t { chain p { type nat hook postrouting priority 100; masquerade; }; }"


class Zone(World):
    """Hub ``a`` (10.1.0.0/16, its firewall's subnet ``fw``), spokes ``b`` and ``c``, peered with it."""

    def __init__(self, cloud):
        super().__init__(cloud)
        self.a, self.b, self.c = (self.network(name, f"10.{n}.0.0/16", f"10.{n}.0.0/24") for n, name in enumerate("abc", 1))
        self.cloud.arm("PUT", f"{self.a}/subnets/fw", {"properties": {"addressPrefix": "10.1.9.0/24"}}, api_version=NETWORK)
        for spoke in (self.b, self.c):
            peer(self, self.a, spoke)
            self.takes_forwarded(spoke, False)

    def takes_forwarded(self, spoke: str, yes: bool) -> None:
        """The spoke's half of its peering."""
        peer(self, spoke, self.a, allowForwardedTraffic=yes)

    def routes(self, network: str, *prefixes: str) -> str:
        """A table at the network's default subnet that leads these prefixes to the firewall; its id."""
        name = network.rsplit("/", 1)[-1]
        id = self.id("Microsoft.Network/routeTables", f"table-{name}")
        hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": FIREWALL}
        inner = [{"name": f"r{n}", "properties": {"addressPrefix": prefix, **hop}} for n, prefix in enumerate(prefixes)]
        self.cloud.arm("PUT", id, {"location": "eastus2", "properties": {"routes": inner}}, api_version=NETWORK)
        body = self.cloud.arm("GET", f"{network}/subnets/default", api_version=NETWORK)["properties"]
        body["routeTable"] = {"id": id}
        self.cloud.arm("PUT", f"{network}/subnets/default", {"properties": body}, api_version=NETWORK)
        return id

    def told(self, network: str, to: str) -> dict:
        """``cloister explain`` from a network's default subnet."""
        place = f"{self.group}/{network}/default"
        return json.loads(self.cloud.cloister("explain", "--from", place, "--to", to, "--json").stdout)

    def rules(self, firewall: Machine, text: str) -> None:
        """What it does beside forwarding. Its own program has no right to say so."""
        firewall.do("forwarded")  # it runs
        command = inside(self.cloud.home, namespace(self, firewall), "nft", "-f", "-")
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the rest needs nft in a machine: {done.stderr}")

    def firewall(self, *options: str):
        """The machine that the routes name."""
        return self.machine_at("a", FIREWALL, *(options or ["--ip-forwarding"]), subnet="fw")


@pytest.fixture
def zone(cloud) -> Iterator[Zone]:
    made = Zone(cloud)
    try:
        yield made
    finally:
        made.end()


def passes(machine: Machine, address: str) -> bool:
    """Whether it comes, soon."""
    return bool(eventually(lambda: reached(machine, address)))


def test_spokes_reach_each_other_by_the_hub_alone(zone):
    zone.routes(zone.b, "10.3.0.0/16")
    back = zone.routes(zone.c, "10.2.0.0/16")
    with zone.machine("b") as b, zone.machine("c") as c:
        c.do("serve", port=PORT)
        assert not reached(b, "10.3.0.4")
        assert "no machine is there" in zone.told("b", "10.3.0.4:8080")["why"]
        with zone.firewall("--host-name", "fw") as other:
            assert other.do("forwarded")["packets"] == 0
            assert not reached(b, "10.3.0.4")
            assert "no IP forwarding (enableIPForwarding)" in zone.told("b", "10.3.0.4:8080")["why"]
        with zone.firewall() as firewall:
            assert firewall.do("forwarded")["packets"] == 0
            assert "'c' takes no forwarded traffic from 'a'" in zone.told("b", "10.3.0.4:8080")["why"]
            assert not reached(b, "10.3.0.4")
            zone.takes_forwarded(zone.c, True)
            told = zone.told("b", "10.3.0.4:8080")
            assert told["why"].startswith("the answer does not come back: 'b' takes no forwarded traffic")
            assert not reached(b, "10.3.0.4")
            zone.takes_forwarded(zone.b, True)
            assert eventually(lambda: reached(b, "10.3.0.4")) == "10.2.0.4"
            assert firewall.do("forwarded")["packets"] > 0
            told = zone.told("b", "10.3.0.4:8080")
            assert told["disposition"] == "Delivered"
            assert any(FIREWALL in step["detail"] and step["action"] == "sent" for step in told["steps"])
            zone.rules(firewall, KEEPS_STATE)  # both ways pass it: it may keep state
            assert passes(b, "10.3.0.4")
            zone.cloud.arm("DELETE", f"{back}/routes/r0", api_version=NETWORK)
            eventually(lambda: not reached(b, "10.3.0.4"))
            told = zone.told("b", "10.3.0.4:8080")
            assert (told["disposition"], "'c' has no route to 10.2.0." in told["why"]) == ("NoRoute", True)
        zone.routes(zone.c, "10.2.0.0/16")
        assert not reached(b, "10.3.0.4")  # the firewall is gone, and nothing slips past


def test_an_answer_by_another_way_breaks_only_what_keeps_state(zone):
    """The hub's machine answers directly: on Azure a firewall between sees half of the connection and drops it."""
    zone.routes(zone.b, "10.1.0.0/24")
    with zone.machine("b") as b, zone.machine("a") as a, zone.firewall() as firewall:
        a.do("serve", port=PORT)
        assert passes(b, "10.1.0.4")
        assert firewall.do("forwarded")["packets"] > 0
        assert any("an appliance that keeps state drops" in step["detail"] for step in zone.told("b", "10.1.0.4:8080")["steps"])
        zone.rules(firewall, KEEPS_STATE)
        assert not reached(b, "10.1.0.4")
        zone.routes(zone.a, "10.2.0.0/16")  # the cure: a route for the answer
        assert passes(b, "10.1.0.4")


def test_an_endpoint_of_the_hub_by_the_firewall(zone):
    workspace = zone.workspace("first")["id"]
    endpoint = zone.endpoint("pe", zone.a, workspace)
    zone.names(zone.b, endpoint["id"])
    name = zone.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"
    address = zone.cloud.arm("GET", endpoint["id"], api_version=NETWORK)["properties"]["customDnsConfigs"][0]["ipAddresses"][0]
    subnet = f"{zone.a}/subnets/default"

    def policies(value: str) -> None:
        body = zone.cloud.arm("GET", subnet, api_version=NETWORK)["properties"]
        zone.cloud.arm("PUT", subnet, {"properties": {**body, "privateEndpointNetworkPolicies": value}}, api_version=NETWORK)

    def answered(machine: Machine) -> bool:
        return machine.get(name, path, token=zone.token)[0] == 404  # there; the experiment is not

    zone.routes(zone.b, "10.1.0.0/16", "0.0.0.0/0")
    with zone.machine("b") as b:
        assert eventually(lambda: answered(b))  # the endpoint's own /32 is longer: past the missing firewall
        policies("RouteTableEnabled")
        eventually(lambda: not b.do("tcp", address=address, port=443, seconds=0.4)["reached"])
        assert zone.told("b", f"{address}:443")["disposition"] == "NoRoute"
        with zone.firewall() as firewall:
            before = firewall.do("forwarded")["packets"]
            assert eventually(lambda: answered(b))
            assert firewall.do("forwarded")["packets"] > before
            told = zone.told("b", f"{address}:443")
            assert told["disposition"] == "Delivered"
            assert any(step["action"] == "answered" for step in told["steps"])  # an endpoint answers past the firewall
        with zone.firewall() as firewall:
            zone.takes_forwarded(zone.b, True)
            zone.rules(firewall, TRANSLATES)
            assert eventually(lambda: answered(b))  # with a translated source the answer passes it too
            outside = b.do("tcp", address="198.19.0.4", port=443, seconds=2)
            assert outside["reached"], outside  # and so does the way to the internet
            zone.takes_forwarded(zone.b, False)
            eventually(lambda: not b.do("tcp", address="198.19.0.4", port=443, seconds=0.4)["reached"])
