"""Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks: the network that a ruleset's rules hold for.

Source: learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets (ruleset links), dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, obj, ref, string
from cloister.limits import LINKS_PER_RULESET_MAX
from cloister.net.intent import Forwarding
from cloister.providers.dnsresolver import forwarding_rules, forwarding_rulesets, outbound_endpoints, resolvers
from cloister.providers.dnsresolver.versions import API_VERSIONS
from cloister.providers.network import virtual_networks

NAME = forwarding_rulesets.LINKS

PROPERTIES = obj(
    virtualNetwork=ref(virtual_networks.NAME, required=True, create_only=True),
    metadata=anything(),
    provisioningState=string(read_only=True),
)


def network_of(link: Row) -> str:
    """The id of the network."""
    return (link.properties.get("virtualNetwork") or {}).get("id") or ""


def _ruleset(row: Row, view: View) -> Row | None:
    parent = parse(row.id).parent
    return view.get(parent.text) if parent is not None else None


def check(change: Change, view: View) -> Iterator[Problem]:
    """Ruleset and network exist in one region; the network has no other ruleset."""
    row, at = change.row, "properties.virtualNetwork.id"
    ruleset, network = _ruleset(row, view), view.get(network_of(row))
    lead = f"cannot link '{network_of(row)}' by '{row.name}'"
    if ruleset is None:
        yield Problem("ParentResourceNotFound", "", f"{lead}: the DNS forwarding ruleset does not exist; make it first.", 404)
        return
    if network is None:
        yield Problem("InvalidResourceReference", at, f"{lead}: the network was not found; make it first, or correct the id.")
        return
    if resolvers.region(network) != resolvers.region(ruleset):
        here, there = resolvers.region(ruleset), resolvers.region(network)
        why = f"it is in '{there}', and the ruleset in '{here}'; both must be in one region."
        yield Problem("InvalidResourceReference", at, f"{lead}: {why}")
    for other in view.referring(network.id, NAME):
        if key(other.id) != key(row.id) and key(network_of(other)) == key(network.id):
            yield Problem("Conflict", at, f"{lead}: '{other.id}' links a ruleset to it already; delete that link first.", 409)
    siblings = [one for one in view.children(ruleset.id, NAME) if key(one.id) != key(row.id)]
    if change.old is None and len(siblings) >= LINKS_PER_RULESET_MAX:
        yield Problem("BadRequest", "", f"{lead}: '{ruleset.name}' has {LINKS_PER_RULESET_MAX} links, the limit; delete one.")


def realize(row: Row, view: View) -> Iterator[Forwarding]:
    """Each enabled rule, from the ruleset's first outbound endpoint that is there."""
    ruleset, network = _ruleset(row, view), view.get(network_of(row))
    if ruleset is None or network is None:
        return
    found = (view.get(id) for id in forwarding_rulesets.endpoints(ruleset))
    endpoint = next((one for one in found if one is not None), None)
    origin = outbound_endpoints.network_of(endpoint, view) if endpoint is not None else None
    if endpoint is None or origin is None:
        return
    for rule in view.children(ruleset.id, forwarding_rules.NAME):
        if rule.properties.get("forwardingRuleState") != "Disabled":
            yield Forwarding(
                owner=row.id,
                network=network.id,
                domain=forwarding_rules.domain(rule),
                targets=forwarding_rules.targets(rule),
                number=endpoint.facts["number"],
                origin=origin.id,
                because=rule.id,
            )


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=enforced(),
    location="none",
    top_level=("etag",),
    check=check,
    realize=realize,
    goes_with=network_of,
)
