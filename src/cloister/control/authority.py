"""Who may do what: the role assignments among the rows, read as grants.

Answers are kept by principal until a row of Microsoft.Authorization changes.
"""

from __future__ import annotations

from cloister.arm.ids import IdError, key, parse
from cloister.arm.rbac import HeldRole, Permission, is_allowed, is_inside, permissions_of
from cloister.arm.resource import Row
from cloister.arm.roles import DEFINITIONS, built_in
from cloister.control.world import Index

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
_PREFIX = "microsoft.authorization/"


class Authority:
    """The roles that principals hold, from the rows of ``index``."""

    def __init__(self, index: Index):
        self._index = index
        self._held: dict[str, tuple[HeldRole, ...]] | None = None

    @staticmethod
    def concerns(rows: list[tuple[str, Row | None, Row | None]]) -> bool:
        """Whether what changes decides what others may do: assignments and definitions of roles and policies, locks."""
        return any(row is not None and row.type.lower().startswith(_PREFIX) for _, old, new in rows for row in (old, new))

    def forget(self) -> None:
        """Read the assignments anew."""
        self._held = None

    def held_by(self, principal: str) -> tuple[HeldRole, ...]:
        """The roles of one principal (its object id)."""
        if self._held is None:
            self._held = self._read()
        return self._held.get(principal.lower(), ())

    def allows(self, principal: str, action: str, scope: str, data: bool = False) -> bool:
        """Whether the principal may do ``action`` at ``scope``."""
        return is_allowed(self.held_by(principal), action, scope, data)

    def sees(self, principal: str, scope: str) -> bool:
        """Whether the principal holds any role at the scope, above it, or inside it."""
        place = key(scope)
        return any(is_inside(role.scope, place) or is_inside(place, role.scope) for role in self.held_by(principal))

    def _read(self) -> dict[str, tuple[HeldRole, ...]]:
        found: dict[str, list[HeldRole]] = {}
        for place in self._index.keys_of_type(ASSIGNMENTS.lower()):
            row = self._index.rows[place]
            role = HeldRole(scope=key(scope_of(row.id)), permissions=self._permissions(row))
            found.setdefault(str(row.properties.get("principalId", "")).lower(), []).append(role)
        return {principal: tuple(roles) for principal, roles in found.items()}

    def _permissions(self, assignment: Row) -> tuple[Permission, ...]:
        definition = str(assignment.properties.get("roleDefinitionId", ""))
        if role := built_in(definition):
            return role.permissions
        for place in self._index.keys_named(DEFINITIONS.lower(), key(definition).rsplit("/", 1)[-1]):
            return permissions_of(self._index.rows[place].properties.get("permissions"))
        return ()


def scope_of(id: str) -> str:
    """The scope that an extension resource stands on: an id, ``/`` for the tenant."""
    try:
        return parse(id).scope or "/"
    except IdError:
        return "/"
