"""Network security groups with packets: what machines of a whole cloud reach, beside what explain says and by which rule."""

import json

import pytest

from tests.mainjob.world import NETWORK, World, eventually

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


def group(world, name, *rules):
    """A network security group; its id."""
    id = world.id(GROUPS, name)
    body = {"location": "eastus2", "properties": {"securityRules": list(rules)}}
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
    eventually(lambda: explained(world, "v", address)["disposition"] == "DeniedOutbound")
