"""Microsoft.Network/dnsResolvers/outboundEndpoints: the place in a network from which forwarding rules ask others.

Source: learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets, dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import obj, ref, string
from cloister.net.intent import Interface
from cloister.providers.dnsresolver import resolvers
from cloister.providers.dnsresolver.versions import API_VERSIONS
from cloister.providers.network import subnets

NAME = resolvers.OUTBOUND
RULESETS = "Microsoft.Network/dnsForwardingRulesets"

PROPERTIES = obj(
    subnet=ref(subnets.NAME, required=True, create_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def _subnet(row: Row) -> str:
    return (row.properties.get("subnet") or {}).get("id") or ""


def check(change: Change, view: View) -> Iterator[Problem]:
    """A subnet of its own."""
    if change.written is not None:
        yield from resolvers.endpoint_problems(change, view, _subnet(change.row), "properties.subnet.id")


def settle(change: Change, view: View) -> Row:
    """Its number and address."""
    return resolvers.settled_endpoint(change, view, _subnet(change.row))


def network_of(row: Row, view: View) -> Row | None:
    """The network that it asks from."""
    resolver = resolvers.resolver_of(row, view)
    return resolvers.network_of(resolver, view) if resolver is not None else None


def realize(row: Row, view: View) -> Iterator[Interface]:
    """A NIC in the subnet."""
    network, subnet = network_of(row, view), view.get(_subnet(row))
    if network is not None and subnet is not None:
        number, address = row.facts["number"], row.facts["address"]
        yield Interface(owner=row.id, network=network.id, subnet=subnet.id, number=number, address=address)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The guid."""
    return {"resourceGuid": row.facts.get("guid", "")}


def blockers(row: Row, view: View) -> Iterator[str]:
    """The rulesets that ask from here."""
    for ruleset in view.referring(row.id, RULESETS):
        yield ruleset.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=enforced(),
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
)
