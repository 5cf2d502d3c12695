"""Microsoft.Network/connections: tunnels between gateways. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import IPSEC_POLICIES, TRAFFIC_SELECTORS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/connections"

PROPERTIES = obj(
    authorizationKey=string(),
    virtualNetworkGateway1=ref("Microsoft.Network/virtualNetworkGateways", required=True),
    virtualNetworkGateway2=ref("Microsoft.Network/virtualNetworkGateways"),
    localNetworkGateway2=ref("Microsoft.Network/localNetworkGateways"),
    ingressNatRules=array(obj(id=string())),
    egressNatRules=array(obj(id=string())),
    connectionType=string("IPsec", "Vnet2Vnet", "ExpressRoute", "VPNClient", required=True),
    connectionProtocol=string("IKEv2", "IKEv1"),
    routingWeight=integer(),
    dpdTimeoutSeconds=integer(),
    connectionMode=string("Default", "ResponderOnly", "InitiatorOnly"),
    tunnelProperties=array(obj(tunnelIpAddress=string(), bgpPeeringAddress=string())),
    sharedKey=string(secret=True),
    connectionStatus=string(read_only=True),
    tunnelConnectionStatus=array(anything(), read_only=True),
    egressBytesTransferred=integer(read_only=True),
    ingressBytesTransferred=integer(read_only=True),
    peer=obj(id=string()),
    enableBgp=boolean(),
    gatewayCustomBgpIpAddresses=array(obj(ipConfigurationId=string(required=True), customBgpIpAddress=string(required=True))),
    useLocalAzureIpAddress=boolean(),
    usePolicyBasedTrafficSelectors=boolean(),
    ipsecPolicies=IPSEC_POLICIES,
    trafficSelectorPolicies=TRAFFIC_SELECTORS,
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    expressRouteGatewayBypass=boolean(),
    enablePrivateLinkFastPath=boolean(),
    authenticationType=string("PSK", "Certificate"),
    certificateAuthentication=obj(
        outboundAuthCertificate=string(), inboundAuthCertificateSubjectName=string(), inboundAuthCertificateChain=array(string())
    ),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no tunnel is built and no packet is forwarded yet")
