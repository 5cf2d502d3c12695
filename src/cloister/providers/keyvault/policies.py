"""Microsoft.KeyVault/vaults/accessPolicies: ``add``, ``replace`` and ``remove``, three names that change a vault's policies.

A PUT on one of them computes the vault's new list and keeps it with its time; the vault takes the newest list, be it
its own body's or a child's. Policies are of one principal (``objectId`` and ``applicationId``) each.
Source: azure-rest-api-specs keyvault.json 2022-07-01, Vaults_UpdateAccessPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import parse
from cloister.arm.resource import Change, ResourceType, Row, View, stored
from cloister.arm.schema import array, obj, string
from cloister.providers.keyvault.versions import API_VERSIONS

NAME = "Microsoft.KeyVault/vaults/accessPolicies"
KINDS = ("add", "replace", "remove")

ENTRY = obj(
    tenantId=string(required=True),
    objectId=string(required=True),
    applicationId=string(),
    permissions=obj(
        keys=array(string()), secrets=array(string()), certificates=array(string()), storage=array(string()), required=True
    ),
)

Policy = dict[str, Any]


def _who(policy: Policy) -> tuple[str, str]:
    return str(policy.get("objectId") or "").lower(), str(policy.get("applicationId") or "").lower()


def _merged(one: Policy, other: Policy) -> Policy:
    """One principal's permissions of both."""
    kinds = {**(one.get("permissions") or {}), **(other.get("permissions") or {})}
    permissions = {}
    for kind in kinds:
        both = [*((one.get("permissions") or {}).get(kind) or ()), *((other.get("permissions") or {}).get(kind) or ())]
        permissions[kind] = list({str(name).lower(): name for name in both}.values())
    return {**one, **other, "permissions": permissions}


def applied(kind: str, present: list[Policy], change: list[Policy]) -> list[Policy]:
    """The vault's list after ``add``, ``replace`` or ``remove`` of some policies."""
    found = {_who(policy): policy for policy in present}
    for policy in change:
        who = _who(policy)
        if kind == "remove":
            found.pop(who, None)
        elif kind == "add" and who in found:
            found[who] = _merged(found[who], policy)
        else:
            found[who] = policy
    return list(found.values())


def settle(change: Change, row: Row, view: View) -> Row:
    """A vault's policies: the newest list of all that were written."""
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    old = (change.old.properties if change.old else {}).get("accessPolicies")
    before = row.properties.get("accessPolicies", old or [])
    if change.written is not None and before != old:
        return row.with_facts(**{**facts, "policies_at": view.now})
    at, now = facts.get("policies_at", ""), before
    for child in view.children(row.id, NAME):
        if child.facts.get("at", "") > at:
            at, now = child.facts["at"], child.facts["policies"]
    return row.with_facts(**{**facts, "policies_at": at}).with_properties(accessPolicies=now)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Only Azure's three names mean something."""
    if change.row.name.lower() not in KINDS:
        yield Problem(
            "InvalidParameter",
            "name",
            f"cannot use '{change.row.name}' on a vault's access policies: write add, replace or remove.",
        )


def settle_child(change: Change, view: View) -> Row:
    """The vault's list after this one."""
    row = change.row
    if change.written is None:
        return row
    parent = parse(row.id).parent
    vault = view.get(parent.text) if parent else None
    present = (vault.properties.get("accessPolicies") if vault else None) or []
    wanted = applied(row.name.lower(), present, row.properties.get("accessPolicies") or [])
    return row if wanted == present else row.with_facts(at=view.now, policies=wanted)


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at the vault's address yet"),
    properties=obj(accessPolicies=array(ENTRY, required=True)),
    location="none",
    check=check,
    settle=settle_child,
)
