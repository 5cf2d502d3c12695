"""Microsoft.Network/dnsResolvers/inboundEndpoints: an address where anyone who reaches it asks what the network sees.

Source: learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets, dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, listening
from cloister.arm.schema import array, obj, ref, string
from cloister.net.intent import Interface, ResolverDoor
from cloister.providers.dnsresolver import resolvers
from cloister.providers.dnsresolver.versions import API_VERSIONS
from cloister.providers.network import addresses, subnets

NAME = resolvers.INBOUND

PROPERTIES = obj(
    ipConfigurations=array(
        obj(
            subnet=ref(subnets.NAME, required=True),
            privateIpAddress=string(overridable=True),
            privateIpAllocationMethod=string("Dynamic", "Static", default="Dynamic"),
        ),
        required=True,
    ),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def _configuration(row: Row) -> dict[str, Any]:
    return next(iter(row.properties.get("ipConfigurations") or ()), {})


def _subnet(row: Row) -> str:
    return (_configuration(row).get("subnet") or {}).get("id") or ""


def _wish(row: Row) -> str:
    found = _configuration(row)
    return (found.get("privateIpAddress") or "") if found.get("privateIpAllocationMethod") == "Static" else ""


def check(change: Change, view: View) -> Iterator[Problem]:
    """One configuration, in a subnet of its own; a static address is free."""
    row, at = change.row, "properties.ipConfigurations"
    if change.written is None:
        return
    count = len(row.properties.get("ipConfigurations") or ())
    if count != 1:
        yield Problem("BadRequest", at, f"cannot make endpoint '{row.name}' with {count} IP configurations; give exactly one.")
        return
    old = change.old
    if old is not None and (key(_subnet(old)) != key(_subnet(row)) or _wish(row) not in ("", old.facts.get("address"))):
        text = f"cannot move endpoint '{row.name}': its subnet and address are fixed at creation; delete it and make it anew."
        yield Problem("PropertyChangeNotAllowed", at, text, 409)
        return
    yield from resolvers.endpoint_problems(change, view, _subnet(row), f"{at}[0].subnet.id")
    subnet = view.get(_subnet(row))
    if _configuration(row).get("privateIpAllocationMethod") == "Static" and subnet is not None:
        problem = addresses.wish_problem(_wish(row), subnet, view, row.id, f"{at}[0].privateIpAddress")
        if problem:
            yield problem


def settle(change: Change, view: View) -> Row:
    """Its number and address."""
    return resolvers.settled_endpoint(change, view, _subnet(change.row), _wish(change.row))


def realize(row: Row, view: View) -> Iterator[Interface | ResolverDoor]:
    """A NIC in the subnet, and the resolver's answers at its address."""
    resolver = resolvers.resolver_of(row, view)
    network = resolvers.network_of(resolver, view) if resolver is not None else None
    subnet = view.get(_subnet(row))
    if network is None or subnet is None:
        return
    number, address = row.facts["number"], row.facts["address"]
    yield Interface(owner=row.id, network=network.id, subnet=subnet.id, number=number, address=address)
    yield ResolverDoor(owner=row.id, network=network.id, network_number=network.facts["number"], number=number, address=address)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The address."""
    shown = {"privateIpAllocationMethod": "Dynamic", **_configuration(row), "privateIpAddress": row.facts.get("address")}
    return {"resourceGuid": row.facts.get("guid", ""), "ipConfigurations": [shown]}


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=listening(),
    check=check,
    settle=settle,
    realize=realize,
    show=show,
)
