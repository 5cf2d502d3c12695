"""What a workspace's diagnose finds: names, dependencies, locks, connections."""

from __future__ import annotations

from typing import Any

from small_cloud import NET, RG, SUBNET, VNET, WS, SmallCloud, endpoint, run

PE = f"{NET}/privateEndpoints/pe"
ZONES = f"{NET}/privateDnsZones"
API_ZONE, NOTEBOOK_ZONE = "privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"
STORE = f"{RG}/providers/Microsoft.Storage/storageAccounts/kept"


async def found(cloud: SmallCloud, *asked: str) -> dict[str, list[str]]:
    """The codes of each list that is not empty."""
    body: Any = {"value": {name: {} for name in asked}} if asked else None
    answer = await cloud.ask("POST", f"{WS}/diagnose", body)
    assert answer.status == 200
    value = answer.body["value"]
    assert len(value) == 9 and all(one.keys() == {"code", "level", "message"} for many in value.values() for one in many)
    return {member: [one["code"] for one in many] for member, many in value.items() if many}


async def linked(cloud: SmallCloud, *zones: str) -> None:
    """The zones, linked to the network."""
    for zone in zones:
        await cloud.put(f"{ZONES}/{zone}", {"location": "global"})
        link = {"location": "global", "properties": {"virtualNetwork": {"id": VNET}, "registrationEnabled": False}}
        await cloud.put(f"{ZONES}/{zone}/virtualNetworkLinks/l", link)


def test_names_behind_an_endpoint():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        assert await found(cloud) == {}
        await cloud.put(PE, endpoint())
        assert await found(cloud) == {"dnsResolutionResults": ["PrivateDnsZoneNotLinked"] * 2}
        await linked(cloud, API_ZONE)
        codes = (await found(cloud, "dnsResolution"))["dnsResolutionResults"]
        assert sorted(set(codes)) == ["PrivateDnsRecordMissing", "PrivateDnsZoneNotLinked"]
        await linked(cloud, NOTEBOOK_ZONE)
        configs = [
            {"name": zone[12:15], "properties": {"privateDnsZoneId": f"{ZONES}/{zone}"}} for zone in (API_ZONE, NOTEBOOK_ZONE)
        ]
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", {"properties": {"privateDnsZoneConfigs": configs}})
        assert await found(cloud) == {}
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "dhcpOptions": {"dnsServers": ["10.0.0.53"]}}
        subnets = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
        await cloud.put(VNET, {"location": "eastus2", "properties": {**space, "subnets": subnets}})
        assert await found(cloud) == {"dnsResolutionResults": ["CustomDNSInUse"]}
        assert await found(cloud, "keyVault") == {}

    run(story())


def test_dependencies_locks_and_connections():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        account = {"location": "eastus2", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        await cloud.put(STORE, {**account, "properties": {}})
        await cloud.workspace(storageAccount=STORE)
        assert await found(cloud) == {}
        await cloud.put(STORE, {**account, "properties": {"publicNetworkAccess": "Disabled"}})
        assert await found(cloud) == {"storageAccountResults": ["DependencyNotReachable"]}
        await cloud.put(f"{NET}/privateEndpoints/blob", endpoint(SUBNET, STORE, "blob"))
        assert await found(cloud) == {}
        await cloud.put(PE, endpoint(manual=True))
        await cloud.put(f"{RG}/providers/Microsoft.Authorization/locks/l", {"properties": {"level": "CanNotDelete"}})
        assert await found(cloud) == {
            "otherResults": ["PrivateEndpointConnectionNotApproved"],
            "resourceLockResults": ["ResourceLockExists"],
        }

    run(story())
