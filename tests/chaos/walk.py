"""A random walk of ARM requests over a few names, so that they meet: what exists is changed, used, and taken away again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

from tests.chaos.cloud import Chaos
from tests.providers.small_cloud import NET, RG, endpoint

ML = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces"
MACHINES = f"{RG}/providers/Cloister.Fabric/machines"
ZONE = f"{NET}/privateDnsZones/privatelink.api.azureml.ms"
PREFIXES = {"a": "10.1", "b": "10.2", "c": "10.1", "d": "10.4"}  # c overlaps with a; a is the hub of b and d
GROUPS = {"b": "x", "d": "y"}  # of the spokes, in ``zone``
APPLIANCES = {"f0": ("a", "10.1.0.9"), "f1": ("b", "10.2.0.9")}
PLACES = ("*", "VirtualNetwork", "Internet", "10.1.0.0/24", "10.2.0.0/16", "10.4.0.0/16", "10.1.1.4", "Storage")
TARGETS = ("ws1", "ws2")
GATEWAY, ADDRESS = f"{NET}/natGateways/gw", f"{NET}/publicIPAddresses/gw"
FABRIC_API = "2026-01-01"


def _vnet(name: str) -> str:
    return f"{NET}/virtualNetworks/{name}"


def _rule(rng: random.Random, number: int) -> dict[str, Any]:
    properties = {
        "priority": 100 + number,
        "direction": rng.choice(["Inbound", "Outbound"]),
        "access": rng.choice(["Allow", "Deny"]),
        "protocol": rng.choice(["*", "Tcp", "Udp"]),
        "sourcePortRange": "*",
        "destinationPortRange": rng.choice(["*", "443", "1-100"]),
        "sourceAddressPrefix": rng.choice(PLACES),
        "destinationAddressPrefix": rng.choice(PLACES),
    }
    return {"name": f"r{number}", "properties": properties}


def _subnet(cloud: Chaos, network: str, place: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "addressPrefix": f"{PREFIXES[network]}.{place}.0/24",
        "defaultOutboundAccess": cloud.rng.random() < 0.7,
        "privateEndpointNetworkPolicies": cloud.rng.choice(["Disabled", "Enabled"]),
    }
    if cloud.rng.random() < 0.6:
        properties["networkSecurityGroup"] = {"id": f"{NET}/networkSecurityGroups/{cloud.rng.choice('xy')}"}
    if cloud.rng.random() < 0.5:
        properties["routeTable"] = {"id": f"{NET}/routeTables/{cloud.rng.choice('tu')}"}
    if network == "a" and cloud.rng.random() < 0.3:
        properties["natGateway"] = {"id": GATEWAY}
    return {"properties": properties}


async def put_network(cloud: Chaos, name: str = "") -> None:
    """A network with one or two subnets."""
    name = name or cloud.rng.choice("aabbcdd")
    subnets = [{"name": f"s{place}", **_subnet(cloud, name, place)} for place in range(cloud.rng.choice([1, 2, 2]))]
    space = {"addressPrefixes": [f"{PREFIXES[name]}.0.0/16"]}
    await cloud.ask("PUT", _vnet(name), {"location": "eastus2", "properties": {"addressSpace": space, "subnets": subnets}})


async def put_subnet(cloud: Chaos) -> None:
    """Another group, other policies, other outbound access."""
    name, place = cloud.rng.choice("aabbcdd"), cloud.rng.randrange(2)
    await cloud.ask("PUT", f"{_vnet(name)}/subnets/s{place}", _subnet(cloud, name, place))


async def put_group(cloud: Chaos, name: str = "") -> None:
    """A network security group with up to four rules."""
    rules = [_rule(cloud.rng, number) for number in range(cloud.rng.randrange(5))]
    id = f"{NET}/networkSecurityGroups/{name or cloud.rng.choice('xy')}"
    await cloud.ask("PUT", id, {"location": "eastus2", "properties": {"securityRules": rules}})


async def put_peering(cloud: Chaos) -> None:
    """One half."""
    one, other = cloud.rng.sample("abcd", 2)
    properties = {
        "remoteVirtualNetwork": {"id": _vnet(other)},
        "allowVirtualNetworkAccess": cloud.rng.random() < 0.8,
        "allowForwardedTraffic": cloud.rng.random() < 0.5,
    }
    await cloud.ask("PUT", f"{_vnet(one)}/virtualNetworkPeerings/to-{other}", {"properties": properties})


async def peer(cloud: Chaos) -> None:
    """Both halves of two that can, or other words in one of them."""
    hub, spoke = cloud.rng.choice(["ab", "ad", "ad"])
    for one, other in ((hub, spoke), (spoke, hub)):
        forwarded = cloud.rng.random() < 0.7
        body = {"properties": {"remoteVirtualNetwork": {"id": _vnet(other)}, "allowForwardedTraffic": forwarded}}
        await cloud.ask("PUT", f"{_vnet(one)}/virtualNetworkPeerings/to-{other}", body)


async def put_table(cloud: Chaos, name: str = "") -> None:
    """A route table: by an appliance here or in the hub, most of the time."""
    wanted = ("10.1.0.0/16", "10.2.0.0/16", "10.4.0.0/16", "10.2.0.0/24", "10.1.0.5/32", "10.4.0.4/32", "0.0.0.0/0")
    routes = []
    for prefix in cloud.rng.sample(wanted, cloud.rng.randrange(4)):
        hop = cloud.rng.choice(["VirtualAppliance", "VirtualAppliance", "VirtualAppliance", "None", "VnetLocal", "Internet"])
        properties = {"addressPrefix": prefix, "nextHopType": hop}
        if hop == "VirtualAppliance":
            properties["nextHopIpAddress"] = cloud.rng.choice([address for _, address in APPLIANCES.values()])
        routes.append({"name": prefix.replace("/", "-"), "properties": properties})
    id = f"{NET}/routeTables/{name or cloud.rng.choice('tu')}"
    await cloud.ask("PUT", id, {"location": "eastus2", "properties": {"routes": routes}})


async def zone(cloud: Chaos) -> None:
    """A hub with its firewall, and two spokes that reach each other by it."""
    hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": APPLIANCES["f0"][1]}
    routes = [{"name": name, "properties": {"addressPrefix": f"{name}.0.0/16", **hop}} for name in ("10.2", "10.4")]
    await cloud.ask("PUT", f"{NET}/routeTables/t", {"location": "eastus2", "properties": {"routes": routes}})
    for name, place in (("a", 0), ("a", 1), ("b", 1), ("d", 1)):
        plain = {"properties": {"addressPrefix": f"{PREFIXES[name]}.{place}.0/24"}}
        await cloud.ask("PUT", f"{_vnet(name)}/subnets/s{place}", plain)
    for spoke in "bd":
        await put_rules(cloud, GROUPS[spoke], True)
        for one, other in (("a", spoke), (spoke, "a")):
            body = {"properties": {"remoteVirtualNetwork": {"id": _vnet(other)}, "allowForwardedTraffic": True}}
            await cloud.ask("PUT", f"{_vnet(one)}/virtualNetworkPeerings/to-{other}", body)
        named = {
            "networkSecurityGroup": {"id": f"{NET}/networkSecurityGroups/{GROUPS[spoke]}"},
            "routeTable": {"id": f"{NET}/routeTables/t"},
        }
        await cloud.ask(
            "PUT", f"{_vnet(spoke)}/subnets/s0", {"properties": {"addressPrefix": f"{PREFIXES[spoke]}.0.0/24", **named}}
        )
        place = {"properties": {"place": f"{_vnet(spoke)}/subnets/s0"}}
        await cloud.ask("PUT", f"{MACHINES}/m{'bd'.index(spoke)}", place, FABRIC_API)
    place = {"place": f"{_vnet('a')}/subnets/s0", "address": APPLIANCES["f0"][1], "enableIPForwarding": True}
    await cloud.ask("PUT", f"{MACHINES}/f0", {"properties": place}, FABRIC_API)


async def turn(cloud: Chaos, spoke: str = "", opens: bool | None = None) -> None:
    """In one moment a spoke's rules open and its peering shuts, or the other way."""
    spoke = spoke or cloud.rng.choice("bd")
    opens = cloud.rng.random() < 0.5 if opens is None else opens
    half = {"remoteVirtualNetwork": {"id": _vnet("a")}, "allowForwardedTraffic": not opens}
    async with cloud.together():
        if not opens:
            await put_rules(cloud, GROUPS[spoke], opens)
        await cloud.ask("PUT", f"{_vnet(spoke)}/virtualNetworkPeerings/to-a", {"properties": half})
        if opens:  # so that no revision has both open
            await put_rules(cloud, GROUPS[spoke], opens)


