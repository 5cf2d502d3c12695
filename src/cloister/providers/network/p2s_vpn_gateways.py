"""Microsoft.Network/p2sVpnGateways: point-to-site gateways of hubs. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/p2sVpnGateways"

PROPERTIES = obj(
    virtualHub=ref("Microsoft.Network/virtualHubs"),
    p2SConnectionConfigurations=array(
        obj(properties=anything(), name=string(), etag=string(read_only=True), id=string(read_only=True))
    ),
    provisioningState=string(read_only=True),
    vpnGatewayScaleUnit=integer(),
    vpnServerConfiguration=ref("Microsoft.Network/vpnServerConfigurations"),
    vpnClientConnectionHealth=anything(read_only=True),
    customDnsServers=array(string()),
    isRoutingPreferenceInternet=boolean(),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no tunnel is built and no packet is forwarded yet")
