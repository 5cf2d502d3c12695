"""Microsoft.DigitalTwins/digitalTwinsInstances. The name resolves; no twin answers.

Source: learn.microsoft.com/azure/templates/microsoft.digitaltwins/digitaltwinsinstances
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, obj, string
from cloister.providers.link_targets import Offer, groups, target

API_VERSIONS = ("2023-01-31", "2022-10-31", "2020-12-01")

NAME = "Microsoft.DigitalTwins/digitalTwinsInstances"

PROPERTIES = obj(
    publicNetworkAccess=string("Enabled", "Disabled"),
    hostName=string(read_only=True),
    createdTime=string(read_only=True),
    lastUpdatedTime=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "digitaltwins", Offer("API", "privatelink.digitaltwins.azure.net", ("{name}.api.{region}.digitaltwins.azure.net",))
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"hostName": GROUPS[0].names(row)[0].fqdn}


TYPES = target(NAME, API_VERSIONS, PROPERTIES, "digitaltwins", GROUPS, lacks="no twin answers", show=show)
