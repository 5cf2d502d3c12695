"""Network security groups as resources: what a rule may say, where a group may be named, what its rules mean to packets."""

from __future__ import annotations

import pytest
from small_cloud import NET, SUBNET, VNET, SmallCloud, endpoint, run

GROUP = f"{NET}/networkSecurityGroups/nsg"
WEB = f"{NET}/applicationSecurityGroups/web"
NIC = f"{NET}/networkInterfaces/nic"
EAST, WEST = {"location": "eastus2"}, {"location": "westus"}


def rule(**changes):
    """The properties of a rule that is good."""
    found = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "destinationPortRange": "443",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "VirtualNetwork",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destinationPortRange": "70000"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "90-80"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "http"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": None}, "SecurityRuleParameterPortRangeMissing"),
        ({"sourceAddressPrefix": "Nowhere"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": "Storage.mars"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": "10.0.0.0/40"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": None}, "SecurityRuleParameterAddressPrefixMissing"),
        ({"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.0.0.4", "*"]}, "SecurityRuleInvalidAddressPrefix"),
        (
            {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.0.0.4", "Internet"]},
            "SecurityRuleParameterContainsUnsupportedValue",
        ),
        ({"sourceAddressPrefix": None, "sourceApplicationSecurityGroups": [{"id": f"{WEB}2"}]}, "InvalidResourceReference"),
        ({"sourceAddressPrefix": None, "sourceApplicationSecurityGroups": [{"id": WEB}]}, "InvalidResourceReference"),
        ({"priority": 99}, "InvalidParameter"),
        ({"protocol": "Sctp"}, "InvalidParameter"),
    ],
)
def test_what_a_rule_may_not_say(changes, code):
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(WEB, WEST)
        await cloud.put(GROUP, EAST)
        answer = await cloud.ask("PUT", f"{GROUP}/securityRules/r", {"properties": rule(**changes)})
        assert answer.status == 400, answer
        assert code in answer.codes or code == "InvalidParameter", answer.codes
        inline = await cloud.ask(
            "PUT", GROUP, {**EAST, "properties": {"securityRules": [{"name": "r", "properties": rule(**changes)}]}}
        )
        assert inline.status == 400, inline

    run(story())


def test_two_rules_of_a_direction_have_two_priorities():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(GROUP, {**EAST, "properties": {"securityRules": [{"name": "a", "properties": rule()}]}})
        answer = await cloud.ask("PUT", f"{GROUP}/securityRules/b", {"properties": rule()})
        assert answer.status == 400 and "SecurityRuleConflict" in answer.codes
        await cloud.put(f"{GROUP}/securityRules/b", {"properties": rule(direction="Outbound")})
        both = [{"name": name, "properties": rule()} for name in ("a", "b")]
        answer = await cloud.ask("PUT", GROUP, {**EAST, "properties": {"securityRules": both}})
        assert answer.status == 400 and "SecurityRuleConflict" in answer.codes

    run(story())


