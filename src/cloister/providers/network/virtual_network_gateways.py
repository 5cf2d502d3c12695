"""Microsoft.Network/virtualNetworkGateways: VPN and ExpressRoute gateways of a network. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.placing import standing
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import ADDRESS_SPACE, BGP_SETTINGS, IPSEC_POLICIES

NAME = "Microsoft.Network/virtualNetworkGateways"

PROPERTIES = obj(
    autoScaleConfiguration=obj(bounds=obj(min=integer(), max=integer())),
    ipConfigurations=array(
        obj(
            properties=obj(
                privateIPAllocationMethod=string("Static", "Dynamic"),
                subnet=ref("Microsoft.Network/virtualNetworks/subnets"),
                publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
                privateIPAddress=string(read_only=True),
                provisioningState=string(read_only=True),
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    gatewayType=string("Vpn", "ExpressRoute", "LocalGateway"),
    vpnType=string("PolicyBased", "RouteBased"),
    vpnGatewayGeneration=string("None", "Generation1", "Generation2"),
    enableBgp=boolean(),
    enablePrivateIpAddress=boolean(),
    virtualNetworkGatewayMigrationStatus=obj(
        state=string("None", "InProgress", "Succeeded", "Failed"),
        phase=string(
            "None",
            "Prepare",
            "PrepareSucceeded",
            "Execute",
            "ExecuteSucceeded",
            "Commit",
            "CommitSucceeded",
            "AbortSucceeded",
            "Abort",
        ),
        errorMessage=string(),
    ),
    activeActive=boolean(),
    enableHighBandwidthVpnGateway=boolean(),
    disableIPSecReplayProtection=boolean(),
    gatewayDefaultSite=ref("Microsoft.Network/localNetworkGateways"),
    sku=obj(
        name=string(
            "Basic",
            "HighPerformance",
            "Standard",
            "UltraPerformance",
            "VpnGw1",
            "VpnGw2",
            "VpnGw3",
            "VpnGw4",
            "VpnGw5",
            "VpnGw1AZ",
            "VpnGw2AZ",
            "VpnGw3AZ",
            "VpnGw4AZ",
            "VpnGw5AZ",
            "ErGw1AZ",
            "ErGw2AZ",
            "ErGw3AZ",
            "ErGwScale",
        ),
        tier=string(),
        capacity=integer(read_only=True),
    ),
    vpnClientConfiguration=obj(
        vpnClientAddressPool=obj(addressPrefixes=array(string()), ipamPoolPrefixAllocations=array(anything())),
        vpnClientRootCertificates=array(
            obj(properties=anything(required=True), name=string(), etag=string(read_only=True), id=string(read_only=True))
        ),
        vpnClientRevokedCertificates=array(
            obj(properties=anything(), name=string(), etag=string(read_only=True), id=string(read_only=True))
        ),
        vpnClientProtocols=array(string("IkeV2", "SSTP", "OpenVPN")),
        vpnAuthenticationTypes=array(string("Certificate", "Radius", "AAD")),
        vpnClientIpsecPolicies=IPSEC_POLICIES,
        radiusServerAddress=string(),
        radiusServerSecret=string(secret=True),
        radiusServers=array(
            obj(radiusServerAddress=string(required=True), radiusServerScore=integer(), radiusServerSecret=string(secret=True))
        ),
        aadTenant=string(),
        aadAudience=string(),
        aadIssuer=string(),
        vngClientConnectionConfigurations=array(
            obj(properties=anything(), name=string(), etag=string(read_only=True), id=string(read_only=True))
        ),
    ),
    virtualNetworkGatewayPolicyGroups=array(
        obj(
            properties=obj(
                isDefault=boolean(required=True),
                priority=integer(required=True),
                policyMembers=array(anything(), required=True),
                vngClientConnectionConfigurations=array(anything(), read_only=True),
                provisioningState=string(read_only=True),
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    bgpSettings=BGP_SETTINGS,
    customRoutes=ADDRESS_SPACE,
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    enableDnsForwarding=boolean(),
    inboundDnsForwardingEndpoint=string(read_only=True),
    vNetExtendedLocationResourceId=string(),
    natRules=array(
        obj(
            properties=obj(
                provisioningState=string(read_only=True),
                type=string("Static", "Dynamic"),
                mode=string("EgressSnat", "IngressSnat"),
                internalMappings=array(anything()),
                externalMappings=array(anything()),
                ipConfigurationId=string(),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    enableBgpRouteTranslationForNat=boolean(),
    allowVirtualWanTraffic=boolean(),
    allowRemoteVnetTraffic=boolean(),
    adminState=string("Enabled", "Disabled"),
    resiliencyModel=string("SingleHomed", "MultiHomed"),
)

AZURE_ASN = 65515  # learn.microsoft.com/azure/vpn-gateway/vpn-gateway-bgp-overview


def peering(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """``bgpSettings`` of a VPN gateway: its number and its address, which is the first one that it holds in its subnet."""
    if str(row.properties.get("gatewayType") or "Vpn") != "Vpn":
        return {}
    given = row.facts.get("addresses") or {}
    written = row.properties.get("bgpSettings")
    settings = {"asn": AZURE_ASN, "bgpPeeringAddress": ",".join(given.values()), "peerWeight": 0}
    return {"bgpSettings": {**settings, **(written if isinstance(written, dict) else {})}}


TYPE = standing(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    ("ipConfigurations",),
    also=peering,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/connections",),
    in_use_code="GatewayInUse",
)
