"""Microsoft.OperationsManagement/solutions. Stored.

Source: learn.microsoft.com/azure/templates/microsoft.operationsmanagement/solutions
"""

from __future__ import annotations

from cloister.arm.schema import array, id_of, obj, string
from cloister.providers.plain import plain

API_VERSIONS = ("2015-11-01-preview",)

NAME = "Microsoft.OperationsManagement/solutions"

PROPERTIES = obj(
    workspaceResourceId=id_of("Microsoft.OperationalInsights/workspaces", required=True),
    containedResources=array(string()),
    referencedResources=array(string()),
    provisioningState=string(read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="nothing takes logs")