def test_a_group_is_named_only_where_it_is_and_stays_while_it_is_named():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        away = f"{NET}/networkSecurityGroups/away"
        await cloud.put(away, WEST)
        await cloud.put(GROUP, EAST)
        for id in (away, f"{GROUP}2"):
            body = {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": id}}}
            answer = await cloud.ask("PUT", SUBNET, body)
            assert answer.status in (400, 404) and "InvalidResourceReference" in answer.codes, answer
            answer = await cloud.ask("PUT", NIC, interface(networkSecurityGroup={"id": id}))
            assert answer.status in (400, 404) and "InvalidResourceReference" in answer.codes, answer
        await cloud.put(SUBNET, {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": GROUP}}})
        await cloud.put(NIC, interface(networkSecurityGroup={"id": GROUP}))
        gone = await cloud.ask("DELETE", GROUP)
        assert (gone.status, gone.body["error"]["code"]) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")

    run(story())


def interface(groups=(), **more):
    """An interface's body."""
    inner = {"subnet": {"id": SUBNET}, "applicationSecurityGroups": [{"id": id} for id in groups]}
    return {**EAST, "properties": {"ipConfigurations": [{"name": "one", "properties": inner}], **more}}


def test_what_packets_obey_is_the_rules_with_the_default_ones():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(WEB, EAST)
        own = rule(destinationAddressPrefix=None, destinationApplicationSecurityGroups=[{"id": WEB}])
        other = rule(
            priority=200,
            destinationPortRange=None,
            destinationPortRanges=["80", "90-99"],
            sourceAddressPrefix=None,
            sourceAddressPrefixes=["10.0.0.0/24", "fd00::/8"],
        )
        rules = [{"name": "own", "properties": own}, {"name": "other", "properties": other}]
        await cloud.put(GROUP, {**EAST, "properties": {"securityRules": rules}})
        assert cloud.intents(GROUP) == [], "nobody names it"
        await cloud.put(NIC, interface(groups=[WEB], networkSecurityGroup={"id": GROUP}))
        [found] = cloud.intents(GROUP)
        assert found.networks == (VNET.lower(),)
        inbound = [one for one in found.rules if one.inbound]
        assert [one.priority for one in inbound] == [100, 200, 65000, 65001, 65500]
        assert [one.priority for one in found.rules if not one.inbound] == [65000, 65001, 65500]
        assert inbound[0].because == f"{GROUP}/securityRules/own" and inbound[0].destination_groups == (WEB,)
        assert inbound[1].destination_ports == ((80, 80), (90, 99)) and inbound[1].sources == ("10.0.0.0/24",)
        [card] = cloud.intents(NIC)
        assert (card.number, card.filter, card.groups, card.address) == (0, GROUP, (WEB,), "10.0.0.4")
        body = endpoint()
        body["properties"]["applicationSecurityGroups"] = [{"id": WEB}]
        await cloud.put(f"{NET}/privateEndpoints/pe", body)
        assert cloud.intents(f"{NET}/privateEndpoints/pe")[0].groups == (WEB,)

    run(story())


def test_a_machine_on_an_interface():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.put(WEB, EAST)
        await cloud.put(GROUP, EAST)
        await cloud.put(
            NIC, interface(groups=[WEB], networkSecurityGroup={"id": GROUP}, dnsSettings={"dnsServers": ["10.0.0.9"]})
        )
        kind = "/providers/Cloister.Fabric/machines"

        async def machine(name, **more):
            return await cloud.ask("PUT", f"{kind}/{name}", {"properties": {"place": SUBNET, **more}}, api="2026-01-01")

        made = await machine("m", networkInterface=NIC)
        assert (made.properties["address"], made.properties["dnsServers"]) == ("10.0.0.4", ["10.0.0.9"])
        found = cloud.intents(f"{kind}/m")[0]
        assert (found.address, found.filter, found.groups, found.number) == ("10.0.0.4", GROUP, (WEB,), 1)
        for more, code in (
            ({"networkInterface": NIC}, "NicInUse"),
            ({"networkInterface": f"{NIC}2"}, "InvalidResourceReference"),
            ({"networkInterface": NIC, "place": "internet"}, "InvalidResourceReference"),
            ({"networkInterface": NIC, "address": "10.0.0.77"}, "PrivateIPAddressIsAllocated"),
        ):
            refused = await machine("other", **more)
            assert refused.status == 400 and code in refused.codes, refused
        moved = interface(networkSecurityGroup={"id": GROUP})
        moved["properties"]["ipConfigurations"][0]["properties"] |= {
            "privateIPAllocationMethod": "Static",
            "privateIPAddress": "10.0.0.44",
        }
        await cloud.put(NIC, moved)
        assert cloud.intents(f"{kind}/m")[0].address == "10.0.0.44" and cloud.intents(f"{kind}/m")[0].groups == ()
        gone = await cloud.ask("DELETE", NIC)
        assert (gone.status, gone.body["error"]["code"]) == (400, "NicInUse")

    run(story())
