"""Microsoft.Network/localNetworkGateways: the other side of a site-to-site tunnel. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/localNetworkGateways"

PROPERTIES = obj(
    localNetworkAddressSpace=obj(
        addressPrefixes=array(string()),
        ipamPoolPrefixAllocations=array(
            obj(pool=anything(), numberOfIpAddresses=string(), allocatedAddressPrefixes=array(anything(), read_only=True))
        ),
    ),
    gatewayIpAddress=string(),
    fqdn=string(),
    bgpSettings=obj(
        asn=integer(0, 4294967295),
        bgpPeeringAddress=string(),
        peerWeight=integer(),
        bgpPeeringAddresses=array(
            obj(
                ipconfigurationId=string(),
                defaultBgpIpAddresses=array(anything(), read_only=True),
                customBgpIpAddresses=array(string()),
                tunnelIpAddresses=array(anything(), read_only=True),
            )
        ),
    ),
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
