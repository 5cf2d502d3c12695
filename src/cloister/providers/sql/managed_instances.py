"""Microsoft.Sql/managedInstances: instances in a subnet of a network. Stored.

Source: learn.microsoft.com/azure/templates/microsoft.sql/managedinstances
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.sql.versions import API_VERSIONS

NAME = "Microsoft.Sql/managedInstances"

PROPERTIES = obj(
    managedInstanceCreateMode=string("Default", "PointInTimeRestore"),
    administratorLogin=string(create_only=True),
    administratorLoginPassword=string(secret=True),
    subnetId=id_of("Microsoft.Network/virtualNetworks/subnets", required=True),
    licenseType=string("LicenseIncluded", "BasePrice"),
    vCores=integer(),
    storageSizeInGB=integer(),
    collation=string(),
    dnsZonePartner=string(),
    publicDataEndpointEnabled=boolean(),
    sourceManagedInstanceId=string(),
    proxyOverride=string("Proxy", "Redirect", "Default"),
    timezoneId=string(),
    instancePoolId=string(),
    maintenanceConfigurationId=string(),
    minimalTlsVersion=string(),
    storageAccountType=string(),
    zoneRedundant=boolean(),
    administrators=anything(),
    hardwareFamily=string(),
    fullyQualifiedDomainName=string(read_only=True),
    dnsZone=string(read_only=True),
    state=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups("sql", Offer("managedInstance", "privatelink.database.windows.net", ("{name}.database.windows.net",), (1433,)))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its public name."""
    return {"fullyQualifiedDomainName": f"{row.name.lower()}.database.windows.net", "state": "Ready"}


TYPES = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "sql",
    GROUPS,
    lacks="no database answers, and no address of the subnet is taken",
    show=show,
    name_unique="global",
)
