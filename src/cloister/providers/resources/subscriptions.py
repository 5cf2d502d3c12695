"""Microsoft.Resources/subscriptions: PUT of a new guid makes another subscription of this cloud's tenant. Enforced.

Azure makes subscriptions by its billing interfaces; a cloud of one's own has no bill, so the plain id serves.
"""

from __future__ import annotations

from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import obj, string

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
    return row.with_properties(subscriptionId=row.name, tenantId=view.tenant_id, state="Enabled", displayName=name)


TYPE = ResourceType(
    name=NAME,
    api_versions=("2019-06-01", "2020-01-01", "2021-01-01", "2022-12-01"),
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    top_level=("tags",),
    settle=settle,
    name_pattern=r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    listed=False,
)
