"""Microsoft.Search/searchServices. The name resolves; no index answers.

Source: learn.microsoft.com/azure/templates/microsoft.search/searchservices
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys
from cloister.providers.search.versions import API_VERSIONS

NAME = "Microsoft.Search/searchServices"

PROPERTIES = obj(
    replicaCount=integer(1, 12),
    partitionCount=integer(1, 12),
    hostingMode=string("default", "highDensity"),
    publicNetworkAccess=string("enabled", "disabled"),
    networkRuleSet=anything(),
    encryptionWithCmk=anything(),
    disableLocalAuth=boolean(),
    authOptions=anything(),
    semanticSearch=string("disabled", "free", "standard"),
    status=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups("search", Offer("searchService", "privatelink.search.windows.net", ("{name}.search.windows.net",)))

TYPES = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "search",
    GROUPS,
    lacks="no index answers",
    actions={"listAdminKeys": keys({"primaryKey": "primary", "secondaryKey": "secondary"})},
    name_unique="global",
    name_pattern=r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]",
)
