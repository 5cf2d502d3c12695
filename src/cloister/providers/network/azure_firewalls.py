"""Microsoft.Network/azureFirewalls: a firewall in a network or a hub. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, ref, string
from cloister.providers.network.placing import standing
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/azureFirewalls"

PROPERTIES = obj(
    applicationRuleCollections=array(
        obj(
            properties=obj(
                priority=integer(100, 65000), action=anything(), rules=array(anything()), provisioningState=string(read_only=True)
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    natRuleCollections=array(
        obj(
            properties=obj(
                priority=integer(100, 65000), action=anything(), rules=array(anything()), provisioningState=string(read_only=True)
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    networkRuleCollections=array(
        obj(
            properties=obj(
                priority=integer(100, 65000), action=anything(), rules=array(anything()), provisioningState=string(read_only=True)
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    ipConfigurations=array(
        obj(
            properties=obj(
                privateIPAddress=string(read_only=True),
                subnet=ref("Microsoft.Network/virtualNetworks/subnets"),
                publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
                provisioningState=string(read_only=True),
            ),
            name=string(),
            etag=string(read_only=True),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    managementIpConfiguration=obj(
        properties=obj(
            privateIPAddress=string(read_only=True),
            subnet=ref("Microsoft.Network/virtualNetworks/subnets"),
            publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
            provisioningState=string(read_only=True),
        ),
        name=string(),
        etag=string(read_only=True),
        type=string(read_only=True),
        id=string(),
    ),
    provisioningState=string(read_only=True),
    threatIntelMode=string("Alert", "Deny", "Off"),
    virtualHub=ref("Microsoft.Network/virtualHubs"),
    firewallPolicy=ref("Microsoft.Network/firewallPolicies"),
    hubIPAddresses=obj(publicIPs=obj(addresses=array(anything()), count=integer()), privateIPAddress=string()),
    ipGroups=array(anything(), read_only=True),
    sku=obj(name=string("AZFW_VNet", "AZFW_Hub"), tier=string("Standard", "Premium", "Basic")),
    additionalProperties=anything(),
    autoscaleConfiguration=obj(minCapacity=integer(2), maxCapacity=integer(2)),
)

TYPE = standing(NAME, API_VERSIONS, PROPERTIES, ("ipConfigurations",), lacks="no packet is filtered by it yet")
