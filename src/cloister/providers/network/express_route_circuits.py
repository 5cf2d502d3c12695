"""Microsoft.Network/expressRouteCircuits with their peerings and authorizations. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/expressRouteCircuits"

PROPERTIES = obj(
    allowClassicOperations=boolean(),
    circuitProvisioningState=string(),
    serviceProviderProvisioningState=string("NotProvisioned", "Provisioning", "Provisioned", "Deprovisioning"),
    authorizations=array(anything()),
    peerings=array(anything()),
    serviceKey=string(),
    serviceProviderNotes=string(),
    serviceProviderProperties=obj(serviceProviderName=string(), peeringLocation=string(), bandwidthInMbps=integer()),
    expressRoutePort=obj(id=string()),
    bandwidthInGbps=integer(),
    stag=integer(read_only=True),
    provisioningState=string(read_only=True),
    gatewayManagerEtag=string(),
    globalReachEnabled=boolean(),
    authorizationKey=string(),
    authorizationStatus=string(read_only=True),
    enableDirectPortRateLimit=boolean(),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no provider is behind it: no packet passes",
    inline={"authorizations": "authorizations", "peerings": "peerings"},
)

PEERING_NAME = "Microsoft.Network/expressRouteCircuits/peerings"

PEERING_PROPERTIES = obj(
    peeringType=string("AzurePublicPeering", "AzurePrivatePeering", "MicrosoftPeering"),
    state=string("Disabled", "Enabled"),
    azureASN=integer(),
    peerASN=integer(1, 4294967295),
    primaryPeerAddressPrefix=string(),
    secondaryPeerAddressPrefix=string(),
    primaryAzurePort=string(),
    secondaryAzurePort=string(),
    sharedKey=string(),
    vlanId=integer(),
    microsoftPeeringConfig=obj(
        advertisedPublicPrefixes=array(string()),
        advertisedCommunities=array(string()),
        advertisedPublicPrefixesState=string(read_only=True),
        legacyMode=integer(),
        customerASN=integer(),
        routingRegistryName=string(),
        advertisedPublicPrefixInfo=array(anything()),
    ),
    stats=obj(primarybytesIn=integer(), primarybytesOut=integer(), secondarybytesIn=integer(), secondarybytesOut=integer()),
    provisioningState=string(read_only=True),
    gatewayManagerEtag=string(),
    lastModifiedBy=string(read_only=True),
    routeFilter=obj(id=string()),
    ipv6PeeringConfig=obj(
        primaryPeerAddressPrefix=string(),
        secondaryPeerAddressPrefix=string(),
        microsoftPeeringConfig=anything(),
        routeFilter=ref("Microsoft.Network/expressRouteCircuits/peerings/routeFilter"),
        state=string("Disabled", "Enabled"),
    ),
    expressRouteConnection=obj(id=string(read_only=True)),
    connections=array(
        obj(
            properties=anything(),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    peeredConnections=array(anything(), read_only=True),
)

PEERING_TYPE = plain(PEERING_NAME, API_VERSIONS, PEERING_PROPERTIES, lacks="no packet passes", location="none")

AUTHORIZATION_NAME = "Microsoft.Network/expressRouteCircuits/authorizations"

AUTHORIZATION_PROPERTIES = obj(
    authorizationKey=string(),
    authorizationUseStatus=string("Available", "InUse"),
    connectionResourceUri=string(read_only=True),
    provisioningState=string(read_only=True),
)

AUTHORIZATION_TYPE = plain(
    AUTHORIZATION_NAME, API_VERSIONS, AUTHORIZATION_PROPERTIES, lacks="nobody redeems its key", location="none"
)

TYPES = (
    TYPE,
    PEERING_TYPE,
    AUTHORIZATION_TYPE,
)
"""The types of this module."""
