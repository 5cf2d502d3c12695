"""Microsoft.Network/privateLinkServices: one's own service, offered to endpoints. Validated; packets reach it later.

Source: learn.microsoft.com/azure/private-link/private-link-service-overview; privateLinkService.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, PrivateLinkGroup, ResourceType, Row, View
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.net.intent import LinkedName
from cloister.net.plan import normal_region
from cloister.providers import private_link
from cloister.providers.network import addresses, subnets
from cloister.providers.network.versions import API_VERSIONS

NAME = addresses.LINK_SERVICES

PROPERTIES = obj(
    loadBalancerFrontendIpConfigurations=array(anything()),
    destinationIPAddress=string(),
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
                primary=boolean(),
                provisioningState=string(read_only=True),
            ),
        ),
        default=[],
    ),
    visibility=obj(subscriptions=array(string(), default=[])),
    autoApproval=obj(subscriptions=array(string(), default=[])),
    fqdns=array(string(), default=[]),
    enableProxyProtocol=boolean(default=False),
    accessMode=string("Default", "Restricted"),
    alias=string(read_only=True),
    networkInterfaces=array(anything(), read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def no_names(row: Row) -> tuple[LinkedName, ...]:
    """A private link service has no public name; its consumers choose their own."""
    return ()


GROUP = PrivateLinkGroup(id="", zones=(), members=("default",), names=no_names)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Its source addresses lie in subnets of its region that let it be there."""
    row = change.row
    if change.written is None:
        return
    items = row.properties.get("ipConfigurations") or ()
    if not items:
        yield Problem(
            "PrivateLinkServiceMustHaveIpConfiguration",
            "properties.ipConfigurations",
            f"cannot make private link service '{row.name}' without an IP configuration; give one with a subnet.",
        )
    for n, item in enumerate(items):
        inner = item.get("properties") or {}
        at = f"properties.ipConfigurations[{n}].properties"
        text = (inner.get("subnet") or {}).get("id") or ""
        subnet = view.get(text)
        if subnet is None:
            yield Problem(
                "InvalidResourceReference",
                f"{at}.subnet.id",
                f"cannot place private link service '{row.name}' in subnet '{text}': it was not found; make it first.",
            )
            continue
        if subnet.properties.get("privateLinkServiceNetworkPolicies") != "Disabled":
            yield Problem(
                "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
                f"{at}.subnet.id",
                f"cannot place private link service '{row.name}' in subnet '{subnet.name}': the subnet has private link "
                "service network policies enabled; set its privateLinkServiceNetworkPolicies to Disabled.",
            )
        if inner.get("privateIPAllocationMethod") == "Static":
            problem = addresses.wish_problem(inner.get("privateIPAddress") or "", subnet, view, row.id, f"{at}.privateIPAddress")
            if problem:
                yield problem


def settle(change: Change, view: View) -> Row:
    """Its alias, and an address for each configuration."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    facts.setdefault("guid", view.new_id(f"{row.id} resourceGuid {view.now}"))
    before, homes = facts.get("addresses") or {}, facts.get("subnets") or {}
    now: dict[str, str] = {}
    places: dict[str, str] = {}
    for n, item in enumerate(row.properties.get("ipConfigurations") or ()):
        name, inner = item.get("name") or f"ipconfig{n + 1}", item.get("properties") or {}
        home = (inner.get("subnet") or {}).get("id") or ""
        subnet = view.get(home)
        places[name] = home
        if inner.get("privateIPAllocationMethod") == "Static":
            now[name] = inner.get("privateIPAddress") or ""
        elif name in before and key(homes.get(name, "")) == key(home):
            now[name] = before[name]
        elif subnet is not None:
            now = addresses.choose(subnet, view, row.id, [name], now)
    return row.with_facts(**{**facts, "addresses": now, "subnets": places})


def alias(row: Row) -> str:
    """The name that consumers without the id connect by."""
    return f"{row.name}.{row.facts['guid']}.{normal_region(row.body.get('location') or '')}.azure.privatelinkservice"


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The alias, the addresses, the connections."""
    given = row.facts.get("addresses") or {}
    shown = []
    for n, item in enumerate(row.properties.get("ipConfigurations") or ()):
        name = item.get("name") or f"ipconfig{n + 1}"
        inner = {**(item.get("properties") or {}), "privateIPAddress": given.get(name), "provisioningState": "Succeeded"}
        shown.append({**item, "name": name, "id": f"{row.id}/ipConfigurations/{name}", "properties": inner})
    return {
        "alias": alias(row),
        "ipConfigurations": shown,
        "networkInterfaces": [],
        "privateEndpointConnections": private_link.shown_connections(row, view),
    }


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    check=check,
    settle=settle,
    show=show,
    private_link=(GROUP,),
)
CONNECTIONS = private_link.child_types(NAME, API_VERSIONS)[0]
