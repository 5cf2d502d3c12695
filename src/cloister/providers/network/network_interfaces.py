"""Microsoft.Network/networkInterfaces: addresses in a subnet. Those of private endpoints are derived and read-only.

Source: learn.microsoft.com/azure/virtual-network/virtual-network-network-interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.net.intent import Host, Interface
from cloister.net.names import INTERNAL
from cloister.net.plan import normal_region
from cloister.providers.network import (
    addresses,
    application_group_members,
    associations,
    delegations,
    effective_routes,
    effective_rules,
    prefixes,
    special_subnets,
    subnets,
)
from cloister.providers.network.public_sides import public_address_problems
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.privatedns import registration

NAME = addresses.INTERFACES

PROPERTIES = obj(
    ipConfigurations=array(
        obj(
            id=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            etag=string(read_only=True),
            properties=obj(
                subnet=ref(subnets.NAME),
                privateIPAddress=string(overridable=True),
                privateIPAllocationMethod=string("Dynamic", "Static", default="Dynamic"),
                privateIPAddressVersion=string("IPv4", "IPv6", default="IPv4"),
                publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
                primary=boolean(),
                applicationSecurityGroups=array(anything()),
                privateIPAddressPrefixLength=anything(),
                gatewayLoadBalancer=anything(),
                virtualNetworkTaps=array(anything()),
                applicationGatewayBackendAddressPools=array(anything()),
                loadBalancerBackendAddressPools=array(anything()),
                loadBalancerInboundNatRules=array(anything()),
                privateLinkConnectionProperties=anything(read_only=True),
                provisioningState=string(read_only=True),
            ),
        ),
        required=True,
    ),
    networkSecurityGroup=ref("Microsoft.Network/networkSecurityGroups"),
    dnsSettings=obj(
        dnsServers=array(string()),
        internalDnsNameLabel=string(),
        appliedDnsServers=anything(read_only=True),
        internalFqdn=string(read_only=True),
        internalDomainNameSuffix=string(read_only=True),
    ),
    enableAcceleratedNetworking=boolean(default=False),
    enableIPForwarding=boolean(default=False),
    disableTcpStateTracking=boolean(),
    nicType=string("Standard", "Elastic"),
    auxiliaryMode=string(),
    auxiliarySku=string(),
    workloadType=string(),
    privateLinkService=anything(),
    migrationPhase=string(),
    tapConfigurations=array(anything(), read_only=True),
    hostedWorkloads=array(string(), read_only=True),
    dscpConfiguration=anything(read_only=True),
    primary=boolean(read_only=True),
    vnetEncryptionSupported=boolean(read_only=True),
    defaultOutboundConnectivityEnabled=boolean(read_only=True),
    privateEndpoint=anything(read_only=True),
    virtualMachine=anything(read_only=True),
    macAddress=string(read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def configurations(row: Row) -> list[tuple[str, dict[str, Any]]]:
    """``(name, properties)`` of each IP configuration."""
    items = row.properties.get("ipConfigurations") or ()
    return [(item.get("name") or f"ipconfig{n + 1}", item.get("properties") or {}) for n, item in enumerate(items)]


def subnet_id(configuration: dict[str, Any]) -> str:
    """The subnet of one IP configuration."""
    return (configuration.get("subnet") or {}).get("id") or ""


def first(row: Row) -> tuple[str, str]:
    """``(subnet id, address)`` of the primary IP configuration: the one marked so, else the first."""
    found = configurations(row)
    name, properties = next((one for one in found if one[1].get("primary")), found[0]) if found else ("", {})
    return subnet_id(properties), str((row.facts.get("addresses") or {}).get(name) or "")


def groups(row: Row) -> tuple[str, ...]:
    """The application security groups of all its IP configurations."""
    return tuple(sorted({id for _, properties in configurations(row) for id in addresses.groups_of(properties)}))


def dns_servers(row: Row) -> tuple[str, ...]:
    """Its own name servers, which stand before the network's."""
    found = (row.properties.get("dnsSettings") or {}).get("dnsServers") or ()
    return tuple(text for text in found if prefixes.address(text) is not None)


