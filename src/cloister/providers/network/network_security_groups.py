"""Microsoft.Network/networkSecurityGroups: rules for subnets and interfaces, obeyed by every packet of their machines.

Source: learn.microsoft.com/azure/virtual-network/network-security-groups-overview (default rules).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.net.intent import Filter, Rule
from cloister.providers.network import addresses, security_rules, subnets
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/networkSecurityGroups"

DEFAULT_RULES = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)
"""Name, priority, direction, access, source, destination of the rules that every group ends with."""


def default_rules(row: Row) -> list[dict[str, Any]]:
    """``properties.defaultSecurityRules``."""
    return [
        {
            "name": name,
            "id": f"{row.id}/defaultSecurityRules/{name}",
            "type": f"{NAME}/defaultSecurityRules",
            "properties": {
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "access": access,
                "priority": priority,
                "direction": direction,
                "provisioningState": "Succeeded",
            },
        }
        for name, priority, direction, access, source, destination in DEFAULT_RULES
    ]


def settle(change: Change, view: View) -> Row:
    """Its guid, for life."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("guid", view.new_id(f"{change.row.id} resourceGuid {view.now}"))
    return change.row.with_facts(**facts)


def realize(row: Row, view: View) -> Iterator[Filter]:
    """Its rules and the six default ones, in the networks where a subnet or an interface names it."""
    networks = sorted(set(_networks(row, view)))
    if not networks:
        return
    rules = [security_rules.rule(child) for child in view.children(row.id, security_rules.NAME)]
    for name, priority, direction, access, source, destination in DEFAULT_RULES:
        rules.append(
            Rule(
                because=f"{row.id}/defaultSecurityRules/{name}",
                priority=priority,
                inbound=direction == "Inbound",
                allow=access == "Allow",
                sources=(source,),
                destinations=(destination,),
            )
        )
    ordered = tuple(sorted(rules, key=lambda r: (r.inbound, r.priority)))
    yield Filter(owner=row.id, networks=tuple(networks), rules=ordered, flush=row.properties.get("flushConnection") is True)


def _networks(row: Row, view: View) -> Iterator[str]:
    """The networks of the subnets and interfaces that name the group, in lower case."""
    for user in view.referring(row.id, subnets.NAME):
        if addresses.filter_of(user).lower() == row.id.lower():
            yield user.id.lower().rsplit("/subnets/", 1)[0]
    for user in view.referring(row.id, addresses.INTERFACES):
        if addresses.filter_of(user).lower() == row.id.lower():
            for item in user.properties.get("ipConfigurations") or ():
                subnet = ((item.get("properties") or {}).get("subnet") or {}).get("id") or ""
                yield subnet.lower().rsplit("/subnets/", 1)[0]


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The default rules, and where the group applies."""
    out: dict[str, Any] = {"resourceGuid": row.facts.get("guid", ""), "defaultSecurityRules": default_rules(row)}
    for name, kind in (("subnets", subnets.NAME), ("networkInterfaces", addresses.INTERFACES)):
        found = [{"id": user.id} for user in view.referring(row.id, kind)]
        if found:
            out[name] = found
    return out


def blockers(row: Row, view: View) -> Iterator[str]:
    """Subnets and interfaces that it applies to."""
    for kind in (subnets.NAME, addresses.INTERFACES):
        for user in view.referring(row.id, kind):
            yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("with flushConnection a change of rules ends what they no longer allow; else what is open goes on"),
    properties=obj(
        securityRules=array(anything()),
        flushConnection=boolean(),
        defaultSecurityRules=array(anything(), read_only=True),
        subnets=array(anything(), read_only=True),
        networkInterfaces=array(anything(), read_only=True),
        flowLogs=array(anything(), read_only=True),
        resourceGuid=string(read_only=True),
        provisioningState=string(read_only=True),
    ),
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
    inline={"securityRules": "securityRules"},
    in_use_code="InUseNetworkSecurityGroupCannotBeDeleted",
)
