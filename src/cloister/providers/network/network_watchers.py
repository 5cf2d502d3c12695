"""Microsoft.Network/networkWatchers and their flow logs. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, boolean, integer, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/networkWatchers"

PROPERTIES = obj(provisioningState=string(read_only=True))

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="nothing is watched; cloister explain tells why a flow passes or not",
    delete_status=202,
)

FLOW_LOG_NAME = "Microsoft.Network/networkWatchers/flowLogs"

FLOW_LOG_PROPERTIES = obj(
    targetResourceId=string(required=True),
    targetResourceGuid=string(read_only=True),
    storageId=string(required=True),
    enabledFilteringCriteria=string(),
    recordTypes=string(),
    enabled=boolean(),
    retentionPolicy=obj(days=integer(), enabled=boolean()),
    format=obj(type=string("JSON"), version=integer()),
    flowAnalyticsConfiguration=obj(networkWatcherFlowAnalyticsConfiguration=anything()),
    provisioningState=string(read_only=True),
)

FLOW_LOG_TYPE = plain(
    FLOW_LOG_NAME, API_VERSIONS, FLOW_LOG_PROPERTIES, lacks="no flow is logged", location="optional", delete_status=202
)

TYPES = (
    TYPE,
    FLOW_LOG_TYPE,
)
"""The types of this module."""
