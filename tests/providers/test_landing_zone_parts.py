"""What a landing zone may say: gateways of a peered network, application groups, delegated subnets, routes as they are shown."""

from __future__ import annotations

from tests.providers.small_cloud import NET, RG, SUBNET, VNET, WS, SmallCloud, endpoint, run

EAST = {"location": "eastus2"}
W = f"{NET}/virtualNetworks/w"
GROUP, OTHER = f"{NET}/applicationSecurityGroups/a", f"{NET}/applicationSecurityGroups/b"


async def peered() -> SmallCloud:
    """Networks v (10.0.0.0/16) and w (10.1.0.0/16)."""
    cloud = await SmallCloud().start()
    await cloud.network()
    await cloud.network("w", "10.1.0.0/16", "10.1.0.0/24")
    return cloud


def half(to: str, **properties) -> dict:
    """A half of a peering."""
    return {"properties": {"remoteVirtualNetwork": {"id": to}, **properties}}


def gateway(subnet: str) -> dict:
    """A VPN gateway there."""
    inner = {"subnet": {"id": subnet}, "privateIPAllocationMethod": "Dynamic"}
    sku = {"name": "VpnGw1", "tier": "VpnGw1"}
    return {**EAST, "properties": {"gatewayType": "Vpn", "sku": sku, "ipConfigurations": [{"name": "one", "properties": inner}]}}


def test_a_gateway_is_used_where_it_is_given():
    async def story():
        cloud = await peered()
        hub, spoke = f"{W}/virtualNetworkPeerings/to-v", f"{VNET}/virtualNetworkPeerings/to-w"
        await cloud.put(hub, half(VNET))
        refused = await cloud.ask("PUT", spoke, half(W, useRemoteGateways=True))
        assert sorted(refused.codes) == ["RemotePeeringDoesNotAllowGatewayTransit", "RemoteVnetHasNoGateways"], refused
        await cloud.put(hub, half(VNET, allowGatewayTransit=True))
        assert (await cloud.ask("PUT", spoke, half(W, useRemoteGateways=True))).codes == ["RemoteVnetHasNoGateways"]
        for network, prefix in ((W, "10.1.255.0/27"), (VNET, "10.0.255.0/27")):
            await cloud.put(f"{network}/subnets/GatewaySubnet", {"properties": {"addressPrefix": prefix}})
        await cloud.put(f"{NET}/virtualNetworkGateways/hub", gateway(f"{W}/subnets/GatewaySubnet"))
        assert (await cloud.put(spoke, half(W, useRemoteGateways=True))).properties["useRemoteGateways"] is True
        await cloud.network("x", "10.2.0.0/16", "10.2.0.0/24")
        third = f"{VNET}/virtualNetworkPeerings/to-x"
        refused = await cloud.ask("PUT", third, half(f"{NET}/virtualNetworks/x", useRemoteGateways=True))
        assert sorted(refused.codes) == ["OnlyOnePeeringCanUseRemoteGateways", "RemoteVnetHasNoGateways"], refused
        await cloud.put(spoke, half(W))
        await cloud.put(f"{NET}/virtualNetworkGateways/own", gateway(f"{VNET}/subnets/GatewaySubnet"))
        refused = await cloud.ask("PUT", spoke, half(W, useRemoteGateways=True))
        assert refused.codes == ["VnetWithGatewayCannotUseRemoteGateways"], refused

    run(story())


def card(subnet: str, *groups: str) -> dict:
    """A network interface's body."""
    inner = {"subnet": {"id": subnet}, "applicationSecurityGroups": [{"id": id} for id in groups]}
    return {**EAST, "properties": {"ipConfigurations": [{"name": "one", "properties": inner}]}}


def rule(source: str, destination: str, priority: int = 100) -> dict:
    """From one application group to another."""
    properties = {
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceApplicationSecurityGroups": [{"id": source}],
        "destinationApplicationSecurityGroups": [{"id": destination}],
    }
    return {"properties": properties}


def test_an_application_group_is_of_one_network():
    async def story():
        cloud = await peered()
        for group in (GROUP, OTHER):
            await cloud.put(group, {**EAST, "properties": {}})
        there = f"{W}/subnets/default"
        await cloud.put(f"{NET}/networkInterfaces/first", card(SUBNET, GROUP))
        refused = await cloud.ask("PUT", f"{NET}/networkInterfaces/second", card(there, GROUP))
        assert refused.codes == ["ApplicationSecurityGroupMembersNotInSameVnet"], refused
        await cloud.put(WS, {**EAST, "identity": {"type": "SystemAssigned"}, "properties": {}}, api="2024-04-01")
        body = endpoint(there, WS)
        body["properties"]["applicationSecurityGroups"] = [{"id": GROUP}]
        refused = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", body)
        assert refused.codes == ["ApplicationSecurityGroupMembersNotInSameVnet"], refused
        body["properties"]["applicationSecurityGroups"] = [{"id": f"{GROUP}none"}]
        refused = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", body)
        assert "InvalidResourceReference" in refused.codes, refused
        await cloud.put(f"{NET}/networkInterfaces/second", card(there, OTHER))
        security = f"{NET}/networkSecurityGroups/n"
        await cloud.put(security, {**EAST, "properties": {}})
        refused = await cloud.ask("PUT", f"{security}/securityRules/r", rule(GROUP, OTHER))
        assert refused.codes == ["ApplicationSecurityGroupsOfRuleNotInSameVnet"], refused
        await cloud.delete(f"{NET}/networkInterfaces/second")
        await cloud.put(f"{security}/securityRules/r", rule(GROUP, OTHER))
        refused = await cloud.ask("PUT", f"{NET}/networkInterfaces/second", card(there, OTHER))
        assert refused.codes == ["ApplicationSecurityGroupsOfRuleNotInSameVnet"], refused
        await cloud.put(f"{NET}/networkInterfaces/second", card(SUBNET, OTHER))

    run(story())


