"""Namespaces of Event Hubs and Service Bus, which are alike but for what stands in them: the name resolves, no message is taken.

Source: learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces, .../microsoft.servicebus/namespaces
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloister.arm.resource import ResourceType, Row, View
from cloister.arm.schema import Object, anything, array, boolean, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys, plain

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
RULES = obj(rights=array(string("Listen", "Manage", "Send"), required=True))
NETWORK_RULES = obj(
    defaultAction=string("Allow", "Deny"),
    ipRules=array(anything()),
    virtualNetworkRules=array(anything()),
    trustedServiceAccessEnabled=boolean(),
    publicNetworkAccess=string("Enabled", "Disabled"),
)
GROUPS = groups(
    "messaging",
    Offer("namespace", "privatelink.servicebus.windows.net", ("{name}.servicebus.windows.net",), (443, 5671, 5672, 9093)),
)
LACKS = "no message is taken"


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"serviceBusEndpoint": f"https://{row.name.lower()}.servicebus.windows.net:443/", "status": "Active"}


def namespaces(provider: str, api_versions: tuple[str, ...], entities: Mapping[str, Object]) -> tuple[ResourceType, ...]:
    """The types of a provider of messages; ``entities`` are what messages go to: segment to properties."""
    name = f"{provider}/namespaces"
    listed = keys({"primaryKey": "primary", "secondaryKey": "secondary"})
    below: dict[str, Any] = {"location": "none", "put_status": (200, 200)}
    return (
        *target(
            name,
            api_versions,
            PROPERTIES,
            "messaging",
            GROUPS,
            lacks=LACKS,
            show=show,
            name_unique="global",
            name_pattern=r"[a-zA-Z](?:[a-zA-Z0-9-]{4,48}[a-zA-Z0-9])",
        ),
        plain(f"{name}/authorizationRules", api_versions, RULES, lacks=LACKS, actions={"listKeys": listed}, **below),
        plain(f"{name}/networkRuleSets", api_versions, NETWORK_RULES, lacks=f"{LACKS}, so nobody is let in", location="none"),
        *(plain(f"{name}/{leaf}", api_versions, fields, lacks=LACKS, **below) for leaf, fields in entities.items()),
    )
