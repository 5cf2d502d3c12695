"""Who may come in to a resource that has network rules (``networkAcls``, ``networkRuleSet``), as intent for the edge.

Rules by address (``ipRules``) are kept and not obeyed: they come with the services that they guard.
Source: learn.microsoft.com/azure/storage/common/storage-network-security and
learn.microsoft.com/azure/key-vault/general/network-security.
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
    """The resource's names and who may come in; ``rules`` is the property that holds its network rules.

    While public access is not Enabled the rules let nobody in, subnets of ``virtualNetworkRules`` neither.
    """
    access = str(row.properties.get("publicNetworkAccess") or "Enabled")
    is_enabled = access.lower() == "enabled"
    action = _rules(row, rules).get("defaultAction") or "Allow"
    return Service(
        owner=row.id,
        service=kind,
        region=normal_region(row.body.get("location") or ""),
        names=tuple(names),
        public_access=is_enabled and action != "Deny",
        because=f"{rules}.defaultAction: {action}" if is_enabled else f"publicNetworkAccess: {access}",
        subnets=_subnets(row) if is_enabled else (),
        facts=(("name", row.name),),
    )


def _subnets(row: Row) -> tuple[str, ...]:
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
