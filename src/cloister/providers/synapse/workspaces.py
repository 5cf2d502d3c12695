"""Microsoft.Synapse/workspaces: analytics workspaces. Their names resolve; no pool answers yet.

Source: bicep types microsoft.synapse 2021-06-01
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.synapse.versions import API_VERSIONS

NAME = "Microsoft.Synapse/workspaces"

PROPERTIES = obj(
    defaultDataLakeStorage=obj(
        accountUrl=string(), filesystem=string(), resourceId=string(), createManagedPrivateEndpoint=boolean()
    ),
    sqlAdministratorLoginPassword=string(secret=True),
    managedResourceGroupName=string(),
    provisioningState=string(read_only=True),
    sqlAdministratorLogin=string(),
    virtualNetworkProfile=obj(computeSubnetId=id_of("Microsoft.Network/virtualNetworks/subnets")),
    connectivityEndpoints=anything(read_only=True),
    managedVirtualNetwork=string(),
    privateEndpointConnections=array(anything(), read_only=True),
    encryption=obj(
        doubleEncryptionEnabled=boolean(read_only=True),
        cmk=obj(status=string(read_only=True), key=anything(), kekIdentity=anything()),
    ),
    workspaceUID=string(read_only=True),
    extraProperties=anything(read_only=True),
    managedVirtualNetworkSettings=obj(
        preventDataExfiltration=boolean(),
        linkedAccessCheckOnTargetResource=boolean(),
        allowedAadTenantIdsForLinking=array(string()),
    ),
    workspaceRepositoryConfiguration=obj(
        type=string(),
        hostName=string(),
        accountName=string(),
        projectName=string(),
        repositoryName=string(),
        collaborationBranch=string(),
        rootFolder=string(),
        lastCommitId=string(),
        tenantId=string(),
    ),
    purviewConfiguration=obj(purviewResourceId=string()),
    adlaResourceId=string(read_only=True),
    publicNetworkAccess=string("Enabled", "Disabled"),
    cspWorkspaceAdminProperties=obj(initialWorkspaceAdminObjectId=string()),
    settings=anything(read_only=True),
    azureADOnlyAuthentication=boolean(secret=True),
    trustedServiceBypassEnabled=boolean(),
)


GROUPS = groups(
    "synapse",
    Offer("Sql", "privatelink.sql.azuresynapse.net", ("{name}.sql.azuresynapse.net",), (443, 1433)),
    Offer("SqlOnDemand", "privatelink.sql.azuresynapse.net", ("{name}-ondemand.sql.azuresynapse.net",), (443, 1433)),
    Offer("Dev", "privatelink.dev.azuresynapse.net", ("{name}.dev.azuresynapse.net",)),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where its pools and its studio would answer."""
    name = row.name.lower()
    places = {
        "web": f"https://web.azuresynapse.net?workspace={quote(row.id, safe='')}",
        "dev": f"https://{name}.dev.azuresynapse.net",
        "sqlOnDemand": f"{name}-ondemand.sql.azuresynapse.net",
        "sql": f"{name}.sql.azuresynapse.net",
    }
    return {"connectivityEndpoints": places}


TYPES = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "synapse",
    GROUPS,
    lacks="no pool answers",
    show=show,
    name_unique="global",
    delete_status=202,
)
