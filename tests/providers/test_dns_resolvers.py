"""DNS private resolvers: what may be declared, on the real engine."""

from __future__ import annotations

import pytest
from small_cloud import NET, VNET, SmallCloud, run

from cloister.net.intent import Forwarding, Interface, ResolverDoor

API = "2022-07-01"
R = f"{NET}/dnsResolvers/r"
IN, OUT = f"{R}/inboundEndpoints/in", f"{R}/outboundEndpoints/out"
RS = f"{NET}/dnsForwardingRulesets/rs"
DELEGATED = [{"name": "d", "properties": {"serviceName": "Microsoft.Network/dnsResolvers"}}]


def body(**properties) -> dict:
    return {"location": "eastus2", "properties": properties}


def inbound(subnet: str, **more) -> dict:
    return body(ipConfigurations=[{"subnet": {"id": f"{VNET}/subnets/{subnet}"}, **more}])


def rule(domain: str = "corp.example.", *servers: str, **more) -> dict:
    return {"properties": {"domainName": domain, "targetDnsServers": [{"ipAddress": one} for one in servers], **more}}


async def made(upto: str = "") -> SmallCloud:
    cloud = await SmallCloud().start()
    await cloud.network()
    for name, prefix, delegations in (
        ("in", "10.0.1.0/28", DELEGATED),
        ("out", "10.0.2.0/28", DELEGATED),
        ("plain", "10.0.3.0/28", []),
        ("wide", "10.0.4.0/23", DELEGATED),
    ):
        subnet = {"properties": {"addressPrefix": prefix, "delegations": delegations}}
        await cloud.put(f"{VNET}/subnets/{name}", subnet)
    await cloud.put(R, body(virtualNetwork={"id": VNET}), api=API)
    if upto:
        await cloud.put(IN, inbound("in"), api=API)
        await cloud.put(OUT, body(subnet={"id": f"{VNET}/subnets/out"}), api=API)
        await cloud.put(RS, body(dnsResolverOutboundEndpoints=[{"id": OUT}]), api=API)
    return cloud


def test_endpoints_stand_in_their_subnets_and_rules_hold_for_linked_networks():
    async def story():
        cloud = await made("all")
        assert (await cloud.get(IN, api=API))["properties"]["ipConfigurations"][0]["privateIpAddress"] == "10.0.1.4"
        nic, door = cloud.intents(IN)
        assert isinstance(nic, Interface) and isinstance(door, ResolverDoor)
        assert (nic.number, nic.address) == (door.number, door.address)
        await cloud.put(f"{RS}/forwardingRules/one", rule("Corp.Example.", "10.0.0.9", "10.0.0.10"), api=API)
        await cloud.put(f"{RS}/forwardingRules/off", rule("off.example.", "10.0.0.9", forwardingRuleState="Disabled"), api=API)
        await cloud.put(f"{RS}/virtualNetworkLinks/l", {"properties": {"virtualNetwork": {"id": VNET}}}, api=API)
        [found] = cloud.intents(f"{RS}/virtualNetworkLinks/l")
        assert isinstance(found, Forwarding)
        assert found.domain == "corp.example" and found.targets == (("10.0.0.9", 53), ("10.0.0.10", 53))
        assert found.number == cloud.row(OUT).facts["number"]
        assert (await cloud.ask("POST", f"{VNET}/listDnsResolvers", api=API)).body == {"value": [{"id": R}]}
        link = {"virtualNetworkLink": {"id": f"{RS}/virtualNetworkLinks/l"}}
        listed = (await cloud.ask("POST", f"{VNET}/listDnsForwardingRulesets", api=API)).body
        assert listed == {"value": [{"id": RS, "properties": link}]}

    run(story())


def test_what_is_in_use_stays():
    async def story():
        cloud = await made("all")
        await cloud.put(f"{RS}/virtualNetworkLinks/l", {"properties": {"virtualNetwork": {"id": VNET}}}, api=API)
        for id, words in ((R, "in"), (OUT, "rs"), (RS, "l"), (f"{VNET}/subnets/in", "inboundEndpoints/in")):
            refused = await cloud.ask("DELETE", id, api=API)
            assert refused.status in (400, 409) and words in refused.message, refused

    run(story())


@pytest.mark.parametrize(
    ("id", "wanted", "code", "words"),
    [
        (f"{NET}/dnsResolvers/other", body(virtualNetwork={"id": VNET}), "Conflict", "may have one"),
        (f"{NET}/dnsResolvers/other", body(virtualNetwork={"id": f"{VNET}x"}), "InvalidResourceReference", "was not found"),
        (f"{R}/inboundEndpoints/b", inbound("plain"), "SubnetNotDelegated", "delegation to"),
        (f"{R}/inboundEndpoints/b", inbound("wide"), "InvalidSubnetSize", "/28"),
        (f"{R}/inboundEndpoints/b", inbound("in"), "SubnetInUse", "stands there"),
        (f"{R}/inboundEndpoints/b", body(ipConfigurations=[]), "BadRequest", "exactly one"),
        (f"{R}/outboundEndpoints/b", body(subnet={"id": f"{VNET}/subnets/in"}), "SubnetInUse", "stands there"),
        (f"{NET}/dnsForwardingRulesets/b", body(dnsResolverOutboundEndpoints=[]), "BadRequest", "one to 2"),
        (f"{RS}/forwardingRules/b", rule("corp.example", "10.0.0.9"), "BadRequest", "final dot"),
        (f"{RS}/forwardingRules/b", rule("azure.com.", "10.0.0.9"), "BadRequest", "reserved"),
        (f"{RS}/forwardingRules/b", rule("corp.example."), "BadRequest", "one to 6"),
        (f"{RS}/forwardingRules/b", rule("corp.example.", "168.63.129.16"), "BadRequest", "cannot be a target"),
        (f"{RS}/forwardingRules/b", rule("corp.example.", "x"), "BadRequest", "no IPv4 address"),
        (f"{RS}/forwardingRules/b", rule("first.example.", "10.0.0.9"), "Conflict", "rule 'first'"),
        (f"{RS}/virtualNetworkLinks/b", {"properties": {"virtualNetwork": {"id": VNET}}}, "Conflict", "already"),
    ],
)
def test_refusals(id, wanted, code, words):
    async def story():
        cloud = await made("all")
        await cloud.put(f"{RS}/forwardingRules/first", rule("first.example.", "10.0.0.9"), api=API)
        await cloud.put(f"{RS}/virtualNetworkLinks/l", {"properties": {"virtualNetwork": {"id": VNET}}}, api=API)
        refused = await cloud.ask("PUT", id, wanted, api=API)
        assert refused.status in (400, 409) and code in refused.codes and words in str(refused.body), refused

    run(story())
