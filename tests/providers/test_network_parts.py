"""Machines, interfaces, security groups, routes, public addresses, NAT, peerings, private link services."""

from __future__ import annotations

import pytest
from small_cloud import NET, SUBNET, VNET, WS, SmallCloud, endpoint, run

from cloister.net.intent import Host, Interface

MACHINES = "/providers/Cloister.Fabric/machines"
NIC = f"{NET}/networkInterfaces/nic"


async def machine(cloud: SmallCloud, name: str, place: str, **more):
    return await cloud.ask("PUT", f"{MACHINES}/{name}", {"properties": {"place": place, **more}}, api="2026-01-01")


def test_machines_have_numbers_addresses_and_name_servers():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        first = await machine(cloud, "a", SUBNET, holder={"pid": 1, "start": 2})
        assert first.properties["address"] == "10.0.0.4" and first.properties["namespace"] == "machine-1"
        assert first.properties["dnsServers"] == ["168.63.129.16"] and first.properties["gateway"] == "10.0.0.1"
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        assert dict(cloud.intents(f"{NET}/privateEndpoints/pe")[0].addresses)["default"] == "10.0.0.5"
        wished = await machine(cloud, "b", SUBNET, address="10.0.0.77")
        assert cloud.intents(f"{MACHINES}/b") == [
            Interface(
                owner=f"{MACHINES}/b", network=VNET, subnet=SUBNET, number=2, address="10.0.0.77", dns_servers=("168.63.129.16",)
            ),
            Host(owner=f"{MACHINES}/b", network=VNET, address="10.0.0.77", fqdn="b.internal.cloudapp.net"),
        ]
        assert wished.properties["address"] == "10.0.0.77"
        for place, address, code in (
            (SUBNET, "10.0.0.77", "PrivateIPAddressIsAllocated"),
            (SUBNET, "10.0.0.5", "PrivateIPAddressIsAllocated"),
            (SUBNET, "10.0.0.1", "PrivateIPAddressInReservedRange"),
            (SUBNET, "10.1.0.1", "PrivateIPAddressNotInSubnet"),
            (VNET, None, "InvalidResourceReference"),
            ("nowhere", None, "InvalidResourceReference"),
            ("internet", "10.0.0.9", "PrivateIPAddressNotInSubnet"),
        ):
            answer = await machine(cloud, "c", place, **({"address": address} if address else {}))
            assert answer.status == 400 and code in answer.codes, answer
        body = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "dhcpOptions": {"dnsServers": ["10.0.0.9"]}}
        await cloud.put(VNET, {"location": "eastus2", "properties": body})
        assert cloud.intents(f"{MACHINES}/a")[0].dns_servers == ("10.0.0.9",)

    run(story())


def test_machines_of_the_internet():
    async def story():
        cloud = await SmallCloud().start()
        first, second = await machine(cloud, "a", "internet"), await machine(cloud, "b", "Internet")
        assert [m.properties["address"] for m in (first, second)] == ["198.18.0.4", "198.18.0.5"]
        assert first.properties["dnsServers"] == ["198.19.0.53"] and first.properties["gateway"] == "198.18.0.1"
        assert cloud.intents(f"{MACHINES}/a")[0].network == "internet"
        await cloud.delete(f"{MACHINES}/a")
        third = await machine(cloud, "c", "internet")
        assert third.properties["address"] == "198.18.0.4" and third.properties["namespace"] == "machine-3"

    run(story())


def nic(**configurations: dict) -> dict:
    items = [{"name": name, "properties": {"subnet": {"id": SUBNET}, **more}} for name, more in configurations.items()]
    return {"location": "eastus2", "properties": {"ipConfigurations": items}}


