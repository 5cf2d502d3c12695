"""Private link services: ports, aliases, who may see and who is approved, on the real engine."""

from __future__ import annotations

from small_cloud import NET, OTHER_SUBSCRIPTION, SUBNET, SUBSCRIPTION, VNET, SmallCloud, endpoint, run

from cloister.net.intent import Endpoint, Interface, LinkService

PLS = f"{NET}/privateLinkServices/pls"
LB = f"{NET}/loadBalancers/lb"
NIC = f"{NET}/networkInterfaces/nic"
OTHER = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"


def balancer(*ports: tuple[int, int]) -> dict:
    rules = [
        {
            "name": f"r{front}",
            "properties": {
                "frontendIPConfiguration": {"id": f"{LB}/frontendIPConfigurations/f"},
                "backendAddressPool": {"id": f"{LB}/backendAddressPools/p"},
                "protocol": "Tcp",
                "frontendPort": front,
                "backendPort": back,
            },
        }
        for front, back in ports
    ]
    return {
        "location": "eastus2",
        "properties": {
            "frontendIPConfigurations": [{"name": "f", "properties": {"subnet": {"id": SUBNET}}}],
            "backendAddressPools": [{"name": "p", "properties": {}}],
            "loadBalancingRules": rules,
        },
    }


def service(**more) -> dict:
    nat = {"name": "nat", "properties": {"subnet": {"id": SUBNET}}}
    fronts = [{"id": f"{LB}/frontendIPConfigurations/f"}]
    return {
        "location": "eastus2",
        "properties": {"loadBalancerFrontendIpConfigurations": fronts, "ipConfigurations": [nat], **more},
    }


async def made(**more) -> SmallCloud:
    cloud = await SmallCloud().start()
    await cloud.network()
    await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}})
    await cloud.put(LB, balancer((80, 8080)))
    await cloud.put(PLS, service(**more))
    return cloud


async def elsewhere(cloud: SmallCloud, target: str, **more):
    """An endpoint of another subscription: the answer to its PUT."""
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    space["subnets"] = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    await cloud.put(f"{OTHER}/virtualNetworks/v", {"location": "westeurope", "properties": space})
    body = endpoint(
        f"{OTHER}/virtualNetworks/v/subnets/default",
        target,
        location="westeurope",
        manual=True,
        connection={"groupIds": [], "requestMessage": "please"},
        **more,
    )
    return await cloud.ask("PUT", f"{OTHER}/privateEndpoints/pe", body)


def state(answer) -> tuple[str, str]:
    [link] = answer.properties["manualPrivateLinkServiceConnections"]
    found = link["properties"]["privateLinkServiceConnectionState"]
    return found["status"], found["description"]


def test_ports_follow_the_load_balancer():
    async def story():
        cloud = await made()
        nic, link = cloud.intents(PLS)
        assert isinstance(nic, Interface) and isinstance(link, LinkService) and link.sources == ((nic.number, nic.address),)
        [(port, slot, targets)] = link.ports
        assert port == 80 and targets == ()
        pool = [{"id": f"{LB}/backendAddressPools/p"}]
        inner = {"subnet": {"id": SUBNET}, "loadBalancerBackendAddressPools": pool}
        body = {"location": "eastus2", "properties": {"ipConfigurations": [{"name": "c", "properties": inner}]}}
        await cloud.put(NIC, body)
        address = cloud.row(NIC).facts["addresses"]["c"]
        await cloud.put(LB, balancer((80, 8080), (443, 8443)))
        _, link = cloud.intents(PLS)
        assert [(port, targets) for port, _, targets in link.ports] == [(80, ((address, 8080),)), (443, ((address, 8443),))]
        assert link.ports[0][1] == slot and link.ports[1][1] != slot
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint(target=PLS, connection={"groupIds": []}))
        [made_of] = cloud.intents(f"{NET}/privateEndpoints/pe")
        assert isinstance(made_of, Endpoint) and made_of.ports == (80, 443) and [port for port, _ in made_of.leads] == [80, 443]

    run(story())


def test_a_destination_instead_of_a_load_balancer():
    async def story():
        cloud = await made()
        nat = [{"name": "nat", "properties": {"subnet": {"id": SUBNET}}}]
        body = {"location": "eastus2", "properties": {"destinationIPAddress": "10.0.0.9", "ipConfigurations": nat}}
        await cloud.put(f"{PLS}2", {**body, "tags": {"cloister-ports": "22, 5432"}})
        _, link = cloud.intents(f"{PLS}2")
        assert [(port, targets) for port, _, targets in link.ports] == [(22, (("10.0.0.9", 22),)), (5432, (("10.0.0.9", 5432),))]

    run(story())


