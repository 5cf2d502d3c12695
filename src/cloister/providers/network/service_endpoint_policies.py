"""Microsoft.Network/serviceEndpointPolicies and their definitions. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/serviceEndpointPolicies"

PROPERTIES = obj(
    serviceEndpointPolicyDefinitions=array(anything()),
    subnets=array(anything(), read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    serviceAlias=string(),
    contextualServiceEndpointPolicies=array(string()),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no packet is filtered by it yet",
    inline={"serviceEndpointPolicyDefinitions": "serviceEndpointPolicyDefinitions"},
    used_by=("Microsoft.Network/virtualNetworks/subnets",),
)

DEFINITION_NAME = "Microsoft.Network/serviceEndpointPolicies/serviceEndpointPolicyDefinitions"

DEFINITION_PROPERTIES = obj(
    description=string(), service=string(), serviceResources=array(string()), provisioningState=string(read_only=True)
)

DEFINITION_TYPE = plain(
    DEFINITION_NAME, API_VERSIONS, DEFINITION_PROPERTIES, lacks="no packet is filtered by it yet", location="none"
)

TYPES = (
    TYPE,
    DEFINITION_TYPE,
)
"""The types of this module."""
