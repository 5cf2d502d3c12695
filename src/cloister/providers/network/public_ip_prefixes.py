"""Microsoft.Network/publicIPPrefixes: a run of public addresses. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/publicIPPrefixes"

PROPERTIES = obj(
    publicIPAddressVersion=string("IPv4", "IPv6"),
    ipTags=array(obj(ipTagType=string(), tag=string())),
    prefixLength=integer(),
    ipPrefix=string(read_only=True),
    publicIPAddresses=array(anything(), read_only=True),
    loadBalancerFrontendIpConfiguration=anything(read_only=True),
    customIPPrefix=obj(id=string()),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    natGateway=obj(
        properties=anything(),
        sku=anything(),
        zones=array(string()),
        etag=string(read_only=True),
        id=string(),
        name=string(read_only=True),
        type=string(read_only=True),
        location=string(),
        tags=anything(),
    ),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no run of addresses is set aside for it",
    used_by=("Microsoft.Network/publicIPAddresses", "Microsoft.Network/natGateways"),
)
