"""Microsoft.ServiceBus/namespaces. The name resolves; no message is taken.

Source: learn.microsoft.com/azure/templates/microsoft.servicebus/namespaces
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys, plain
from cloister.providers.servicebus.versions import API_VERSIONS

NAME = "Microsoft.ServiceBus/namespaces"

PROPERTIES = obj(
    alternateName=string(),
    disableLocalAuth=boolean(),
    encryption=anything(),
    minimumTlsVersion=string("1.0", "1.1", "1.2"),
    premiumMessagingPartitions=integer(),
    publicNetworkAccess=string("Enabled", "Disabled", "SecuredByPerimeter"),
    zoneRedundant=boolean(),
    isAutoInflateEnabled=boolean(),
    kafkaEnabled=boolean(),
    maximumThroughputUnits=integer(),
    clusterArmId=string(),
    serviceBusEndpoint=string(read_only=True),
    metricId=string(read_only=True),
    status=string(read_only=True),
    createdAt=string(read_only=True),
    updatedAt=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "messaging",
    Offer("namespace", "privatelink.servicebus.windows.net", ("{name}.servicebus.windows.net",), (443, 5671, 5672, 9093)),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"serviceBusEndpoint": f"https://{row.name.lower()}.servicebus.windows.net:443/", "status": "Active"}


TARGET = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "messaging",
    GROUPS,
    lacks="no message is taken",
    show=show,
    name_unique="global",
    name_pattern=r"[a-zA-Z](?:[a-zA-Z0-9-]{4,48}[a-zA-Z0-9])",
)

RULE_NAME = "Microsoft.ServiceBus/namespaces/authorizationRules"

RULE_PROPERTIES = obj(rights=array(string("Listen", "Manage", "Send"), required=True))

RULE_TYPE = plain(
    RULE_NAME,
    API_VERSIONS,
    RULE_PROPERTIES,
    lacks="no message is taken",
    location="none",
    put_status=(200, 200),
    actions={"listKeys": keys({"primaryKey": "primary", "secondaryKey": "secondary"})},
)

NETWORK_NAME = "Microsoft.ServiceBus/namespaces/networkRuleSets"

NETWORK_PROPERTIES = obj(
    defaultAction=string("Allow", "Deny"),
    ipRules=array(anything()),
    virtualNetworkRules=array(anything()),
    trustedServiceAccessEnabled=boolean(),
    publicNetworkAccess=string("Enabled", "Disabled"),
)

NETWORK_TYPE = plain(
    NETWORK_NAME, API_VERSIONS, NETWORK_PROPERTIES, lacks="no message is taken, so nobody is let in", location="none"
)

QUEUE_NAME = "Microsoft.ServiceBus/namespaces/queues"

QUEUE_PROPERTIES = obj(
    lockDuration=string(),
    maxSizeInMegabytes=integer(),
    requiresDuplicateDetection=boolean(),
    requiresSession=boolean(),
    defaultMessageTimeToLive=string(),
    deadLetteringOnMessageExpiration=boolean(),
    maxDeliveryCount=integer(),
    enablePartitioning=boolean(),
    enableExpress=boolean(),
    status=string(),
    messageCount=integer(read_only=True),
)

QUEUE_TYPE = plain(
    QUEUE_NAME, API_VERSIONS, QUEUE_PROPERTIES, lacks="no message is taken", location="none", put_status=(200, 200)
)

TOPIC_NAME = "Microsoft.ServiceBus/namespaces/topics"

TOPIC_PROPERTIES = obj(
    defaultMessageTimeToLive=string(),
    maxSizeInMegabytes=integer(),
    requiresDuplicateDetection=boolean(),
    enablePartitioning=boolean(),
    supportOrdering=boolean(),
    status=string(),
    subscriptionCount=integer(read_only=True),
)

TOPIC_TYPE = plain(
    TOPIC_NAME, API_VERSIONS, TOPIC_PROPERTIES, lacks="no message is taken", location="none", put_status=(200, 200)
)

TYPES = (
    *TARGET,
    RULE_TYPE,
    NETWORK_TYPE,
    QUEUE_TYPE,
    TOPIC_TYPE,
)
"""The types of this module."""
