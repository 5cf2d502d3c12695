"""Microsoft.Resources/subscriptions: PUT of a new guid makes another subscription of the cloud's own tenant. Enforced.

A subscription of another tenant is made with the tenant (``cloister tenant add``), and stays in it.

Azure makes subscriptions by its billing interfaces; a cloud of one's own has no bill, so the plain id serves.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import obj, string
from cloister.net.intent import Tenancy

NAME = "Microsoft.Resources/subscriptions"

PROPERTIES = obj(
    displayName=string(length=(1, 64)),
    subscriptionId=string(read_only=True),
    tenantId=string(read_only=True),
    state=string("Enabled", "Disabled", "Warned", "PastDue", "Deleted", read_only=True),
    provisioningState=string(read_only=True),
)


def settle(change: Change, view: View) -> Row:
    """Its tenant, its state, and a name if the user gave none."""
    row = change.row
    name = row.properties.get("displayName") or row.name
    tenant = (change.old.properties if change.old else {}).get("tenantId") or view.tenant_id
    return row.with_properties(subscriptionId=row.name, tenantId=tenant, state="Enabled", displayName=name)


def realize(row: Row, view: View) -> Iterator[Tenancy]:
    """Whose tokens count in it."""
    yield Tenancy(owner=row.id, tenant=str(row.properties.get("tenantId") or view.tenant_id))


TYPE = ResourceType(
    name=NAME,
    api_versions=("2019-06-01", "2020-01-01", "2021-01-01", "2022-12-01"),
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    top_level=("tags",),
    settle=settle,
    realize=realize,
    name_pattern=r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    listed=False,
)
