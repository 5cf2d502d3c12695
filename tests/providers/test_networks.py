"""Networks and subnets: prefixes, overlaps, what is in use, what Azure calls each refusal."""

from __future__ import annotations

import pytest
from small_cloud import NET, OTHER_SUBSCRIPTION, RG, SUBNET, VNET, WS, SmallCloud, endpoint, run

from cloister.net.intent import Network, Subnet


def space(*prefixes: str, **more) -> dict:
    return {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": list(prefixes)}, **more}}


def inline(**subnets: str) -> list[dict]:
    return [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets.items()]


def test_intent_of_a_network():
    async def story():
        cloud = await SmallCloud().start()
        body = space(
            "10.0.0.0/16",
            "10.8.0.0/16",
            dhcpOptions={"dnsServers": ["10.0.0.9"]},
            subnets=inline(a="10.0.0.0/24", b="10.8.0.0/24"),
        )
        await cloud.put(VNET, body)
        (network,) = cloud.intents(VNET)
        assert network == Network(
            owner=VNET, number=1, prefixes=("10.0.0.0/16", "10.8.0.0/16"), dns_servers=("10.0.0.9",), region="eastus2"
        )
        (subnet,) = cloud.intents(f"{VNET}/subnets/b")
        assert subnet == Subnet(owner=f"{VNET}/subnets/b", network=VNET, prefix="10.8.0.0/24")
        await cloud.put(f"{NET}/virtualNetworks/v2", space("10.0.0.0/16"))
        assert cloud.intents(f"{NET}/virtualNetworks/v2")[0].number == 2
        await cloud.put(VNET, body)
        assert cloud.intents(VNET) == [network]

    run(story())


@pytest.mark.parametrize(
    "prefixes, code, words",
    [
        ((), "InvalidAddressSpace", "10.0.0.0/16"),
        (("10.0.0.1/16",), "InvalidCIDRNotation", "'10.0.0.0/16'"),
        (("10.0.0.0",), "InvalidAddressPrefixFormat", "CIDR"),
        (("ten",), "InvalidAddressPrefixFormat", "CIDR"),
        (("10.0.0.0/33",), "InvalidAddressPrefixFormat", "CIDR"),
        (("10.0.0.0/30",), "InvalidAddressPrefixLength", "/29"),
        (("127.0.0.0/16",), "AddressPrefixNotAllowed", "loopback"),
        (("168.63.0.0/16",), "AddressPrefixNotAllowed", "resolver"),
        (("198.18.4.0/24",), "AddressPrefixNotAllowed", "public internet of this cloud"),
        (("10.0.0.0/8", "10.1.0.0/16"), "VnetAddressPrefixesOverlap", "'10.0.0.0/8'"),
    ],
)
def test_bad_address_spaces(prefixes, code, words):
    async def story():
        cloud = await SmallCloud().start()
        answer = await cloud.ask("PUT", VNET, space(*prefixes))
        assert answer.status == 400 and code in answer.codes, answer
        assert answer.message.startswith("cannot ") and words in answer.message
        assert (await cloud.ask("GET", VNET)).status == 404

    run(story())


@pytest.mark.parametrize(
    "prefix, code, words",
    [
        ("10.1.0.0/24", "NetcfgInvalidSubnet", "not in the address space"),
        ("10.0.0.0/30", "NetcfgInvalidSubnet", "/29"),
        ("10.0.0.128/25", "NetcfgSubnetRangesOverlap", "'default'"),
        ("10.0.0.7/24", "InvalidCIDRNotation", "'10.0.0.0/24'"),
        (None, "MissingAddressPrefix", "addressPrefix"),
    ],
)
def test_bad_subnets(prefix, code, words):
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        body = {"properties": {"addressPrefix": prefix} if prefix else {}}
        answer = await cloud.ask("PUT", f"{VNET}/subnets/other", body)
        assert answer.status == 400 and code in answer.codes, answer
        assert words in answer.message
        both = space("10.0.0.0/16", subnets=[*inline(default="10.0.0.0/24"), {"name": "other", **body}])
        assert code in (await cloud.ask("PUT", VNET, both)).codes
        assert (await cloud.ask("GET", f"{VNET}/subnets/other")).status == 404

    run(story())


def test_all_problems_at_once():
    async def story():
        cloud = await SmallCloud().start()
        answer = await cloud.ask(
            "PUT",
            VNET,
            space("10.0.0.0/16", dhcpOptions={"dnsServers": ["nowhere"]}, subnets=inline(a="10.1.0.0/24", b="10.0.0.0/31")),
        )
        assert sorted(answer.codes) == ["InvalidDnsServerIpAddress", "NetcfgInvalidSubnet", "NetcfgInvalidSubnet"]

    run(story())


def test_shrinking_under_a_subnet():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(VNET, space("10.0.0.0/16", "10.1.0.0/16", subnets=inline(a="10.1.0.0/24")))
        answer = await cloud.ask("PUT", VNET, space("10.0.0.0/16"))
        assert answer.code == "InUsePrefixCannotBeDeleted" and "'a'" in answer.message
        await cloud.delete(f"{VNET}/subnets/a")
        await cloud.put(VNET, space("10.0.0.0/16"))

    run(story())


def test_a_subnet_in_use_stays():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        machine = "/providers/Cloister.Fabric/machines/m"
        await cloud.put(machine, {"properties": {"place": SUBNET}}, api="2026-01-01")
        for id, body in ((SUBNET, None), (VNET, None), (VNET, space("10.0.0.0/16", subnets=[]))):
            answer = await cloud.ask("PUT" if body else "DELETE", id, body)
            assert answer.status == 400 and answer.code == "InUseSubnetCannotBeDeleted", answer
            assert "'pe'" in answer.message and "machines 'm'" in answer.message
        moved = await cloud.ask("PUT", SUBNET, {"properties": {"addressPrefix": "10.0.1.0/24"}})
        assert moved.code == "InUsePrefixCannotBeDeleted" and "10.0.0.6" in moved.message
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/20"}})
        shown = (await cloud.get(SUBNET))["properties"]
        assert [item["id"] for item in shown["privateEndpoints"]] == [f"{NET}/privateEndpoints/pe"]
        assert len(shown["ipConfigurations"]) == 3
        await cloud.delete(f"{NET}/privateEndpoints/pe")
        await cloud.delete(machine)
        await cloud.delete(VNET)

    run(story())


def test_policies_in_two_words_and_in_four():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        name = "privateEndpointNetworkPolicies"
        assert (await cloud.get(SUBNET))["properties"][name] == "Disabled"
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", name: "routeTableEnabled"}})
        assert (await cloud.get(SUBNET))["properties"][name] == "RouteTableEnabled"
        assert (await cloud.get(SUBNET, api="2022-01-01"))["properties"][name] == "Enabled"
        assert cloud.intents(SUBNET)[0].endpoint_policies == "RouteTableEnabled"
        wrong = await cloud.ask("PUT", SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", name: "Sometimes"}})
        assert wrong.status == 400 and "Sometimes" in wrong.message

    run(story())


def test_check_ip_address_availability():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        for address, free in (("10.0.0.4", False), ("10.0.0.9", True), ("10.0.0.1", False)):
            answer = await cloud.ask("GET", f"{VNET}/CheckIPAddressAvailability", ipAddress=address)
            assert answer.status == 200 and answer.body["available"] is free, answer
            assert free or answer.body["availableIPAddresses"][0] == "10.0.0.7"
        outside = await cloud.ask("GET", f"{VNET}/CheckIPAddressAvailability", ipAddress="10.9.0.1")
        assert outside.body == {"available": False, "availableIPAddresses": []}

    run(story())


def test_bad_endpoints():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(
            f"{VNET}/subnets/strict",
            {"properties": {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Enabled"}},
        )
        two = endpoint()
        two["properties"]["privateLinkServiceConnections"] *= 2
        policies = "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled"
        for body, api, code, words in (
            (endpoint(f"{VNET}/subnets/none"), "2019-04-01", "InvalidResourceReference", "subnet 'none' was not found"),
            (
                endpoint(f"{NET}/virtualNetworks/none/subnets/s"),
                "2019-04-01",
                "InvalidResourceReference",
                "virtual network 'none'",
            ),
            (endpoint("default"), "2019-04-01", "LinkedInvalidPropertyId", "subnet"),
            (endpoint(f"{VNET}/subnets/strict"), "2019-04-01", policies, "privateEndpointNetworkPolicies"),
            (endpoint(target=WS + "x"), "2024-05-01", "InvalidResourceReference", "was not found"),
            (endpoint(target="some.alias"), "2024-05-01", "InvalidPrivateLinkServiceId", "some.alias"),
            (endpoint(target=VNET), "2024-05-01", "InvalidPrivateLinkServiceId", "no private link"),
            (endpoint(group="blob"), "2024-05-01", "InvalidGroupId", "'amlworkspace'"),
            (endpoint(connection={"groupIds": []}), "2024-05-01", "MissingParameterOnPrivateLinkServiceConnection", "groupIds"),
            (two, "2024-05-01", "InvalidPrivateEndpointConnections", "exactly one"),
            (endpoint(location="westeurope"), "2024-05-01", "InvalidResourceReference", "'westeurope'"),
        ):
            answer = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", body, api=api)
            assert answer.status == 400 and code in answer.codes, (code, answer)
            assert words in answer.message, answer.message
            assert (await cloud.ask("GET", f"{NET}/privateEndpoints/pe")).status == 404
        assert (await cloud.put(f"{NET}/privateEndpoints/ok", endpoint(f"{VNET}/subnets/strict"), api="2022-05-01")).status == 201
        elsewhere = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/pe"
        answer = await cloud.ask("PUT", elsewhere, endpoint())
        assert answer.status == 400 and "subscription of its network" in answer.message

    run(story())


def test_what_of_an_endpoint_may_not_change():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.workspace("ws2")
        await cloud.put(f"{VNET}/subnets/second", {"properties": {"addressPrefix": "10.0.1.0/24"}})
        pe = f"{NET}/privateEndpoints/pe"
        before = (await cloud.put(pe, endpoint())).body
        for body in (
            endpoint(f"{VNET}/subnets/second"),
            endpoint(target=WS.replace("ws1", "ws2")),
            endpoint(manual=True),
            endpoint(location="westeurope"),
            endpoint(ipConfigurations=[{"name": "x", "properties": {"memberName": "default", "privateIPAddress": "10.0.0.99"}}]),
            endpoint(customNetworkInterfaceName="late"),
        ):
            answer = await cloud.ask("PUT", pe, body)
            assert answer.status in (400, 409), answer
            assert (await cloud.get(pe))["properties"] == before["properties"]

    run(story())


def test_static_addresses():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()

        def static(address: str, member: str = "default") -> dict:
            inner = {"groupId": "amlworkspace", "memberName": member, "privateIPAddress": address}
            return endpoint(ipConfigurations=[{"name": "one", "properties": inner}])

        for address, code in (
            ("10.0.1.4", "PrivateIPAddressNotInSubnet"),
            ("10.0.0.3", "PrivateIPAddressInReservedRange"),
            ("10.0.0.255", "PrivateIPAddressInReservedRange"),
        ):
            assert code in (await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", static(address))).codes
        await cloud.put(f"{NET}/privateEndpoints/pe", static("10.0.0.5"))
        assert dict(cloud.intents(f"{NET}/privateEndpoints/pe")[0].addresses) == {
            "default": "10.0.0.5",
            "notebook": "10.0.0.4",
            "inference": "10.0.0.6",
        }
        taken = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe2", static("10.0.0.6"))
        assert "PrivateIPAddressIsAllocated" in taken.codes and "'" in taken.message

    run(story())


def test_a_full_subnet():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network(subnet="10.0.0.0/29")
        await cloud.workspace()
        await cloud.put(f"{NET}/privateEndpoints/one", endpoint())
        answer = await cloud.ask("PUT", f"{NET}/privateEndpoints/two", endpoint())
        assert answer.status == 400 and answer.code == "SubnetIsFull" and "'default'" in answer.message
        assert (await cloud.ask("GET", f"{NET}/privateEndpoints/two")).status == 404
        await cloud.delete(f"{NET}/privateEndpoints/one")
        await cloud.put(f"{NET}/privateEndpoints/two", endpoint())

    run(story())


def test_endpoints_of_other_targets():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        account = f"{RG}/providers/Microsoft.Storage/storageAccounts/acct1"
        sku = {"location": "eastus2", "kind": "Storage", "sku": {"name": "Standard_LRS"}}
        await cloud.put(account, sku)
        refused = await cloud.ask("PUT", f"{NET}/privateEndpoints/blob", endpoint(target=account, group="blob"))
        assert "PrivateEndpointNotSupportedByTarget" in refused.codes
        await cloud.put(account, {**sku, "kind": "StorageV2"})
        await cloud.put(f"{NET}/privateEndpoints/blob", endpoint(target=account, group="Blob"))
        (intent,) = cloud.intents(f"{NET}/privateEndpoints/blob")
        assert [(n.fqdn, n.privatelink) for n in intent.names] == [
            ("acct1.blob.core.windows.net", "acct1.privatelink.blob.core.windows.net")
        ]
        registry = f"{RG}/providers/Microsoft.ContainerRegistry/registries/registry1"
        await cloud.put(registry, {"location": "eastus2", "sku": {"name": "premium"}})
        await cloud.put(f"{NET}/privateEndpoints/acr", endpoint(target=registry, group="registry"))
        assert [m for m, _ in cloud.intents(f"{NET}/privateEndpoints/acr")[0].addresses] == ["registry", "registry_data_eastus2"]
        smaller = await cloud.ask("PUT", registry, {"location": "eastus2", "sku": {"name": "Basic"}})
        assert smaller.status == 400 and "private endpoint" in smaller.message

    run(story())
