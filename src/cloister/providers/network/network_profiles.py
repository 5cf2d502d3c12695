"""Microsoft.Network/networkProfiles: the interfaces of container groups. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/networkProfiles"

PROPERTIES = obj(
    containerNetworkInterfaces=array(anything(), read_only=True),
    containerNetworkInterfaceConfigurations=array(
        obj(
            properties=anything(),
            name=string(),
            type=string(read_only=True),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no container stands in a subnet by it")
