"""Microsoft.Web/serverfarms and hostingEnvironments: plans and App Service Environments. Stored.

Source: learn.microsoft.com/azure/templates/microsoft.web/serverfarms
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.plain import plain
from cloister.providers.web.versions import API_VERSIONS

NAME = "Microsoft.Web/serverfarms"

PROPERTIES = obj(
    name=string(),
    workerTierName=string(),
    hostingEnvironmentProfile=obj(id=id_of("Microsoft.Web/hostingEnvironments")),
    perSiteScaling=boolean(),
    elasticScaleEnabled=boolean(),
    maximumElasticWorkerCount=integer(),
    isSpot=boolean(),
    reserved=boolean(),
    isXenon=boolean(),
    hyperV=boolean(),
    targetWorkerCount=integer(),
    targetWorkerSizeId=integer(),
    zoneRedundant=boolean(),
    numberOfSites=integer(read_only=True),
    numberOfWorkers=anything(),
    provisioningState=string(read_only=True),
)

TYPE = plain(
    NAME, API_VERSIONS, PROPERTIES, lacks="no worker is started", used_by=("Microsoft.Web/sites",), put_status=(200, 200)
)

ENVIRONMENT_NAME = "Microsoft.Web/hostingEnvironments"

ENVIRONMENT_PROPERTIES = obj(
    name=string(),
    location=string(),
    virtualNetwork=obj(id=string(required=True), subnet=string(), required=True),
    internalLoadBalancingMode=string("None", "Web", "Publishing", "Web, Publishing", "Web,Publishing", "0", "1", "2", "3"),
    multiSize=string(),
    ipsslAddressCount=integer(),
    dnsSuffix=string(),
    frontEndScaleFactor=integer(),
    userWhitelistedIpRanges=array(string()),
    clusterSettings=array(anything()),
    zoneRedundant=boolean(),
    dedicatedHostCount=integer(),
    vnetName=string(),
    vnetResourceGroupName=string(),
    vnetSubnetName=string(),
    multiRoleCount=integer(),
    workerPools=array(anything()),
    networkAccessControlList=array(anything()),
    status=string(read_only=True),
    provisioningState=string(read_only=True),
)

ENVIRONMENT_TYPE = plain(
    ENVIRONMENT_NAME,
    API_VERSIONS,
    ENVIRONMENT_PROPERTIES,
    lacks="no worker is started",
    used_by=("Microsoft.Web/serverfarms", "Microsoft.Web/sites"),
)

TYPES = (
    TYPE,
    ENVIRONMENT_TYPE,
)
"""The types of this module."""
