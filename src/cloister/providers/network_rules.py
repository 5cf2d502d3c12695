"""Who may come in to a resource that has network rules (``networkAcls``, ``networkRuleSet``), as intent for the edge.

Rules by address (``ipRules``) are kept and not obeyed: they come with the services that they guard.
Source: learn.microsoft.com/azure/storage/common/storage-network-security, azure/key-vault/general/network-security there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Row, View
from cloister.net.intent import LinkedName, Service
from cloister.net.plan import normal_region

ACLS = "networkAcls"


def service(row: Row, kind: str, names: Iterable[LinkedName], rules: str = ACLS) -> Service:
    """The resource's names and who may come in; ``rules`` is the property that holds its network rules."""
    public, because = is_public(row, rules)
    return Service(
        owner=row.id,
        service=kind,
        region=normal_region(row.body.get("location") or ""),
        names=tuple(names),
        public_access=public,
        because=because,
        subnets=allowed_subnets(row),
        facts=(("name", row.name),),
    )


def is_public(row: Row, rules: str = ACLS) -> tuple[bool, str]:
    """Whether public addresses are let in, and the property that decides."""
    access = str(row.properties.get("publicNetworkAccess") or "Enabled")
    if access.lower() != "enabled":
        return False, f"publicNetworkAccess: {access}"
    action = _rules(row, rules).get("defaultAction") or "Allow"
    return action != "Deny", f"{rules}.defaultAction: {action}"


def allowed_subnets(row: Row) -> tuple[str, ...]:
    """The subnets that ``networkAcls.virtualNetworkRules`` let in; none while public access is not Enabled."""
    if str(row.properties.get("publicNetworkAccess") or "Enabled").lower() != "enabled":
        return ()
    return tuple(sorted({str(rule.get("id") or "") for rule in _rules(row, ACLS).get("virtualNetworkRules") or ()} - {""}))


def missing_subnets(row: Row, view: View, code: str, what: str) -> Iterator[Problem]:
    """A problem for each subnet of ``networkAcls.virtualNetworkRules`` that does not exist; ``what`` the row is for people."""
    for n, rule in enumerate(_rules(row, ACLS).get("virtualNetworkRules") or ()):
        if view.get(rule.get("id") or "") is None:
            yield Problem(
                code,
                f"properties.{ACLS}.virtualNetworkRules[{n}].id",
                f"cannot let subnet '{rule.get('id')}' reach {what} '{row.name}': it was not found; make it first.",
            )


def _rules(row: Row, name: str) -> dict[str, Any]:
    return row.properties.get(name) or {}
