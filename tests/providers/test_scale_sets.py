"""The machines of scale sets: how many, where, with which addresses and names."""

from __future__ import annotations

import pytest

from tests.dns.test_privatedns import Zones
from tests.providers.small_cloud import NET, SUBNET, VNET, run

SET = f"{NET.replace('Microsoft.Network', 'Microsoft.Compute')}/virtualMachineScaleSets/web"
COMPUTE, NETWORK = "2024-11-01", "2024-05-01"


def body(capacity: object, subnet: str = SUBNET, **more) -> dict:
    configuration = {"name": "ip1", "properties": {"subnet": {"id": subnet}}}
    nic = {"name": "nic1", "properties": {"primary": True, "ipConfigurations": [configuration]}}
    profile = {"osProfile": {"computerNamePrefix": "web"}, "networkProfile": {"networkInterfaceConfigurations": [nic]}}
    properties = {"orchestrationMode": "Uniform", "virtualMachineProfile": profile, **more}
    return {"location": "eastus2", "sku": {"name": "Standard_D2s_v3", "capacity": capacity}, "properties": properties}


async def addresses(cloud: Zones, id: str = SET) -> list[str]:
    found = (await cloud.ask("GET", f"{id}/networkInterfaces", api=NETWORK)).body["value"]
    return [nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] for nic in found]


def test_machines_hold_addresses_and_go_with_the_capacity():
    async def story():
        cloud = await Zones().start()
        await cloud.put(SET, body(3), api=COMPUTE)
        assert await addresses(cloud) == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
        machines = (await cloud.ask("GET", f"{SET}/virtualMachines", api=COMPUTE)).body["value"]
        assert [(one["instanceId"], one["properties"]["osProfile"]["computerName"]) for one in machines] == [
            ("0", "web000000"),
            ("1", "web000001"),
            ("2", "web000002"),
        ]
        nic = await cloud.get(f"{SET}/virtualMachines/1/networkInterfaces/nic1", api=NETWORK)
        assert nic["id"] == machines[1]["properties"]["networkProfile"]["networkInterfaces"][0]["id"]
        assert nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.0.0.5"
        assert (await cloud.ask("GET", f"{SET}/virtualMachines/3/networkInterfaces", api=NETWORK)).status == 404
        configuration = {"name": "a", "properties": {"subnet": {"id": SUBNET}}}
        await cloud.put(
            f"{NET}/networkInterfaces/other", {"location": "eastus2", "properties": {"ipConfigurations": [configuration]}}
        )
        shown = await cloud.get(f"{NET}/networkInterfaces/other")
        assert shown["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.0.0.7"
        await cloud.put(SET, body(4), api=COMPUTE)
        assert await addresses(cloud) == ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.8"]
        await cloud.put(SET, body(1), api=COMPUTE)
        assert await addresses(cloud) == ["10.0.0.4"]
        assert (await cloud.ask("GET", f"{SET}/virtualMachines/1", api=COMPUTE)).status == 404

    run(story())


def test_a_subnet_with_machines_stays():
    async def story():
        cloud = await Zones().start()
        await cloud.put(SET, body(1), api=COMPUTE)
        refused = await cloud.ask("DELETE", SUBNET, api=NETWORK)
        assert refused.status == 400 and SET in refused.message
        assert (await cloud.ask("DELETE", f"{SET}/virtualMachines/0", api=COMPUTE)).status == 409
        await cloud.delete(SET)
        assert (await cloud.ask("DELETE", SUBNET, api=NETWORK)).status < 300

    run(story())


def test_machines_have_names_in_their_network():
    async def story():
        cloud = await Zones().start()
        await cloud.put(SET, body(37), api=COMPUTE)
        assert cloud.lookup("web00000a.internal.cloudapp.net") == ["10.0.0.14"]
        assert cloud.lookup("web000010.internal.cloudapp.net") == ["10.0.0.40"]
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["web000000.internal.cloudapp.net."]

    run(story())


@pytest.mark.parametrize("capacity", [-1, 1001, "two", 1.5, True])
def test_a_capacity_that_is_none(capacity):
    async def story():
        cloud = await Zones().start()
        refused = await cloud.ask("PUT", SET, body(capacity), api=COMPUTE)
        assert refused.status == 400 and refused.message.startswith("cannot ") and "sku.capacity" in refused.message

    run(story())


def test_a_subnet_that_is_too_small_and_a_flexible_set():
    async def story():
        cloud = await Zones().start()
        small = f"{VNET}/subnets/small"
        await cloud.put(small, {"properties": {"addressPrefix": "10.0.9.0/29"}})
        refused = await cloud.ask("PUT", SET, body(4, small), api=COMPUTE)
        assert refused.status == 400 and "SubnetIsFull" in refused.codes
        await cloud.put(SET, body(3, small), api=COMPUTE)
        assert len(await addresses(cloud)) == 3
        await cloud.put(f"{SET}-flexible", body(2, orchestrationMode="Flexible"), api=COMPUTE)
        assert await addresses(cloud, f"{SET}-flexible") == []

    run(story())