def test_an_alias_is_for_those_who_may_see_it():
    async def story():
        cloud = await made()
        alias = (await cloud.get(PLS))["properties"]["alias"]
        asked = {"privateLinkServiceAlias": alias}
        ask = "/subscriptions/{}/providers/Microsoft.Network/checkPrivateLinkServiceVisibility"
        refused = await elsewhere(cloud, alias)
        assert refused.status == 400 and "InvalidPrivateLinkServiceId" in refused.codes and "visibility" in refused.message
        assert (await cloud.ask("POST", ask.format(OTHER_SUBSCRIPTION), asked)).body == {"visible": False}
        await cloud.put(PLS, service(visibility={"subscriptions": [OTHER_SUBSCRIPTION]}))
        assert (await cloud.ask("POST", ask.format(OTHER_SUBSCRIPTION), asked)).body == {"visible": True}
        assert state(await elsewhere(cloud, alias)) == ("Pending", "please")
        [connection] = (await cloud.get(PLS))["properties"]["privateEndpointConnections"]
        assert connection["properties"]["privateEndpoint"]["id"] == f"{OTHER}/privateEndpoints/pe"
        await cloud.put(PLS, service())  # nobody sees it any more; who is connected stays
        approved = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "yes"}}}
        await cloud.put(connection["id"], approved)
        [found] = cloud.intents(f"{OTHER}/privateEndpoints/pe")
        assert isinstance(found, Endpoint) and found.state == "Approved" and found.target == PLS and found.leads

    run(story())


def test_approval_by_list_and_what_is_in_use():
    async def story():
        both = {"visibility": {"subscriptions": ["*"]}, "autoApproval": {"subscriptions": [OTHER_SUBSCRIPTION]}}
        cloud = await made(**both)
        alias = (await cloud.get(PLS))["properties"]["alias"]
        assert state(await elsewhere(cloud, alias))[0] == "Approved"
        refused = await cloud.ask("DELETE", PLS)
        assert refused.status in (400, 409) and "privateEndpoints/pe" in refused.message
        assert refused.code == "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted"
        await cloud.delete(f"{OTHER}/privateEndpoints/pe")
        await cloud.delete(PLS)

    run(story())


def test_refusals():
    async def story():
        cloud = await made()
        alias = (await cloud.get(PLS))["properties"]["alias"]
        unseen = await cloud.ask("PUT", PLS, service(autoApproval={"subscriptions": [OTHER_SUBSCRIPTION]}))
        assert "PrivateLinkServiceAutoApprovalSubscriptionNotVisible" in unseen.codes
        body = endpoint(target=alias, connection={"groupIds": []})
        automatic = await cloud.ask("PUT", f"{NET}/privateEndpoints/a", body)
        assert "PrivateLinkServiceAliasRequiresManualConnection" in automatic.codes
        unknown = f"x.{SUBSCRIPTION}.eastus2.azure.privatelinkservice"
        missing = await cloud.ask("PUT", f"{NET}/privateEndpoints/a", endpoint(target=unknown, manual=True))
        assert "InvalidPrivateLinkServiceId" in missing.codes
        assert (await cloud.ask("DELETE", VNET)).status in (400, 409)

    run(story())


def test_a_static_address_and_an_interface_name_of_ones_own():
    async def story():
        cloud = await made()
        wish = [{"name": "a", "properties": {"privateIPAddress": "10.0.0.77"}}]
        more = {"ipConfigurations": wish, "customNetworkInterfaceName": "card"}
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint(target=PLS, connection={"groupIds": []}, **more))
        card = await cloud.get(f"{NET}/networkInterfaces/card")
        [item] = card["properties"]["ipConfigurations"]
        assert item["properties"]["privateIPAddress"] == "10.0.0.77"
        assert item["properties"]["privateIPAllocationMethod"] == "Static"
        [found] = cloud.intents(f"{NET}/privateEndpoints/pe")
        assert isinstance(found, Endpoint) and [address for _, address in found.addresses] == ["10.0.0.77"]

    run(story())


def test_a_workspace_of_another_subscription_and_region():
    async def story():
        cloud = await SmallCloud().start()
        workspace = await cloud.workspace()  # eastus2, of the first subscription
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        space["subnets"] = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
        await cloud.put(f"{OTHER}/virtualNetworks/v", {"location": "westeurope", "properties": space})
        body = endpoint(f"{OTHER}/virtualNetworks/v/subnets/default", workspace, location="westeurope")
        await cloud.put(f"{OTHER}/privateEndpoints/pe", body)
        [found] = cloud.intents(f"{OTHER}/privateEndpoints/pe")
        assert isinstance(found, Endpoint) and found.state == "Approved" and found.target == workspace
        assert all(".eastus2." in name.fqdn for name in found.names)

    run(story())
