"""Microsoft.RecoveryServices/vaults with policies and what they protect. Stored.

Source: learn.microsoft.com/azure/templates/microsoft.recoveryservices/vaults
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers.plain import plain

API_VERSIONS = (
    "2024-04-01", "2023-06-01", "2023-01-01", "2022-10-01", "2021-08-01", "2021-03-01", "2020-02-02", "2018-01-10",
    "2016-12-01", "2016-06-01",
)  # fmt: skip

NAME = "Microsoft.RecoveryServices/vaults"

PROPERTIES = obj(
    publicNetworkAccess=string("Enabled", "Disabled"),
    encryption=anything(),
    securitySettings=anything(),
    monitoringSettings=anything(),
    redundancySettings=anything(),
    restoreSettings=anything(),
    upgradeDetails=anything(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="nothing is backed up")

POLICY_NAME = "Microsoft.RecoveryServices/vaults/backupPolicies"

POLICY_PROPERTIES = obj(
    backupManagementType=string(required=True), resourceGuardOperationRequests=array(string()), protectedItemsCount=integer()
)

POLICY_TYPE = plain(POLICY_NAME, API_VERSIONS, POLICY_PROPERTIES, lacks="nothing is backed up", location="optional")

FABRIC_NAME = "Microsoft.RecoveryServices/vaults/backupFabrics"

FABRIC_PROPERTIES = obj(friendlyName=string())

FABRIC_TYPE = plain(FABRIC_NAME, API_VERSIONS, FABRIC_PROPERTIES, lacks="nothing is backed up", location="optional")

CONTAINER_NAME = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers"

CONTAINER_PROPERTIES = obj(containerType=string(), backupManagementType=string(), friendlyName=string())

CONTAINER_TYPE = plain(CONTAINER_NAME, API_VERSIONS, CONTAINER_PROPERTIES, lacks="nothing is backed up", location="optional")

ITEM_NAME = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"

ITEM_PROPERTIES = obj(
    protectedItemType=string(required=True), policyId=string(), sourceResourceId=string(), protectionState=string()
)

ITEM_TYPE = plain(ITEM_NAME, API_VERSIONS, ITEM_PROPERTIES, lacks="nothing is backed up", location="optional")

TYPES = (
    TYPE,
    POLICY_TYPE,
    FABRIC_TYPE,
    CONTAINER_TYPE,
    ITEM_TYPE,
)
"""The types of this module."""
