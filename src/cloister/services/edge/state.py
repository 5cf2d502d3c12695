"""What control told the edge: names, policies, endpoint identities and permissions, indexed for the way of a request.

One writer (``apply``), many readers, all in one event loop. Nothing here is on disk: ``main`` journals
what ``apply`` changed before control is answered, so that an edge that was killed comes back with what it acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cloister.arm import ids, rbac
from cloister.net.desired import (
    Caller,
    Drop,
    EdgeObject,
    Edit,
    Identity,
    InstanceMetadata,
    Outlet,
    Permission,
    Policy,
    Put,
    Relay,
    Sever,
    Site,
    Tenancy,
)


class EdgeState:
    """The edge's objects by key, and the indexes that requests use.

    ``on_site`` is called with each new site, ``on_gone`` with an endpoint's address whose sockets must end.
    """

    def __init__(
        self,
        on_site: Callable[[Site], None] = lambda site: None,
        on_gone: Callable[[str], None] = lambda address: None,
    ):
        self.on_site = on_site
        self.on_gone = on_gone
        self._objects: dict[str, EdgeObject] = {}
        self._sites: dict[str, Site] = {}
        self._policies: dict[str, Policy] = {}
        self._identities: dict[str, Identity] = {}
        self._callers: dict[str, Caller] = {}
        self._relays: dict[str, Relay] = {}
        self._tenants: dict[str, str] = {}  # by subscription
        self._outlets: dict[str, Outlet] = {}
        self._roles: dict[str, dict[str, rbac.HeldRole]] = {}
        self._decisions: dict[tuple[str, str, str], bool] = {}

    def observe(self) -> list[EdgeObject]:
        """All objects held."""
        return list(self._objects.values())

    def apply(self, edits: Iterable[Edit]) -> tuple[list[str], list[Edit]]:
        """Apply in order: one answer for each edit, ``""`` or why not, and the edits that changed something.

        Sockets that must end have been reset on return.
        """
        answers: list[str] = []
        changed: list[Edit] = []
        for edit in edits:
            if isinstance(edit, Sever):
                self.on_gone(edit.identity)
                answers.append("")
            elif not isinstance(edit.object, EdgeObject):
                answers.append(f"cannot apply '{edit.object.key}': it is not an object of the edge")
            else:
                if self._put(edit.object) if isinstance(edit, Put) else self._drop(edit):
                    changed.append(edit)
                answers.append("")
        return answers, changed

    def _put(self, one: EdgeObject) -> bool:
        old = self._objects.get(one.key)
        if old == one:
            return False
        if old is not None:
            self._forget(old)
        self._objects[one.key] = one
        if isinstance(one, Site):
            self._sites[one.fqdn.lower()] = one
            self.on_site(one)
        elif isinstance(one, Policy):
            self._policies[ids.key(one.resource)] = one
        elif isinstance(one, Identity):
            self._identities[one.address] = one
        elif isinstance(one, Caller):
            self._callers[one.address] = one
        elif isinstance(one, Relay):
            self._relays[one.address] = one
        elif isinstance(one, Tenancy):
            self._tenants[ids.key(one.subscription)] = one.tenant
        elif isinstance(one, Outlet):
            self._outlets[one.address] = one
        elif isinstance(one, Permission):
            self._roles.setdefault(one.principal.lower(), {})[one.key] = held_role(one)
            self._decisions.clear()
        return True

    def _drop(self, edit: Drop) -> bool:
        old = self._objects.pop(edit.object.key, None)
        if old is not None:
            self._forget(old)
        elif isinstance(edit.object, Identity):
            self.on_gone(edit.object.address)
        return old is not None

    def _forget(self, old: EdgeObject) -> None:
        if isinstance(old, Site):
            self._sites.pop(old.fqdn.lower(), None)
        elif isinstance(old, Policy):
            self._policies.pop(ids.key(old.resource), None)
        elif isinstance(old, Identity):
            self._identities.pop(old.address, None)
            self.on_gone(old.address)
        elif isinstance(old, Caller):
            self._callers.pop(old.address, None)
            self.on_gone(old.address)
        elif isinstance(old, Relay):
            self._relays.pop(old.address, None)
        elif isinstance(old, Tenancy):
            self._tenants.pop(ids.key(old.subscription), None)
        elif isinstance(old, Outlet):
            self._outlets.pop(old.address, None)
        elif isinstance(old, Permission):
            held = self._roles.get(old.principal.lower(), {})
            held.pop(old.key, None)
            if not held:
                self._roles.pop(old.principal.lower(), None)
            self._decisions.clear()

    # --- what requests ask -----------------------------------------------------------------------------------

    def site(self, name: str) -> Site | None:
        """The site of a name; a wildcard stands for one label."""
        found = self._sites.get(name)
        if found is None:
            _, dot, rest = name.partition(".")
            found = self._sites.get(f"*.{rest}") if dot and rest else None
        return found

    def sites(self) -> list[Site]:
        """All sites."""
        return list(self._sites.values())

    def policy(self, resource: str) -> Policy | None:
        """The network policy of a resource, by id."""
        return self._policies.get(ids.key(resource))

    def tenant(self, resource: str) -> str:
        """The tenant whose tokens count for a resource; "" while control has not said it."""
        return self._tenants.get("/".join(ids.key(resource).split("/")[:3]), "")

    def identity(self, address: str) -> Identity | None:
        """The private endpoint that an address stands for."""
        return self._identities.get(address)

    def metadata_services(self) -> list[InstanceMetadata]:
        """The metadata services of all networks."""
        return [one for one in self._objects.values() if isinstance(one, InstanceMetadata)]

    def relay(self, address: str) -> Relay | None:
        """Where a slot of a private link service leads."""
        return self._relays.get(address)

    def outlet(self, address: str) -> Outlet | None:
        """The name of the real internet that an address stands for."""
        return self._outlets.get(address)

    def caller(self, address: str) -> str:
        """The subnet (its id) that comes from an address by a service endpoint; "" for none."""
        found = self._callers.get(address)
        return found.subnet if found is not None else ""

    def allows(self, principal: str, action: str, scope: str) -> bool:
        """Whether any role assignment of ``principal`` allows ``action`` at ``scope``, as an action or a data action."""
        question = (principal.lower(), action.lower(), ids.key(scope))
        known = self._decisions.get(question)
        if known is None:
            roles = self._roles.get(question[0], {}).values()
            known = any(rbac.is_allowed(roles, question[1], question[2], data) for data in (False, True))
            if len(self._decisions) > 65536:
                self._decisions.clear()
            self._decisions[question] = known
        return known


def held_role(permission: Permission) -> rbac.HeldRole:
    """A role assignment as the matcher takes it."""
    entry = rbac.Permission(
        actions=permission.actions,
        not_actions=permission.not_actions,
        data_actions=permission.data_actions,
        not_data_actions=permission.not_data_actions,
    )
    return rbac.HeldRole(scope=ids.key(permission.scope), permissions=(entry,))
