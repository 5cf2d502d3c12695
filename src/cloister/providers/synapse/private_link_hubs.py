"""Microsoft.Synapse/privateLinkHubs: where endpoints to the Synapse studio lead.

Source: bicep types microsoft.synapse 2021-06-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.synapse.versions import API_VERSIONS

NAME = "Microsoft.Synapse/privateLinkHubs"

PROPERTIES = obj(provisioningState=string(read_only=True), privateEndpointConnections=array(anything(), read_only=True))


GROUPS = groups("synapse", Offer("Web", "privatelink.azuresynapse.net", ("web.azuresynapse.net",)))

TYPES = target(NAME, API_VERSIONS, PROPERTIES, "synapse", GROUPS, lacks="the studio is not served")
