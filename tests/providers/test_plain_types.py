"""What plain types have in common: references that must lead somewhere, addresses in subnets, parts with ids, users that hold."""

from __future__ import annotations

from small_cloud import NET, RG, SmallCloud, run

LB = f"{NET}/loadBalancers/lb"
GATEWAY = f"{NET}/virtualNetworkGateways/gw"
IP = f"{NET}/publicIPAddresses/ip"


def balancer(subnet: str, pool: str = "pool", **frontend: str) -> dict:
    """A load balancer with one frontend in ``subnet`` and one rule that names it."""
    inner = {"subnet": {"id": subnet}, **frontend}
    rule = {
        "frontendIPConfiguration": {"id": f"{LB}/frontendIPConfigurations/front"},
        "backendAddressPool": {"id": f"{LB}/backendAddressPools/{pool}"},
        "protocol": "Tcp",
        "frontendPort": 443,
        "backendPort": 443,
    }
    properties = {
        "frontendIPConfigurations": [{"name": "front", "properties": inner}],
        "backendAddressPools": [{"name": "pool"}],
        "loadBalancingRules": [{"name": "rule", "properties": rule}],
    }
    return {"location": "eastus2", "sku": {"name": "Standard"}, "properties": properties}


def test_references_lead_somewhere():
    async def story():
        cloud = await SmallCloud().start()
        subnet = await cloud.network()
        answer = await cloud.ask("PUT", LB, balancer(subnet.replace("default", "none")))
        assert (answer.status, answer.codes) == (400, ["InvalidResourceReference"])
        answer = await cloud.ask("PUT", LB, balancer(subnet, pool="other"))
        assert (answer.status, answer.codes) == (400, ["InvalidResourceReference"])
        await cloud.put(LB, balancer(subnet))

    run(story())


def test_configurations_hold_addresses_of_their_subnet():
    async def story():
        cloud = await SmallCloud().start()
        subnet = await cloud.network()
        await cloud.put(LB, balancer(subnet))
        front = (await cloud.get(LB))["properties"]["frontendIPConfigurations"][0]
        assert front["id"] == f"{LB}/frontendIPConfigurations/front"
        address = front["properties"]["privateIPAddress"]
        assert address == "10.0.0.4"
        other = LB.replace("/lb", "/lb2")
        wish = {"privateIPAllocationMethod": "Static", "privateIPAddress": address}
        body = balancer(subnet, **wish)
        body["properties"].pop("loadBalancingRules")
        answer = await cloud.ask("PUT", other, body)
        assert answer.codes == ["PrivateIPAddressIsAllocated"]
        answer = await cloud.ask("DELETE", subnet)
        assert (answer.status, answer.codes) == (400, ["InUse"]) or answer.code == "InUseSubnetCannotBeDeleted"
        await cloud.delete(LB)
        await cloud.delete(subnet)

    run(story())


def test_what_is_used_stays():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        subnet = f"{NET}/virtualNetworks/v/subnets/GatewaySubnet"
        await cloud.put(subnet, {"properties": {"addressPrefix": "10.0.255.0/27"}})
        await cloud.put(
            IP, {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        )
        configuration = {"name": "c", "properties": {"subnet": {"id": subnet}, "publicIPAddress": {"id": IP}}}
        properties = {
            "gatewayType": "Vpn",
            "vpnType": "RouteBased",
            "sku": {"name": "VpnGw1", "tier": "VpnGw1"},
            "ipConfigurations": [configuration],
        }
        await cloud.put(GATEWAY, {"location": "eastus2", "properties": properties})
        site = f"{NET}/localNetworkGateways/site"
        space = {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/24"]}, "gatewayIpAddress": "198.18.64.9"}
        await cloud.put(site, {"location": "eastus2", "properties": space})
        tunnel = {
            "connectionType": "IPsec",
            "sharedKey": "not a real one",
            "virtualNetworkGateway1": {"id": GATEWAY},
            "localNetworkGateway2": {"id": site},
        }
        await cloud.put(f"{NET}/connections/tunnel", {"location": "eastus2", "properties": tunnel})
        assert "sharedKey" not in (await cloud.get(f"{NET}/connections/tunnel"))["properties"]
        assert (await cloud.get(GATEWAY))["properties"]["bgpSettings"]["bgpPeeringAddress"].startswith("10.0.255.")
        for held in (GATEWAY, site, IP):
            assert (await cloud.ask("DELETE", held)).status in (400, 409), held
        await cloud.delete(f"{NET}/connections/tunnel")
        for free in (GATEWAY, site, IP):
            await cloud.delete(free)

    run(story())


def test_endpoints_to_other_targets():
    """A server's endpoint: its group, its name with its twin, and the connection at the server."""

    async def story():
        cloud = await SmallCloud().start()
        subnet = await cloud.network()
        server = f"{RG}/providers/Microsoft.Sql/servers/sql1"
        login = {"administratorLogin": "admin1", "administratorLoginPassword": "not a real one"}
        await cloud.put(server, {"location": "eastus2", "properties": login})
        assert "administratorLoginPassword" not in (await cloud.get(server))["properties"]
        link = {"name": "c", "properties": {"privateLinkServiceId": server, "groupIds": ["sqlServer"]}}
        body = {"location": "eastus2", "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [link]}}
        await cloud.put(f"{NET}/privateEndpoints/pe", body)
        endpoint = cloud.intents(f"{NET}/privateEndpoints/pe")[0]
        assert [(name.fqdn, name.privatelink) for name in endpoint.names] == [
            ("sql1.database.windows.net", "sql1.privatelink.database.windows.net")
        ]
        assert endpoint.ports == (1433,)
        assert len((await cloud.get(server))["properties"]["privateEndpointConnections"]) == 1

    run(story())
