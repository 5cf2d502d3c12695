"""The ``identity`` member of a resource: what the server adds to the user's wish for a managed identity.

Source: learn.microsoft.com/azure/active-directory/managed-identities-azure-resources; common-types managedidentity.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, Row, View

USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"
KINDS = ("SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned", "None")


def wish(row: Row) -> tuple[str, ...]:
    """The kinds that the body asks for: any of ``systemassigned``, ``userassigned``."""
    kind = str((row.body.get("identity") or {}).get("type") or "").lower()
    return tuple(part.strip() for part in kind.split(",") if part.strip() not in ("", "none"))


def check(row: Row, view: View) -> Iterator[Problem]:
    """The kind is one of Azure's, and named identities exist."""
    asked = row.body.get("identity") or {}
    kinds = wish(row)
    if not set(kinds) <= {"systemassigned", "userassigned"}:
        yield Problem(
            "InvalidIdentityType",
            "identity.type",
            f"cannot give '{row.name}' an identity of type '{asked.get('type')}': choose one of {', '.join(KINDS)}.",
        )
    for id in asked.get("userAssignedIdentities") or {}:
        if view.get(id) is None:
            yield Problem(
                "InvalidResourceReference",
                "identity.userAssignedIdentities",
                f"cannot give '{row.name}' the identity '{id}': it was not found; make the user assigned identity first.",
            )


def settle(change: Change, row: Row, view: View) -> Row:
    """``principalId`` and ``tenantId`` of a system identity, for life; ids of the user assigned ones."""
    if not row.body.get("identity"):
        return row
    kinds = wish(row)
    given: dict[str, Any] = {
        name: value
        for name, value in row.body["identity"].items()
        if name not in ("principalId", "tenantId", "userAssignedIdentities")
    }
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "systemassigned" in kinds:
        principal = facts.get("principal") or view.new_id(f"{row.id} principalId {view.now}")
        row = row.with_facts(principal=principal)
        given |= {"principalId": principal, "tenantId": view.tenant_id}
    elif "principal" in row.facts:
        row = row.with_facts(principal="")
    if "userassigned" in kinds:
        named = {}
        for id in row.body["identity"].get("userAssignedIdentities") or {}:
            found = view.get(id)
            named[id] = {"principalId": found.facts["principal"], "clientId": found.facts["client"]} if found else {}
        given["userAssignedIdentities"] = named
    return row.with_body(identity=given)
