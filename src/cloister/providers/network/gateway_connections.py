"""Microsoft.Network/connections: tunnels between gateways. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
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
    ipsecPolicies=array(
        obj(
            saLifeTimeSeconds=integer(required=True),
            saDataSizeKilobytes=integer(required=True),
            ipsecEncryption=string(
                "None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256", required=True
            ),
            ipsecIntegrity=string("MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256", required=True),
            ikeEncryption=string("DES", "DES3", "AES128", "AES192", "AES256", "GCMAES256", "GCMAES128", required=True),
            ikeIntegrity=string("MD5", "SHA1", "SHA256", "SHA384", "GCMAES256", "GCMAES128", required=True),
            dhGroup=string(
                "None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24", required=True
            ),
            pfsGroup=string("None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM", required=True),
        )
    ),
    trafficSelectorPolicies=array(
        obj(localAddressRanges=array(string(), required=True), remoteAddressRanges=array(string(), required=True))
    ),
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
