"""Microsoft.Network/ipGroups: addresses under one name for firewall rules. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/ipGroups"

PROPERTIES = obj(
    provisioningState=string(read_only=True),
    ipAddresses=array(string()),
    firewalls=array(anything(), read_only=True),
    firewallPolicies=array(anything(), read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no rule reads it yet",
    used_by=(
        "Microsoft.Network/firewallPolicies",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "Microsoft.Network/azureFirewalls",
    ),
)