async def put_rules(cloud: Chaos, name: str, opens: bool) -> None:
    """A group that lets everything through, or nothing."""
    words = {"access": "Allow" if opens else "Deny", "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
    words |= {"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "priority": 100}
    rules = [{"name": way, "properties": {**words, "direction": way}} for way in ("Inbound", "Outbound")]
    id = f"{NET}/networkSecurityGroups/{name}"
    await cloud.ask("PUT", id, {"location": "eastus2", "properties": {"securityRules": rules}})


async def put_gateway(cloud: Chaos) -> None:
    """A NAT gateway with its address, or two."""
    body = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    found = [ADDRESS, f"{ADDRESS}2"][: cloud.rng.choice([1, 2])]
    for id in found:
        await cloud.ask("PUT", id, body)
    properties = {"publicIpAddresses": [{"id": id} for id in found]}
    body = {"location": "eastus2", "sku": {"name": "Standard"}, "properties": properties}
    await cloud.ask("PUT", GATEWAY, body)


async def put_appliance(cloud: Chaos) -> None:
    """A machine that forwards, most of the time, where routes look for it."""
    name = cloud.rng.choice(["f0", "f0", "f1"])
    network, address = APPLIANCES[name]
    properties = {"place": f"{_vnet(network)}/subnets/s0", "address": address, "enableIPForwarding": cloud.rng.random() < 0.8}
    await cloud.ask("PUT", f"{MACHINES}/{name}", {"properties": properties}, FABRIC_API)


async def put_endpoint(cloud: Chaos) -> None:
    """An endpoint to one of two workspaces, approved at once or waiting."""
    subnet = f"{_vnet(cloud.rng.choice('aabbcdd'))}/subnets/s{cloud.rng.randrange(2)}"
    target = f"{ML}/{cloud.rng.choice(TARGETS)}"
    id = f"{NET}/privateEndpoints/e{cloud.rng.randrange(4)}"
    await cloud.ask("PUT", id, endpoint(subnet, target, manual=cloud.rng.random() < 0.3))


async def put_workspace(cloud: Chaos, name: str = "") -> None:
    """A workspace, open or not."""
    body = {
        "location": "eastus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {"publicNetworkAccess": cloud.rng.choice(["Enabled", "Disabled"])},
    }
    await cloud.ask("PUT", f"{ML}/{name or cloud.rng.choice(TARGETS)}", body)


async def decide(cloud: Chaos) -> None:
    """Approve, reject, or delete a connection."""
    kind = "microsoft.machinelearningservices/workspaces/privateendpointconnections"
    found = [row.id for row in cloud.engine.index.rows.values() if row.type.lower() == kind]
    if not found:
        return
    id, what = cloud.rng.choice(sorted(found)), cloud.rng.choice(["Approved", "Rejected", "Approved", "Rejected", ""])
    if what:
        state = {"status": what, "description": "by chance"}
        await cloud.ask("PUT", id, {"properties": {"privateLinkServiceConnectionState": state}})
    else:
        await cloud.ask("DELETE", id)


async def put_names(cloud: Chaos) -> None:
    """A zone, a link, a group."""
    await cloud.ask("PUT", ZONE, {"location": "global", "properties": {}}, "2020-06-01")
    vnet = cloud.rng.choice("aabbcdd")
    link = {"location": "global", "properties": {"virtualNetwork": {"id": _vnet(vnet)}, "registrationEnabled": False}}
    await cloud.ask("PUT", f"{ZONE}/virtualNetworkLinks/{vnet}", link, "2020-06-01")
    configuration = {"name": "one", "properties": {"privateDnsZoneId": ZONE}}
    group = f"{NET}/privateEndpoints/e{cloud.rng.randrange(4)}/privateDnsZoneGroups/default"
    await cloud.ask("PUT", group, {"properties": {"privateDnsZoneConfigs": [configuration]}})


async def put_machine(cloud: Chaos) -> None:
    """A machine in a subnet, on the internet, or on a network interface."""
    place, id = f"{_vnet(cloud.rng.choice('aabbcdd'))}/subnets/s{cloud.rng.randrange(2)}", f"{MACHINES}/m{cloud.rng.randrange(6)}"
    properties: dict[str, Any] = {"place": place}
    chance = cloud.rng.random()
    if chance < 0.2:
        properties = {"place": "internet"}
    elif chance < 0.6:
        card = cloud.engine.view().get(f"{NET}/networkInterfaces/{cloud.rng.choice('kl')}")
        if card is not None:
            home = card.properties["ipConfigurations"][0]["properties"]["subnet"]["id"]
            properties = {"place": home, "networkInterface": card.id}
    await cloud.ask("PUT", id, {"properties": properties}, FABRIC_API)


async def put_card(cloud: Chaos) -> None:
    """A network interface with one of two public addresses, or none, and perhaps a group."""
    subnet = f"{_vnet(cloud.rng.choice('aabbcdd'))}/subnets/s{cloud.rng.randrange(2)}"
    inner: dict[str, Any] = {"subnet": {"id": subnet}}
    for name, sku in (("p", "Standard"), ("q", "Basic")):
        id = f"{NET}/publicIPAddresses/{name}"
        body = {"location": "eastus2", "sku": {"name": sku}, "properties": {"publicIPAllocationMethod": "Static"}}
        await cloud.ask("PUT", id, body)
        if cloud.rng.random() < 0.4:
            inner["publicIPAddress"] = {"id": id}
    properties: dict[str, Any] = {"ipConfigurations": [{"name": "one", "properties": inner}]}
    if cloud.rng.random() < 0.5:
        properties["networkSecurityGroup"] = {"id": f"{NET}/networkSecurityGroups/{cloud.rng.choice('xy')}"}
    body = {"location": "eastus2", "properties": properties}
    await cloud.ask("PUT", f"{NET}/networkInterfaces/{cloud.rng.choice('kl')}", body)


async def delete(cloud: Chaos) -> None:
    """Anything."""
    parts = (
        f"{MACHINES}/m{cloud.rng.randrange(6)}",
        f"{MACHINES}/m{cloud.rng.randrange(6)}",
        f"{MACHINES}/m{cloud.rng.randrange(6)}",
        f"{NET}/networkInterfaces/{cloud.rng.choice('kl')}",
        f"{NET}/publicIPAddresses/{cloud.rng.choice('pq')}",
        f"{NET}/privateEndpoints/e{cloud.rng.randrange(4)}",
        f"{NET}/privateEndpoints/e{cloud.rng.randrange(4)}",
        f"{MACHINES}/{cloud.rng.choice(sorted(APPLIANCES))}",
        f"{_vnet('a')}/virtualNetworkPeerings/to-{cloud.rng.choice('bd')}",
        f"{_vnet(cloud.rng.choice('bd'))}/virtualNetworkPeerings/to-a",
        f"{NET}/routeTables/{cloud.rng.choice('tu')}/routes/10.4.0.0-16",
        cloud.rng.choice([f"{NET}/routeTables/{cloud.rng.choice('tu')}", GATEWAY, ADDRESS]),
        f"{NET}/networkSecurityGroups/{cloud.rng.choice('xy')}",
        f"{NET}/networkSecurityGroups/{cloud.rng.choice('xy')}/securityRules/r{cloud.rng.randrange(4)}",
        f"{_vnet(cloud.rng.choice('aabbcdd'))}/subnets/s{cloud.rng.randrange(2)}",
        _vnet(cloud.rng.choice("aabbcdd")),
        f"{ML}/{cloud.rng.choice(TARGETS)}",
        f"{ZONE}/virtualNetworkLinks/{cloud.rng.choice('aabbcdd')}",
    )
    id = cloud.rng.choice(parts)
    api = FABRIC_API if id.startswith(MACHINES) else "2020-06-01" if id.startswith(ZONE) else "2024-05-01"
    await cloud.ask("DELETE", id, api=api)


STEPS: tuple[tuple[int, Callable[[Chaos], Awaitable[None]]], ...] = (
    (3, put_network),
    (4, put_subnet),
    (5, put_group),
    (2, put_peering),
    (4, peer),
    (4, put_table),
    (1, put_gateway),
    (1, zone),
    (2, turn),
    (3, put_appliance),
    (6, put_endpoint),
    (2, put_workspace),
    (9, decide),
    (2, put_names),
    (6, put_machine),
    (4, put_card),
    (9, delete),
)


async def grow(cloud: Chaos) -> None:
    """A world to begin with."""
    for name in "xy":
        await put_group(cloud, name)
    for name in "tu":
        await put_table(cloud, name)
    await put_gateway(cloud)
    for name in "abcd":
        await put_network(cloud, name)
    for target in TARGETS:
        await put_workspace(cloud, target)
    for make in (peer, peer, put_card, put_appliance, put_appliance, put_machine, put_machine, put_machine, put_machine):
        await make(cloud)
    for make in (put_endpoint, put_endpoint, put_endpoint, put_endpoint, put_names, decide):
        await make(cloud)


async def walk(cloud: Chaos, steps: int) -> None:
    """So many random requests."""
    weights, kinds = [weight for weight, _ in STEPS], [kind for _, kind in STEPS]
    for kind in cloud.rng.choices(kinds, weights, k=steps):
        await kind(cloud)
