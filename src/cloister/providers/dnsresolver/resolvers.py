"""Microsoft.Network/dnsResolvers: the private resolver of one network; its endpoints do the work.

Source: learn.microsoft.com/azure/dns/dns-private-resolver-overview (restrictions), dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, listening
from cloister.arm.schema import obj, ref, string
from cloister.limits import RESOLVER_ENDPOINTS_MAX
from cloister.net.plan import normal_region
from cloister.providers.dnsresolver.versions import API_VERSIONS
from cloister.providers.network import addresses, subnets, virtual_networks

NAME = "Microsoft.Network/dnsResolvers"
INBOUND, OUTBOUND = f"{NAME}/inboundEndpoints", f"{NAME}/outboundEndpoints"
DELEGATION = NAME
SMALLEST, LARGEST = 28, 24

PROPERTIES = obj(
    virtualNetwork=ref(virtual_networks.NAME, required=True, create_only=True),
    dnsResolverState=string(read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def region(row: Row) -> str:
    """Where a row is."""
    return normal_region(row.body.get("location") or "")


def network_of(resolver: Row, view: View) -> Row | None:
    """The network of a resolver."""
    return view.get((resolver.properties.get("virtualNetwork") or {}).get("id") or "")


def resolver_of(endpoint: Row, view: View) -> Row | None:
    """The resolver that an endpoint belongs to."""
    parent = parse(endpoint.id).parent
    return view.get(parent.text) if parent is not None else None


def check(change: Change, view: View) -> Iterator[Problem]:
    """The network is there, in this region, and has no other resolver."""
    row = change.row
    at, wanted = "properties.virtualNetwork.id", (row.properties.get("virtualNetwork") or {}).get("id") or ""
    network = view.get(wanted)
    if network is None:
        why = f"virtual network '{wanted}' was not found; make it first, or correct the id."
        yield Problem("InvalidResourceReference", at, f"cannot make DNS resolver '{row.name}': {why}")
        return
    if region(network) != region(row):
        why = f"network '{network.name}' is in '{region(network)}', and a resolver is in its network's region; write that."
        yield Problem("InvalidResourceReference", at, f"cannot make DNS resolver '{row.name}' in '{region(row)}': {why}")
    for other in view.referring(network.id, NAME):
        if key(other.id) != key(row.id) and change.old is None:
            why = f"network '{network.name}' has the resolver '{other.id}', and may have one; use that."
            yield Problem("Conflict", at, f"cannot make DNS resolver '{row.name}': {why}", 409)


def settle(change: Change, view: View) -> Row:
    """A guid for life."""
    if change.row.facts.get("guid"):
        return change.row
    return change.row.with_facts(guid=view.new_id(f"{change.row.id} resourceGuid {change.row.created}"))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The guid and the state."""
    return {"resourceGuid": row.facts.get("guid", ""), "dnsResolverState": "Connected"}


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=listening(),
    check=check,
    settle=settle,
    show=show,
    nested=(INBOUND, OUTBOUND),
)


# --- what both kinds of endpoint share


def endpoint_problems(change: Change, view: View, subnet_id: str, at: str) -> Iterator[Problem]:
    """The subnet is the resolver's network's, delegated, of a size that Azure takes, and not shared."""
    row = change.row
    resolver = resolver_of(row, view)
    if resolver is None:
        why = "its DNS resolver does not exist; make it first."
        yield Problem("ParentResourceNotFound", "", f"cannot make endpoint '{row.name}': {why}", 404)
        return
    subnet, network = view.get(subnet_id), network_of(resolver, view)
    lead = f"cannot place endpoint '{row.name}' of DNS resolver '{resolver.name}' in subnet '{subnet_id}'"
    if subnet is None or network is None or subnet.type.lower() != subnets.NAME.lower():
        yield Problem("InvalidResourceReference", at, f"{lead}: it was not found; make it first, or correct the id.")
        return
    if region(row) != region(resolver):
        yield Problem("InvalidResourceReference", "location", f"{lead}: it must be in '{region(resolver)}', as its resolver is.")
    if not key(subnet.id).startswith(key(network.id) + "/"):
        yield Problem("InvalidResourceReference", at, f"{lead}: it is not of the resolver's network '{network.name}'.")
    delegated = {(item.get("properties") or {}).get("serviceName") for item in subnet.properties.get("delegations") or ()}
    if DELEGATION not in delegated:
        why = f"it is not delegated; give it a delegation to '{DELEGATION}'."
        yield Problem("SubnetNotDelegated", at, f"{lead}: {why}")
    for prefix in addresses.subnet_prefixes(subnet):
        if not LARGEST <= prefix.prefixlen <= SMALLEST:
            yield Problem("InvalidSubnetSize", at, f"{lead}: {prefix} is none of /{SMALLEST} to /{LARGEST}; use such a one.")
    for user in addresses.users(subnet.id, view):
        if key(user.id) != key(row.id):
            yield Problem("SubnetInUse", at, f"{lead}: '{user.id}' stands there, and an endpoint stands alone; use a free one.")
            break
    others = [one for one in view.children(resolver.id, row.type) if key(one.id) != key(row.id)]
    if change.old is None and len(others) >= RESOLVER_ENDPOINTS_MAX:
        what = "inbound" if row.type == INBOUND else "outbound"
        why = f"the resolver has {RESOLVER_ENDPOINTS_MAX} {what} endpoints, the limit; delete one."
        yield Problem("BadRequest", "", f"{lead}: {why}")


def settled_endpoint(change: Change, view: View, subnet_id: str, wish: str = "") -> Row:
    """The endpoint's number (its place on the wire), guid and address, for life."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    subnet = view.get(subnet_id)
    if "number" not in facts:
        facts["number"] = view.number("machine")
        facts["guid"] = view.new_id(f"{row.id} resourceGuid {facts['number']}")
    if "address" not in facts and subnet is not None:
        facts["address"] = wish or addresses.choose(subnet, view, row.id, ["address"], {})["address"]
    return row.with_facts(**facts)
