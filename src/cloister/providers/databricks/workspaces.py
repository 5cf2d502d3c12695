"""Microsoft.Databricks: workspaces and access connectors. The name resolves; no notebook is run.

Source: learn.microsoft.com/azure/templates/microsoft.databricks/workspaces
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.arm.tenants import tenant_of
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import plain

API_VERSIONS = ("2024-05-01", "2023-05-01", "2023-02-01", "2022-04-01-preview", "2021-04-01-preview", "2018-04-01")

NAME = "Microsoft.Databricks/workspaces"

PROPERTIES = obj(
    managedResourceGroupId=string(required=True),
    parameters=anything(),
    uiDefinitionUri=string(),
    authorizations=array(anything()),
    encryption=anything(),
    publicNetworkAccess=string("Enabled", "Disabled"),
    requiredNsgRules=string("AllRules", "NoAzureDatabricksRules", "NoAzureServiceRules"),
    defaultCatalog=anything(),
    defaultStorageFirewall=string("Enabled", "Disabled"),
    accessConnector=anything(),
    enhancedSecurityCompliance=anything(),
    isUcEnabled=boolean(read_only=True),
    workspaceId=string(read_only=True),
    workspaceUrl=string(read_only=True),
    createdDateTime=string(read_only=True),
    diskEncryptionSetId=string(read_only=True),
    managedDiskIdentity=anything(read_only=True),
    storageAccountIdentity=anything(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "databricks",
    Offer("databricks_ui_api", "privatelink.azuredatabricks.net", ("adb-{name}.azuredatabricks.net",)),
    Offer("browser_authentication", "privatelink.azuredatabricks.net", ("{region}.pl-auth.azuredatabricks.net",)),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    out: dict[str, Any] = {"workspaceUrl": f"adb-{row.name.lower()}.azuredatabricks.net", "workspaceId": _number(row, view)}
    parameters = row.properties.get("parameters")
    for_encryption = parameters.get("prepareEncryption") if isinstance(parameters, dict) else None
    if isinstance(for_encryption, dict) and for_encryption.get("value") is True:
        out["storageAccountIdentity"] = _identity(row, view, "storage")
    if isinstance(row.properties.get("encryption"), dict):
        out["managedDiskIdentity"] = _identity(row, view, "disks")
    return out


def _number(row: Row, view: View) -> str:
    """The workspace's number, 16 digits."""
    return str(int(view.new_id(f"{row.id} workspace")[:13].replace("-", ""), 16) + 10**15)[:16]


def _identity(row: Row, view: View, purpose: str) -> dict[str, str]:
    """The identity that the service would use for one purpose."""
    return {"principalId": view.new_id(f"{row.id} {purpose}"), "tenantId": tenant_of(row.id, view), "type": "SystemAssigned"}


TARGET = target(
    NAME, API_VERSIONS, PROPERTIES, "databricks", GROUPS, lacks="no notebook is run and no managed group is made", show=show
)

CONNECTOR_NAME = "Microsoft.Databricks/accessConnectors"

CONNECTOR_PROPERTIES = obj(referedBy=array(anything(), read_only=True), provisioningState=string(read_only=True))

CONNECTOR_TYPE = plain(CONNECTOR_NAME, API_VERSIONS, CONNECTOR_PROPERTIES, lacks="nothing uses its identity")

TYPES = (
    *TARGET,
    CONNECTOR_TYPE,
)
"""The types of this module."""
