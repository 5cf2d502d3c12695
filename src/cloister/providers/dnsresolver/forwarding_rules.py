"""Microsoft.Network/dnsForwardingRulesets/forwardingRules: a suffix and the name servers that know it.

Source: learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets (rules, restrictions), dnsresolver.json 2022-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, integer, obj, string
from cloister.limits import RULES_PER_RULESET_MAX, TARGETS_PER_RULE_MAX, ZONE_LABELS_MAX
from cloister.net import plan
from cloister.providers.dnsresolver import forwarding_rulesets
from cloister.providers.dnsresolver.versions import API_VERSIONS
from cloister.providers.privatedns import domain_names

NAME = forwarding_rulesets.RULES
RESERVED = frozenset({"azure.com", "azure.net", "windows.net", "windowsazure.cn", "windowsazure.us"})
"""Names that no rule may take as a whole: Azure's own services stand right below them."""

PROPERTIES = obj(
    domainName=string(required=True, create_only=True),
    targetDnsServers=array(obj(ipAddress=string(required=True), port=integer(1, 65535, default=53)), required=True),
    forwardingRuleState=string("Enabled", "Disabled", default="Enabled"),
    metadata=anything(),
    provisioningState=string(read_only=True),
)


def domain(row: Row) -> str:
    """The suffix: lower case, no final dot, ``""`` for every name."""
    return str(row.properties.get("domainName") or "").lower().removesuffix(".")


def targets(row: Row) -> tuple[tuple[str, int], ...]:
    """Address and port of each name server, in order."""
    found = row.properties.get("targetDnsServers") or ()
    return tuple((item["ipAddress"], item.get("port") or 53) for item in found)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The ruleset is there; the domain ends in a dot and is no other rule's; the servers are addresses, not Azure's own."""
    row = change.row
    parent = parse(row.id).parent
    ruleset = view.get(parent.text) if parent is not None else None
    lead = f"cannot make forwarding rule '{row.name}'"
    if ruleset is None:
        yield Problem("ParentResourceNotFound", "", f"{lead}: its DNS forwarding ruleset does not exist; make it first.", 404)
        return
    siblings = [one for one in view.children(ruleset.id, NAME) if key(one.id) != key(row.id)]
    if change.old is None and len(siblings) >= RULES_PER_RULESET_MAX:
        yield Problem("BadRequest", "", f"{lead}: '{ruleset.name}' has {RULES_PER_RULESET_MAX} rules, the limit; delete one.")
    yield from _domain_problems(row, siblings, lead)
    servers = row.properties.get("targetDnsServers") or ()
    if not 1 <= len(servers) <= TARGETS_PER_RULE_MAX:
        why = f"it has {len(servers)} target servers; give one to {TARGETS_PER_RULE_MAX}."
        yield Problem("BadRequest", "properties.targetDnsServers", f"{lead}: {why}")
    for n, item in enumerate(servers):
        text, at = item.get("ipAddress") or "", f"properties.targetDnsServers[{n}].ipAddress"
        try:
            address = IPv4Address(text)
        except AddressValueError:
            yield Problem("BadRequest", at, f"{lead}: '{text}' is no IPv4 address; write for example '10.0.0.4'.")
            continue
        if address == plan.AZURE_DNS:
            why = f"{plan.AZURE_DNS} cannot be a target: it asks this rule again; name an inbound endpoint's address."
            yield Problem("BadRequest", at, f"{lead}: {why}")


def _domain_problems(row: Row, siblings: list[Row], lead: str) -> Iterator[Problem]:
    text, at = str(row.properties.get("domainName") or ""), "properties.domainName"
    if not text.endswith("."):
        yield Problem("BadRequest", at, f"{lead}: its domain '{text[:300]}' has no final dot; write it in full, '{text[:300]}.'.")
    elif text != "." and (wrong := domain_names.problem(text)):
        yield Problem("BadRequest", at, f"{lead}: its domain {wrong}.")
    elif text.count(".") > ZONE_LABELS_MAX:
        yield Problem("BadRequest", at, f"{lead}: its domain has over {ZONE_LABELS_MAX} labels; use a shorter one.")
    elif domain(row) in RESERVED:
        yield Problem("BadRequest", at, f"{lead}: '{text}' is reserved for Azure's own services; use a domain below it.")
    for other in siblings:
        if domain(other) == domain(row):
            yield Problem("Conflict", at, f"{lead}: rule '{other.name}' has the domain '{text}'; change that one.", 409)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Each server with its port."""
    found = [{"ipAddress": address, "port": port} for address, port in targets(row)]
    return {"targetDnsServers": found}


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    coverage=enforced(),
    location="none",
    top_level=("etag",),
    check=check,
    show=show,
)
