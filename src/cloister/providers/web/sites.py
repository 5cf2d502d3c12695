"""Microsoft.Web/sites: web and function apps with their settings. The names resolve; no app is run.

Source: learn.microsoft.com/azure/templates/microsoft.web/sites
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import plain
from cloister.providers.web.versions import API_VERSIONS

NAME = "Microsoft.Web/sites"

PROPERTIES = obj(
    enabled=boolean(),
    hostNameSslStates=array(anything()),
    serverFarmId=id_of("Microsoft.Web/serverfarms"),
    reserved=boolean(),
    isXenon=boolean(),
    hyperV=boolean(),
    vnetRouteAllEnabled=boolean(),
    vnetImagePullEnabled=boolean(),
    vnetContentShareEnabled=boolean(),
    siteConfig=anything(),
    functionAppConfig=anything(),
    scmSiteAlsoStopped=boolean(),
    hostingEnvironmentProfile=anything(),
    clientAffinityEnabled=boolean(),
    clientCertEnabled=boolean(),
    clientCertMode=string("Required", "Optional", "OptionalInteractiveUser"),
    httpsOnly=boolean(),
    redundancyMode=string(),
    storageAccountRequired=boolean(),
    keyVaultReferenceIdentity=string(),
    virtualNetworkSubnetId=id_of("Microsoft.Network/virtualNetworks/subnets"),
    publicNetworkAccess=string(),
    defaultHostName=string(read_only=True),
    hostNames=array(string(), read_only=True),
    enabledHostNames=array(string(), read_only=True),
    state=string(read_only=True),
    outboundIpAddresses=string(read_only=True),
    possibleOutboundIpAddresses=string(read_only=True),
    customDomainVerificationId=string(read_only=True),
    resourceGroup=string(read_only=True),
    repositorySiteName=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
)


GROUPS = groups(
    "web",
    Offer("sites", "privatelink.azurewebsites.net", ("{name}.azurewebsites.net", "{name}.scm.azurewebsites.net")),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its names."""
    name = f"{row.name.lower()}.azurewebsites.net"
    return {
        "defaultHostName": name,
        "hostNames": [name],
        "enabledHostNames": [name, f"{row.name.lower()}.scm.azurewebsites.net"],
        "state": "Running",
        "repositorySiteName": row.name,
        "customDomainVerificationId": view.new_id(f"{row.id} verification").replace("-", "").upper(),
    }


TARGET = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "web",
    GROUPS,
    lacks="no app is run",
    show=show,
    name_unique="global",
    put_status=(200, 200),
    actions={},
)

CONFIG_NAME = "Microsoft.Web/sites/config"

CONFIG_PROPERTIES = obj()

CONFIG_TYPE = plain(CONFIG_NAME, API_VERSIONS, CONFIG_PROPERTIES, lacks="no app reads it", location="none", put_status=(200, 200))

NETWORK_NAME = "Microsoft.Web/sites/networkConfig"

NETWORK_PROPERTIES = obj(subnetResourceId=id_of("Microsoft.Network/virtualNetworks/subnets"), swiftSupported=boolean())

NETWORK_TYPE = plain(
    NETWORK_NAME, API_VERSIONS, NETWORK_PROPERTIES, lacks="no packet leaves an app", location="none", put_status=(200, 200)
)

HOST_NAME = "Microsoft.Web/sites/hostNameBindings"

HOST_PROPERTIES = obj(
    siteName=string(),
    domainId=string(),
    azureResourceName=string(),
    azureResourceType=string("Website", "TrafficManager"),
    customHostNameDnsRecordType=string("CName", "A"),
    hostNameType=string("Verified", "Managed"),
    sslState=string("Disabled", "SniEnabled", "IpBasedEnabled"),
    thumbprint=string(),
    virtualIP=string(read_only=True),
)

HOST_TYPE = plain(
    HOST_NAME,
    API_VERSIONS,
    HOST_PROPERTIES,
    lacks="the name does not lead to the app",
    location="optional",
    put_status=(200, 200),
)

EXTENSION_NAME = "Microsoft.Web/sites/extensions"

EXTENSION_PROPERTIES = obj(
    packageUri=string(),
    dbType=string(),
    connectionString=string(secret=True),
    setParameters=anything(),
    appOffline=boolean(),
    skipAppData=boolean(),
)

EXTENSION_TYPE = plain(
    EXTENSION_NAME, API_VERSIONS, EXTENSION_PROPERTIES, lacks="nothing is deployed to the app", location="optional"
)

SOURCE_NAME = "Microsoft.Web/sites/sourcecontrols"

SOURCE_PROPERTIES = obj(
    repoUrl=string(),
    branch=string(),
    isManualIntegration=boolean(),
    isGitHubAction=boolean(),
    deploymentRollbackEnabled=boolean(),
    isMercurial=boolean(),
    gitHubActionConfiguration=anything(),
)

SOURCE_TYPE = plain(SOURCE_NAME, API_VERSIONS, SOURCE_PROPERTIES, lacks="nothing is deployed to the app", location="optional")

TYPES = (
    *TARGET,
    CONFIG_TYPE,
    NETWORK_TYPE,
    HOST_TYPE,
    EXTENSION_TYPE,
    SOURCE_TYPE,
)
"""The types of this module."""
