"""Microsoft.Network/virtualWans: a group of hubs. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/virtualWans"

PROPERTIES = obj(
    disableVpnEncryption=boolean(),
    virtualHubs=array(anything(), read_only=True),
    vpnSites=array(anything(), read_only=True),
    allowBranchToBranchTraffic=boolean(),
    allowVnetToVnetTraffic=boolean(),
    office365LocalBreakoutCategory=string(read_only=True),
    provisioningState=string(read_only=True),
    type=string(),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no tunnel is built and no packet is forwarded yet",
    used_by=("Microsoft.Network/virtualHubs", "Microsoft.Network/vpnSites"),
)
