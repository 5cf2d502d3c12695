"""Microsoft.Network/ddosProtectionPlans: a plan that networks name. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/ddosProtectionPlans"

PROPERTIES = obj(
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    publicIPAddresses=array(anything(), read_only=True),
    virtualNetworks=array(anything(), read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="nothing is protected", used_by=("Microsoft.Network/virtualNetworks",))
