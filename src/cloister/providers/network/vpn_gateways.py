"""Microsoft.Network/vpnGateways of hubs and their connections. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import IPSEC_POLICIES, TRAFFIC_SELECTORS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/vpnGateways"

PROPERTIES = obj(
    virtualHub=ref("Microsoft.Network/virtualHubs"),
    connections=array(anything()),
    bgpSettings=obj(
        asn=integer(0, 4294967295), bgpPeeringAddress=string(), peerWeight=integer(), bgpPeeringAddresses=array(anything())
    ),
    provisioningState=string(read_only=True),
    vpnGatewayScaleUnit=integer(),
    ipConfigurations=array(anything(), read_only=True),
    enableBgpRouteTranslationForNat=boolean(),
    isRoutingPreferenceInternet=boolean(),
    natRules=array(
        obj(
            properties=anything(),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    inline={"connections": "vpnConnections"},
)

CONNECTION_NAME = "Microsoft.Network/vpnGateways/vpnConnections"

CONNECTION_PROPERTIES = obj(
    remoteVpnSite=ref("Microsoft.Network/vpnSites"),
    routingWeight=integer(),
    dpdTimeoutSeconds=integer(),
    connectionStatus=string(read_only=True),
    vpnConnectionProtocolType=string("IKEv2", "IKEv1"),
    ingressBytesTransferred=integer(read_only=True),
    egressBytesTransferred=integer(read_only=True),
    connectionBandwidth=integer(),
    sharedKey=string(secret=True),
    enableBgp=boolean(),
    usePolicyBasedTrafficSelectors=boolean(),
    ipsecPolicies=IPSEC_POLICIES,
    trafficSelectorPolicies=TRAFFIC_SELECTORS,
    enableRateLimiting=boolean(),
    enableInternetSecurity=boolean(),
    useLocalAzureIpAddress=boolean(),
    provisioningState=string(read_only=True),
    vpnLinkConnections=array(
        obj(
            properties=anything(),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    routingConfiguration=obj(
        associatedRouteTable=anything(),
        propagatedRouteTables=anything(),
        vnetRoutes=anything(),
        inboundRouteMap=anything(),
        outboundRouteMap=anything(),
    ),
)

CONNECTION_TYPE = plain(
    CONNECTION_NAME,
    API_VERSIONS,
    CONNECTION_PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    location="none",
)

TYPES = (
    TYPE,
    CONNECTION_TYPE,
)
"""The types of this module."""