def delegated(*services: str) -> dict:
    """A subnet's body."""
    found = [{"name": name.rsplit("/")[-1], "properties": {"serviceName": name}} for name in services]
    return {"properties": {"addressPrefix": "10.0.2.0/24", "delegations": found}}


def test_a_delegated_subnet_is_for_its_service():
    async def story():
        cloud = await peered()
        place, server = f"{VNET}/subnets/db", "Microsoft.DBforPostgreSQL/flexibleServers"
        await cloud.put(place, delegated(server))
        refused = await cloud.ask("PUT", f"{NET}/networkInterfaces/n", card(place))
        assert refused.codes == ["SubnetIsDelegatedAndCannotBeUsed"], refused
        await cloud.put(WS, {**EAST, "identity": {"type": "SystemAssigned"}, "properties": {}}, api="2024-04-01")
        refused = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", endpoint(place, WS))
        assert refused.codes == ["SubnetIsDelegatedAndCannotBeUsed"], refused
        network = {"delegatedSubnetResourceId": place}
        database = f"{RG}/providers/{server}/db"
        body = {**EAST, "sku": {"name": "Standard_D2s_v3", "tier": "GeneralPurpose"}}
        await cloud.put(database, {**body, "properties": {"version": "15", "network": network}}, api="2022-12-01")
        refused = await cloud.ask("PUT", place, delegated())
        assert refused.codes == ["SubnetDelegationsCannotChangeWhenSubnetUsedByResource"] and "/db" in refused.message, refused
        refused = await cloud.ask("DELETE", place)
        assert refused.code == "InUseSubnetCannotBeDeleted" and "flexibleServers/db" in refused.message, refused
        assert (await cloud.ask("DELETE", database, api="2022-12-01")).status in (200, 202, 204)
        await cloud.put(place, delegated())
        await cloud.put(f"{NET}/networkInterfaces/n", card(place))
        refused = await cloud.ask("PUT", place, delegated(server))
        assert refused.codes == ["SubnetDelegationsCannotChangeWhenSubnetUsedByResource"], refused

    run(story())


def test_effective_routes_have_peerings_endpoints_and_appliances():
    async def story():
        cloud = await peered()
        await cloud.put(f"{VNET}/virtualNetworkPeerings/to-w", half(W))
        await cloud.put(f"{W}/virtualNetworkPeerings/to-v", half(VNET))
        await cloud.put(WS, {**EAST, "identity": {"type": "SystemAssigned"}, "properties": {}}, api="2024-04-01")
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint(f"{W}/subnets/default", WS))
        hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.200"}
        inner = [{"name": "hub", "properties": {"addressPrefix": "10.1.0.0/16", **hop}}]
        body = {"routes": inner, "disableBgpRoutePropagation": True}
        await cloud.put(f"{NET}/routeTables/t", {**EAST, "properties": body})
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": f"{NET}/routeTables/t"}}})
        nic = f"{NET}/networkInterfaces/n"
        await cloud.put(nic, card(SUBNET))

        async def shown() -> dict:
            answer = await cloud.ask("POST", f"{nic}/effectiveRouteTable")
            assert answer.status == 200, answer
            return {(one["addressPrefix"][0], one["source"]): one for one in answer.body["value"]}

        routes = await shown()
        assert routes["10.0.0.0/16", "Default"]["nextHopType"] == "VnetLocal"
        assert routes["10.1.0.0/16", "Default"] == {
            "disableBgpRoutePropagation": True,
            "source": "Default",
            "state": "Invalid",
            "addressPrefix": ["10.1.0.0/16"],
            "nextHopType": "VNetPeering",
            "nextHopIpAddress": [],
        }
        assert routes["10.1.0.0/16", "User"] == {
            "disableBgpRoutePropagation": True,
            "name": "hub",
            "source": "User",
            "state": "Active",
            "addressPrefix": ["10.1.0.0/16"],
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": ["10.1.0.200"],
        }
        assert routes["10.1.0.4/32", "Default"]["nextHopType"] == "InterfaceEndpoint"
        assert routes["10.1.0.4/32", "Default"]["state"] == "Active"  # its subnet has no policies: a shorter route does not count
        policies = {"privateEndpointNetworkPolicies": "RouteTableEnabled"}
        await cloud.put(f"{W}/subnets/default", {"properties": {"addressPrefix": "10.1.0.0/24", **policies}})
        assert (await shown())["10.1.0.4/32", "Default"]["state"] == "Invalid"

    run(story())
