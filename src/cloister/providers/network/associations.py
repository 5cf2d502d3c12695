"""Network security groups and application security groups where they are named: there, and in the same region.

Source: learn.microsoft.com/azure/virtual-network/virtual-network-network-interface (one location), application-security-groups,
azure-subscription-service-limits (20 per IP configuration, 10 on each side of a rule).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import View
from cloister.limits import APPLICATION_GROUPS_PER_CONFIGURATION_MAX
from cloister.net.plan import normal_region

GROUPS = "Microsoft.Network/networkSecurityGroups"
APPLICATION_GROUPS = "Microsoft.Network/applicationSecurityGroups"
_WORDS = {GROUPS: "network security group", APPLICATION_GROUPS: "application security group"}


def problems(who: str, target: str, ids: Iterable[str], type: str, location: str, view: View) -> Iterator[Problem]:
    """For ``who`` (in words, with its name) of a location, which names groups of a type at ``target``."""
    found = list(ids)
    what = _WORDS[type]
    for id in found:
        row = view.get(id)
        if row is None or key(row.type) != key(type):
            yield Problem(
                "InvalidResourceReference", target, f"cannot use {what} '{id}' for {who}: it was not found; make it first."
            )
            continue
        here, there = normal_region(location), normal_region(row.body.get("location") or "")
        if here and there and here != there:
            yield Problem(
                "InvalidResourceReference",
                target,
                f"cannot use {what} '{row.name}' of region '{there}' for {who} of region '{here}': both must be in one region; "
                f"use one of '{here}'.",
            )
    if type == APPLICATION_GROUPS and len(found) > APPLICATION_GROUPS_PER_CONFIGURATION_MAX:
        limit = APPLICATION_GROUPS_PER_CONFIGURATION_MAX
        yield Problem(
            "ApplicationSecurityGroupsPerIpConfigurationLimitReached",
            target,
            f"cannot put {who} into {len(found)} application security groups: the limit is {limit}; name fewer.",
        )
