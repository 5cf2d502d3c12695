"""Microsoft.Network/vpnSites: the other side of a hub's tunnels. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.network.vpn_parts import ADDRESS_SPACE, BGP_SETTINGS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/vpnSites"

PROPERTIES = obj(
    virtualWan=ref("Microsoft.Network/virtualWans"),
    deviceProperties=obj(deviceVendor=string(), deviceModel=string(), linkSpeedInMbps=integer()),
    ipAddress=string(),
    siteKey=string(),
    addressSpace=ADDRESS_SPACE,
    bgpProperties=BGP_SETTINGS,
    provisioningState=string(read_only=True),
    isSecuritySite=boolean(),
    vpnSiteLinks=array(
        obj(
            properties=obj(
                linkProperties=anything(),
                ipAddress=string(),
                fqdn=string(),
                bgpProperties=anything(),
                provisioningState=string(read_only=True),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    o365Policy=obj(breakOutCategories=obj(allow=boolean(), optimize=boolean(), default=boolean())),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/vpnGateways", "Microsoft.Network/vpnGateways/vpnConnections"),
)