def test_interfaces_keep_their_addresses():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        static = {"privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.0.4"}
        await cloud.put(NIC, nic(one={}, two={}))
        given = [c["properties"]["privateIPAddress"] for c in (await cloud.get(NIC))["properties"]["ipConfigurations"]]
        assert given == ["10.0.0.4", "10.0.0.5"]
        taken = await cloud.ask("PUT", f"{NET}/networkInterfaces/nic2", nic(one=static))
        assert "PrivateIPAddressIsAllocated" in taken.codes
        await cloud.put(NIC, nic(two={}))
        await cloud.put(f"{NET}/networkInterfaces/nic2", nic(one=static))
        assert (await cloud.get(NIC))["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.0.0.5"
        assert (await cloud.ask("DELETE", SUBNET)).code == "InUseSubnetCannotBeDeleted"

    run(story())


def rule(**changes) -> dict:
    wanted = {
        "protocol": "tcp", "sourcePortRange": "*", "destinationPortRange": "443", "sourceAddressPrefix": "VirtualNetwork",
        "destinationAddressPrefix": "*", "access": "Allow", "priority": 100, "direction": "Inbound",
    }  # fmt: skip
    return {"properties": {**wanted, **changes}}


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"destinationPortRange": "99999"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "90-80"}, "SecurityRuleInvalidPortRange"),
        ({"sourcePortRange": None}, "SecurityRuleParameterPortRangeMissing"),
        ({"sourceAddressPrefix": "Nowhere"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": "10.0.0.1/24"}, "SecurityRuleInvalidAddressPrefix"),
        ({"destinationAddressPrefix": None}, "SecurityRuleParameterAddressPrefixMissing"),
        ({"priority": 99}, "InvalidParameter"),
        ({"protocol": "gre"}, "InvalidParameter"),
        ({"priority": 200}, "SecurityRuleConflict"),
    ],
)
def test_bad_security_rules(changes, code):
    async def story():
        cloud = await SmallCloud().start()
        group = f"{NET}/networkSecurityGroups/g"
        await cloud.put(group, {"location": "eastus2"})
        await cloud.put(f"{group}/securityRules/there", rule(priority=200, sourceAddressPrefix="Storage.EastUS2"))
        answer = await cloud.ask("PUT", f"{group}/securityRules/new", rule(**changes))
        assert answer.status == 400 and code in answer.codes, answer
        assert answer.message.startswith("cannot ")

    run(story())


def test_a_security_group_shows_default_rules_and_its_users():
    async def story():
        cloud = await SmallCloud().start()
        group = f"{NET}/networkSecurityGroups/g"
        made = await cloud.put(group, {"location": "eastus2", "properties": {"securityRules": [{"name": "r", **rule()}]}})
        assert [r["properties"]["priority"] for r in made.properties["defaultSecurityRules"]] == [65000, 65001, 65500] * 2
        assert made.properties["securityRules"][0]["properties"]["protocol"] == "Tcp"
        await cloud.network()
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group}}})
        assert (await cloud.get(group))["properties"]["subnets"] == [{"id": SUBNET}]
        refused = await cloud.ask("DELETE", group)
        assert refused.code == "InUseNetworkSecurityGroupCannotBeDeleted" and "'default'" in refused.message

    run(story())


