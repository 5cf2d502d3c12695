"""Microsoft.Network/localNetworkGateways: the other side of a site-to-site tunnel. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import ADDRESS_SPACE, BGP_SETTINGS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/localNetworkGateways"

PROPERTIES = obj(
    localNetworkAddressSpace=ADDRESS_SPACE,
    gatewayIpAddress=string(),
    fqdn=string(),
    bgpSettings=BGP_SETTINGS,
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/connections",),
    in_use_code="LocalNetworkGatewayInUse",
)