def realize(row: Row, view: View) -> Iterator[Interface | Host]:
    """Its addresses and groups, and its machine's name; packets come with a machine that runs on it."""
    if row.owner:
        return  # an endpoint's: the endpoint itself is the intent
    for name, properties in configurations(row):
        subnet = view.get(subnet_id(properties))
        address = (row.facts.get("addresses") or {}).get(name)
        if subnet is not None and address:
            yield Interface(
                owner=row.id,
                network=subnet.id.rsplit("/subnets/", 1)[0],
                subnet=subnet.id,
                number=0,
                address=address,
                filter=addresses.filter_of(row),
                groups=addresses.groups_of(properties),
            )
    yield from registration.internal(row, view)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The subnets exist in this region, and static addresses are free."""
    row = change.row
    if change.written is None:
        return
    found = configurations(row)
    if not found:
        yield Problem(
            "NetworkInterfaceMustHaveIpConfiguration",
            "properties.ipConfigurations",
            f"cannot make network interface '{row.name}' without an IP configuration; give one with a subnet.",
        )
    who, location = f"network interface '{row.name}'", row.body.get("location") or ""
    homes = {key(subnet_id(inner)) for _, inner in configurations(change.old)} if change.old else set()
    group = addresses.filter_of(row)
    yield from associations.problems(
        who, "properties.networkSecurityGroup.id", [group] if group else [], associations.GROUPS, location, view
    )
    for n, (_, properties) in enumerate(found):
        at = f"properties.ipConfigurations[{n}].properties"
        named = addresses.groups_of(properties)
        at_groups = f"{at}.applicationSecurityGroups"
        yield from associations.problems(who, at_groups, named, associations.APPLICATION_GROUPS, location, view)
        yield from public_address_problems(row, properties, f"{at}.publicIPAddress.id", view)
        text = subnet_id(properties)
        subnet = view.get(text) if text else None
        if not row.owner:
            who_there = f"{who} of '{text.rsplit('/subnets/', 1)[0].rsplit('/', 1)[-1]}'"
            yield from application_group_members.joining_problems(row, who_there, text, named, at_groups, view)
        if subnet is None:
            yield Problem(
                "InvalidResourceReference",
                f"{at}.subnet.id",
                f"cannot place network interface '{row.name}' in subnet '{text}': it was not found; make it first.",
            )
            continue
        vnet = view.get(subnet.id.rsplit("/subnets/", 1)[0])
        here, there = (normal_region(r.body.get("location") or "") if r else "" for r in (row, vnet))
        if here != there:
            yield Problem(
                "InvalidResourceReference",
                f"{at}.subnet.id",
                f"cannot place network interface '{row.name}' of region '{here}' in a network of region '{there}': "
                f"both must be in one region; make the interface in '{there}'.",
            )
        yield from special_subnets.standing_problems(subnet, f"network interface '{row.name}'", f"{at}.subnet.id")
        if not row.owner and key(text) not in homes:
            yield from delegations.standing_problems(subnet, f"network interface '{row.name}'", f"{at}.subnet.id")
        if properties.get("privateIPAllocationMethod") == "Static":
            wish = properties.get("privateIPAddress") or ""
            problem = addresses.wish_problem(wish, subnet, view, row.id, f"{at}.privateIPAddress")
            if problem:
                yield problem


def settle(change: Change, view: View) -> Row:
    """An address for each configuration: the static one, the one it had, or the first free one."""
    row = change.row
    if row.owner:
        return row  # an endpoint's interface repeats the endpoint's addresses
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    facts.setdefault("guid", view.new_id(f"{row.id} resourceGuid {view.now}"))
    before: dict[str, str] = facts.get("addresses") or {}
    homes: dict[str, str] = facts.get("subnets") or {}
    now: dict[str, str] = {}
    for name, properties in configurations(row):
        home = subnet_id(properties)
        subnet = view.get(home)
        if properties.get("privateIPAllocationMethod") == "Static":
            now[name] = properties.get("privateIPAddress") or ""
        elif name in before and key(homes.get(name, "")) == key(home):
            now[name] = before[name]
        elif subnet is not None:
            now = addresses.choose(subnet, view, row.id, [name], now)
    facts["addresses"] = now
    facts["subnets"] = {name: subnet_id(properties) for name, properties in configurations(row)}
    return row.with_facts(**facts)


def show(row: Row, view: View, api_version: str) -> dict:
    """Each configuration with its address and id."""
    given = row.facts.get("addresses") or {}
    shown = []
    for n, (item, (name, properties)) in enumerate(
        zip(row.properties.get("ipConfigurations") or (), configurations(row), strict=True)
    ):
        address = given.get(name) or properties.get("privateIPAddress")
        inner = {"primary": n == 0, **properties, "privateIPAddress": address, "provisioningState": "Succeeded"}
        kind = f"{NAME}/ipConfigurations"
        shown.append({**item, "name": name, "id": f"{row.id}/ipConfigurations/{name}", "type": kind, "properties": inner})
    out: dict = {"ipConfigurations": shown, "hostedWorkloads": [], "vnetEncryptionSupported": False}
    if row.facts.get("guid"):
        out["resourceGuid"] = row.facts["guid"]
    names = {"dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": INTERNAL}
    out["dnsSettings"] = {**names, **(row.properties.get("dnsSettings") or {})}
    return out


def blockers(row: Row, view: View) -> Iterator[str]:
    """A machine that uses the interface."""
    for user in view.referring(row.id):
        if user.type.lower().startswith("microsoft.compute/") or user.type.lower() == addresses.MACHINES.lower():
            yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("IPv4 only"),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
    wakes=registration.wakes,
    actions={"effectiveNetworkSecurityGroups": effective_rules.ACTION, "effectiveRouteTable": effective_routes.ACTION},
    in_use_code="NicInUse",
)
