"""Network security groups with packets: what machines of a whole cloud reach, beside what explain says and by which rule."""

import json
import subprocess
import sys

import pytest

from tests.mainjob.world import NETWORK, ON_MACHINE, Machine, World, eventually

GROUPS = "Microsoft.Network/networkSecurityGroups"


@pytest.fixture(scope="module")
def world(cloud):
    made = World(cloud)
    yield made
    made.end()


def rule(name, priority, access, direction="Inbound", protocol="*", port="*", source="*", destination="*", **more):
    """A security rule's body, inline in its group."""
    properties = {
        "priority": priority,
        "access": access,
        "direction": direction,
        "protocol": protocol,
        "sourcePortRange": "*",
        "destinationPortRange": port,
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        **more,
    }
    return {"name": name, "properties": properties}


def group(world, name, *rules, **more):
    """A network security group; its id."""
    id = world.id(GROUPS, name)
    body = {"location": "eastus2", "properties": {"securityRules": list(rules), **more}}
    world.cloud.arm("PUT", id, body, api_version=NETWORK)
    return id


def explained(world, place, to, *more):
    return json.loads(
        world.cloud.cloister("explain", "--from", f"{world.group}/{place}/default", "--to", to, *more, "--json").stdout
    )


def test_a_group_on_a_subnet_denies_a_port_to_an_endpoint(world):
    workspace = world.workspace("work", publicNetworkAccess="Disabled")["id"]
    nsg = group(world, "no-443", rule("deny-https", 100, "Deny", "Outbound", "Tcp", "443", destination="VirtualNetwork"))
    network = world.network("v", networkSecurityGroup={"id": nsg})
    endpoint = world.endpoint("pe", network, workspace)
    leads = endpoint["properties"]["customDnsConfigs"][0]
    address = leads["ipAddresses"][0]
    with world.machine("v") as machine:
        assert not machine.do("tcp", address=address, port=443, seconds=0.5)["reached"]
        assert machine.resolve("management.azure.com"), "the network's resolver is not subject to the group"
        trace = explained(world, "v", address)
        assert (trace["disposition"], trace["steps"][-1]["because"]) == ("DeniedOutbound", f"{nsg}/securityRules/deny-https")
        world.cloud.arm("DELETE", f"{nsg}/securityRules/deny-https", api_version=NETWORK)
        assert machine.do("tcp", address=address, port=443, seconds=2)["reached"]
        assert explained(world, "v", address)["disposition"] == "Delivered"
        assert machine.do("open", **{"as": "kept", "address": address, "name": leads["fqdn"]})["opened"]
        group(world, "no-443", rule("deny-https", 100, "Deny", "Outbound", "Tcp", "443", destination="VirtualNetwork"))
        assert not machine.do("tcp", address=address, port=443, seconds=0.5)["reached"]
        ended = machine.do("end", **{"as": "kept", "seconds": 0.3, "sending": False})
        assert not ended["ended"], "what is open stays open"
        answer = machine.do("ask", **{"as": "kept", "host": leads["fqdn"], "path": "/"})
        assert answer.get("status"), answer
        deny = rule("deny-https", 100, "Deny", "Outbound", "Tcp", "443", destination="VirtualNetwork")
        group(world, "no-443", deny, flushConnection=True)
        answer = machine.do("ask", **{"as": "kept", "host": leads["fqdn"], "path": "/", "seconds": 1})
        assert "status" not in answer, "with flushConnection what is no longer allowed stands still"
    eventually(lambda: explained(world, "v", address)["disposition"] == "DeniedOutbound")


def test_a_machine_on_a_network_interface_has_its_address_rules_and_groups(world):
    """Two tiers by application security groups, with rules on the interfaces and on the subnet, in one subnet."""
    asg = world.id("Microsoft.Network/applicationSecurityGroups", "web")
    world.cloud.arm("PUT", asg, {"location": "eastus2"}, api_version=NETWORK)
    to_web = {"destinationApplicationSecurityGroups": [{"id": asg}], "destinationAddressPrefix": ""}
    tiers = group(
        world,
        "tiers",
        rule("web", 100, "Allow", "Inbound", "Tcp", "8080", **to_web),
        rule("else", 200, "Deny", "Inbound", "Tcp", "*", source="VirtualNetwork"),
    )
    own = group(world, "own", rule("no-9090", 100, "Deny", "Inbound", "Tcp", "9090"))
    network = world.network("tiered", networkSecurityGroup={"id": tiers})
    kind = "Microsoft.Network/networkInterfaces"
    for name, groups in (("front", [{"id": asg}]), ("back", [])):
        inner = {"subnet": {"id": f"{network}/subnets/default"}, "applicationSecurityGroups": groups}
        body = {"ipConfigurations": [{"name": "one", "properties": inner}], "networkSecurityGroup": {"id": own}}
        world.cloud.arm("PUT", world.id(kind, name), {"location": "eastus2", "properties": body}, api_version=NETWORK)
    shown = world.cloud.arm("GET", world.id(kind, "front"), api_version=NETWORK)
    address = shown["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    with Nic(world, "front") as front, Nic(world, "back") as back:
        assert front.resolve("management.azure.com")
        for port, reached in ((8080, True), (8081, False), (9090, False)):
            said = back.do("tcp", address=address, port=port, seconds=0.5)
            assert (said["reached"] or "Refused" in said["why"]) is reached, (port, said)
            done = world.cloud.cloister("explain", "--nic", f"{world.group}/back", "--to", f"{address}:{port}", "--json")
            trace = json.loads(done.stdout)
            assert (trace["disposition"] == "Delivered") is reached, trace
            assert reached or trace["steps"][-1]["because"] == f"{tiers}/securityRules/else"
        refused = world.cloud.rest("DELETE", world.id(kind, "front"), api_version=NETWORK)
        assert (refused.status, refused.json["error"]["code"]) == (400, "NicInUse")
        twice = world.cloud.cloister("exec", "--nic", f"{world.group}/front", "--", "true", check=False)
        assert twice.returncode == 1 and "runs on it" in twice.stderr
        rules = effective(world, "front")
        assert [one["networkSecurityGroup"]["id"] for one in rules] == [own, tiers]
        web = next(one for one in rules[1]["effectiveSecurityRules"] if one["name"] == "securityRules/web")
        assert web["destinationAddressPrefixes"] == [f"{address}/32"]


def effective(world, name):
    """What POST effectiveNetworkSecurityGroups answers."""
    path = f"{world.id('Microsoft.Network/networkInterfaces', name)}/effectiveNetworkSecurityGroups"
    return world.cloud.arm("POST", path, {}, api_version=NETWORK)["value"]


class Nic(Machine):
    """A machine on a network interface of the world's group."""

    def __init__(self, world, name):
        command = [sys.executable, "-m", "cloister.cli.main", "exec", "--nic", f"{world.group}/{name}", "--", sys.executable]
        environment = world.cloud.environment
        self.process = subprocess.Popen(
            [*command, ON_MACHINE], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
