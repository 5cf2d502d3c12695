"""Microsoft.OperationalInsights/workspaces: a Log Analytics workspace. Stored: nothing takes logs yet.

Source: azure-rest-api-specs Workspaces.json 2021-06-01; bicep types 2023-09-01.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Action, Call, Change, Outcome, ResourceType, Row, View, stored
from cloister.arm.schema import anything, array, boolean, integer, obj, string

NAME = "Microsoft.OperationalInsights/workspaces"
SKUS = ("Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster")
API_VERSIONS = (
    "2025-07-01", "2025-02-01", "2023-09-01", "2022-10-01", "2021-06-01", "2020-10-01", "2020-08-01", "2017-04-26-preview",
    "2015-11-01-preview", "2015-03-20",
)  # fmt: skip

PROPERTIES = obj(
    sku=obj(name=string(*SKUS, required=True), capacityReservationLevel=integer(), lastSkuUpdate=string(read_only=True)),
    retentionInDays=integer(-1, 730, default=30),
    workspaceCapping=anything(),
    features=obj(
        enableDataExport=boolean(),
        immediatePurgeDataOn30Days=boolean(),
        enableLogAccessUsingOnlyResourcePermissions=boolean(default=True),
        clusterResourceId=string(),
        disableLocalAuth=boolean(),
        unifiedSentinelBillingOnly=boolean(read_only=True),
    ),
    publicNetworkAccessForIngestion=string("Enabled", "Disabled", "SecuredByPerimeter", default="Enabled"),
    publicNetworkAccessForQuery=string("Enabled", "Disabled", "SecuredByPerimeter", default="Enabled"),
    forceCmkForQuery=boolean(),
    defaultDataCollectionRuleResourceId=string(),
    customerId=string(read_only=True),
    createdDate=string(read_only=True),
    modifiedDate=string(read_only=True),
    privateLinkScopedResources=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def settle(change: Change, view: View) -> Row:
    """The customer id and the two keys, for life."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "customer" not in facts:
        facts["customer"] = view.new_id(f"{row.id} customerId {view.now}")
        facts["created"] = view.now
        facts["keys"] = [view.secret(f"{row.id} {kind} {view.now}") for kind in ("primary", "secondary")]
    if not row.properties.get("sku"):
        row = row.with_properties(sku={"name": "PerGB2018"})
    return row.with_facts(**facts)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Ids and times."""
    return {
        "customerId": row.facts["customer"],
        "createdDate": row.facts["created"],
        "modifiedDate": row.changed or row.facts["created"],
    }


def shared_keys(call: Call, view: View) -> Outcome:
    """POST sharedKeys."""
    first, second = call.row.facts["keys"]
    return Outcome(body={"primarySharedKey": first, "secondarySharedKey": second})


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=stored("nothing takes logs"),
    properties=PROPERTIES,
    settle=settle,
    show=show,
    actions={name: Action(run=shared_keys) for name in ("sharedKeys", "listKeys")},
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
)
