"""The ``identity`` member of a resource: what must be true of it. The engine settles principals and tenants.

Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.resource import Row, View

USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"


def check(row: Row, view: View) -> Iterator[Problem]:
    """User assigned identities exist, and are named where the type asks for them."""
    asked = row.body.get("identity") or {}
    named = asked.get("userAssignedIdentities") or {}
    for id in named:
        found = view.get(id)
        if found is None or found.type.lower() != USER_ASSIGNED.lower():
            yield Problem(
                "InvalidResourceReference",
                "identity.userAssignedIdentities",
                f"cannot give '{row.name}' the identity '{id}': it was not found; make the user assigned identity first.",
            )
    if "UserAssigned" in str(asked.get("type") or "") and not named:
        yield Problem(
            "InvalidParameter",
            "identity.userAssignedIdentities",
            f"cannot give '{row.name}' a user assigned identity: none is named; give 'identity.userAssignedIdentities'.",
        )
