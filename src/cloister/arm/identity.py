"""The ``identity`` of a resource: a principal of its own (system assigned), or others' (user assigned).

Source: the ManagedServiceIdentity common type; an identity switched off and on again is another principal.
"""

from __future__ import annotations

import msgspec

from cloister.arm.ids import IdError, parse
from cloister.arm.resource import Row, View
from cloister.arm.tenants import tenant_of

_FACT = "identityPrincipal"


class ManagedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """One identity that a resource may use. ``resource``: the id of what it belongs to, the resource itself or a user assigned
    identity; ``principal`` and ``client``: its object id and its client id."""

    resource: str
    principal: str
    client: str
    tenant: str
    is_own: bool


def identities_of(row: Row, view: View) -> list[ManagedIdentity]:
    """The identities that a resource has now: its own first, then the user assigned ones that still exist."""
    found, tenant = [], tenant_of(row.id, view)
    if principal := row.facts.get(_FACT):
        client = view.new_id(f"{principal} clientId")
        found.append(ManagedIdentity(resource=row.id, principal=principal, client=client, tenant=tenant, is_own=True))
    for id in (row.body.get("identity") or {}).get("userAssignedIdentities") or ():
        names = _user_identity(id, view)
        if "principalId" in names:
            principal, client = names["principalId"], names["clientId"]
            found.append(ManagedIdentity(resource=id, principal=principal, client=client, tenant=tenant, is_own=False))
    return found


def settle_identity(row: Row, view: View) -> Row:
    """``row`` with the server's part of its identity: principal, tenant, user identities' client ids."""
    identity = row.body.get("identity")
    if not isinstance(identity, dict) or "SystemAssigned" not in str(identity.get("type", "")):
        if _FACT in row.facts:
            row = row.with_facts(**{_FACT: ""})
    elif not row.facts.get(_FACT):
        row = row.with_facts(**{_FACT: view.new_id(f"{row.id}|identity|{view.now}")})
    if not isinstance(identity, dict):
        return row
    kept = {name: value for name, value in identity.items() if name not in ("principalId", "tenantId")}
    if principal := row.facts.get(_FACT):
        kept |= {"principalId": principal, "tenantId": tenant_of(row.id, view)}
    users = identity.get("userAssignedIdentities")
    if isinstance(users, dict):
        kept["userAssignedIdentities"] = {id: _user_identity(id, view) for id in users}
    return row if kept == identity else row.with_body(identity=kept)


def _user_identity(id: str, view: View) -> dict[str, str]:
    try:
        found = view.get(parse(id).text)
    except IdError:
        found = None
    names = ("principalId", "clientId")
    return {name: found.properties[name] for name in names if name in found.properties} if found else {}
