"""Microsoft.Network/bastionHosts: a way to machines through the browser or a tunnel. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import array, boolean, integer, obj, ref, string
from cloister.providers.network.placing import standing
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/bastionHosts"

PROPERTIES = obj(
    ipConfigurations=array(
        obj(
            properties=obj(
                subnet=ref("Microsoft.Network/virtualNetworks/subnets", required=True),
                publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
                provisioningState=string(read_only=True),
                privateIPAllocationMethod=string("Static", "Dynamic"),
            ),
            name=string(),
            etag=string(read_only=True),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    dnsName=string(),
    virtualNetwork=ref("Microsoft.Network/virtualNetworks"),
    networkAcls=obj(ipRules=array(obj(addressPrefix=string()))),
    provisioningState=string(read_only=True),
    scaleUnits=integer(2, 50),
    disableCopyPaste=boolean(),
    enableFileCopy=boolean(),
    enableIpConnect=boolean(),
    enableShareableLink=boolean(),
    enableTunneling=boolean(),
    enableKerberos=boolean(),
    enableSessionRecording=boolean(),
    enablePrivateOnlyBastion=boolean(),
)

TYPE = standing(NAME, API_VERSIONS, PROPERTIES, ("ipConfigurations",), lacks="nothing listens: no session is carried yet")
