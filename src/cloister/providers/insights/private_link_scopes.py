"""Microsoft.Insights/privateLinkScopes and what is in them: endpoints to Azure Monitor.

Source: learn.microsoft.com/azure/templates/microsoft.insights/privatelinkscopes; zones:
learn.microsoft.com/azure/azure-monitor/logs/private-link-configure
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.insights.versions import API_VERSIONS
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import plain

NAME = "Microsoft.Insights/privateLinkScopes"

PROPERTIES = obj(
    accessModeSettings=obj(
        ingestionAccessMode=string("Open", "PrivateOnly"),
        queryAccessMode=string("Open", "PrivateOnly"),
        exclusions=array(anything()),
    ),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "monitor", Offer("azuremonitor", "privatelink.monitor.azure.com", ("api.monitor.azure.com", "global.in.ai.monitor.azure.com"))
)

TARGET = target(NAME, API_VERSIONS, PROPERTIES, "monitor", GROUPS, lacks="nothing takes telemetry", location="optional")

SCOPED_NAME = "Microsoft.Insights/privateLinkScopes/scopedResources"

SCOPED_PROPERTIES = obj(
    linkedResourceId=string(), kind=string(), subscriptionLocation=string(), provisioningState=string(read_only=True)
)

SCOPED_TYPE = plain(SCOPED_NAME, API_VERSIONS, SCOPED_PROPERTIES, lacks="nothing takes telemetry", location="none")

TYPES = (
    *TARGET,
    SCOPED_TYPE,
)
"""The types of this module."""
