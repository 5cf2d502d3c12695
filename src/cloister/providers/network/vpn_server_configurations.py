"""Microsoft.Network/vpnServerConfigurations: what point-to-site clients of hubs agree on. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import IPSEC_POLICIES
from cloister.providers.plain import plain

NAME = "Microsoft.Network/vpnServerConfigurations"

PROPERTIES = obj(
    name=string(),
    vpnProtocols=array(string("IkeV2", "OpenVPN")),
    vpnAuthenticationTypes=array(string("Certificate", "Radius", "AAD")),
    vpnClientRootCertificates=array(obj(name=string(), publicCertData=string())),
    vpnClientRevokedCertificates=array(obj(name=string(), thumbprint=string())),
    radiusServerRootCertificates=array(obj(name=string(), publicCertData=string())),
    radiusClientRootCertificates=array(obj(name=string(), thumbprint=string())),
    vpnClientIpsecPolicies=IPSEC_POLICIES,
    radiusServerAddress=string(),
    radiusServerSecret=string(secret=True),
    radiusServers=array(
        obj(radiusServerAddress=string(required=True), radiusServerScore=integer(), radiusServerSecret=string(secret=True))
    ),
    aadAuthenticationParameters=obj(aadTenant=string(), aadAudience=string(), aadIssuer=string()),
    provisioningState=string(read_only=True),
    p2SVpnGateways=array(anything(), read_only=True),
    configurationPolicyGroups=array(
        obj(
            properties=anything(),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    etag=string(read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/p2sVpnGateways",),
)
