"""Who is in an application security group, and in which network: all of it in one.

Source: learn.microsoft.com/azure/virtual-network/application-security-groups ("All network interfaces assigned to an application
security group have to exist in the same virtual network that the first network interface assigned to the application security
group is in"; for a rule with groups on both sides, "the network interfaces in both application security groups must exist in the
same virtual network"), learn.microsoft.com/azure/private-link/configure-asg-private-endpoint. The codes stand in no page that we
know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Row, View
from cloister.providers.network import addresses

RULES = "Microsoft.Network/networkSecurityGroups/securityRules"


def homes(group: str, view: View, but: str = "") -> set[str]:
    """The networks (ids in lower case) of a group's members, the row ``but`` (an id) left out."""
    return {home for row in view.referring(group) if key(row.id) != key(but) for home in _homes_of(row, group)}


def _homes_of(row: Row, group: str) -> Iterator[str]:
    if row.type.lower() == addresses.ENDPOINTS.lower():
        places = [row.properties]
    elif row.type.lower() == addresses.INTERFACES.lower() and not row.owner:
        places = [item.get("properties") or {} for item in row.properties.get("ipConfigurations") or ()]
    else:
        return
    for place in places:
        if key(group) in map(key, addresses.groups_of(place)):
            yield _network((place.get("subnet") or {}).get("id") or "")


def _network(subnet: str) -> str:
    return key(subnet.rsplit("/subnets/", 1)[0])


def joining_problems(row: Row, who: str, subnet: str, groups: Iterable[str], target: str, view: View) -> Iterator[Problem]:
    """Why ``who`` (in words) cannot join groups with an address in ``subnet``: members of these, or of the group on the other
    side of a rule, are in another network."""
    mine = _network(subnet)
    for group in groups:
        others = homes(group, view, row.id) - {mine}
        if others:
            yield Problem(
                "ApplicationSecurityGroupMembersNotInSameVnet",
                target,
                f"cannot put {who} into application security group '{_name(group)}': its members are in virtual network "
                f"'{_name(min(others))}', and all must be in one; choose another group.",
            )
            continue
        for rule in view.referring(group, RULES):
            across = [far for far in _opposite(rule, group) if homes(far, view, row.id) - {mine}]
            if across:
                yield Problem(
                    "ApplicationSecurityGroupsOfRuleNotInSameVnet",
                    target,
                    f"cannot put {who} into application security group '{_name(group)}': rule '{rule.id}' names it together with "
                    f"'{_name(across[0])}', whose members are in another virtual network; choose another group.",
                )
                break


def _opposite(rule: Row, group: str) -> list[str]:
    """The groups on the other side of a rule that names ``group`` on one."""
    source, destination = sides(rule)
    return [*(destination if key(group) in map(key, source) else ()), *(source if key(group) in map(key, destination) else ())]


def sides(rule: Row) -> tuple[list[str], list[str]]:
    """The groups that a rule names as source, and those as destination."""
    named = [rule.properties.get(f"{side}ApplicationSecurityGroups") or () for side in ("source", "destination")]
    source, destination = ([str(item.get("id") or "") for item in items] for items in named)
    return source, destination


def rule_problems(rule: Row, view: View) -> Iterator[Problem]:
    """A rule with groups on both sides is about one network."""
    source, destination = sides(rule)
    if not source or not destination:
        return
    found = {group: homes(group, view) for group in (*source, *destination)}
    if len(set().union(*found.values())) > 1:
        shown = ", ".join(f"'{_name(group)}' in '{_name(min(places))}'" for group, places in found.items() if places)
        yield Problem(
            "ApplicationSecurityGroupsOfRuleNotInSameVnet",
            "properties.destinationApplicationSecurityGroups",
            f"cannot make security rule '{rule.name}' from one application security group to another ({shown}): the members of "
            "both must be in one virtual network; use prefixes on one side.",
        )


def _name(id: str) -> str:
    return id.rsplit("/", 1)[-1]
