"""Microsoft.Network/dnsForwardingRulesets: rules for names, the outbound endpoints they use, and the networks they hold for.

Source: learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets, dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import array, obj, ref, string
from cloister.limits import RULESET_ENDPOINTS_MAX, RULESETS_PER_ENDPOINT_MAX
from cloister.providers.dnsresolver import outbound_endpoints, resolvers
from cloister.providers.dnsresolver.versions import API_VERSIONS

NAME = outbound_endpoints.RULESETS
RULES, LINKS = f"{NAME}/forwardingRules", f"{NAME}/virtualNetworkLinks"

PROPERTIES = obj(
    dnsResolverOutboundEndpoints=array(ref(outbound_endpoints.NAME), required=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def endpoints(row: Row) -> list[str]:
    """The ids of its outbound endpoints."""
    return [item.get("id") or "" for item in row.properties.get("dnsResolverOutboundEndpoints") or ()]


def check(change: Change, view: View) -> Iterator[Problem]:
    """One or two outbound endpoints, each there, in this region, and in two rulesets at most."""
    row, at = change.row, "properties.dnsResolverOutboundEndpoints"
    if change.written is None:
        return
    found = endpoints(row)
    if not 1 <= len(found) <= RULESET_ENDPOINTS_MAX:
        why = f"it has {len(found)} outbound endpoints; give one to {RULESET_ENDPOINTS_MAX}."
        yield Problem("BadRequest", at, f"cannot make DNS forwarding ruleset '{row.name}': {why}")
    for n, text in enumerate(found):
        endpoint, place = view.get(text), f"{at}[{n}].id"
        lead = f"cannot use outbound endpoint '{text}' in DNS forwarding ruleset '{row.name}'"
        if endpoint is None:
            yield Problem("InvalidResourceReference", place, f"{lead}: it was not found; make it first, or correct the id.")
        elif resolvers.region(endpoint) != resolvers.region(row):
            here, there = resolvers.region(row), resolvers.region(endpoint)
            why = f"it is in '{there}', and the ruleset in '{here}'; both must be in one region."
            yield Problem("InvalidResourceReference", place, f"{lead}: {why}")
        else:
            others = [one for one in view.referring(endpoint.id, NAME) if one.id.lower() != row.id.lower()]
            if len(others) >= RULESETS_PER_ENDPOINT_MAX:
                why = f"{RULESETS_PER_ENDPOINT_MAX} rulesets use it, the limit; take another endpoint."
                yield Problem("BadRequest", place, f"{lead}: {why}")


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The guid."""
    return {"resourceGuid": row.facts.get("guid", "")}


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=enforced(),
    check=check,
    settle=resolvers.settle,
    show=show,
    nested=(LINKS,),
)
