"""Microsoft.Network/loadBalancers: frontends, pools and rules; what a private link service offers (``link_backends.py``).

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, ref, string
from cloister.providers.network.link_backends import wakes
from cloister.providers.network.placing import standing
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/loadBalancers"

PROPERTIES = obj(
    frontendIPConfigurations=array(
        obj(
            properties=obj(
                inboundNatRules=array(anything(), read_only=True),
                inboundNatPools=array(anything(), read_only=True),
                outboundRules=array(anything(), read_only=True),
                loadBalancingRules=array(anything(), read_only=True),
                privateIPAddress=string(),
                privateIPAllocationMethod=string("Static", "Dynamic"),
                privateIPAddressVersion=string("IPv4", "IPv6"),
                subnet=ref("Microsoft.Network/virtualNetworks/subnets"),
                publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
                publicIPPrefix=ref("Microsoft.Network/publicIPPrefixes"),
                gatewayLoadBalancer=anything(),
                provisioningState=string(read_only=True),
            ),
            etag=string(read_only=True),
            zones=array(string()),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    backendAddressPools=array(
        obj(
            properties=obj(
                location=string(),
                tunnelInterfaces=array(anything()),
                loadBalancerBackendAddresses=array(anything()),
                backendIPConfigurations=array(anything(), read_only=True),
                loadBalancingRules=array(anything(), read_only=True),
                outboundRule=anything(read_only=True),
                outboundRules=array(anything(), read_only=True),
                inboundNatRules=array(anything(), read_only=True),
                provisioningState=string(read_only=True),
                drainPeriodInSeconds=integer(),
                virtualNetwork=ref("Microsoft.Network/virtualNetworks"),
                syncMode=string("Automatic", "Manual"),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    loadBalancingRules=array(
        obj(
            properties=obj(
                frontendIPConfiguration=ref("Microsoft.Network/loadBalancers/frontendIPConfigurations"),
                backendAddressPool=obj(id=id_of("Microsoft.Network/loadBalancers/backendAddressPools")),
                backendAddressPools=array(ref("Microsoft.Network/loadBalancers/backendAddressPools")),
                probe=ref("Microsoft.Network/loadBalancers/probes"),
                protocol=string("Udp", "Tcp", "All", "Quic", required=True),
                loadDistribution=string("Default", "SourceIP", "SourceIPProtocol"),
                frontendPort=integer(required=True),
                backendPort=integer(),
                idleTimeoutInMinutes=integer(),
                enableFloatingIP=boolean(),
                enableTcpReset=boolean(),
                disableOutboundSnat=boolean(),
                enableConnectionTracking=boolean(),
                provisioningState=string(read_only=True),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    probes=array(
        obj(
            properties=obj(
                loadBalancingRules=array(anything(), read_only=True),
                protocol=string("Http", "Tcp", "Https", required=True),
                port=integer(required=True),
                intervalInSeconds=integer(),
                noHealthyBackendsBehavior=string("AllProbedDown", "AllProbedUp"),
                numberOfProbes=integer(),
                probeThreshold=integer(),
                requestPath=string(),
                provisioningState=string(read_only=True),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    inboundNatRules=array(
        obj(
            properties=obj(
                frontendIPConfiguration=ref("Microsoft.Network/loadBalancers/frontendIPConfigurations"),
                backendIPConfiguration=anything(read_only=True),
                protocol=string("Udp", "Tcp", "All", "Quic"),
                frontendPort=integer(),
                backendPort=integer(),
                idleTimeoutInMinutes=integer(),
                enableFloatingIP=boolean(),
                enableTcpReset=boolean(),
                frontendPortRangeStart=integer(),
                frontendPortRangeEnd=integer(),
                backendAddressPool=ref("Microsoft.Network/loadBalancers/backendAddressPools"),
                provisioningState=string(read_only=True),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    inboundNatPools=array(
        obj(
            properties=obj(
                frontendIPConfiguration=ref("Microsoft.Network/loadBalancers/frontendIPConfigurations"),
                protocol=string("Udp", "Tcp", "All", "Quic", required=True),
                frontendPortRangeStart=integer(required=True),
                frontendPortRangeEnd=integer(required=True),
                backendPort=integer(required=True),
                idleTimeoutInMinutes=integer(),
                enableFloatingIP=boolean(),
                enableTcpReset=boolean(),
                provisioningState=string(read_only=True),
            ),
            name=string(),
            etag=string(read_only=True),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    outboundRules=array(
        obj(
            properties=obj(
                allocatedOutboundPorts=integer(),
                frontendIPConfigurations=array(ref("Microsoft.Network/loadBalancers/frontendIPConfigurations"), required=True),
                backendAddressPool=ref("Microsoft.Network/loadBalancers/backendAddressPools", required=True),
                provisioningState=string(read_only=True),
                protocol=string("Tcp", "Udp", "All", required=True),
                enableTcpReset=boolean(),
                idleTimeoutInMinutes=integer(),
            ),
            etag=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    scope=string("Public", "Private"),
)

TYPE = standing(
    NAME, API_VERSIONS, PROPERTIES, ("frontendIPConfigurations",), lacks="balances for private link services alone", wakes=wakes
)
