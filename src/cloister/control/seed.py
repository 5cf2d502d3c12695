"""The first rows of a cloud, written at its first start: its tenant, its subscription, the owner's role assignment.

And those of each further tenant, which the operator adds.
"""

from __future__ import annotations

from cloister.arm.catalog import SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.arm.resource import Row
from cloister.arm.roles import DEFINITIONS, OWNER
from cloister.control.authority import ASSIGNMENTS
from cloister.control.ports import Caller, Engine

TENANT_NAME = "Cloister"
SUBSCRIPTION_NAME = "Cloister"


async def first_rows(engine: Engine, subscription_id: str, owner: Caller) -> None:
    """Write the rows that are missing, if any.

    The owner gets the role Owner at the tenant's root, so also of subscriptions made later. Its assignment is checked at
    every start: without it nobody could repair a cloud whose assignments were all deleted.
    """
    view = engine.view()
    tenant, by = view.tenant_id, owner.name or owner.principal
    rows = [
        _tenant(tenant, TENANT_NAME, by),
        _subscription(subscription_id, SUBSCRIPTION_NAME, tenant, by),
        _assignment(view.new_id(f"owner {owner.principal}"), "", owner, by),
    ]
    await _written(engine, rows)


async def tenant_rows(engine: Engine, name: str, subscription_id: str, owner: Caller) -> None:
    """Write what is missing of a further tenant.

    ``owner`` is a principal of that tenant (``owner.tenant``) and gets the role Owner at its subscription: the root, where
    the cloud's own rows stand, is the operator's.
    """
    by, assignment = owner.name or owner.principal, engine.view().new_id(f"owner {owner.principal}")
    rows = [
        _tenant(owner.tenant, name, by),
        _subscription(subscription_id, name, owner.tenant, by),
        _assignment(assignment, f"/subscriptions/{subscription_id}", owner, by),
    ]
    await _written(engine, rows)


async def _written(engine: Engine, rows: list[Row]) -> None:
    view = engine.view()
    missing = [row for row in rows if row.type in engine.types and view.get(row.id) is None]
    if missing:
        await engine.record(put=missing)


def _tenant(id: str, name: str, by: str) -> Row:
    properties = {"tenantId": id, "displayName": name}
    return Row(id=f"/providers/{TENANT_TYPE}/{id}", type=TENANT_TYPE, body={"properties": properties}, created_by=by)


def _subscription(id: str, name: str, tenant: str, by: str) -> Row:
    properties = {"subscriptionId": id, "displayName": name, "state": "Enabled", "tenantId": tenant}
    return Row(id=f"/subscriptions/{id}", type=SUBSCRIPTION_TYPE, body={"properties": properties}, created_by=by)


def _assignment(name: str, scope: str, owner: Caller, by: str) -> Row:
    properties = {
        "roleDefinitionId": f"{scope}/providers/{DEFINITIONS}/{OWNER.name}",
        "principalId": owner.principal,
        "principalType": owner.kind,
        "scope": scope or "/",
    }
    return Row(id=f"{scope}/providers/{ASSIGNMENTS}/{name}", type=ASSIGNMENTS, body={"properties": properties}, created_by=by)
