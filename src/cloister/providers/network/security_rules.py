"""Microsoft.Network/networkSecurityGroups/securityRules: one rule of a group.

Source: learn.microsoft.com/azure/virtual-network/network-security-groups-overview; networkSecurityGroup.json 2022-01-01.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import array, integer, obj, ref, string
from cloister.limits import APPLICATION_GROUPS_PER_RULE_SIDE_MAX, RULES_PER_GROUP_MAX
from cloister.net.intent import Rule
from cloister.providers.network import application_group_members, associations, prefixes, service_tags
from cloister.providers.network.versions import API_VERSIONS

GROUPS = "Microsoft.Network/networkSecurityGroups"
NAME = f"{GROUPS}/securityRules"
APPLICATION_GROUPS = "Microsoft.Network/applicationSecurityGroups"
SIDES = ("source", "destination")

PROPERTIES = obj(
    description=string(length=(0, 140)),
    protocol=string("Tcp", "Udp", "Icmp", "Esp", "Ah", "*", required=True),
    sourcePortRange=string(),
    sourcePortRanges=array(string(), default=[]),
    destinationPortRange=string(),
    destinationPortRanges=array(string(), default=[]),
    sourceAddressPrefix=string(),
    sourceAddressPrefixes=array(string(), default=[]),
    destinationAddressPrefix=string(),
    destinationAddressPrefixes=array(string(), default=[]),
    sourceApplicationSecurityGroups=array(ref(APPLICATION_GROUPS)),
    destinationApplicationSecurityGroups=array(ref(APPLICATION_GROUPS)),
    access=string("Allow", "Deny", required=True),
    direction=string("Inbound", "Outbound", required=True),
    priority=integer(100, 4096, required=True),
    provisioningState=string(read_only=True),
)

_PLURAL = {
    f"{side}{name}": f"{side}{many}"
    for side in SIDES
    for name, many in (("PortRange", "PortRanges"), ("AddressPrefix", "AddressPrefixes"))
}
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def is_port_range(text: str) -> bool:
    """``*``, a port, or ``from-to`` with both in 0 to 65535."""
    if text == "*":
        return True
    found = _PORTS.fullmatch(text)
    return found is not None and int(found[1]) <= int(found[2] or found[1]) <= 65535


def is_address(text: str) -> bool:
    """``*``, an address, a prefix in CIDR notation, or a service tag."""
    return text == "*" or prefixes.read(text) is not None or prefixes.address(text) is not None or service_tags.is_tag(text)


def ports_of(row: Row, side: str) -> tuple[tuple[int, int], ...]:
    """The port ranges of one side; those that cannot be read (``check`` refuses them) are none."""
    found = [_PORTS.fullmatch("0-65535" if text == "*" else text) for text in _texts(row, f"{side}PortRange")]
    return tuple(sorted((int(one[1]), int(one[2] or one[1])) for one in found if one))


def _texts(row: Row, name: str) -> list[str]:
    one, many = row.properties.get(name), row.properties.get(_PLURAL[name]) or []
    return [*([one] if one else []), *many]


def rule(row: Row) -> Rule:
    """The rule in the network's words. An IPv6 prefix matches nothing here: no such packet passes in this cloud."""
    properties = row.properties
    sides = {}
    for side in SIDES:
        groups = properties.get(f"{side}ApplicationSecurityGroups") or ()
        texts = [text for text in _texts(row, f"{side}AddressPrefix") if ":" not in text and is_address(text)]
        sides[side] = tuple(texts), tuple(group["id"] for group in groups)
    return Rule(
        because=row.id,
        priority=properties["priority"],
        inbound=properties["direction"].lower() == "inbound",
        allow=properties["access"].lower() == "allow",
        protocol=properties["protocol"].lower(),
        sources=sides["source"][0],
        source_groups=sides["source"][1],
        source_ports=ports_of(row, "source"),
        destinations=sides["destination"][0],
        destination_groups=sides["destination"][1],
        destination_ports=ports_of(row, "destination"),
    )


