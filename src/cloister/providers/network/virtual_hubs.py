"""Microsoft.Network/virtualHubs with their connections and route tables. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/virtualHubs"

PROPERTIES = obj(
    virtualWan=ref("Microsoft.Network/virtualWans"),
    vpnGateway=obj(id=string()),
    p2SVpnGateway=obj(id=string()),
    expressRouteGateway=obj(id=string()),
    azureFirewall=obj(id=string()),
    securityPartnerProvider=obj(id=string()),
    addressPrefix=string(),
    routeTable=obj(routes=array(anything())),
    provisioningState=string(read_only=True),
    securityProviderName=string(),
    virtualHubRouteTableV2s=array(
        obj(properties=anything(), name=string(), etag=string(read_only=True), id=string(read_only=True))
    ),
    sku=string(),
    routingState=string(read_only=True),
    bgpConnections=array(anything(), read_only=True),
    ipConfigurations=array(anything(), read_only=True),
    routeMaps=array(anything(), read_only=True),
    virtualRouterAsn=integer(0, 4294967295),
    virtualRouterIps=array(string()),
    allowBranchToBranchTraffic=boolean(),
    preferredRoutingGateway=string("ExpressRoute", "VpnGateway", "None"),
    hubRoutingPreference=string("ExpressRoute", "VpnGateway", "ASPath"),
    virtualRouterAutoScaleConfiguration=obj(minCapacity=integer(0)),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/vpnGateways", "Microsoft.Network/p2sVpnGateways", "Microsoft.Network/azureFirewalls"),
)

CONNECTION_NAME = "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections"

CONNECTION_PROPERTIES = obj(
    remoteVirtualNetwork=ref("Microsoft.Network/virtualNetworks"),
    allowHubToRemoteVnetTransit=boolean(),
    allowRemoteVnetToUseHubVnetGateways=boolean(),
    enableInternetSecurity=boolean(),
    routingConfiguration=obj(
        associatedRouteTable=anything(),
        propagatedRouteTables=anything(),
        vnetRoutes=anything(),
        inboundRouteMap=anything(),
        outboundRouteMap=anything(),
    ),
    provisioningState=string(read_only=True),
)

CONNECTION_TYPE = plain(
    CONNECTION_NAME,
    API_VERSIONS,
    CONNECTION_PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    location="none",
)

TABLE_NAME = "Microsoft.Network/virtualHubs/hubRouteTables"

TABLE_PROPERTIES = obj(
    routes=array(
        obj(
            name=string(required=True),
            destinationType=string(required=True),
            destinations=array(string(), required=True),
            nextHopType=string(required=True),
            nextHop=string(required=True),
        )
    ),
    labels=array(string()),
    associatedConnections=array(anything(), read_only=True),
    propagatingConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)

TABLE_TYPE = plain(
    TABLE_NAME, API_VERSIONS, TABLE_PROPERTIES, lacks="no tunnel is built and no packet is forwarded yet", location="none"
)

TYPES = (
    TYPE,
    CONNECTION_TYPE,
    TABLE_TYPE,
)
"""The types of this module."""
