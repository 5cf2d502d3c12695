"""Microsoft.ApiManagement/service. The name resolves; no API answers.

Source: learn.microsoft.com/azure/templates/microsoft.apimanagement/service
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.link_targets import Offer, groups, target

API_VERSIONS = ("2023-05-01-preview", "2022-08-01", "2021-08-01", "2020-12-01", "2019-12-01")

NAME = "Microsoft.ApiManagement/service"

PROPERTIES = obj(
    publisherEmail=string(required=True),
    publisherName=string(required=True),
    notificationSenderEmail=string(),
    hostnameConfigurations=array(anything()),
    virtualNetworkType=string("None", "External", "Internal"),
    virtualNetworkConfiguration=obj(subnetResourceId=id_of("Microsoft.Network/virtualNetworks/subnets")),
    publicIpAddressId=id_of("Microsoft.Network/publicIPAddresses"),
    additionalLocations=array(anything()),
    customProperties=anything(),
    certificates=array(anything()),
    enableClientCertificate=boolean(),
    disableGateway=boolean(),
    natGatewayState=string(),
    apiVersionConstraint=anything(),
    restore=boolean(),
    publicNetworkAccess=string("Enabled", "Disabled"),
    gatewayUrl=string(read_only=True),
    managementApiUrl=string(read_only=True),
    portalUrl=string(read_only=True),
    developerPortalUrl=string(read_only=True),
    targetProvisioningState=string(read_only=True),
    createdAtUtc=string(read_only=True),
    platformVersion=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups("apimanagement", Offer("Gateway", "privatelink.azure-api.net", ("{name}.azure-api.net",)))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"gatewayUrl": f"https://{row.name.lower()}.azure-api.net"}


TYPES = target(NAME, API_VERSIONS, PROPERTIES, "apimanagement", GROUPS, lacks="no API answers", show=show, name_unique="global")