def check(change: Change, view: View) -> Iterator[Problem]:
    """Ports and prefixes mean something, and no other rule of the direction has the priority."""
    row = change.row
    for side in SIDES:
        yield from _ports(row, side)
        yield from _addresses(row, side, view)
    yield from application_group_members.rule_problems(row, view)
    parent = parse(row.id).parent
    siblings = [r for r in view.children(parent.text, NAME) if key(r.id) != key(row.id)] if parent else []
    for other in siblings:
        same = all(other.properties.get(name) == row.properties.get(name) for name in ("priority", "direction"))
        if same:
            yield Problem(
                "SecurityRuleConflict",
                "properties.priority",
                f"cannot make security rule '{row.name}': rule '{other.name}' has priority {row.properties.get('priority')} "
                f"{row.properties.get('direction')} too; choose another priority.",
            )
            break
    if len(siblings) >= RULES_PER_GROUP_MAX:
        yield Problem(
            "SecurityRulesPerGroupLimitReached",
            "",
            f"cannot make security rule '{row.name}': its group has {RULES_PER_GROUP_MAX}, the limit; merge some.",
        )


def _ports(row: Row, side: str) -> Iterator[Problem]:
    one, many = row.properties.get(f"{side}PortRange"), row.properties.get(f"{side}PortRanges") or []
    if not one and not many:
        yield Problem(
            "SecurityRuleParameterPortRangeMissing",
            f"properties.{side}PortRange",
            f"cannot make security rule '{row.name}' without {side} ports; give '{side}PortRange', '*' for all.",
        )
    for text in [*([one] if one else []), *many]:
        if not is_port_range(text) or (text == "*" and many):
            yield Problem(
                "SecurityRuleInvalidPortRange",
                f"properties.{side}PortRange",
                f"cannot make security rule '{row.name}' with {side} port range '{text}'; write a port, a range such as '80-90', "
                "or a single '*'.",
            )


def _addresses(row: Row, side: str, view: View) -> Iterator[Problem]:
    one, many = row.properties.get(f"{side}AddressPrefix"), row.properties.get(f"{side}AddressPrefixes") or []
    groups = row.properties.get(f"{side}ApplicationSecurityGroups") or []
    at = f"properties.{side}AddressPrefix"
    if not one and not many and not groups:
        yield Problem(
            "SecurityRuleParameterAddressPrefixMissing",
            at,
            f"cannot make security rule '{row.name}' without {side} addresses; give '{side}AddressPrefix', '*' for all.",
        )
    for text in [*([one] if one else []), *many]:
        if not is_address(text) or (text == "*" and many):
            yield Problem(
                "SecurityRuleInvalidAddressPrefix",
                at,
                f"cannot make security rule '{row.name}' with {side} address prefix '{text}'; write an address, a prefix such as "
                "'10.0.0.0/24', a service tag such as 'VirtualNetwork', or a single '*'.",
            )
    for text in many:
        if service_tags.is_tag(text):
            yield Problem(
                "SecurityRuleParameterContainsUnsupportedValue",
                f"properties.{side}AddressPrefixes",
                f"cannot make security rule '{row.name}' with the service tag '{text}' among several {side} prefixes; name one "
                f"tag in '{side}AddressPrefix', and make a rule for each.",
            )
    yield from _application_groups(row, side, view)


def _application_groups(row: Row, side: str, view: View) -> Iterator[Problem]:
    """The application security groups of one side: there, in the group's region, and not too many."""
    named = [group.get("id") or "" for group in row.properties.get(f"{side}ApplicationSecurityGroups") or []]
    at = f"properties.{side}ApplicationSecurityGroups"
    parent = parse(row.id).parent
    group = view.get(parent.text) if parent else None
    location = (group.body.get("location") or "") if group else ""
    yield from associations.problems(f"security rule '{row.name}'", at, named, associations.APPLICATION_GROUPS, location, view)
    if len(named) > APPLICATION_GROUPS_PER_RULE_SIDE_MAX:
        yield Problem(
            "ApplicationSecurityGroupsPerSecurityRuleLimitReached",
            at,
            f"cannot make security rule '{row.name}' with {len(named)} application security groups as {side}: the limit is "
            f"{APPLICATION_GROUPS_PER_RULE_SIDE_MAX}; make a second rule.",
        )


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    check=check,
)