def test_routes():
    async def story():
        cloud = await SmallCloud().start()
        table = f"{NET}/routeTables/t"
        all_by = {
            "name": "all",
            "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.9"},
        }
        await cloud.put(table, {"location": "eastus2", "properties": {"routes": [all_by]}})
        for properties, code in (
            ({"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}, "RouteConflict"),
            ({"addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance"}, "InvalidNextHopIpAddress"),
            (
                {"addressPrefix": "10.0.0.0/8", "nextHopType": "None", "nextHopIpAddress": "10.0.0.4"},
                "NextHopIpAddressNotAllowed",
            ),
            ({"addressPrefix": "home", "nextHopType": "None"}, "InvalidAddressPrefixFormat"),
            ({"addressPrefix": "10.0.0.0/8", "nextHopType": "Teleport"}, "InvalidParameter"),
        ):
            answer = await cloud.ask("PUT", f"{table}/routes/new", {"properties": properties})
            assert answer.status == 400 and code in answer.codes, answer

    run(story())


def test_public_addresses_and_nat():
    async def story():
        cloud = await SmallCloud().start()
        static = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        one, two = f"{NET}/publicIPAddresses/one", f"{NET}/publicIPAddresses/two"
        given = [(await cloud.put(id, static)).properties["ipAddress"] for id in (one, two)]
        assert given == ["198.18.64.4", "198.18.64.5"]
        await cloud.put(
            f"{NET}/natGateways/nat",
            {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": one}]}},
        )
        assert (await cloud.ask("DELETE", one)).code == "PublicIPAddressCannotBeDeleted"
        taken = await cloud.ask(
            "PUT",
            f"{NET}/natGateways/nat2",
            {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": one}]}},
        )
        assert taken.code == "PublicIPAddressInUse"
        await cloud.delete(two)
        assert (await cloud.put(two, static)).properties["ipAddress"] == "198.18.64.5"
        label = {**static, "properties": {**static["properties"], "dnsSettings": {"domainNameLabel": "mine"}}}
        assert (await cloud.put(one, label)).properties["dnsSettings"]["fqdn"] == "mine.eastus2.cloudapp.azure.com"
        assert (await cloud.ask("PUT", two, label)).code == "DnsRecordInUse"
        dynamic = {**static, "properties": {"publicIPAllocationMethod": "Dynamic"}}
        assert (await cloud.ask("PUT", f"{NET}/publicIPAddresses/three", dynamic)).status == 400

    run(story())


def test_peerings_need_both_halves():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.network("w", "10.1.0.0/16", "10.1.0.0/24")
        await cloud.network("same", "10.0.0.0/12", "10.0.0.0/24")
        other = f"{NET}/virtualNetworks/w"

        def to(id: str) -> dict:
            return {"properties": {"remoteVirtualNetwork": {"id": id}}}

        here, there = f"{VNET}/virtualNetworkPeerings/out", f"{other}/virtualNetworkPeerings/back"
        assert (await cloud.put(here, to(other))).properties["peeringState"] == "Initiated"
        assert (await cloud.put(there, to(VNET))).properties["peeringState"] == "Connected"
        assert (await cloud.get(here))["properties"]["peeringState"] == "Connected"
        for id, body, code in (
            (f"{VNET}/virtualNetworkPeerings/x", to(f"{NET}/virtualNetworks/same"), "VnetAddressSpacesOverlap"),
            (f"{VNET}/virtualNetworkPeerings/x", to(VNET), "VnetCannotPeerWithItself"),
            (f"{VNET}/virtualNetworkPeerings/x", to(other), "AnotherPeeringAlreadyReferencesRemoteVnet"),
            (f"{VNET}/virtualNetworkPeerings/x", to(f"{NET}/virtualNetworks/none"), "InvalidResourceReference"),
        ):
            answer = await cloud.ask("PUT", id, body)
            assert answer.status == 400 and code in answer.codes, answer

    run(story())


def test_private_link_services():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        service = f"{NET}/privateLinkServices/pls"
        body = {
            "location": "eastus2",
            "properties": {"ipConfigurations": [{"name": "one", "properties": {"subnet": {"id": SUBNET}}}]},
        }
        refused = await cloud.ask("PUT", service, body)
        assert "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled" in refused.codes
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}})
        made = await cloud.put(service, body)
        assert made.properties["alias"].startswith("pls.") and made.properties["alias"].endswith(
            ".eastus2.azure.privatelinkservice"
        )
        assert made.properties["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.0.0.4"
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint(target=service, connection={"groupIds": []}))
        (item,) = (await cloud.get(service))["properties"]["privateEndpointConnections"]
        assert item["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
        assert WS not in item["id"]

    run(story())


def test_a_peering_without_its_other_half_is_disconnected_until_written_again():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        other = f"{NET}/virtualNetworks/v2"
        await cloud.put(other, {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})
        here, there = f"{VNET}/virtualNetworkPeerings/to2", f"{other}/virtualNetworkPeerings/to1"

        def to(vnet):
            return {"properties": {"remoteVirtualNetwork": {"id": vnet}}}

        async def state(half):
            return (await cloud.get(half))["properties"]["peeringState"]

        await cloud.put(here, to(other))
        assert not cloud.intents(here)
        await cloud.put(there, to(VNET))
        (half,) = cloud.intents(here)
        assert (half.network, half.remote, half.prefixes) == (VNET, other, ("10.9.0.0/16",))
        await cloud.delete(there)
        assert await state(here) == "Disconnected"
        assert not cloud.intents(here)
        assert "RemotePeeringIsDisconnected" in (await cloud.ask("PUT", there, to(VNET))).codes
        assert (await cloud.put(here, to(other))).properties["peeringState"] == "Initiated"
        await cloud.put(there, to(VNET))
        assert await state(here) == "Connected"
        await cloud.delete(other)
        assert await state(here) == "Disconnected"

    run(story())


def test_prefixes_that_would_collide_across_peerings_are_refused():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        body = {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}}
        second, third = f"{NET}/virtualNetworks/v2", f"{NET}/virtualNetworks/v3"
        await cloud.put(second, body)
        await cloud.put(third, body)
        for one, two in ((VNET, second), (second, VNET)):
            half = {"properties": {"remoteVirtualNetwork": {"id": two}}}
            await cloud.put(f"{one}/virtualNetworkPeerings/p", half)
        half = {"properties": {"remoteVirtualNetwork": {"id": third}}}
        answer = await cloud.ask("PUT", f"{VNET}/virtualNetworkPeerings/q", half)
        assert "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet" in answer.codes
        for prefixes, code in (
            (["10.9.0.0/16", "10.0.128.0/17"], "VnetAddressSpacesOverlap"),
            (["10.9.0.0/16", "10.10.0.0/16"], ""),
        ):
            new = {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": prefixes}}}
            answer = await cloud.ask("PUT", second, new)
            assert code in answer.codes
        shown = (await cloud.get(f"{VNET}/virtualNetworkPeerings/p"))["properties"]
        assert shown["peeringSyncLevel"] == "LocalNotInSync"
        assert shown["remoteAddressSpace"]["addressPrefixes"] == ["10.9.0.0/16"]
        assert shown["remoteVirtualNetworkAddressSpace"]["addressPrefixes"] == ["10.9.0.0/16", "10.10.0.0/16"]

    run(story())


def test_reserved_subnets_and_the_range_of_docker():
    async def story():
        cloud = await SmallCloud().start()
        subnets = [
            {"name": name, "properties": {"addressPrefix": prefix}}
            for name, prefix in (("GatewaySubnet", "172.17.0.0/27"), ("AzureBastionSubnet", "172.17.1.0/26"))
        ]
        body = {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": ["172.17.0.0/16"]}, "subnets": subnets}}
        await cloud.put(VNET, body)
        assert any("172.17.0.0/16" in event.text for event in cloud.store.log)
        configuration = {"name": "c", "properties": {"subnet": {"id": f"{VNET}/subnets/GatewaySubnet"}}}
        nic = {"location": "eastus2", "properties": {"ipConfigurations": [configuration]}}
        assert "SubnetIsReservedForService" in (await cloud.ask("PUT", f"{NET}/networkInterfaces/n", nic)).codes
        await cloud.put(f"{NET}/routeTables/t", {"location": "eastus2", "properties": {}})
        subnet = {"properties": {"addressPrefix": "172.17.1.0/26", "routeTable": {"id": f"{NET}/routeTables/t"}}}
        answer = await cloud.ask("PUT", f"{VNET}/subnets/AzureBastionSubnet", subnet)
        assert "RouteTableCannotBeAttachedForAzureBastionSubnet" in answer.codes
        found = await cloud.ask("GET", f"{VNET}/CheckIPAddressAvailability", ipAddress="172.17.0.1")
        assert (found.body["available"], found.body["isPlatformReserved"]) == (False, True)

    run(story())
