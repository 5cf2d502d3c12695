"""The first rows of a cloud: its tenant, its subscription, and the owner's role assignment. Written once, at first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloister.arm.catalog import SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.arm.resource import Row
from cloister.arm.roles import DEFINITIONS, OWNER
from cloister.control.authority import ASSIGNMENTS
from cloister.control.ports import Caller

if TYPE_CHECKING:
    from cloister.control.engine import Engine

TENANT_NAME = "Cloister"
SUBSCRIPTION_NAME = "Cloister"


async def first_rows(engine: Engine, subscription_id: str, owner: Caller) -> int:
    """Write the rows that are missing, if any; answers the revision.

    The owner gets the role Owner at the tenant's root, so also of subscriptions made later. Its assignment is checked at
    every start: without it nobody could repair a cloud whose assignments were all deleted.
    """
    view = engine.view()
    tenant, by = engine.tenant_id, owner.name or owner.principal
    rows = [
        Row(
            id=f"/providers/{TENANT_TYPE}/{tenant}",
            type=TENANT_TYPE,
            body={"properties": {"tenantId": tenant, "displayName": TENANT_NAME}},
            created_by=by,
        ),
        Row(
            id=f"/subscriptions/{subscription_id}",
            type=SUBSCRIPTION_TYPE,
            body={
                "properties": {
                    "subscriptionId": subscription_id,
                    "displayName": SUBSCRIPTION_NAME,
                    "state": "Enabled",
                    "tenantId": tenant,
                }
            },
            created_by=by,
        ),
        Row(
            id=f"/providers/{ASSIGNMENTS}/{view.new_id(f'owner {owner.principal}')}",
            type=ASSIGNMENTS,
            body={
                "properties": {
                    "roleDefinitionId": f"/providers/{DEFINITIONS}/{OWNER.name}",
                    "principalId": owner.principal,
                    "principalType": owner.kind,
                    "scope": "/",
                }
            },
            created_by=by,
        ),
    ]
    missing = [row for row in rows if row.type in engine.types and view.get(row.id) is None]
    return await engine.record(put=missing) if missing else engine.revision
